//! One call of a load, and what came of it.

use crate::cancel::CancelToken;
use crate::failure::Failure;
use crate::runner::{Attempt, AttemptResult, Outcome, Report};
use crate::send_error::{ErrorClass, SendError};
use crate::status::Status;
use std::time::{Duration, Instant};

/// What a call of a load is given.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub(super) number: u64,
    pub(super) is_counted: bool,
    pub(super) began: Instant,
    pub(super) cancel: &'a CancelToken,
}

impl<'a> Call<'a> {
    /// Which of the counted calls it is: 0, 1, …. Those of the warm-up have numbers of their own, from 0 on too.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether it is none of the warm-up.
    pub fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// When the load began, the warm-up included.
    pub fn load_began(&self) -> Instant {
        self.began
    }

    /// The token that ends this call: when the caller of the load cancels, and when the grace at its end is over.
    pub fn cancel_token(&self) -> &'a CancelToken {
        self.cancel
    }
}

/// What came of one call: whether it was ok, and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(super) error: Option<CallError>,
    pub(super) attempts: u64,
    pub(super) rejected: u64,
    pub(super) backoff: Duration,
}

/// Why a call was not ok.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CallError {
    /// The word that an attempt's result has.
    pub(super) class: &'static str,
    pub(super) message: String,
}

pub(super) const CANCELLED: &str = "cancelled";
pub(super) const CIRCUIT_OPEN: &str = "circuit_open";
pub(super) const TIMED_OUT: &str = ErrorClass::TimedOut.as_str();

impl Answer {
    /// One attempt, and it succeeded.
    pub fn ok() -> Self {
        Self { error: None, attempts: 1, rejected: 0, backoff: Duration::ZERO }
    }

    /// One attempt, which failed so.
    pub fn error(error: &SendError) -> Self {
        Self::failed(error.class().as_str(), error.to_string())
    }

    pub(super) fn failed(class: &'static str, message: String) -> Self {
        Self { error: Some(CallError { class, message }), ..Self::ok() }
    }

    /// What came of a task: its attempts, and the class of the last one, or `cancelled`.
    pub fn of<R>(outcome: &Outcome<R>) -> Self {
        let error = (outcome.status() != Status::Completed).then(|| error_of(outcome));
        Self::of_attempts(error, outcome)
    }

    /// What came of a run: the attempts of all its tasks, and the class of the first one that failed. It is ok if the run
    /// [is](Report::is_success).
    pub fn of_report<R>(report: &Report<R>) -> Self {
        let is_cause = |outcome: &&Outcome<R>| outcome.status() == Status::Failed && outcome.fails_run();
        let ended_at = |outcome: &&Outcome<R>| outcome.started().map(|started| started + outcome.elapsed());
        let failed = report.outcomes().iter().filter(is_cause).min_by_key(ended_at);
        let error = (!report.is_success()).then(|| match (failed, report.cancelled()) {
            (Some(outcome), None) => {
                let CallError { class, message } = error_of(outcome);
                CallError { class, message: format!("task `{}`: {message}", outcome.task()) }
            }
            (_, reason) => CallError { class: CANCELLED, message: reason.unwrap_or(CANCELLED).to_owned() },
        });
        let answers = report.outcomes().iter().map(|outcome| Self::of_attempts(None, outcome));
        answers.fold(Self { error, attempts: 0, ..Self::ok() }, |sum, one| Self {
            attempts: sum.attempts + one.attempts,
            rejected: sum.rejected + one.rejected,
            backoff: sum.backoff.saturating_add(one.backoff),
            ..sum
        })
    }

    fn of_attempts<R>(error: Option<CallError>, outcome: &Outcome<R>) -> Self {
        let attempts = outcome.attempts();
        let is_refusal = |attempt: &&Attempt| matches!(attempt.result, AttemptResult::Rejected(_));
        let rejected = attempts.iter().filter(is_refusal).count() as u64;
        let backoff =
            attempts.iter().filter_map(|attempt| attempt.delay).fold(Duration::ZERO, Duration::saturating_add);
        let made = attempts.len() as u64 - rejected;
        Self { error, attempts: made, rejected: rejected + outcome.circuit_waits() as u64, backoff }
    }

    /// Whether the call succeeded.
    pub fn is_ok(&self) -> bool {
        self.error.is_none()
    }

    /// Whether its latency says something of the backend: not of a call that was refused unsent, or cancelled.
    pub(super) fn has_latency(&self) -> bool {
        self.error.as_ref().is_none_or(|error| !matches!(error.class, CANCELLED | CIRCUIT_OPEN))
    }

    /// Whether a circuit refused it before anything was sent.
    pub(super) fn is_refused_unsent(&self) -> bool {
        self.attempts == 0 && self.error.as_ref().is_some_and(|error| error.class == CIRCUIT_OPEN)
    }
}

fn error_of<R>(outcome: &Outcome<R>) -> CallError {
    let last = outcome.attempts().last().map(|attempt| &attempt.result);
    let class = match (outcome.status(), last) {
        (Status::Failed, Some(last)) => last.as_str(),
        _ => CANCELLED,
    };
    let message = match (last, outcome.result().err()) {
        (Some(AttemptResult::Error(error)), _) => error.to_string(),
        (_, failure) => failure.map(Failure::to_string).unwrap_or_default(),
    };
    CallError { class, message }
}
