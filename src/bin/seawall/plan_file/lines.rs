//! The lines of a text, found by offset.

use std::ops::Range;

/// A text, and where its lines begin.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { text, starts: std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect() }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The number of the line that holds `at`, from 1 on.
    pub(super) fn number_at(&self, at: usize) -> usize {
        self.line_at(floor(self.text, at)).0
    }

    /// The number of the line that holds `at`, from 1 on, and its bytes.
    pub(super) fn line_at(&self, at: usize) -> (usize, Range<usize>) {
        let number = self.starts.partition_point(|start| *start <= at);
        let end = self.starts.get(number).map_or(self.text.len(), |next| next - 1);
        (number, self.starts[number - 1]..end)
    }
}

/// Counts columns, each from the last one on: so many places in one long line are no trouble.
pub(super) struct Cursor<'l, 'a> {
    lines: &'l Lines<'a>,
    at: usize,
    line: usize,
    column: usize,
}

impl<'l, 'a> Cursor<'l, 'a> {
    pub(super) fn new(lines: &'l Lines<'a>) -> Self {
        Self { lines, at: 0, line: 1, column: 1 }
    }

    /// Both from 1 on; the column in characters. Places must be asked for in order.
    pub(super) fn line_and_column(&mut self, at: usize) -> (usize, usize) {
        let text = self.lines.text;
        let at = floor(text, at);
        let (line, range) = self.lines.line_at(at);
        if line != self.line || at < self.at {
            (self.at, self.line, self.column) = (range.start, line, 1);
        }
        self.column += text[self.at..at].chars().count();
        self.at = at;
        (self.line, self.column)
    }
}

/// The beginning of the character at `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_from_one_on() {
        let lines = Lines::of("ab\nßc\n");
        let mut cursor = Cursor::new(&lines);
        let places: Vec<_> = [0, 1, 3, 5, 6, 7].map(|at| cursor.line_and_column(at)).to_vec();
        assert_eq!(places, [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 1)]);
    }

    #[test]
    fn what_is_past_the_end_is_at_the_end() {
        for (text, wanted) in [("", (1, 1)), ("ab", (1, 3)), ("ab\n", (2, 1))] {
            assert_eq!(Cursor::new(&Lines::of(text)).line_and_column(text.len() + 5), wanted, "{text:?}");
        }
    }
}
