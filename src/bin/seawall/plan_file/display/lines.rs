//! The lines of a text, found by offset, and as much of one as can be shown.

use crate::plan_file::faults::Span;
use crate::visible::is_unsafe;
use std::ops::Range;

/// How much of a line is shown, in characters, and how much of that before the place that matters.
const WIDTH: usize = 110;
const BEFORE: usize = 40;

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

    /// The part of a line in which `span` begins.
    pub(super) fn excerpt(&self, span: &Span) -> Excerpt {
        let at = floor(self.text, span.start);
        let (number, line) = self.line_at(at);
        let (before, after) = (&self.text[line.start..at], &self.text[at..line.end]);
        let is_short = line.len() <= WIDTH;
        let room = if is_short { usize::MAX } else { BEFORE };
        let from = before.char_indices().rev().take(room).last().map_or(at, |(n, _)| line.start + n);
        let room = if is_short { usize::MAX } else { WIDTH - self.text[from..at].chars().count() };
        let to = after.char_indices().nth(room).map_or(line.end, |(n, _)| at + n);
        Excerpt::new(self.text, number, from..to, line)
    }

    /// The number of the line that holds `at`, from 1 on, and its bytes.
    fn line_at(&self, at: usize) -> (usize, Range<usize>) {
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

/// A line, or a part of it, without anything that a terminal would obey.
pub(super) struct Excerpt {
    /// From 1 on.
    pub(super) line: usize,
    pub(super) text: String,
    /// For each character of `text`: where it begins there, and where it begins in the source.
    places: Vec<(usize, usize)>,
}

impl Excerpt {
    fn new(source: &str, line: usize, part: Range<usize>, whole: Range<usize>) -> Self {
        let mut excerpt = Self { line, text: String::new(), places: Vec::new() };
        if part.start > whole.start {
            excerpt.text.push('…');
        }
        for (n, c) in source[part.clone()].trim_end_matches('\r').char_indices() {
            excerpt.places.push((excerpt.text.len(), part.start + n));
            excerpt.text.push(shown(c));
        }
        excerpt.places.push((excerpt.text.len(), part.end));
        if part.end < whole.end {
            excerpt.text.push('…');
        }
        excerpt
    }

    /// Where `span` is in it; what goes beyond is cut off. `None` if it is not there.
    pub(super) fn place_of(&self, span: &Span) -> Option<Range<usize>> {
        let (_, last) = *self.places.last()?;
        let place = |at: usize| {
            let n = self.places.partition_point(|(_, source)| *source < at.min(last));
            self.places[n.min(self.places.len() - 1)].0
        };
        (span.start <= last).then(|| place(span.start)..place(span.end))
    }
}

/// The beginning of the character at `at`.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// One character for one, so that what is under it stays under it.
fn shown(c: char) -> char {
    match c {
        '\t' => c,
        '\u{7f}' => '␡',
        c if c.is_ascii_control() => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        c if is_unsafe(c) => '\u{fffd}',
        c => c,
    }
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
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let excerpt = Lines::of(&text).excerpt(&(500..501));
        assert_eq!(excerpt.text, format!("…{}X{}…", "a".repeat(BEFORE), "b".repeat(WIDTH - BEFORE - 1)));
        let place = excerpt.place_of(&(500..501)).unwrap();
        assert_eq!(&excerpt.text[place], "X");
    }

    #[test]
    fn a_span_of_many_lines_ends_with_its_first() {
        let excerpt = Lines::of("x = [\n1,\n]\n").excerpt(&(4..10));
        assert_eq!((excerpt.text.as_str(), excerpt.place_of(&(4..10))), ("x = [", Some(4..5)));
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        let excerpt = Lines::of("a\u{1b}[2J\u{9b}\u{202e}z\r\n").excerpt(&(0..1));
        assert_eq!(excerpt.text, "a␛[2J\u{fffd}\u{fffd}z");
    }

    #[test]
    fn the_end_of_the_text_is_a_place() {
        for text in ["", "ab", "ab\n"] {
            let lines = Lines::of(text);
            let end = text.len();
            assert!(lines.excerpt(&(end..end)).place_of(&(end..end)).is_some(), "{text:?}");
            Cursor::new(&lines).line_and_column(end + 5);
        }
    }
}
