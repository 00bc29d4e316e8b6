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

/// Labels are HTML and Markdown at once, and a name may begin as a list or a heading does. So what is neither a letter nor
/// a digit is written by its number, unless it stands alone between such.
fn escaped(name: &str) -> String {
    let name = visible(name);
    let mut escaped = String::with_capacity(name.len());
    let mut rest = name.chars().peekable();
    let mut is_after_plain = false;
    while let Some(c) = rest.next() {
        let is_before_plain = rest.peek().is_some_and(|next| next.is_alphanumeric());
        if c.is_alphanumeric() || (matches!(c, ' ' | '-' | '_' | '/') && is_after_plain && is_before_plain) {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "#{};", u32::from(c));
        }
        is_after_plain = c.is_alphanumeric();
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_is_left_that_mermaid_or_markdown_reads() {
        assert_eq!(escaped("be-ta 2_x/größe"), "be-ta 2_x/größe");
        assert_eq!(escaped("1. end"), "1#46;#32;end");
        assert_eq!(escaped("`a` <b>"), "#96;a#96;#32;#60;b#62;");
        assert_eq!(escaped("- x"), "#45;#32;x");
        assert_eq!(escaped("#quot;"), "#35;quot#59;");
    }
}
