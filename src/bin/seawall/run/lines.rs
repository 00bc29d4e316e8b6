//! What is said of an event as it happens: a line, if it matters.

use super::printable;
use super::progress::Progress;
use super::style::{Palette, styled};
use super::wording::{Bracketed, Message, Spoken};
use anstyle::Style;
use seawall::{AttemptResult, CircuitState, Event, EventKind, Failure, StateChange, Status, TaskId};
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
    pub(crate) fn line(&self, event: &Event, progress: &Progress) -> Option<String> {
        match &event.kind {
            EventKind::TaskEnded { task, status, failure, .. } => {
                let began = progress.get(task).map(|task| task.began);
                self.ended(task, *status, failure.as_ref(), began.map(|began| event.at.saturating_sub(began)))
            }
            EventKind::AttemptEnded { task, attempt, result, elapsed, delay, backend, .. } => {
                let goes_on = delay.map(|delay| format!("; goes on in {}", Spoken(delay))).unwrap_or_default();
                let said = format!("{} attempt {attempt}: {}{goes_on}", name(task), what(result));
                if self.is_verbose {
                    let verb = if delay.is_some() { "retry" } else { "attempt" };
                    return Some(self.row(self.style_of(result), verb, Some(*elapsed), said + &on(backend)));
                }
                delay.map(|_| self.row(self.palette.notable, "retry", Some(*elapsed), said))
            }
            EventKind::BreakerChanged { backend, change, .. } => Some(self.circuit(backend, *change)),
            EventKind::TaskParked { task, until: None, why, .. } if self.is_verbose => {
                Some(self.row(self.palette.quiet, "waiting", None, format!("{}: for its {why}", name(task), why = why.as_str())))
            }
            _ => None,
        }
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
            Status::Skipped | Status::Cancelled if elapsed.is_none() && !self.is_verbose => return None,
            Status::Skipped | Status::Cancelled => self.palette.notable,
        };
        let why = failure.map(|failure| format!(": {}", shortened(Message(failure)))).unwrap_or_default();
        Some(self.row(style, status.as_str(), elapsed, format!("{}{why}", name(task))))
    }

    fn circuit(&self, backend: &str, change: StateChange) -> String {
        let (style, what) = match change.to {
            CircuitState::Open => (self.palette.bad, "is open: no call is sent"),
            CircuitState::HalfOpen => (self.palette.notable, "is half-open: a few calls are tried"),
            CircuitState::Closed => (self.palette.good, "is closed again"),
        };
        self.row(style, "circuit", None, format!("{} {what}", printable::line(backend)))
    }

    fn style_of(&self, result: &AttemptResult) -> Style {
        match result {
            AttemptResult::Success => self.palette.quiet,
            _ => self.palette.notable,
        }
    }

    fn row(&self, style: Style, verb: &str, elapsed: Option<Duration>, what: impl Display) -> String {
        row(style, verb, elapsed, what)
    }
}

/// One line: what, how long it took, of whom.
pub(crate) fn row(style: Style, verb: &str, elapsed: Option<Duration>, what: impl Display) -> String {
    let elapsed = elapsed.map(|elapsed| Bracketed(elapsed).to_string()).unwrap_or_default();
    format!("{:>9} {elapsed:<11} {what}\n", styled(style, verb))
}

fn name(task: &TaskId) -> std::borrow::Cow<'_, str> {
    printable::line(task.as_str())
}

fn on(backend: &str) -> String {
    format!(" (on {})", printable::line(backend))
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
