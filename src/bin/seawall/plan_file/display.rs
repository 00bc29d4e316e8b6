//! How faults are shown: each at its line and column, with the line itself.

mod page;

use super::faults::{Fault, Span};
use super::lines::{Cursor, Lines};
use crate::visible::visible;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use page::Page;
use std::fmt::Write as _;

/// After so many faults a line for each must do.
const SHOWN_AT_LENGTH: usize = 50;

/// How many lines away another place may be, to be shown with its line.
const FARTHEST: usize = 1000;

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
    let title = Level::ERROR.primary_title(visible(&fault.title));
    let group = match (&fault.span, place) {
        (Some(span), Some(place)) => with_lines(Group::with_title(title), name, lines, fault, span, place),
        _ => title.element(Origin::path(name)),
    };
    let help = fault.help.iter().map(|help| Level::HELP.message(visible(help)));
    Renderer::styled().render(&[group.elements(help)])
}

/// The lines that have to do with it, with what there is to say about each place; a place that is far away is only named.
fn with_lines<'a>(
    group: Group<'a>,
    name: &'a str,
    lines: &Lines<'_>,
    fault: &'a Fault,
    primary: &'a Span,
    (line, column): (usize, usize),
) -> Group<'a> {
    let is_near = |span: &Span| lines.number_at(span.start).abs_diff(line) <= FARTHEST;
    let (near, far): (Vec<_>, Vec<_>) = fault.others.iter().partition(|(span, _)| is_near(span));
    let page = Page::of(lines, std::iter::once(primary).chain(near.iter().map(|(span, _)| span)));
    let annotation = |kind: AnnotationKind, span: &Span, label: &'a str| {
        let place = page.place_of(lines.number_at(span.start), span)?;
        Some(kind.span(place).label((!label.is_empty()).then(|| visible(label))))
    };
    let main = annotation(AnnotationKind::Primary, primary, &fault.label);
    let others = near.iter().filter_map(|(span, label)| annotation(AnnotationKind::Context, span, label));
    let snippet = Snippet::source(page.text.clone()).line_start(page.first).annotations(main.into_iter().chain(others));
    let notes = far.into_iter().map(|(span, label)| format!("line {}: {label}", lines.number_at(span.start)));
    // The renderer would count the column in what is shown of the line.
    let place = page.is_cut(line).then(|| format!("at {name}:{line}:{column}"));
    let notes: Vec<_> = notes.chain(place).map(|note| Level::NOTE.message(visible(&note).into_owned())).collect();
    group.element(snippet.path((!page.is_cut(line)).then_some(name))).elements(notes)
}

fn in_short(name: &str, fault: &Fault, place: Option<(usize, usize)>) -> String {
    let place = place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
    let separator = if fault.label.is_empty() { "" } else { ": " };
    format!("{name}{place}: {}{separator}{}", visible(&fault.title), visible(&fault.label))
}
