//! How one task ended, and each attempt that was made for it.

use crate::backend::Spent;
use crate::failure::{Failure, GaveUp, Rejected};
use crate::plan::{FailureMode, Task};
use crate::resilience::Ended;
use crate::send_error::SendError;
use crate::session::Session;
use crate::status::Status;
use crate::sync::{Arc, OnceLock};
use crate::task_id::TaskId;
use crate::usage::Usage;
use smallvec::SmallVec;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// The attempts of a task. Most have one, which then needs no allocation.
pub(crate) type Attempts = SmallVec<[Attempt; 1]>;

/// From when to when, since the run began.
pub(crate) type Span = Range<Duration>;

/// How one task of a run ended. Times count from the beginning of the run.
#[derive(Clone)]
pub struct Outcome<R = crate::Response> {
    /// Written once, in its place in the report to be, by the worker that had the task. So no outcome is ever copied, and
    /// no worker touches what its neighbours touch.
    ended: OnceLock<EndedTask<R>>,
}

#[derive(Clone)]
struct EndedTask<R> {
    task: TaskId,
    backend: Arc<str>,
    wave: u32,
    mode: FailureMode,
    is_resumed: bool,
    ending: Ending<R>,
}

/// What a worker knows when a task has ended.
#[derive(Clone)]
pub(crate) struct Ending<R> {
    pub(crate) attempts: Attempts,
    pub(crate) started: Option<Duration>,
    pub(crate) ended: Duration,
    /// When it waited for a circuit; the last one may have been cut short by the end.
    pub(crate) at_circuit: Box<[Span]>,
    pub(crate) result: Result<R, Failure>,
}

impl<R> Outcome<R> {
    /// The place of what is to come of a task.
    pub(super) const fn to_come() -> Self {
        Self { ended: OnceLock::new() }
    }

    /// Whether the task has ended.
    pub(super) fn has_come(&self) -> bool {
        self.ended.get().is_some()
    }

    /// The task has ended, which it does once.
    pub(super) fn settle<Q>(&self, task: &Task<Q>, backend: Arc<str>, wave: u32, ending: Ending<R>) {
        let (task, mode) = (task.id().clone(), task.mode());
        self.set(EndedTask { task, backend, wave, mode, is_resumed: false, ending });
    }

    /// The task was completed by an earlier run.
    pub(super) fn settle_resumed<Q>(&self, task: &Task<Q>, wave: u32, ending: Ending<R>) {
        let backend = Arc::clone(task.shared_backend());
        let (task, mode) = (task.id().clone(), task.mode());
        self.set(EndedTask { task, backend, wave, mode, is_resumed: true, ending });
    }

    /// What a journal has of a task of an earlier run.
    #[cfg(feature = "journal")]
    pub(crate) fn of_past<Q>(task: &Task<Q>, wave: u32, is_resumed: bool, ending: Ending<R>) -> Self {
        let (backend, outcome) = (Arc::clone(task.shared_backend()), Self::to_come());
        let (task, mode) = (task.id().clone(), task.mode());
        outcome.set(EndedTask { task, backend, wave, mode, is_resumed, ending });
        outcome
    }

    /// What was settled elsewhere comes to its place.
    pub(super) fn take(&self, other: Self) {
        if let Some(ended) = other.ended.into_inner() {
            self.set(ended);
        }
    }

    fn set(&self, ended: EndedTask<R>) {
        let is_first = self.ended.set(ended).is_ok();
        debug_assert!(is_first, "a task ends once");
    }

    /// The same, without what became of it.
    pub(super) fn into_cancelled(mut self) -> Self {
        if let Some(EndedTask { ending, .. }) = self.ended.get_mut() {
            let last = ending.result.as_ref().err().and_then(Failure::last_error).cloned();
            ending.result = Err(Failure::Cancelled { last });
            if let Some(last) = ending.attempts.last_mut().filter(|last| last.result.as_str() == "success") {
                last.result = AttemptResult::Cancelled;
            }
        }
        self
    }

    fn ended_task(&self) -> &EndedTask<R> {
        self.ended.get().expect("nobody is given an outcome before the task has ended")
    }

    fn ending(&self) -> &Ending<R> {
        &self.ended_task().ending
    }

    /// The task's name.
    pub fn task(&self) -> &TaskId {
        &self.ended_task().task
    }

    /// The backend that the plan names. An attempt may have been made at another one: see [`Attempt::backend`].
    pub fn backend(&self) -> &str {
        &self.ended_task().backend
    }

    /// The wave that the task belongs to: 0, 1, ….
    pub fn wave(&self) -> usize {
        self.ended_task().wave as usize
    }

    /// What its failure means for its dependents.
    pub fn failure_mode(&self) -> FailureMode {
        self.ended_task().mode
    }

    /// Every attempt, in order: those that were made, and those that a circuit breaker refused.
    pub fn attempts(&self) -> &[Attempt] {
        &self.ending().attempts
    }

    /// How often it waited since a circuit refused it.
    #[cfg(feature = "load")]
    pub(crate) fn circuit_waits(&self) -> usize {
        self.ending().at_circuit.len()
    }

    /// What all its attempts used up, those that failed and those at other backends included; `None` if none of them told.
    pub fn usage(&self) -> Option<Usage> {
        sum(self.attempts().iter().filter_map(Attempt::usage))
    }

    /// The session in which it ended, also if it failed; `None` if no attempt told of one.
    pub fn session(&self) -> Option<&Session> {
        self.attempts().iter().rev().find_map(Attempt::session)
    }

    /// When it first asked to be sent; `None` if it never did.
    pub fn started(&self) -> Option<Duration> {
        self.ending().started
    }

    /// Whether it was taken over from an earlier run: completed, with the attempts and the response of that run. Its times
    /// count from the beginning of the run that did the work.
    pub fn is_resumed(&self) -> bool {
        self.ended_task().is_resumed
    }

    /// How long it took from then on, waits included.
    pub fn elapsed(&self) -> Duration {
        let Ending { started, ended, .. } = self.ending();
        started.map_or(Duration::ZERO, |started| ended.saturating_sub(started))
    }

    /// When it ended, also if it never started. What was taken over had ended before the run began.
    pub(crate) fn ended(&self) -> Duration {
        if self.is_resumed() { Duration::ZERO } else { self.ending().ended }
    }

    /// When it first asked to be sent in this run.
    pub(super) fn started_now(&self) -> Option<Duration> {
        self.started().filter(|_| !self.is_resumed())
    }

    /// How long it took in this run. What was taken over took no time.
    pub(super) fn elapsed_now(&self) -> Duration {
        if self.is_resumed() { Duration::ZERO } else { self.elapsed() }
    }

    pub(crate) fn at_circuit(&self) -> &[Span] {
        &self.ending().at_circuit
    }

    /// How it ended, in a word.
    pub fn status(&self) -> Status {
        match &self.ending().result {
            Ok(_) => Status::Completed,
            Err(Failure::Skipped { .. }) => Status::Skipped,
            Err(Failure::Cancelled { .. }) => Status::Cancelled,
            Err(_) => Status::Failed,
        }
    }

    /// The response, or why there is none.
    pub fn result(&self) -> Result<&R, &Failure> {
        self.ending().result.as_ref()
    }

    /// The response, or why there is none.
    pub fn into_result(self) -> Result<R, Failure> {
        let ended = self.ended.into_inner();
        ended.unwrap_or_else(|| unreachable!("nobody is given an outcome before the task has ended")).ending.result
    }

    /// Whether a task, or a retry, was left to start when nothing new was started any more.
    pub(super) fn is_undone(&self) -> bool {
        use Failure::{Cancelled, Exhausted, TimedOut};
        match self.result() {
            Err(Cancelled { .. }) => true,
            Err(Exhausted { gave_up, .. } | TimedOut { gave_up, .. }) => *gave_up == GaveUp::Draining,
            _ => false,
        }
    }

    /// Whether dependents may not start.
    pub(super) fn bars_dependents(&self) -> bool {
        self.failure_mode() == FailureMode::Hard && matches!(self.status(), Status::Failed | Status::Skipped)
    }

    /// Whether the run counts as failed because of it.
    pub(crate) fn fails_run(&self) -> bool {
        match self.status() {
            Status::Completed => false,
            Status::Failed => self.failure_mode() != FailureMode::Skip,
            Status::Skipped | Status::Cancelled => true,
        }
    }
}

impl<R> fmt::Debug for Outcome<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Outcome");
        debug.field("task", self.task()).field("status", &self.status()).field("attempts", &self.attempts());
        debug.field("failure", &self.result().err()).finish_non_exhaustive()
    }
}

/// One attempt at a task.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// Where it was made: the task's backend, or one that it fell back to.
    pub backend: Arc<str>,
    /// The place among the run's workers that made it: 0, 1, ….
    pub worker: usize,
    /// When it began, since the run did.
    pub started: Duration,
    /// How long it took.
    pub elapsed: Duration,
    /// How it ended.
    pub result: AttemptResult,
    /// The wait that was drawn for after it; `None` if there is no next attempt.
    pub delay: Option<Duration>,
    /// Boxed, since most attempts tell nothing.
    pub(super) spent: Option<Box<Spent>>,
}

impl Attempt {
    /// One that was made, as a journal brings it back.
    ///
    /// ```
    /// use seawall::{Attempt, AttemptResult, Recalled, SendError};
    /// use std::time::Duration;
    /// let (second, error) = (Duration::from_secs(1), SendError::transient("connection reset"));
    /// let first = Attempt::new("api", 0, Duration::ZERO, second, AttemptResult::Error(error)).with_delay(second);
    /// let last = Attempt::new("api", 3, second * 2, second, AttemptResult::Success);
    /// let recalled: Recalled = Recalled::new("done".into()).with_attempts([first, last]).with_times(Duration::ZERO, second * 3);
    /// # drop(recalled);
    /// ```
    pub fn new(
        backend: impl Into<Arc<str>>,
        worker: usize,
        started: Duration,
        elapsed: Duration,
        result: AttemptResult,
    ) -> Self {
        Self { backend: backend.into(), worker, started, elapsed, result, delay: None, spent: None }
    }

    /// The same, with the wait that was drawn for after it.
    #[must_use]
    pub fn with_delay(self, delay: Duration) -> Self {
        Self { delay: Some(delay), ..self }
    }

    /// The same, with what it used up.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.spent.get_or_insert_default().usage = usage;
        self
    }

    /// The same, with the session in which it ended.
    #[must_use]
    pub fn with_session(mut self, session: Session) -> Self {
        self.spent.get_or_insert_default().session = Some(session);
        self
    }

    /// What it used up, if the backend told.
    pub fn usage(&self) -> Option<Usage> {
        self.spent.as_ref().map(|spent| spent.usage).filter(|usage| !usage.is_empty())
    }

    /// The session in which it ended, if the backend told of one.
    pub fn session(&self) -> Option<&Session> {
        self.spent.as_ref()?.session.as_ref()
    }
}

/// What there is in all; `None` if there is nothing.
pub(super) fn sum(usages: impl Iterator<Item = Usage>) -> Option<Usage> {
    usages.reduce(|sum, usage| sum + usage)
}

/// How an attempt ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AttemptResult {
    /// With a response.
    Success,
    /// With an error.
    Error(SendError),
    /// The backend panicked, with this message.
    Panicked(String),
    /// The circuit breaker refused it; nothing was sent.
    Rejected(Rejected),
    /// It was interrupted, since the run was cancelled.
    Cancelled,
}

impl AttemptResult {
    /// Every word that [`as_str`](AttemptResult::as_str) may give.
    pub const WORDS: [&'static str; 12] = [
        "success",
        "transient",
        "overloaded",
        "rate_limited",
        "timed_out",
        "permanent",
        "invalid_answer",
        "killed",
        "could_not_start",
        "panicked",
        "cancelled",
        "circuit_open",
    ];

    pub(super) fn of<R>(ended: &Ended<R>) -> Self {
        match ended {
            Ended::Response(_) => Self::Success,
            Ended::Error(error) => Self::Error(error.clone()),
            Ended::Panicked(message) => Self::Panicked(message.clone()),
            Ended::Cancelled(_) => Self::Cancelled,
        }
    }

    /// The word for it in reports and events: `success`, an [`ErrorClass`](crate::ErrorClass)'s word, `panicked`,
    /// `circuit_open`, `cancelled`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error(error) => error.class().as_str(),
            Self::Panicked(_) => "panicked",
            Self::Rejected(_) => "circuit_open",
            Self::Cancelled => "cancelled",
        }
    }
}
