//! How faults are shown: each at its line and column, with the line itself.

mod lines;

use super::faults::{Fault, Span};
use crate::visible::visible;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use lines::{Cursor, Excerpt, Lines};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// After so many faults a line for each must do.
const SHOWN_AT_LENGTH: usize = 50;

/// All of `faults`, which are in file order, and how many there are. Styled; `name` is the file's.
pub(super) fn display(name: &str, text: &str, faults: &[Fault]) -> String {
    let name = if name == "-" { "<stdin>".into() } else { visible(name) };
    let lines = Lines::of(text);
    let mut cursor = Cursor::new(&lines);
    let mut shown = String::new();
    for (n, fault) in faults.iter().enumerate() {
        let place = fault.span.as_ref().map(|span| cursor.line_and_column(span.start));
        if n < SHOWN_AT_LENGTH {
            let _ = writeln!(shown, "{}\n", at_length(&name, &lines, fault, place));
        } else {
            let _ = writeln!(shown, "{}", in_short(&name, fault, place));
        }
    }
    let end = if faults.len() > SHOWN_AT_LENGTH { "\n" } else { "" };
    let _ = writeln!(shown, "{end}{name}: {} {}", faults.len(), if faults.len() == 1 { "fault" } else { "faults" });
    shown
}

fn at_length(name: &str, lines: &Lines<'_>, fault: &Fault, place: Option<(usize, usize)>) -> String {
    let title = visible(&fault.title);
    let mut origin = Origin::path(name.to_owned());
    if let Some((line, column)) = place {
        origin = origin.line(line).char_column(column);
    }
    let mut group = Group::with_title(Level::ERROR.primary_title(title)).element(origin);
    if let Some(span) = &fault.span {
        group = group.elements(snippets(lines, span, fault));
    }
    let mut groups = vec![group];
    if let Some(help) = &fault.help {
        groups.push(Group::with_title(Level::HELP.secondary_title(visible(help))));
    }
    Renderer::styled().render(&groups)
}

/// One for each line that has to do with it.
fn snippets<'a>(lines: &Lines<'_>, primary: &Span, fault: &'a Fault) -> Vec<Element<'a>> {
    let mut by_line: BTreeMap<usize, (Excerpt, Vec<_>)> = BTreeMap::new();
    let others = fault.others.iter().map(|(span, label)| (AnnotationKind::Context, span, label));
    for (kind, span, label) in std::iter::once((AnnotationKind::Primary, primary, &fault.label)).chain(others) {
        let excerpt = lines.excerpt(span);
        let (_, annotations) = by_line.entry(excerpt.line).or_insert_with(|| (excerpt, Vec::new()));
        annotations.push((kind, span, label));
    }
    let snippet = |(excerpt, annotations): (Excerpt, Vec<(AnnotationKind, &Span, &'a String)>)| {
        let annotations = annotations.into_iter().filter_map(|(kind, span, label)| {
            let label = (!label.is_empty()).then(|| visible(label));
            Some(kind.span(excerpt.place_of(span)?).label(label))
        });
        let annotations: Vec<_> = annotations.collect();
        Element::from(Snippet::source(excerpt.text).line_start(excerpt.line).annotations(annotations))
    };
    by_line.into_values().map(snippet).collect()
}

fn in_short(name: &str, fault: &Fault, place: Option<(usize, usize)>) -> String {
    let place = place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
    let separator = if fault.label.is_empty() { "" } else { ": " };
    format!("{name}{place}: {}{separator}{}", visible(&fault.title), visible(&fault.label))
}
