//! How attempts and failures look in the file, as JSON.
//!
//! Errors are kept as their class and their sentence, which is all that a report says of them. What an instant of this process
//! meant is lost, so a circuit that refused a call is only known to have been open.
//!
//! Most tasks succeed at their first attempt. What goes without saying of these is left out: a run of quick tasks waits for little
//! else than for what it writes.

use crate::backend::Response;
use crate::failure::{Failure, GaveUp, Rejected};
use crate::runner::{Attempt, AttemptResult, Attempts, Ending, Outcome};
use crate::send_error::{ErrorClass, SendError};
use crate::session::Session;
use crate::usage::Usage;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Beside the response: what there is to know of a task that has ended. Times are in nanoseconds.
#[derive(Serialize, Deserialize)]
pub(super) struct Body {
    started: Option<u64>,
    /// If not with its last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<u64>,
    /// When it waited for a circuit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    at_circuit: Vec<(u64, u64)>,
    attempts: Vec<AttemptRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<FailureRow>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_truncated: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct AttemptRow {
    backend: String,
    worker: usize,
    /// If not with its task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started: Option<u64>,
    elapsed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<u64>,
    #[serde(default, skip_serializing_if = "ResultRow::is_success")]
    result: ResultRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionRow>,
}

#[derive(Default, Serialize, Deserialize)]
enum ResultRow {
    #[default]
    Success,
    Error(ErrorRow),
    Panicked(String),
    Rejected(RejectedRow),
    Cancelled,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ErrorRow {
    class: String,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum RejectedRow {
    Open,
    ForcedOpen,
    TooManyRequests,
}

#[derive(Serialize, Deserialize)]
pub(super) enum FailureRow {
    Permanent(ErrorRow),
    Exhausted { attempts: u32, last: ErrorRow, gave_up: String },
    TimedOut { attempts: u32, last: ErrorRow, gave_up: String },
    CircuitOpen { rejected: RejectedRow, last: Option<ErrorRow> },
    Panicked(String),
    Cancelled { last: Option<ErrorRow> },
    Skipped { root: String },
}

#[derive(Serialize, Deserialize)]
struct UsageRow {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cost_usd: Option<f64>,
}

#[derive(Serialize, Deserialize)]
struct SessionRow {
    id: String,
    total: UsageRow,
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn end_of_last(attempts: &[Attempt]) -> Option<Duration> {
    attempts.last().map(|last| last.started.saturating_add(last.elapsed))
}

impl ResultRow {
    fn is_success(&self) -> bool {
        matches!(self, Self::Success)
    }
}

impl Body {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let started = outcome.started().map(nanoseconds);
        let ended = nanoseconds(outcome.ended());
        let span = |span: &std::ops::Range<Duration>| (nanoseconds(span.start), nanoseconds(span.end));
        let mut attempts: Vec<_> = outcome.attempts().iter().map(AttemptRow::from).collect();
        let with_last = end_of_last(outcome.attempts()).map(nanoseconds);
        if let Some(first) = attempts.first_mut().filter(|first| first.started == started) {
            first.started = None;
        }
        Self {
            started,
            ended: Some(ended).filter(|_| with_last != Some(ended)),
            at_circuit: outcome.at_circuit().iter().map(span).collect(),
            attempts,
            failure: outcome.result().err().map(FailureRow::from),
            is_truncated: outcome.result().is_ok_and(Response::is_truncated),
        }
    }

    pub(super) fn into_ending(self, response: Option<Vec<u8>>) -> Ending<Response> {
        let result = match self.failure {
            Some(failure) => Err(failure.into()),
            None => Ok(Response::from_bytes(response.unwrap_or_default()).with_truncated(self.is_truncated)),
        };
        let duration = |(from, to): (u64, u64)| Duration::from_nanos(from)..Duration::from_nanos(to);
        let started = self.started.unwrap_or_default();
        let attempts: Attempts = self.attempts.into_iter().map(|row| row.into_attempt(started)).collect();
        let with_last = || end_of_last(&attempts).unwrap_or_default();
        Ending {
            ended: self.ended.map_or_else(with_last, Duration::from_nanos),
            started: self.started.map(Duration::from_nanos),
            attempts,
            at_circuit: self.at_circuit.into_iter().map(duration).collect(),
            result,
        }
    }
}

impl From<&Attempt> for AttemptRow {
    fn from(attempt: &Attempt) -> Self {
        let result = match &attempt.result {
            AttemptResult::Success => ResultRow::Success,
            AttemptResult::Error(error) => ResultRow::Error(error.into()),
            AttemptResult::Panicked(message) => ResultRow::Panicked(message.clone()),
            AttemptResult::Rejected(rejected) => ResultRow::Rejected((*rejected).into()),
            AttemptResult::Cancelled => ResultRow::Cancelled,
        };
        Self {
            backend: (*attempt.backend).into(),
            worker: attempt.worker,
            started: Some(nanoseconds(attempt.started)),
            elapsed: nanoseconds(attempt.elapsed),
            delay: attempt.delay.map(nanoseconds),
            result,
            usage: attempt.usage().map(Into::into),
            session: attempt
                .session()
                .map(|session| SessionRow { id: session.id().into(), total: session.total().into() }),
        }
    }
}

impl AttemptRow {
    /// Of a task that started then.
    pub(super) fn into_attempt(self, started: u64) -> Attempt {
        let row = self;
        let result = match row.result {
            ResultRow::Success => AttemptResult::Success,
            ResultRow::Error(error) => AttemptResult::Error(error.into()),
            ResultRow::Panicked(message) => AttemptResult::Panicked(message),
            ResultRow::Rejected(rejected) => AttemptResult::Rejected(rejected.into()),
            ResultRow::Cancelled => AttemptResult::Cancelled,
        };
        let started = Duration::from_nanos(row.started.unwrap_or(started));
        let elapsed = Duration::from_nanos(row.elapsed);
        let mut attempt = Attempt::new(row.backend, row.worker, started, elapsed, result);
        attempt.delay = row.delay.map(Duration::from_nanos);
        if let Some(usage) = row.usage {
            attempt = attempt.with_usage(usage.into());
        }
        match row.session {
            Some(SessionRow { id, total }) => attempt.with_session(Session::new(id).with_total(total.into())),
            None => attempt,
        }
    }
}

impl From<Usage> for UsageRow {
    fn from(usage: Usage) -> Self {
        let Usage { input_tokens, output_tokens, cost_usd } = usage;
        Self { input_tokens, output_tokens, cost_usd }
    }
}

impl From<UsageRow> for Usage {
    fn from(row: UsageRow) -> Self {
        let UsageRow { input_tokens, output_tokens, cost_usd } = row;
        Self { input_tokens, output_tokens, cost_usd }
    }
}

impl From<&SendError> for ErrorRow {
    fn from(error: &SendError) -> Self {
        let retry_after = error.retry_after().map(nanoseconds);
        Self { class: error.class().as_str().into(), message: error.to_string(), retry_after }
    }
}

impl From<ErrorRow> for SendError {
    fn from(row: ErrorRow) -> Self {
        let class = ErrorClass::ALL.into_iter().find(|class| class.as_str() == row.class);
        let error = Self::new(class.unwrap_or(ErrorClass::Transient), row.message);
        row.retry_after.map_or(error.clone(), |delay| error.with_retry_after(Duration::from_nanos(delay)))
    }
}

impl From<Rejected> for RejectedRow {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::CircuitOpen { retry_at: Some(_) } => Self::Open,
            Rejected::CircuitOpen { retry_at: None } => Self::ForcedOpen,
            Rejected::TooManyRequests => Self::TooManyRequests,
        }
    }
}

impl From<RejectedRow> for Rejected {
    /// The instant itself means nothing to another process.
    fn from(row: RejectedRow) -> Self {
        match row {
            RejectedRow::Open => Self::CircuitOpen { retry_at: Some(std::time::Instant::now()) },
            RejectedRow::ForcedOpen => Self::CircuitOpen { retry_at: None },
            RejectedRow::TooManyRequests => Self::TooManyRequests,
        }
    }
}

const GAVE_UP: [(&str, GaveUp); 3] = [
    ("max_attempts", GaveUp::MaxAttempts),
    ("max_elapsed_time", GaveUp::MaxElapsedTime),
    ("draining", GaveUp::Draining),
];

fn word_of(gave_up: GaveUp) -> String {
    GAVE_UP.iter().find(|(_, other)| *other == gave_up).map_or("", |(word, _)| word).into()
}

fn gave_up_of(word: &str) -> GaveUp {
    GAVE_UP.iter().find(|(other, _)| *other == word).map_or(GaveUp::MaxAttempts, |(_, gave_up)| *gave_up)
}

impl From<&Failure> for FailureRow {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Permanent { error } => Self::Permanent(error.into()),
            Failure::Exhausted { attempts, last, gave_up } => {
                Self::Exhausted { attempts: *attempts, last: last.into(), gave_up: word_of(*gave_up) }
            }
            Failure::TimedOut { attempts, last, gave_up } => {
                Self::TimedOut { attempts: *attempts, last: last.into(), gave_up: word_of(*gave_up) }
            }
            Failure::CircuitOpen { rejected, last } => {
                Self::CircuitOpen { rejected: (*rejected).into(), last: last.as_ref().map(Into::into) }
            }
            Failure::Panicked { message } => Self::Panicked(message.clone()),
            Failure::Cancelled { last } => Self::Cancelled { last: last.as_ref().map(Into::into) },
            Failure::Skipped { root } => Self::Skipped { root: root.to_string() },
        }
    }
}

impl From<FailureRow> for Failure {
    fn from(row: FailureRow) -> Self {
        match row {
            FailureRow::Permanent(error) => Self::Permanent { error: error.into() },
            FailureRow::Exhausted { attempts, last, gave_up } => {
                Self::Exhausted { attempts, last: last.into(), gave_up: gave_up_of(&gave_up) }
            }
            FailureRow::TimedOut { attempts, last, gave_up } => {
                Self::TimedOut { attempts, last: last.into(), gave_up: gave_up_of(&gave_up) }
            }
            FailureRow::CircuitOpen { rejected, last } => {
                Self::CircuitOpen { rejected: rejected.into(), last: last.map(Into::into) }
            }
            FailureRow::Panicked(message) => Self::Panicked { message },
            FailureRow::Cancelled { last } => Self::Cancelled { last: last.map(Into::into) },
            FailureRow::Skipped { root } => Self::Skipped { root: root.into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Task;

    fn outcome(attempts: impl IntoIterator<Item = Attempt>, started: Option<u64>, ended: u64) -> Outcome {
        let (attempts, started) = (attempts.into_iter().collect(), started.map(Duration::from_nanos));
        let (ended, at_circuit) = (Duration::from_nanos(ended), Box::new([]));
        let ending = Ending { attempts, started, ended, at_circuit, result: Ok(Response::from("done")) };
        Outcome::of_past(&Task::new("a", "x", ""), 0, false, ending)
    }

    fn attempt(started: u64, elapsed: u64, result: AttemptResult) -> Attempt {
        Attempt::new("x", 3, Duration::from_nanos(started), Duration::from_nanos(elapsed), result)
    }

    fn text_of(outcome: &Outcome) -> String {
        serde_json::to_string(&Body::of(outcome)).unwrap()
    }

    #[test]
    fn of_a_task_that_succeeds_at_once_little_is_said() {
        let outcome = outcome([attempt(5, 7, AttemptResult::Success)], Some(5), 12);
        assert_eq!(text_of(&outcome), r#"{"started":5,"attempts":[{"backend":"x","worker":3,"elapsed":7}]}"#);
    }

    #[test]
    fn what_is_left_out_is_there_again_when_it_is_read() {
        let failed = || AttemptResult::Error(SendError::transient("no"));
        for outcome in [
            outcome([attempt(5, 7, AttemptResult::Success)], Some(5), 12),
            outcome([attempt(6, 7, AttemptResult::Success)], Some(5), 13),
            outcome([attempt(5, 7, AttemptResult::Success)], Some(5), 14),
            outcome([attempt(5, 7, failed()), attempt(20, 1, AttemptResult::Success)], Some(5), 21),
            outcome([attempt(0, 0, AttemptResult::Cancelled)], Some(0), 0),
            outcome([], None, 9),
            outcome([], Some(4), 9),
        ] {
            let text = text_of(&outcome);
            let ending = serde_json::from_str::<Body>(&text).unwrap().into_ending(Some(b"done".to_vec()));
            let again = Outcome::of_past(&Task::new("a", "x", ""), 0, false, ending);
            assert_eq!(format!("{again:?}"), format!("{outcome:?}"), "{text}");
            assert_eq!((again.started(), again.ended()), (outcome.started(), outcome.ended()), "{text}");
        }
    }

    #[test]
    fn what_an_earlier_version_wrote_is_read() {
        let text = r#"{"started":5,"ended":12,"attempts":[{"backend":"x","worker":3,"started":5,"elapsed":7,"result":"Success"}]}"#;
        let ending = serde_json::from_str::<Body>(text).unwrap().into_ending(None);
        let (attempt, ended) = (&ending.attempts[0], ending.ended.as_nanos());
        let (started, elapsed) = (attempt.started.as_nanos(), attempt.elapsed.as_nanos());
        assert_eq!((started, elapsed, attempt.result.as_str(), ended), (5, 7, "success", 12));
    }
}
