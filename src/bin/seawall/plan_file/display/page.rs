//! Lines of the file, as much of each as can be shown, with nothing in them that a terminal would obey.

use crate::plan_file::faults::Span;
use crate::plan_file::lines::{Lines, floor};
use crate::visible::is_unsafe;
use std::collections::BTreeMap;
use std::ops::Range;

/// How much of a line is shown, in characters, and how much of that before the place that matters.
const WIDTH: usize = 110;
const BEFORE: usize = 40;

/// The lines from the first to the last in which some spans begin. Those between are left empty.
pub(super) struct Page {
    pub(super) first: usize,
    pub(super) text: String,
    /// By number; with where each begins in `text`.
    excerpts: BTreeMap<usize, (usize, Excerpt)>,
}

impl Page {
    pub(super) fn of<'s>(lines: &Lines<'_>, spans: impl IntoIterator<Item = &'s Span>) -> Self {
        let mut excerpts = BTreeMap::new();
        for span in spans {
            excerpts.entry(lines.number_at(span.start)).or_insert_with(|| (0, Excerpt::of(lines, span)));
        }
        let first = excerpts.keys().next().copied().unwrap_or(1);
        let mut text = String::new();
        let mut number = first;
        for (line, (start, excerpt)) in &mut excerpts {
            text.extend(std::iter::repeat_n('\n', line - number));
            number = *line;
            *start = text.len();
            text.push_str(&excerpt.text);
        }
        Self { first, text, excerpts }
    }

    /// Where `span`, which begins in `line`, is in the text; what goes beyond is cut off. `None` if it is not shown.
    pub(super) fn place_of(&self, line: usize, span: &Span) -> Option<Range<usize>> {
        let (start, excerpt) = self.excerpts.get(&line)?;
        let place = excerpt.place_of(span)?;
        Some(start + place.start..start + place.end)
    }

    /// Whether `line` is not shown from its beginning on.
    pub(super) fn is_cut(&self, line: usize) -> bool {
        self.excerpts.get(&line).is_some_and(|(_, excerpt)| excerpt.is_cut)
    }
}

/// A line, or the part of it that is around a place.
struct Excerpt {
    text: String,
    is_cut: bool,
    /// For each character: where it begins in `text`, and where in the source.
    places: Vec<(usize, usize)>,
}

impl Excerpt {
    fn of(lines: &Lines<'_>, span: &Span) -> Self {
        let source = lines.text();
        let at = floor(source, span.start);
        let (_, line) = lines.line_at(at);
        let part = if line.len() <= WIDTH { line.clone() } else { around(source, at, line.clone()) };
        let mut excerpt = Self { text: String::new(), is_cut: part.start > line.start, places: Vec::new() };
        if excerpt.is_cut {
            excerpt.text.push('…');
        }
        for (n, c) in source[part.clone()].trim_end_matches('\r').char_indices() {
            excerpt.places.push((excerpt.text.len(), part.start + n));
            excerpt.text.push(shown(c));
        }
        excerpt.places.push((excerpt.text.len(), part.end));
        if part.end < line.end {
            excerpt.text.push('…');
        }
        excerpt
    }

    fn place_of(&self, span: &Span) -> Option<Range<usize>> {
        let [(_, first), .., (_, last)] = self.places[..] else { return Some(0..0) };
        let place = |at: usize| self.places[self.places.partition_point(|(_, source)| *source < at.min(last))].0;
        (first..=last).contains(&span.start).then(|| place(span.start)..place(span.end))
    }
}

/// What is shown of a long line.
fn around(source: &str, at: usize, line: Range<usize>) -> Range<usize> {
    let (before, after) = (&source[line.start..at], &source[at..line.end]);
    let (before_shown, from) =
        before.char_indices().rev().take(BEFORE).fold((0, at), |(shown, _), (n, _)| (shown + 1, line.start + n));
    let to = after.char_indices().nth(WIDTH - before_shown).map_or(line.end, |(n, _)| at + n);
    from..to
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

    fn page(text: &str, first: Span, others: &[Span]) -> Page {
        Page::of(&Lines::of(text), std::iter::once(&first).chain(others))
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let page = page(&text, 500..501, &[]);
        assert_eq!(page.text, format!("…{}X{}…", "a".repeat(BEFORE), "b".repeat(WIDTH - BEFORE - 1)));
        assert_eq!(&page.text[page.place_of(1, &(500..501)).unwrap()], "X");
        assert_eq!((page.is_cut(1), page.place_of(1, &(10..11))), (true, None));
    }

    #[test]
    fn a_span_of_many_lines_ends_with_its_first() {
        let page = page("x = [\n1,\n]\n", 4..10, &[]);
        assert_eq!((page.text.as_str(), page.place_of(1, &(4..10))), ("x = [", Some(4..5)));
    }

    #[test]
    fn lines_between_are_left_empty() {
        let page = page("first\nnot shown\nß last\n", 18..20, &[0..5, 0..1]);
        assert_eq!((page.first, page.text.as_str()), (1, "first\n\nß last"));
        assert_eq!(&page.text[page.place_of(3, &(19..23)).unwrap()], "last");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        assert_eq!(page("a\u{1b}[2J\u{9b}\u{202e}z\r\n", 0..1, &[]).text, "a␛[2J\u{fffd}\u{fffd}z");
    }

    #[test]
    fn the_end_of_the_text_is_a_place() {
        for text in ["", "ab", "ab\n"] {
            let end = text.len();
            let page = page(text, end..end, &[]);
            assert!(page.place_of(page.first, &(end..end)).is_some(), "{text:?}");
        }
    }
}
