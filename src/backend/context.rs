//! What one attempt is given beside its request.

use super::Response;
use super::spent::{Account, Spent};
#[cfg(all(unix, any(feature = "http", feature = "process")))]
use super::time_limit::TimeLimit;
use crate::cancel::{CancelToken, Cancelled};
use crate::clock::Clock;
use crate::responses::{Ancestry, Responses};
use crate::send_error::SendError;
use crate::session::Session;
use crate::status::Status;
use crate::task_id::TaskId;
use crate::usage::Usage;
use std::fmt;
use std::time::{Duration, Instant};

static SYSTEM_CLOCK: std::sync::LazyLock<Clock> = std::sync::LazyLock::new(Clock::system);

/// One attempt's surroundings: whose it is, what time it has, and how it hears that it should end.
pub struct Context<'a, R = Response> {
    cancel: &'a CancelToken,
    clock: &'a Clock,
    began: Instant,
    surroundings: Surroundings<'a, R>,
    account: Account,
}

/// What the run knows of an attempt; outside of one it is all blank.
pub(crate) struct Surroundings<'a, R> {
    pub(crate) task: Option<&'a TaskId>,
    pub(crate) backend: &'a str,
    pub(crate) attempt: u32,
    /// Among many runs of the same plan.
    pub(crate) run_number: Option<u64>,
    /// The attempt's own limit, and how long that was when the attempt began.
    pub(crate) attempt_limit: Option<Instant>,
    #[cfg(all(unix, any(feature = "http", feature = "process")))]
    pub(crate) timeout: Option<Duration>,
    /// The whole run's limit.
    pub(crate) run_limit: Option<Instant>,
    /// The deadline of the caller's token, on the system's clock.
    pub(crate) deadline: Option<Instant>,
    pub(crate) ancestry: Option<&'a (dyn Ancestry<R> + 'a)>,
    /// The one to go on in.
    pub(crate) session: Option<&'a Session>,
}

impl<R> Default for Surroundings<'_, R> {
    fn default() -> Self {
        Self {
            task: None,
            backend: "",
            attempt: 1,
            run_number: None,
            attempt_limit: None,
            #[cfg(all(unix, any(feature = "http", feature = "process")))]
            timeout: None,
            run_limit: None,
            deadline: None,
            ancestry: None,
            session: None,
        }
    }
}

impl<'a, R> Context<'a, R> {
    /// For a call outside of a plan, and for tests of a backend: the first attempt, on the system's clock, without a limit
    /// but the token's deadline.
    pub fn new(cancel: &'a CancelToken) -> Self {
        Self::within(cancel, &SYSTEM_CLOCK, Instant::now(), Surroundings::default())
    }

    pub(crate) fn within(
        cancel: &'a CancelToken,
        clock: &'a Clock,
        began: Instant,
        surroundings: Surroundings<'a, R>,
    ) -> Self {
        Self { cancel, clock, began, surroundings, account: Account::default() }
    }

    /// The same surroundings with these responses as those of ancestors.
    #[must_use]
    pub fn with_responses(mut self, responses: &'a Responses<R>) -> Self
    where
        R: Sync,
    {
        self.surroundings.ancestry = Some(responses);
        self
    }

    /// The same surroundings with a limit of its own for the attempt, from now on, as a task's time-out is within a run.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.surroundings.attempt_limit = self.now().checked_add(limit);
        #[cfg(all(unix, feature = "process"))]
        {
            self.surroundings.timeout = Some(limit);
        }
        self
    }

    /// The same surroundings with this session to go on in.
    #[must_use]
    pub fn with_session(mut self, session: &'a Session) -> Self {
        self.surroundings.session = Some(session);
        self
    }

    /// The session to go on in: the one in which the task that [`Task::session`](crate::Task::session) names ended, with what
    /// was used in it up to now. `None`: the call begins a new one, if it has such things.
    ///
    /// An attempt after one that failed gets the same session again. An attempt that began a session of its own leaves it
    /// behind: the next one begins another.
    pub fn session(&self) -> Option<&'a Session> {
        self.surroundings.session
    }

    /// Says in which session the call ended, also if it failed. Of several the last one counts.
    pub fn ended_in(&self, session: Session) {
        self.account.change(|spent| spent.session = Some(session));
    }

    /// What [`ended_in`](Self::ended_in) was told.
    pub fn own_session(&self) -> Option<Session> {
        self.account.spent().session
    }

    /// Says what the call used up, also if it fails. Calls add up.
    ///
    /// ```
    /// use seawall::{CancelToken, Context, Response, Usage};
    /// let cancel = CancelToken::new();
    /// let cx: Context<'_, Response> = Context::new(&cancel);
    /// cx.add_usage(Usage::new().with_input_tokens(1200));
    /// cx.add_usage(Usage::new().with_output_tokens(34).with_cost_usd(0.25));
    /// assert_eq!((cx.usage().input_tokens, cx.usage().cost_usd), (Some(1200), Some(0.25)));
    /// ```
    pub fn add_usage(&self, usage: Usage) {
        self.account.change(|spent| spent.usage += usage);
    }

    /// What [`add_usage`](Self::add_usage) was told so far.
    pub fn usage(&self) -> Usage {
        self.account.spent().usage
    }

    pub(crate) fn into_spent(self) -> Option<Box<Spent>> {
        self.account.into_spent()
    }

    /// The response of a task up the line of `after`, however far.
    ///
    /// # Errors
    ///
    /// A [permanent](crate::ErrorClass::Permanent) error if the task is no ancestor, or has no response. What is not an
    /// ancestor is never read, even if it has ended: else the answer would depend on the schedule.
    pub fn response_of(&self, task: &str) -> Result<&'a R, SendError> {
        match self.surroundings.ancestry {
            Some(ancestry) => ancestry.response_of(task),
            None => Err(SendError::permanent(format!("`{task}` is not an ancestor: the call belongs to no plan"))),
        }
    }

    /// Every task up the line of `after`, in plan order, with how it ended and its response if it has one.
    pub fn ancestors(&self) -> impl Iterator<Item = (&'a TaskId, Status, Option<&'a R>)> + use<'a, R> {
        self.surroundings.ancestry.map(|ancestry| ancestry.ancestors()).into_iter().flatten()
    }

    /// How long ago the run began, or, outside of one, this call.
    pub fn elapsed(&self) -> Duration {
        self.now().saturating_duration_since(self.began)
    }

    /// The task, if the call belongs to a plan.
    pub fn task(&self) -> Option<&'a TaskId> {
        self.surroundings.task
    }

    /// The name under which the runner knows this backend; empty outside of a plan.
    pub fn backend(&self) -> &'a str {
        self.surroundings.backend
    }

    /// Which attempt of this call at this backend it is: 1, 2, ….
    pub fn attempt(&self) -> u32 {
        self.surroundings.attempt
    }

    /// Which run of its plan it is, where there are many.
    pub(crate) fn run_number(&self) -> Option<u64> {
        self.surroundings.run_number
    }

    /// The token that ends this attempt: within a run the run's own, which hears the caller's, the run's time limit, the
    /// caller's deadline and a foreign flag.
    ///
    /// The attempt's own time limit is not among them: see [`remaining`](Context::remaining).
    pub fn cancel_token(&self) -> &'a CancelToken {
        self.cancel
    }

    /// Whether the attempt should go on: it is neither cancelled nor past its own time limit.
    pub fn check(&self) -> Result<(), Cancelled> {
        self.cancel.check()?;
        match self.surroundings.attempt_limit {
            Some(limit) if limit <= self.now() => Err(Cancelled),
            _ => Ok(()),
        }
    }

    /// Sleeps for `duration` on the run's clock, or until the attempt should not go on any more: then at once.
    pub fn sleep(&self, duration: Duration) -> Result<(), Cancelled> {
        let Some(limit) = self.surroundings.attempt_limit else { return self.clock.sleep(duration, self.cancel) };
        let left = limit.saturating_duration_since(self.now());
        self.clock.sleep(duration.min(left), self.cancel)?;
        if duration < left { Ok(()) } else { self.check() }
    }

    /// The present, on the run's clock.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// How long until the earliest limit that applies: the attempt's, the run's, the caller's deadline. Hand it to your
    /// client's time-out. `None` if there is no limit, zero if it is over.
    pub fn remaining(&self) -> Option<Duration> {
        let Surroundings { attempt_limit, run_limit, deadline, .. } = self.surroundings;
        let limit = [attempt_limit, run_limit].into_iter().flatten().min();
        let within_limit = limit.map(|limit| limit.saturating_duration_since(self.now()));
        let deadline = deadline.or(self.cancel.deadline());
        let before_deadline = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        [within_limit, before_deadline].into_iter().flatten().min()
    }

    /// [`remaining`](Self::remaining), with the length of the attempt's own limit if it is that one.
    #[cfg(all(unix, any(feature = "http", feature = "process")))]
    pub(crate) fn time_limit(&self) -> Option<TimeLimit> {
        let Surroundings { attempt_limit, timeout, .. } = self.surroundings;
        let left = self.remaining()?;
        let own = attempt_limit.map(|limit| limit.saturating_duration_since(self.now()));
        let whole = timeout.filter(|_| own.is_some_and(|own| own <= left)).unwrap_or(left);
        Some(TimeLimit { left, whole })
    }
}

impl<R> fmt::Debug for Context<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Context");
        debug.field("task", &self.task()).field("backend", &self.backend()).field("attempt", &self.attempt());
        debug.field("remaining", &self.remaining()).finish_non_exhaustive()
    }
}
