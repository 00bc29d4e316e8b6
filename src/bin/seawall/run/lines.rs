//! What is said of an event as it happens: a line, if it matters.

use super::printable;
use super::progress::Progress;
use super::style::{Palette, styled};
use super::wording::{Bracketed, Message, Spoken};
use crate::visible::visible;
use anstyle::Style;
use seawall::{
    AttemptResult, CircuitBreakerRegistry, CircuitState, Event, EventKind, Failure, StateChange, Status, TaskId, Wait,
};
use std::fmt::Display;
use std::time::Duration;

/// How much of an error stands on a line, in characters. The whole of it comes at the end.
const LONGEST_ERROR: usize = 160;

/// Says what happens, one line at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines {
    pub(crate) palette: Palette,
    /// Every attempt, every wait.
    pub(crate) is_verbose: bool,
}

impl Lines {
    /// What to say of `event`, in a whole line; `progress` has not taken it yet.
    pub(crate) fn line(&self, event: &Event, progress: &Progress, breakers: &CircuitBreakerRegistry) -> Option<String> {
        match &event.kind {
            EventKind::TaskEnded { task, resumed: true, .. } => {
                let said = format!("{} (by an earlier run)", visible(task.as_str()));
                self.is_verbose.then(|| row(self.palette.quiet, Status::Completed.as_str(), None, said))
            }
            EventKind::TaskEnded { task, status, failure, .. } => {
                let began = progress.get(task).map(|task| task.began);
                self.ended(task, *status, failure.as_ref(), began.map(|began| event.at.saturating_sub(began)))
            }
            EventKind::AttemptEnded { delay, .. } if delay.is_some() || self.is_verbose => self.attempt(&event.kind),
            EventKind::BreakerChanged { backend, change, .. } => {
                Some(self.circuit(backend, *change, breakers.get(backend).config().open_for()))
            }
            EventKind::TaskParked { task, why, .. } if self.is_verbose && *why != Wait::Backoff => {
                let said = format!("{} waits: {}", visible(task.as_str()), why.as_str());
                Some(row(self.palette.quiet, "waiting", None, said))
            }
            _ => None,
        }
    }

    fn attempt(&self, ended: &EventKind) -> Option<String> {
        let EventKind::AttemptEnded { task, backend, attempt, result, elapsed, delay, .. } = ended else { return None };
        let goes_on = delay.map(|delay| format!("; goes on in {}", Spoken(delay))).unwrap_or_default();
        let on = if self.is_verbose { format!(" (on {})", visible(backend)) } else { String::new() };
        let said = format!("{}, attempt {attempt}: {}{goes_on}{on}", visible(task.as_str()), what(result));
        let (style, verb) = match (result, delay) {
            (AttemptResult::Success, _) => (self.palette.quiet, "attempt"),
            (_, None) => (self.palette.notable, "attempt"),
            (_, Some(_)) => (self.palette.notable, "retry"),
        };
        Some(row(style, verb, Some(*elapsed), said))
    }

    fn ended(
        &self,
        task: &TaskId,
        status: Status,
        failure: Option<&Failure>,
        elapsed: Option<Duration>,
    ) -> Option<String> {
        let style = match status {
            Status::Completed => self.palette.good,
            Status::Failed => self.palette.bad,
            // They come in great numbers, all at once: the summary has them.
            Status::Skipped | Status::Cancelled if !self.is_verbose => return None,
            Status::Skipped | Status::Cancelled => self.palette.notable,
        };
        let why = failure.map(|failure| format!(": {}", shortened(Message(failure)))).unwrap_or_default();
        Some(row(style, status.as_str(), elapsed, format!("{}{why}", visible(task.as_str()))))
    }

    fn circuit(&self, backend: &str, change: StateChange, open_for: Duration) -> String {
        let (style, what) = match change.to {
            CircuitState::Open => (self.palette.bad, format!("is open: no call is sent for {}", Spoken(open_for))),
            CircuitState::HalfOpen => (self.palette.notable, "is half-open: a few calls are tried".into()),
            CircuitState::Closed => (self.palette.good, "is closed again".into()),
        };
        row(style, "circuit", None, format!("{} {what}", visible(backend)))
    }
}

/// One line: what, how long it took, of whom.
pub(crate) fn row(style: Style, verb: &str, elapsed: Option<Duration>, what: impl Display) -> String {
    let elapsed = elapsed.map(|elapsed| Bracketed(elapsed).to_string()).unwrap_or_default();
    format!("{:>9} {elapsed:<11} {what}\n", styled(style, verb))
}

fn what(result: &AttemptResult) -> String {
    match result {
        AttemptResult::Error(error) => format!("{}: {}", result.as_str(), shortened(error)),
        AttemptResult::Panicked(message) => format!("{}: {}", result.as_str(), shortened(message)),
        AttemptResult::Rejected(rejected) => rejected.to_string(),
        _ => result.as_str().to_owned(),
    }
}

/// As much of a text as a line bears.
fn shortened(text: impl Display) -> String {
    let text = text.to_string();
    let line = printable::line(text.trim_end());
    match line.char_indices().nth(LONGEST_ERROR) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::rehearsal::rehearse;
    use super::*;

    fn said(is_verbose: bool) -> Vec<String> {
        let lines = Lines { palette: Palette::new(false), is_verbose };
        let mut progress = Progress::default();
        let mut said = Vec::new();
        let rehearsal = rehearse();
        for event in rehearsal.events {
            said.extend(lines.line(&event, &progress, &rehearsal.breakers).map(|line| without_times(&line)));
            progress.take(&event);
        }
        said
    }

    /// What differs from run to run.
    fn without_times(line: &str) -> String {
        match (line.find('['), line.find(']')) {
            (Some(begin), Some(end)) => format!("{}[]{}", &line[..begin], &line[end + 1..]),
            _ => line.to_owned(),
        }
    }

    #[test]
    fn each_end_each_retry_and_each_change_of_a_circuit_has_a_line() {
        let mut said = said(false);
        let error = said.iter().position(|line| line.contains("bad")).unwrap();
        assert!(said[error].starts_with("   failed [] bad: exit code 3: line 1 red line 2 red"), "{}", said[error]);
        assert!(said[error].ends_with("…\n") && said[error].chars().count() < 200, "{}", said[error]);
        said.remove(error);
        said.sort();
        let mut wanted = vec![
            "completed [] good\n",
            "    retry [] flaky, attempt 1: transient: busy; goes on in 1ms\n",
            "completed [] flaky\n",
            "  circuit             down is open: no call is sent for 30s\n",
            "   failed [] down: gone\n",
            "   failed [] broken: the backend panicked: oh no\n",
        ];
        wanted.sort_unstable();
        assert_eq!(said, wanted);
    }

    #[test]
    fn verbose_lines_have_every_attempt_and_every_skip() {
        let said = said(true);
        let has = |wanted: &str| assert!(said.iter().any(|line| line == wanted), "{wanted:?} is not in {said:#?}");
        has("  attempt [] good, attempt 1: success (on good)\n");
        has("    retry [] flaky, attempt 1: transient: busy; goes on in 1ms (on flaky)\n");
        has("  attempt [] flaky, attempt 2: success (on flaky)\n");
        has("  attempt [] broken, attempt 1: panicked: oh no (on broken)\n");
        has("  skipped             below: skipped, since `bad` failed\n");
    }

    #[test]
    fn no_escape_of_a_program_is_said() {
        assert!(said(true).iter().all(|line| !line.contains('\x1b')));
    }
}
