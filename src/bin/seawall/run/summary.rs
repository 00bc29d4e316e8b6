//! What is said when a run is over: each failure with its cause, each skip with its root, the circuits, where the time
//! went, one line of counts.

mod notes;

use super::account::is_flaky;
use super::lines::row;
use super::printable;
use super::style::{Palette, styled};
use super::wording::{self, Message, counted};
use crate::visible::visible;
use seawall::{CircuitBreaker, CircuitState, Failure, FailureMode, Outcome, Report, Status, TaskId};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// How many lines of a failure's message are shown: its first one, and the last ones.
const MOST_LINES: usize = 20;
/// How many failures are shown with so many lines; the others with [`FEW_LINES`].
const MOST_WHOLE: usize = 20;
const FEW_LINES: usize = 3;
/// How many cancelled tasks are named.
const MOST_CANCELLED: usize = 100;
const INDENT: &str = "                      ";

/// The end of a run, in words.
pub(crate) struct Summary<'a> {
    pub(crate) report: &'a Report,
    pub(crate) breakers: &'a [(&'a str, Arc<CircuitBreaker>)],
    /// The plan's file, if it can be run again.
    pub(crate) plan: Option<&'a Path>,
    /// What would have made it quicker.
    pub(crate) advice: &'a [String],
    pub(crate) palette: Palette,
    /// How wide a line of names may be.
    pub(crate) columns: usize,
    /// Without what went well.
    pub(crate) is_quiet: bool,
}

impl Summary<'_> {
    /// All of it, in whole lines.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.failed(&mut text);
        self.skipped(&mut text);
        self.cancelled(&mut text);
        self.circuits(&mut text);
        if !self.is_quiet {
            self.notes(&mut text);
        }
        self.used(&mut text);
        text.push_str(&self.last_line());
        text
    }

    fn failed(&self, text: &mut String) {
        let failed = self.report.iter().filter(|outcome| outcome.status() == Status::Failed);
        for (n, outcome) in failed.enumerate() {
            let Err(failure) = outcome.result() else { continue };
            let message = Message(failure).to_string();
            let mut lines = told_in(if n < MOST_WHOLE { MOST_LINES } else { FEW_LINES }, &message).into_iter();
            let (name, backend) = (visible(outcome.task().as_str()), visible(outcome.backend()));
            let first = format!("{name} (on {backend}): {}", lines.next().unwrap_or_default());
            text.push_str(&row(self.palette.bad, "failed", Some(outcome.elapsed()), first));
            text.extend(lines.map(|line| format!("{INDENT}{line}\n")));
        }
        self.alone(text);
    }

    fn skipped(&self, text: &mut String) {
        for (root, tasks) in skipped_by_root(self.report) {
            let since = format!("since {} failed: ", visible(root.as_str()));
            self.names(text, "skipped", &since, tasks.iter().map(|task| visible(task.as_str())));
        }
    }

    /// Those that had begun, the first ones. What never started is counted in the last line.
    fn cancelled(&self, text: &mut String) {
        let is_cancelled = |outcome: &&Outcome| outcome.status() == Status::Cancelled && is_begun(outcome);
        let begun: Vec<&Outcome> = self.report.iter().filter(is_cancelled).collect();
        let more = begun.len().saturating_sub(MOST_CANCELLED);
        let names = begun.iter().take(MOST_CANCELLED).map(|outcome| visible(outcome.task().as_str()));
        let more = (more > 0).then(|| format!("and {more} more that had begun").into());
        self.names(text, "cancelled", "", names.chain(more));
    }

    /// As many lines as the names need, each of them complete in itself.
    fn names<'n>(&self, text: &mut String, verb: &str, what: &str, names: impl Iterator<Item = Cow<'n, str>>) {
        let room = self.columns.saturating_sub(INDENT.len() + what.width());
        let mut line = String::new();
        let mut flush = |line: &mut String| {
            if !line.is_empty() {
                text.push_str(&row(self.palette.notable, verb, None, format!("{what}{line}")));
                line.clear();
            }
        };
        for name in names {
            if !line.is_empty() && line.width() + name.width() + 2 > room {
                flush(&mut line);
            }
            if !line.is_empty() {
                line.push_str(", ");
            }
            line.push_str(&name);
        }
        flush(&mut line);
    }

    fn circuits(&self, text: &mut String) {
        for (backend, breaker) in self.breakers {
            let state = breaker.state();
            if state == CircuitState::Closed {
                continue;
            }
            let opened = match breaker.trips() {
                1 => "once".to_owned(),
                trips => format!("{trips} times"),
            };
            let said = format!("{} is {}; it opened {opened}", visible(backend), wording::of_circuit(state));
            text.push_str(&row(self.palette.bad, "circuit", None, said));
        }
    }

    fn used(&self, text: &mut String) {
        if let Some(usage) = self.report.usage() {
            text.push_str(&row(self.palette.quiet, "used", None, wording::of_usage(usage)));
        }
    }

    fn last_line(&self) -> String {
        let Self { report, palette, .. } = self;
        let (style, verb) = match (report.cancelled(), report.is_success()) {
            (Some(_), _) => (palette.notable, "cancelled"),
            (None, true) => (palette.good, "completed"),
            (None, false) => (palette.bad, "failed"),
        };
        let why = report.cancelled().map(|why| format!(" by {}", printable::line(why))).unwrap_or_default();
        let tasks = counted(report.outcomes().len(), "task");
        row(style, verb, Some(report.elapsed()), format!("{}{why}: {}", styled(palette.strong, tasks), self.counts()))
    }

    fn counts(&self) -> String {
        let mut counts = String::new();
        for status in Status::ALL {
            let of: Vec<&Outcome> = self.report.iter().filter(|outcome| outcome.status() == status).collect();
            if of.is_empty() && status != Status::Completed {
                continue;
            }
            if !counts.is_empty() {
                counts.push_str(", ");
            }
            // Writing to a `String` cannot fail.
            let _ = write!(counts, "{} {status}{}", of.len(), aside(status, &of));
        }
        counts
    }
}

/// What is worth knowing of those that ended in one way.
fn aside(status: Status, outcomes: &[&Outcome]) -> String {
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
    let known = match status {
        Status::Completed => vec![(count(Outcome::is_resumed), "taken over"), (count(is_flaky), "after a retry")],
        Status::Failed => vec![(count(|outcome| outcome.failure_mode() == FailureMode::Skip), "allowed to")],
        Status::Cancelled => vec![(count(|outcome| !is_begun(outcome)), "never started")],
        Status::Skipped => Vec::new(),
    };
    let known = known.iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = known.map(|(count, what)| format!("{count} {what}")).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

fn is_begun(outcome: &Outcome) -> bool {
    outcome.started().is_some()
}

/// In plan order, as are the roots by their first task.
fn skipped_by_root(report: &Report) -> Vec<(&TaskId, Vec<&TaskId>)> {
    let mut groups: Vec<(&TaskId, Vec<&TaskId>)> = Vec::new();
    let mut places: HashMap<&TaskId, usize> = HashMap::new();
    for outcome in report {
        let Err(Failure::Skipped { root, .. }) = outcome.result() else { continue };
        let place = *places.entry(root).or_insert(groups.len());
        if place == groups.len() {
            groups.push((root, Vec::new()));
        }
        groups[place].1.push(outcome.task());
    }
    groups
}

/// The lines of a message that are shown: what it says first, and its end.
pub(crate) fn told(message: &str) -> Vec<String> {
    told_in(MOST_LINES, message)
}

fn told_in(most: usize, message: &str) -> Vec<String> {
    let message = printable::text(message.trim_end());
    let mut lines: Vec<String> = message.lines().map(|line| line.replace('\t', "    ")).collect();
    let left_out = lines.len().saturating_sub(most);
    if left_out > 0 {
        lines.splice(1..=left_out + 1, [format!("… {} lines …", left_out + 1)]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::rehearsal::{Rehearsal, rehearse};
    use super::*;

    fn of<'a>(rehearsal: &'a Rehearsal, breakers: &'a [(&'a str, Arc<CircuitBreaker>)]) -> Summary<'a> {
        Summary {
            report: &rehearsal.report,
            breakers,
            plan: None,
            advice: &[],
            palette: Palette::new(false),
            columns: 80,
            is_quiet: false,
        }
    }

    fn summary(rehearsal: &Rehearsal) -> String {
        let breakers: Vec<_> = ["bad", "down"].map(|kind| (kind, rehearsal.breakers.get(kind))).into();
        of(rehearsal, &breakers).text()
    }

    #[test]
    fn it_names_what_failed_with_its_cause_and_the_end_of_what_it_wrote() {
        let text = summary(&rehearse());
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("   failed [") && lines[0].ends_with("bad (on bad): exit code 3: line 1 red"),
            "{text}"
        );
        assert_eq!(lines[1].trim(), "… 21 lines …");
        assert_eq!((lines[2].trim(), lines[19].trim()), ("line 23 red", "line 40 red"));
        assert!(lines[20].ends_with("down (on down): gone"), "{text}");
        assert!(lines[21].ends_with("broken (on broken): the backend panicked: oh no"), "{text}");
    }

    #[test]
    fn it_names_what_was_skipped_with_its_root_and_the_circuits_that_are_not_closed() {
        let text = summary(&rehearse());
        assert!(text.contains("  skipped             since bad failed: below\n"), "{text}");
        assert!(text.contains("  circuit             down is open; it opened once\n"), "{text}");
        assert_eq!(text.matches("circuit").count(), 1, "{text}");
    }

    #[test]
    fn its_last_line_counts() {
        let text = summary(&rehearse());
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("   failed ["), "{last}");
        let counts = "6 tasks: 2 completed (1 after a retry), 3 failed (1 allowed to), 1 skipped";
        assert!(last.ends_with(counts), "{last}");
    }

    #[test]
    fn many_names_stand_on_few_lines_each_with_its_root() {
        let rehearsal = rehearse();
        let summary = Summary { columns: 60, ..of(&rehearsal, &[]) };
        let mut text = String::new();
        summary.names(&mut text, "skipped", "since bad failed: ", (0..100).map(|n| format!("task-{n}").into()));
        assert_eq!(text.matches("task-").count(), 100);
        assert!(text.lines().all(|line| line.contains("since bad failed") && line.chars().count() <= 60), "{text}");
        assert!(text.lines().count() < 60, "{text}");
        let mut text = String::new();
        summary.names(&mut text, "flaky", "", (0..9).map(|n| format!("日本語-{n}").into()));
        assert!(text.lines().all(|line| line.width() <= 60) && text.lines().count() > 2, "{text}");
    }

    #[test]
    fn a_short_message_is_told_whole() {
        assert_eq!(told("one\n\ttwo\x1b[2J\n"), ["one", "    two"]);
        let lines: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        assert_eq!(told(&lines.join("\n")), lines);
    }
}
