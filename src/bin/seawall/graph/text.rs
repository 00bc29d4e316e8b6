//! A plan's waves, for people.

use super::{dependencies, unusual};
use crate::visible::visible;
use seawall::{Plan, Task};
use std::borrow::Cow;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// No column is wider for the sake of one long name.
const WIDEST: usize = 40;

pub(super) fn render(plan: &Plan) -> String {
    let mut text = String::new();
    for (number, wave) in plan.waves().enumerate() {
        let tasks: Vec<&Task> = wave.collect();
        let gap = if number == 0 { "" } else { "\n" };
        let noun = if tasks.len() == 1 { "task" } else { "tasks" };
        let _ = writeln!(text, "{gap}wave {number}: {} {noun}", tasks.len());
        let id_width = width(tasks.iter().map(|task| task.id().as_str()));
        let backend_width = width(tasks.iter().map(|task| task.backend()));
        for task in tasks {
            let (id, backend) = (visible(task.id().as_str()), visible(task.backend()));
            let (id, backend) = (padded(&id, id_width), padded(&backend, backend_width));
            let line = format!("  {id}  {backend}{}{}", after(task), mode(task));
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

fn width<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| visible(name).width()).max().unwrap_or(0).min(WIDEST)
}

/// As wide on a terminal as `width` letters, or wider.
fn padded(name: &str, width: usize) -> String {
    format!("{name}{}", " ".repeat(width.saturating_sub(name.width())))
}

fn after(task: &Task) -> String {
    let names: Vec<Cow<'_, str>> = dependencies(task).map(|id| visible(id.as_str())).collect();
    if names.is_empty() { String::new() } else { format!("  after {}", names.join(", ")) }
}

fn mode(task: &Task) -> String {
    unusual(task.mode()).map(|mode| format!("  (failure_mode {mode})")).unwrap_or_default()
}
