//! How attempts and failures look in the file, as JSON.
//!
//! Errors are kept as their class and their sentence, which is all that a report says of them. What an instant of this process
//! meant is lost, so a circuit that refused a call is only known to have been open.

use crate::failure::{Failure, GaveUp, Rejected};
use crate::runner::{Attempt, AttemptResult};
use crate::send_error::{ErrorClass, SendError};
use crate::session::Session;
use crate::usage::Usage;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Beside the response: what there is to know of a task that has ended. Times are in nanoseconds.
#[derive(Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) started: Option<u64>,
    pub(super) ended: u64,
    /// When it waited for a circuit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) at_circuit: Vec<(u64, u64)>,
    pub(super) attempts: Vec<AttemptRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<FailureRow>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_truncated: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct AttemptRow {
    backend: String,
    worker: usize,
    started: u64,
    elapsed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<u64>,
    result: ResultRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionRow>,
}

#[derive(Serialize, Deserialize)]
enum ResultRow {
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
            started: nanoseconds(attempt.started),
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

impl From<AttemptRow> for Attempt {
    fn from(row: AttemptRow) -> Self {
        let result = match row.result {
            ResultRow::Success => AttemptResult::Success,
            ResultRow::Error(error) => AttemptResult::Error(error.into()),
            ResultRow::Panicked(message) => AttemptResult::Panicked(message),
            ResultRow::Rejected(rejected) => AttemptResult::Rejected(rejected.into()),
            ResultRow::Cancelled => AttemptResult::Cancelled,
        };
        let (started, elapsed) = (Duration::from_nanos(row.started), Duration::from_nanos(row.elapsed));
        let mut attempt = Self::new(row.backend, row.worker, started, elapsed, result);
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
