//! A plan in graphviz's language.

use super::{Numbers, unusual};
use crate::visible::visible;
use seawall::Plan;
use std::fmt::Write as _;

pub(super) fn render(plan: &Plan) -> String {
    let numbers = Numbers::of(plan);
    let mut dot = String::from("digraph plan {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n");
    for (number, wave) in plan.waves().enumerate() {
        let _ = writeln!(dot, "  subgraph wave_{number} {{\n    rank=same;");
        for task in wave {
            let (id, backend) = (escaped(task.id().as_str()), escaped(task.backend()));
            let _ = writeln!(dot, "    {} [label=\"{id}\\n{backend}\"];", numbers.node(task.id()));
        }
        dot.push_str("  }\n");
    }
    for (task, dependency, mode) in numbers.edges(plan) {
        let style = unusual(mode).map(|mode| format!(" [style=dashed, label=\"{mode}\"]")).unwrap_or_default();
        let _ = writeln!(dot, "  {} -> {}{style};", numbers.node(dependency), numbers.node(task.id()));
    }
    dot.push_str("}\n");
    dot
}

/// In a label a backslash begins an escape, and an ampersand an HTML entity.
fn escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in visible(name).chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            '&' => escaped.push_str("&amp;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn entities_and_escapes_are_shown_as_they_are_written() {
        assert_eq!(escaped("a\\N &lt; \"b\""), "a\\\\N &amp;lt; \\\"b\\\"");
    }
}
