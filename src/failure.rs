//! Why a circuit breaker refused a call, and why a call or a task gave no response.

use crate::send_error::{ErrorClass, SendError};
use crate::task_id::TaskId;
use std::error::Error;
use std::fmt;
use std::time::Instant;

/// Why a circuit breaker refused a call. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejected {
    /// The circuit is open.
    #[non_exhaustive]
    CircuitOpen {
        /// The first instant at which a call is admitted again; `None` if that is never: the circuit was forced open.
        retry_at: Option<Instant>,
    },
    /// The circuit is half-open, and as many calls as it admits are under way or have succeeded.
    TooManyRequests,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CircuitOpen { retry_at: Some(_) } => "the circuit is open",
            Self::CircuitOpen { retry_at: None } => "the circuit is open until it is reset",
            Self::TooManyRequests => "the circuit is half-open and takes no more requests",
        })
    }
}

impl Error for Rejected {}

/// Why no further attempt was made after an error that may be retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GaveUp {
    /// `max_attempts` were made.
    MaxAttempts,
    /// The next attempt would begin after `max_elapsed_time`.
    MaxElapsedTime,
    /// The run starts nothing new.
    Draining,
}

/// Why a call, or a task, gave no response.
///
/// `Display` is one sentence without the cause, and `source()` is the last *real* error, which survives a later refusal by
/// the circuit and a cancel. [`Permanent`](Failure::Permanent) is transparent: both are the error's own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Failure {
    /// An error of a class that is not retried.
    #[non_exhaustive]
    Permanent {
        /// What the backend said.
        error: SendError,
    },
    /// Every attempt, or all the time, that the retry policy allows is used up.
    #[non_exhaustive]
    Exhausted {
        /// How many were made.
        attempts: u32,
        /// The last one's error.
        last: SendError,
        /// Which limit it was.
        gave_up: GaveUp,
    },
    /// As `Exhausted`, and the last attempt ran past its time limit.
    #[non_exhaustive]
    TimedOut {
        /// How many were made.
        attempts: u32,
        /// The last one's error.
        last: SendError,
        /// Which limit it was.
        gave_up: GaveUp,
    },
    /// The circuit breaker refused the call, or its next attempt.
    #[non_exhaustive]
    CircuitOpen {
        /// What it said.
        rejected: Rejected,
        /// The error of the last attempt that was made, if any was.
        last: Option<SendError>,
    },
    /// The backend panicked. Its neighbours are untouched.
    #[non_exhaustive]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// The caller cancelled.
    #[non_exhaustive]
    Cancelled {
        /// The error of the last attempt that was made, if any was.
        last: Option<SendError>,
    },
    /// A task was not tried, since one up the line failed.
    #[non_exhaustive]
    Skipped {
        /// The first failure up the line.
        root: TaskId,
    },
}

impl Failure {
    /// Every word that [`kind`](Failure::kind) may give.
    pub const KINDS: [&'static str; 7] =
        ["permanent", "exhausted", "timed_out", "circuit_open", "panicked", "cancelled", "skipped"];

    /// The last real error of a call that was made.
    pub fn last_error(&self) -> Option<&SendError> {
        match self {
            Self::Permanent { error: last } | Self::Exhausted { last, .. } | Self::TimedOut { last, .. } => Some(last),
            Self::CircuitOpen { last, .. } | Self::Cancelled { last } => last.as_ref(),
            Self::Panicked { .. } | Self::Skipped { .. } => None,
        }
    }

    /// Whether the caller cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled { .. })
    }

    /// Whether a circuit breaker refused it.
    pub fn is_circuit_open(&self) -> bool {
        matches!(self, Self::CircuitOpen { .. })
    }

    /// The word for it in reports and events: `permanent`, `exhausted`, `timed_out`, `circuit_open`, `panicked`,
    /// `cancelled`, `skipped`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Permanent { error } if error.class() == ErrorClass::Cancelled => "cancelled",
            Self::Permanent { .. } => "permanent",
            Self::Exhausted { .. } => "exhausted",
            Self::TimedOut { .. } => "timed_out",
            Self::CircuitOpen { .. } => "circuit_open",
            Self::Panicked { .. } => "panicked",
            Self::Cancelled { .. } => "cancelled",
            Self::Skipped { .. } => "skipped",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permanent { error } => error.fmt(f),
            Self::Exhausted { attempts, gave_up, .. } => fmt_gave_up(f, "gave up", *attempts, *gave_up),
            Self::TimedOut { attempts, gave_up, .. } => fmt_gave_up(f, "timed out", *attempts, *gave_up),
            Self::CircuitOpen { rejected, .. } => rejected.fmt(f),
            Self::Panicked { message } => write!(f, "the backend panicked: {message}"),
            Self::Cancelled { .. } => f.write_str("cancelled"),
            Self::Skipped { root } => write!(f, "skipped, since `{root}` failed"),
        }
    }
}

fn fmt_gave_up(f: &mut fmt::Formatter<'_>, what: &str, attempts: u32, gave_up: GaveUp) -> fmt::Result {
    let plural = if attempts == 1 { "" } else { "s" };
    write!(f, "{what} after {attempts} attempt{plural}")?;
    f.write_str(match gave_up {
        GaveUp::MaxAttempts => "",
        GaveUp::MaxElapsedTime => ", since another would begin after max_elapsed_time",
        GaveUp::Draining => ", since nothing new is started",
    })
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Permanent { error } => error.source(),
            other => other.last_error().map(|error| error as &dyn Error),
        }
    }
}
