//! What a program wrote, as much of it as is kept: the beginning of one stream, the end of the other.

use crate::backend::Response;
use rustix::buffer::spare_capacity;
use rustix::fd::AsFd;
use rustix::io::Errno;

/// As much as a pipe holds by default on Linux, so that one read empties it.
const CHUNK: usize = 64 * 1024;

/// How much of standard error goes into an error's message, in bytes.
const TAIL: usize = 8 * 1024;

/// Reads once, behind what is there.
fn read_onto(bytes: &mut Vec<u8>, pipe: impl AsFd) -> Result<usize, Errno> {
    bytes.reserve(CHUNK);
    rustix::io::read(pipe, spare_capacity(bytes))
}

/// Standard output, up to a limit.
pub(super) struct Output {
    bytes: Vec<u8>,
    max: usize,
    is_truncated: bool,
}

impl Output {
    pub(super) fn new(max: usize) -> Self {
        Self { bytes: Vec::new(), max, is_truncated: false }
    }

    /// What is kept so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All that was kept, and whether that is not all that came.
    pub(super) fn into_kept(self) -> (Vec<u8>, bool) {
        (self.bytes, self.is_truncated)
    }

    /// Reads once; the number of bytes that came, zero at the end.
    pub(super) fn read_from(&mut self, pipe: impl AsFd) -> Result<usize, Errno> {
        let count = read_onto(&mut self.bytes, pipe)?;
        self.cut();
        Ok(count)
    }

    fn cut(&mut self) {
        if self.bytes.len() > self.max {
            self.bytes.truncate(self.max);
            self.is_truncated = true;
        }
    }

    pub(super) fn into_response(self) -> Response {
        if self.is_truncated { Response::from_cut_bytes(self.bytes) } else { Response::from_bytes(self.bytes) }
    }
}

/// The end of standard error.
#[derive(Default)]
pub(super) struct Tail {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Tail {
    /// Reads once; the number of bytes that came, zero at the end.
    pub(super) fn read_from(&mut self, pipe: impl AsFd) -> Result<usize, Errno> {
        let count = read_onto(&mut self.bytes, pipe)?;
        self.cut();
        Ok(count)
    }

    fn cut(&mut self) {
        let surplus = self.bytes.len().saturating_sub(TAIL);
        self.is_cut |= surplus > 0;
        self.bytes.drain(..surplus);
    }

    /// The text, from a whole character on, without the white space at its end.
    pub(super) fn text(&self) -> String {
        const LONGEST_REST_OF_A_CHARACTER: usize = 3;
        let is_rest = |byte: &&u8| self.is_cut && **byte & 0b1100_0000 == 0b1000_0000;
        let start = self.bytes.iter().take(LONGEST_REST_OF_A_CHARACTER).take_while(is_rest).count();
        String::from_utf8_lossy(&self.bytes[start..]).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(bytes: &[u8], max: usize) -> Response {
        let mut output = Output { bytes: bytes.to_vec(), ..Output::new(max) };
        output.cut();
        output.into_response()
    }

    fn tail(bytes: &[u8]) -> String {
        let mut tail = Tail { bytes: bytes.to_vec(), is_cut: false };
        tail.cut();
        tail.text()
    }

    #[test]
    fn output_is_kept_byte_for_byte_up_to_its_limit() {
        assert_eq!(output(b"a\0\n\n", 4), Response::new("a\0\n\n"));
        assert_eq!(output(b"abcde", 4), Response::new("abcd").with_truncated(true));
        assert_eq!(output(b"a", 0), Response::new("").with_truncated(true));
        assert_eq!(output(b"", 0), Response::new(""));
    }

    #[test]
    fn a_text_that_is_cut_ends_with_a_whole_character() {
        assert_eq!(output("aé!".as_bytes(), 2), Response::new("a").with_truncated(true));
        assert!(output("aé".as_bytes(), 3).text() == "aé");
        assert_eq!(output(b"a\xff\xc3\xa9", 3).bytes(), b"a\xff\xc3");
        assert_eq!(output(b"a\xc3", 3).bytes(), b"a\xc3");
    }

    #[test]
    fn the_tail_begins_with_a_whole_character_and_ends_without_white_space() {
        assert_eq!(tail(b"sorry\r\n\n"), "sorry");
        assert_eq!(tail(b"\n"), "");
        let long = format!("lost{}", "é".repeat(TAIL / 2));
        assert_eq!(tail(long.as_bytes()), "é".repeat(TAIL / 2));
        assert_eq!(tail(format!("{long}!").as_bytes()), format!("{}!", "é".repeat(TAIL / 2 - 1)));
        assert_eq!(tail(b"\xa9 Latin-1"), "\u{fffd} Latin-1");
    }
}
