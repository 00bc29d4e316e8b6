//! A small terminal with the program in it.

use super::program::{Folder, Running, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, Mutex};

/// A pseudo-terminal that controls the program; its three streams are on it.
pub(crate) struct Terminal {
    ours: File,
    /// Kept open, so that what was written last can be read after the program's end.
    theirs: File,
    size: (usize, usize),
    before: Termios,
    raw: Arc<Mutex<Vec<u8>>>,
    pub(crate) running: Running,
}

impl Terminal {
    /// Starts the program on a terminal of so many columns and rows.
    pub(crate) fn start(folder: &Folder, size: (usize, usize), args: &[&str], env: &[(&str, &str)]) -> Self {
        let (ours, theirs) = open(size);
        // `setsid` gives it a session of its own with this terminal, which in safe code nobody can do for a child.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(env!("CARGO_BIN_EXE_seawall")).args(args);
        let mut command = folder.prepared(command);
        let stream = || theirs.try_clone().unwrap();
        command.envs(env.iter().copied()).stdin(stream()).stdout(stream()).stderr(stream());
        let before = tcgetattr(&theirs).unwrap();
        let raw = read_along(ours.try_clone().unwrap());
        Self { ours, size, before, raw, running: Running::start(command), theirs }
    }

    /// Types something.
    pub(crate) fn press(&mut self, keys: &[u8]) {
        self.ours.write_all(keys).unwrap();
    }

    /// Makes the window so many columns wide and rows high.
    pub(crate) fn resize(&self, size: (usize, usize)) {
        tcsetwinsize(&self.ours, winsize(size)).unwrap();
    }

    /// Every byte that was written so far.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.raw.lock().unwrap()).into_owned()
    }

    /// What it shows now.
    pub(crate) fn screen(&self) -> Screen {
        Screen::of(self.raw().as_bytes(), self.size)
    }

    /// Waits until a row holds `text`.
    pub(crate) fn wait_for(&self, text: &str) {
        wait_until(text, || self.screen().shows(text));
    }

    /// Whether a signal has stopped the program.
    pub(crate) fn is_stopped(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.running.child.id())).unwrap();
        stat.rsplit(')').next().unwrap().trim_start().starts_with('T')
    }

    /// Lets a program go on that was stopped.
    pub(crate) fn proceed(&self) {
        kill_process(Pid::from_child(&self.running.child), Signal::CONT).unwrap();
    }

    /// Whether its modes are those from before.
    pub(crate) fn has_its_modes(&self) -> bool {
        format!("{:?}", tcgetattr(&self.theirs).unwrap()) == format!("{:?}", self.before)
    }

    /// Waits for the program's end: its exit code, what is on the screen, and every byte that was written. The terminal must
    /// be as it was before.
    pub(crate) fn end(mut self) -> (Option<i32>, Screen, String) {
        let code = self.running.code();
        let mark = "-- the end --";
        self.theirs.write_all(mark.as_bytes()).unwrap();
        let is_read = || self.raw().contains(mark);
        wait_until("what was written last", is_read);
        assert!(self.has_its_modes(), "the terminal's modes have changed");
        let raw = self.raw().replace(mark, "");
        (code, Screen::of(raw.as_bytes(), self.size), raw)
    }
}

fn winsize((columns, rows): (usize, usize)) -> Winsize {
    let [columns, rows] = [columns, rows].map(|n| u16::try_from(n).unwrap());
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

fn open(size: (usize, usize)) -> (File, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let theirs = OpenOptions::new().read(true).write(true).open(name).unwrap();
    tcsetwinsize(&theirs, winsize(size)).unwrap();
    (ours.into(), theirs)
}

/// Reads on a thread of its own until the last stream is closed.
fn read_along(mut ours: File) -> Arc<Mutex<Vec<u8>>> {
    let raw = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&raw);
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(length) = ours.read(&mut part) {
            kept.lock().unwrap().extend_from_slice(&part[..length]);
        }
    });
    raw
}

/// What a person sees; rows that scrolled away are kept. It knows the few sequences that the program may use, and no other.
#[derive(Debug)]
pub(crate) struct Screen {
    columns: usize,
    height: usize,
    rows: Vec<Vec<char>>,
    x: usize,
    y: usize,
    styles: bool,
}

impl Screen {
    fn of(raw: &[u8], (columns, height): (usize, usize)) -> Self {
        let mut screen = Self { columns, height, rows: vec![Vec::new()], x: 0, y: 0, styles: false };
        let text = String::from_utf8_lossy(raw);
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\r' => screen.x = 0,
                '\n' => screen.down(),
                '\x1b' => screen.sequence(&mut rest),
                c => screen.put(c),
            }
        }
        screen
    }

    fn put(&mut self, c: char) {
        assert!(!c.is_control(), "{c:?} reached the terminal");
        if self.x == self.columns {
            self.x = 0;
            self.down();
        }
        let row = &mut self.rows[self.y];
        row.resize(row.len().max(self.x + 1), ' ');
        row[self.x] = c;
        self.x += 1;
    }

    fn down(&mut self) {
        self.y += 1;
        if self.rows.len() == self.y {
            self.rows.push(Vec::new());
        }
    }

    fn sequence(&mut self, rest: &mut std::str::Chars<'_>) {
        // What is not yet written to its end is shown the next time.
        let Some('[') = rest.next() else { return };
        let mut number = String::new();
        let Some(command) = rest.find(|c| {
            number.push(*c);
            c.is_alphabetic() || *c == '?'
        }) else {
            return;
        };
        number.pop();
        match command {
            'A' => {
                let up: usize = number.parse().unwrap();
                let top = self.rows.len().saturating_sub(self.height);
                assert!(self.y >= top + up, "the cursor left the screen");
                self.y -= up;
            }
            'J' => {
                self.rows[self.y].truncate(self.x);
                self.rows.truncate(self.y + 1);
            }
            'K' => self.rows[self.y].truncate(self.x),
            'm' => self.styles = number != "0",
            other => panic!("the program used `{other}`"),
        }
    }

    /// The rows that hold something, the last ones too.
    pub(crate) fn rows(&self) -> Vec<String> {
        let mut rows: Vec<String> =
            self.rows.iter().map(|row| row.iter().collect::<String>().trim_end().into()).collect();
        rows.truncate(rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1));
        rows
    }

    pub(crate) fn shows(&self, text: &str) -> bool {
        self.rows().iter().any(|row| row.contains(text))
    }

    /// Whether the cursor stands at the beginning of the row below the last one, and no style is left on.
    pub(crate) fn is_settled(&self) -> bool {
        self.x == 0 && !self.styles && self.y == self.rows().len()
    }
}
