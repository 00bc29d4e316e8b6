//! What is worth knowing of a run beside what failed: how to try again, what was flaky, what was slow, and why.

use super::super::account::{is_flaky, made};
use super::super::lines::row;
use super::super::time;
use super::super::wording::Spoken;
use super::{INDENT, Summary};
use crate::visible::visible;
use seawall::{Outcome, Status, TaskId};
use std::cmp::Reverse;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// With more failures than these it is said once how to run one alone.
const MOST_ALONE: usize = 3;
/// How many flaky tasks are named.
const MOST_FLAKY: usize = 5;
const SLOWEST: usize = 3;
/// How many parts of the time that was lost are told.
const MOST_LOST: usize = 3;
/// What was lost is not worth a word if it is less, or a smaller share of the run: it takes some time to start threads.
const LEAST_LOST: Duration = Duration::from_millis(100);
const LEAST_SHARE: u32 = 20;

impl Summary<'_> {
    /// How to run what failed alone.
    pub(super) fn alone(&self, text: &mut String) {
        let Some(plan) = self.plan.and_then(|plan| quoted(plan.to_str()?)) else { return };
        let failed = self.report.iter().filter(|outcome| outcome.status() == Status::Failed);
        let ids: Vec<&str> = failed.map(|outcome| outcome.task().as_str()).collect();
        let mut say = |task: &str| {
            text.push_str(&row(self.palette.quiet, "alone", None, format!("seawall run {plan} {task}")));
        };
        if ids.len() > MOST_ALONE {
            return say("--only ID");
        }
        ids.into_iter().filter_map(only).for_each(|task| say(&task));
    }

    pub(super) fn notes(&self, text: &mut String) {
        self.flaky(text);
        self.slowest(text);
        self.time(text);
        text.extend(self.advice.iter().map(|advice| row(self.palette.strong, "advice", None, advice)));
    }

    /// What completed after a retry, the most attempts first.
    fn flaky(&self, text: &mut String) {
        let flaky = self.report.iter().filter(|outcome| is_flaky(outcome));
        let mut flaky: Vec<(usize, &TaskId)> = flaky.map(|outcome| (made(outcome).count(), outcome.task())).collect();
        flaky.sort_by_key(|(attempts, _)| Reverse(*attempts));
        let more = flaky.len().saturating_sub(MOST_FLAKY);
        let names = flaky.iter().take(MOST_FLAKY);
        let names = names.map(|(attempts, task)| format!("{} ({attempts} attempts)", visible(task.as_str())).into());
        let more = (more > 0).then(|| format!("and {more} more").into());
        self.names(text, "flaky", "", names.chain(more));
    }

    /// Of a few tasks everybody sees it.
    fn slowest(&self, text: &mut String) {
        let started = self.report.iter().filter(|outcome| !outcome.is_resumed() && outcome.started().is_some());
        let mut started: Vec<&Outcome> = started.collect();
        if started.len() <= SLOWEST {
            return;
        }
        started.sort_by_key(|outcome| Reverse(outcome.elapsed()));
        let slowest = started.iter().take(SLOWEST).filter(|outcome| outcome.elapsed() >= time::LEAST);
        let name = |outcome: &&Outcome| format!("{} {}", visible(outcome.task().as_str()), Spoken(outcome.elapsed()));
        let names: Vec<String> = slowest.map(name).collect();
        if !names.is_empty() {
            text.push_str(&row(self.palette.quiet, "slowest", None, names.join(", ")));
        }
    }

    /// Where it went.
    fn time(&self, text: &mut String) {
        let why = self.report.why();
        let least = LEAST_LOST.max(self.report.elapsed() / LEAST_SHARE);
        let lost = time::most_lost(&why, MOST_LOST, least).map(|lost| format!("lost over all tasks: {lost}"));
        let others = self.report.outcomes().len().saturating_sub(why.critical_path.len());
        let is_path = why.critical_path.len() > 1 && others > 0 && why.critical_path_time >= LEAST_LOST;
        let path = is_path.then(|| {
            let names = self.path(&why.critical_path).map(|names| format!(": {names}")).unwrap_or_default();
            format!("critical path {}{names}", Spoken(why.critical_path_time))
        });
        let said: Vec<String> = path.into_iter().chain(lost).collect();
        if !said.is_empty() {
            text.push_str(&row(self.palette.quiet, "time", None, said.join(&format!("\n{INDENT}"))));
        }
    }

    /// The whole of it, or its ends, if there is room for that in one line.
    fn path(&self, path: &[TaskId]) -> Option<String> {
        let names: Vec<_> = path.iter().map(|task| visible(task.as_str())).collect();
        let between = names.len().saturating_sub(2);
        let ends = || Some(format!("{} → … {between} more … → {}", names.first()?, names.last()?));
        let fits = |text: &String| text.width() + INDENT.len() * 2 <= self.columns;
        Some(names.join(" → ")).filter(fits).or_else(|| ends().filter(|_| between > 0).filter(fits))
    }
}

/// As a shell takes it; `None` if it cannot be shown as it is.
fn quoted(word: &str) -> Option<String> {
    if visible(word) == word { Some(shlex::try_quote(word).ok()?.into_owned()) } else { None }
}

/// The option that runs one task and what it needs.
fn only(id: &str) -> Option<String> {
    if id.starts_with('-') { quoted(&format!("--only={id}")) } else { Some(format!("--only {}", quoted(id)?)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_gets_the_name_as_it_is() {
        assert_eq!(only("test").unwrap(), "--only test");
        assert_eq!(only("it's [3]").unwrap(), "--only \"it's [3]\"");
        assert_eq!(only("-x y").unwrap(), "'--only=-x y'");
        assert_eq!(only("a\u{202e}b"), None);
    }
}
