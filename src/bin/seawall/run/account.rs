//! Everything that pictures of a run are made of.

use super::record::Record;
use super::report_json;
use super::wording::Message;
use seawall::{
    Attempt, AttemptResult, CircuitBreaker, CircuitState, Failure, Outcome, Plan, Report, SendError, Status,
};
use std::borrow::Cow;
use std::sync::Arc;

/// A run that is over.
#[derive(Clone, Copy)]
pub(crate) struct Account<'a> {
    pub(crate) run: &'a report_json::Run<'a>,
    pub(crate) plan: &'a Plan,
    pub(crate) report: &'a Report,
    pub(crate) breakers: &'a [(&'a str, Arc<CircuitBreaker>)],
    /// Empty unless somebody wanted it.
    pub(crate) record: &'a Record,
}

impl<'a> Account<'a> {
    /// The circuits that are not closed.
    pub(crate) fn open_circuits(&self) -> impl Iterator<Item = (&'a str, CircuitState)> {
        let circuits = self.breakers.iter().map(|(backend, breaker)| (*backend, breaker.state()));
        circuits.filter(|(_, state)| *state != CircuitState::Closed)
    }
}

/// The attempts that were made: not those that a circuit refused.
pub(crate) fn made(outcome: &Outcome) -> impl Iterator<Item = (usize, &Attempt)> {
    let is_made = |attempt: &&Attempt| !matches!(attempt.result, AttemptResult::Rejected(_));
    outcome.attempts().iter().filter(is_made).zip(1..).map(|(attempt, number)| (number, attempt))
}

/// The same, without those that an earlier run made: their times count from its beginning.
pub(crate) fn made_now(outcome: &Outcome) -> impl Iterator<Item = (usize, &Attempt)> {
    made(outcome).filter(|_| !outcome.is_resumed())
}

/// Whether it completed in this run, and not at the first attempt that was made.
pub(crate) fn is_flaky(outcome: &Outcome) -> bool {
    outcome.status() == Status::Completed && made_now(outcome).nth(1).is_some()
}

/// What an attempt says of how it ended, if that is not well.
pub(crate) fn error_of(result: &AttemptResult) -> Option<Cow<'_, str>> {
    match result {
        AttemptResult::Success => None,
        AttemptResult::Error(error) => Some(SendError::to_string(error).into()),
        AttemptResult::Panicked(message) => Some(message.into()),
        AttemptResult::Rejected(rejected) => Some(rejected.to_string().into()),
        _ => Some(result.as_str().into()),
    }
}

/// Why a task has no response, with the last error; and what cancelled the run, if that is why.
pub(crate) fn reason(failure: &Failure, cancelled: Option<&str>) -> String {
    match (failure.is_cancelled(), cancelled) {
        (true, Some(why)) => format!("{} by {why}", Message(failure)),
        _ => Message(failure).to_string(),
    }
}
