//! A plan in mermaid's language.

use super::{Numbers, unusual};
use crate::visible::visible;
use seawall::Plan;
use std::fmt::Write as _;

pub(super) fn render(plan: &Plan) -> String {
    let numbers = Numbers::of(plan);
    let mut mermaid = String::from("flowchart LR\n");
    for (number, wave) in plan.waves().enumerate() {
        let _ = writeln!(mermaid, "  subgraph wave{number}[\"wave {number}\"]");
        for task in wave {
            let _ = writeln!(mermaid, "    {}[\"{}\"]", numbers.node(task.id()), escaped(task.id().as_str()));
        }
        mermaid.push_str("  end\n");
    }
    for (task, dependency, mode) in numbers.edges(plan) {
        let arrow = unusual(mode).map_or("-->".to_owned(), |mode| format!("-. {mode} .->"));
        let _ = writeln!(mermaid, "  {} {arrow} {}", numbers.node(dependency), numbers.node(task.id()));
    }
    mermaid
}

/// What mermaid itself, HTML or Markdown's code would read in a quoted label is written by its number. So is what makes a
/// list of a name: mermaid draws none.
fn escaped(name: &str) -> String {
    let name = visible(name);
    let list_mark = list_mark(&name);
    let mut escaped = String::with_capacity(name.len());
    for (at, c) in name.char_indices() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' => drop(write!(escaped, "#{};", u32::from(c))),
            c if Some(at) == list_mark => drop(write!(escaped, "#{};", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Where the mark of a Markdown list stands: `- x`, `1. x`.
fn list_mark(name: &str) -> Option<usize> {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let marks: &[u8] = if digits == 0 { b"-*+" } else { b".)" };
    let [mark, b' ', ..] = name.as_bytes().get(digits..)? else { return None };
    marks.contains(mark).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn only_what_would_be_read_as_something_else_is_written_by_its_number() {
        let plain = "be-ta 2_x/größe: (a.b) [c], {d} | *e*; v1.2 ~ 100 %";
        assert_eq!(escaped(plain), plain);
        assert_eq!(escaped("`a` <b> & \"c\""), "#96;a#96; #60;b#62; #38; #34;c#34;");
        assert_eq!(escaped("#quot;"), "#35;quot;");
    }

    #[test]
    fn a_name_that_begins_as_a_list_does_is_none() {
        assert_eq!(escaped("1. end"), "1#46; end");
        assert_eq!(escaped("- x"), "#45; x");
        assert_eq!(escaped("-x 1.5"), "-x 1.5");
    }
}
