//! The run as a page of Markdown, for `$GITHUB_STEP_SUMMARY` and the like.

use super::account::{Account, is_flaky, reason};
use super::printable;
use super::summary::told;
use super::time;
use super::wording::{self, Spoken, counted};
use seawall::{Outcome, Status};
use std::fmt::Write;

/// How many failures are told with what they said, and how many names stand in a list: a page may not become too large to be
/// shown. <https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions>
const MOST: usize = 20;

/// All of it.
pub(crate) fn text(account: &Account<'_>) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = head(account, &mut text);
    let _ = failures(account, &mut text);
    let _ = notes(account, &mut text);
    let _ = tasks(account, &mut text);
    text
}

fn head(account: &Account<'_>, text: &mut String) -> std::fmt::Result {
    let Account { run, report, .. } = account;
    let verdict = match (report.cancelled(), report.is_success()) {
        (Some(why), _) => format!("cancelled by {}", code(why)),
        (None, true) => "completed".into(),
        (None, false) => "failed".into(),
    };
    writeln!(text, "## {}: {verdict}\n", code(run.plan))?;
    let counts = Status::ALL.map(|status| (status, report.count(status))).into_iter();
    let counts: Vec<String> = counts
        .filter(|(status, count)| *count > 0 || *status == Status::Completed)
        .map(|(status, count)| format!("{count} {status}"))
        .collect();
    let tasks = counted(report.outcomes().len(), "task");
    let resumed = match report.iter().filter(|outcome| outcome.is_resumed()).count() {
        0 => String::new(),
        count => format!(" ({count} of them by an earlier run)"),
    };
    writeln!(text, "**{tasks}** in {}: {}{resumed}.\n", Spoken(report.elapsed()), counts.join(", "))
}

fn failures(account: &Account<'_>, text: &mut String) -> std::fmt::Result {
    let failed = || account.report.iter().filter(|outcome| outcome.status() == Status::Failed);
    for outcome in failed().take(MOST) {
        let Err(failure) = outcome.result() else { continue };
        let why = reason(failure, None);
        let lines = told(&why).join("\n");
        let fence = "`".repeat(longest_run(&lines).max(2) + 1);
        writeln!(text, "### {} on {}\n", code(outcome.task().as_str()), code(outcome.backend()))?;
        writeln!(text, "{fence}text\n{lines}\n{fence}\n")?;
    }
    match failed().count().saturating_sub(MOST) {
        0 => Ok(()),
        more => writeln!(text, "and {more} more, which are in the table below.\n"),
    }
}

fn notes(account: &Account<'_>, text: &mut String) -> std::fmt::Result {
    let names = |is: &dyn Fn(&Outcome) -> bool| -> Vec<String> {
        account.report.iter().filter(|outcome| is(outcome)).map(|outcome| code(outcome.task().as_str())).collect()
    };
    let flaky = names(&is_flaky);
    if !flaky.is_empty() {
        writeln!(text, "- **Flaky**, completed after a retry: {}", listed(&flaky, ", "))?;
    }
    for (backend, state) in account.open_circuits() {
        writeln!(text, "- **Circuit** of {} is {}", code(backend), wording::of_circuit(state))?;
    }
    let why = account.report.why();
    if let Some(lost) = time::lost(&why) {
        writeln!(text, "- **Time lost**, over all tasks: {lost}")?;
    }
    let path: Vec<String> = why.critical_path.iter().map(|task| code(task.as_str())).collect();
    if path.len() > 1 {
        writeln!(text, "- **Critical path** of {}: {}", Spoken(why.critical_path_time), listed(&path, " → "))?;
    }
    writeln!(text)
}

fn tasks(account: &Account<'_>, text: &mut String) -> std::fmt::Result {
    writeln!(text, "<details><summary>All tasks</summary>\n")?;
    writeln!(text, "| task | status | attempts | time | backend |\n| --- | --- | ---: | ---: | --- |")?;
    for outcome in account.report {
        let (task, backend) = (cell(outcome.task().as_str()), cell(outcome.backend()));
        let status = status(outcome);
        if outcome.is_resumed() {
            writeln!(text, "| {task} | {status} | | | {backend} |")?;
            continue;
        }
        let time = outcome.started().map(|_| Spoken(outcome.elapsed()).to_string()).unwrap_or_default();
        writeln!(text, "| {task} | {status} | {} | {time} | {backend} |", outcome.attempts().len())?;
    }
    writeln!(text, "\n</details>")
}

/// What went well is plain, so that the rest is seen.
fn status(outcome: &Outcome) -> String {
    match outcome.status() {
        Status::Completed if outcome.is_resumed() => "completed by an earlier run".into(),
        Status::Completed if is_flaky(outcome) => "completed _after a retry_".into(),
        Status::Failed => "**failed**".into(),
        Status::Completed => "completed".into(),
        Status::Skipped | Status::Cancelled => format!("_{}_", outcome.status()),
    }
}

/// The first ones and the last one, if there are too many.
fn listed(names: &[String], between: &str) -> String {
    match names {
        [first @ .., last] if names.len() > MOST => {
            let first = &first[..MOST - 1];
            let more = format!("… {} more …", names.len() - MOST);
            [first.join(between), more, last.clone()].join(between)
        }
        _ => names.join(between),
    }
}

/// A text as it is, on one line: nothing in a code span is markup.
fn code(text: &str) -> String {
    let text = printable::line(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    // A span loses one blank at each end if both have one, and may not touch its fence with a backtick.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// [`code`], within a table.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}
