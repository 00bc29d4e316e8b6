//! Standard error: text that stays, and below it a frame that changes.

use super::stream::{Patience, Stream};
use anstream::adapter::strip_str;
use parking_lot::Mutex;
use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// How long somebody who is about to end the program waits for a write that does not come to its end.
const PATIENCE: Duration = Duration::from_millis(200);

/// What a terminal without a size is taken for.
const USUAL: Size = Size { columns: 80, rows: 24 };

/// The size of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// Standard error, shared by all threads that write to it. Once it cannot be written any more, everything is silently
/// dropped: a run does not end because nobody looks at it.
#[derive(Debug)]
pub(crate) struct Screen {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    out: Option<Stream>,
    /// The frame that stands there; the cursor is at the beginning of the row below it.
    frame: Vec<String>,
    /// The terminal's modes before, while there is a frame: what somebody types would stand in it.
    before: Option<Termios>,
}

impl Screen {
    /// Whoever does not read is waited for with `patience`.
    pub(crate) fn new(patience: &Patience) -> Self {
        Self {
            state: Mutex::new(State { out: Stream::of(io::stderr(), patience).ok(), frame: Vec::new(), before: None }),
        }
    }

    /// The terminal's size now.
    pub(crate) fn size() -> Size {
        let size = tcgetwinsize(io::stderr()).ok();
        let known = |n: u16, usual| if n == 0 { usual } else { usize::from(n) };
        size.map_or(USUAL, |size| Size {
            columns: known(size.ws_col, USUAL.columns),
            rows: known(size.ws_row, USUAL.rows),
        })
    }

    /// Whether the terminal is ours just now, and not that of a program in the foreground.
    pub(crate) fn is_ours() -> bool {
        tcgetpgrp(io::stderr()).map_or(true, |foreground| foreground == getpgrp())
    }

    /// Writes lines that stay. The frame goes.
    pub(crate) fn say(&self, text: &str) {
        self.state.lock().repaint(text, Vec::new());
    }

    /// Writes lines that stay, and a frame below them.
    pub(crate) fn draw(&self, text: &str, frame: Vec<String>) {
        self.state.lock().repaint(text, frame);
    }

    /// Removes the frame, and keeps everybody from writing while the guard lives. Gives up on somebody whose write hangs.
    pub(crate) fn settle(&self) -> Option<impl Sized + '_> {
        let mut state = self.state.try_lock_for(PATIENCE)?;
        state.repaint("", Vec::new());
        Some(state)
    }
}

impl State {
    fn repaint(&mut self, text: &str, frame: Vec<String>) {
        self.echo(frame.is_empty());
        let Some(out) = &mut self.out else { return };
        if text.is_empty() && frame == self.frame {
            return;
        }
        let standing = if self.frame.is_empty() { 0 } else { rows(&self.frame, Screen::size().columns) };
        if out.write_all(paint(standing, text, &frame).as_bytes()).is_err() {
            self.out = None;
        }
        self.frame = frame;
    }

    /// Whether the terminal shows what is typed. Whoever has it not and changes its modes is stopped.
    fn echo(&mut self, is_on: bool) {
        if is_on == self.before.is_none() || !Screen::is_ours() {
            return;
        }
        match self.before.take() {
            Some(before) => drop(tcsetattr(io::stderr(), OptionalActions::Now, &before)),
            None => self.before = silenced(),
        }
    }
}

/// Turns the echo off; the modes that there were before.
fn silenced() -> Option<Termios> {
    let before = tcgetattr(io::stderr()).ok()?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
    tcsetattr(io::stderr(), OptionalActions::Now, &silent).ok()?;
    Some(before)
}

/// How many rows of a terminal a frame takes that is so wide now: one that was made narrower has wrapped what stood there.
fn rows(frame: &[String], columns: usize) -> usize {
    let width = |row: &String| strip_str(row).to_string().width();
    frame.iter().map(|row| width(row).div_ceil(columns.max(1)).max(1)).sum()
}

/// What turns a frame of `standing` rows into `text` and `frame` below it, in one write, so that it never tears.
fn paint(standing: usize, text: &str, frame: &[String]) -> String {
    let mut paint = String::with_capacity(text.len() + 64);
    if standing > 0 {
        // The carriage return is for what the terminal echoes: `^C`.
        let _ = write!(paint, "\r\x1b[{standing}A");
        if !text.is_empty() || frame.len() < standing {
            paint.push_str("\x1b[J");
        }
    }
    paint.push_str(text);
    for row in frame {
        // Each row is shorter than the terminal is wide: in the last column, this would erase a character of the row.
        let _ = writeln!(paint, "{row}\x1b[K");
    }
    paint
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(rows: &[&str]) -> Vec<String> {
        rows.iter().map(|&row| row.to_owned()).collect()
    }

    #[test]
    fn a_row_takes_as_many_rows_as_the_terminal_is_too_narrow_for_it() {
        let frame = frame(&["\x1b[1mrunning\x1b[0m 1/2", "", "数数数"]);
        assert_eq!([80, 11, 10, 4, 1].map(|columns| rows(&frame, columns)), [3, 3, 4, 6, 18]);
    }

    #[test]
    fn without_a_frame_there_is_no_escape() {
        assert_eq!(paint(0, "one\ntwo\n", &[]), "one\ntwo\n");
    }

    #[test]
    fn a_frame_of_the_same_height_is_painted_over() {
        assert_eq!(paint(2, "", &frame(&["a", "b"])), "\r\x1b[2Aa\x1b[K\nb\x1b[K\n");
    }

    #[test]
    fn text_stands_above_the_frame() {
        assert_eq!(paint(1, "said\n", &frame(&["a"])), "\r\x1b[1A\x1b[Jsaid\na\x1b[K\n");
    }

    #[test]
    fn a_smaller_frame_leaves_nothing_of_the_larger_one() {
        assert_eq!(paint(3, "", &frame(&["a"])), "\r\x1b[3A\x1b[Ja\x1b[K\n");
        assert_eq!(paint(3, "", &[]), "\r\x1b[3A\x1b[J");
    }
}
