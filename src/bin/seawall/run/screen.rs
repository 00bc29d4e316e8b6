//! Standard error: text that stays, and below it a frame that changes.

use super::stream::{Patience, Stream};
use parking_lot::Mutex;
use rustix::process::getpgrp;
use rustix::termios::{tcgetpgrp, tcgetwinsize};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

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
}

impl Screen {
    /// Whoever does not read is waited for with `patience`.
    pub(crate) fn new(patience: &Patience) -> Self {
        Self { state: Mutex::new(State { out: Stream::of(io::stderr(), patience).ok(), frame: Vec::new() }) }
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
        let Some(out) = &mut self.out else { return };
        if text.is_empty() && frame == self.frame {
            return;
        }
        if out.write_all(paint(self.frame.len(), text, &frame).as_bytes()).is_err() {
            self.out = None;
        }
        self.frame = frame;
    }
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

    fn rows(rows: &[&str]) -> Vec<String> {
        rows.iter().map(|&row| row.to_owned()).collect()
    }

    #[test]
    fn without_a_frame_there_is_no_escape() {
        assert_eq!(paint(0, "one\ntwo\n", &[]), "one\ntwo\n");
    }

    #[test]
    fn a_frame_of_the_same_height_is_painted_over() {
        assert_eq!(paint(2, "", &rows(&["a", "b"])), "\r\x1b[2Aa\x1b[K\nb\x1b[K\n");
    }

    #[test]
    fn text_stands_above_the_frame() {
        assert_eq!(paint(1, "said\n", &rows(&["a"])), "\r\x1b[1A\x1b[Jsaid\na\x1b[K\n");
    }

    #[test]
    fn a_smaller_frame_leaves_nothing_of_the_larger_one() {
        assert_eq!(paint(3, "", &rows(&["a"])), "\r\x1b[3A\x1b[Ja\x1b[K\n");
        assert_eq!(paint(3, "", &[]), "\r\x1b[3A\x1b[J");
    }
}
