//! What load is put on.

use super::answer::{Answer, CANCELLED, Call};
use crate::backend::{Message, Response};
use crate::error::Error;
use crate::plan::{Plan, Task};
use crate::resilience::{Ended, call_catching_panics};
use crate::runner::{Caller, RunOptions, Runner};
use crate::send_error::SendError;
use std::fmt;
use std::marker::PhantomData;

/// Something that can be called again and again, by many threads at once.
///
/// A closure becomes one by [`fn_target`], or is given to [`Load::run`](super::Load::run) as it is; [`BackendTarget`] is one
/// backend of a runner with its retries and its circuit breaker, [`PlanTarget`] a whole plan.
pub trait Target: Send + Sync {
    /// Makes one call, and returns when it is over. It should not panic: the load's thread would.
    fn call(&self, call: &Call<'_>) -> Answer;
}

impl<T: Target + ?Sized> Target for &T {
    fn call(&self, call: &Call<'_>) -> Answer {
        (**self).call(call)
    }
}

/// A closure as a target: each call is one attempt. A panic is caught, and an error after a cancel is a cancel.
pub fn fn_target<T, F>(call: F) -> impl Target
where
    F: Fn(&Call<'_>) -> Result<T, SendError> + Send + Sync,
{
    FnTarget { call, response: PhantomData }
}

struct FnTarget<T, F> {
    call: F,
    response: PhantomData<fn() -> T>,
}

impl<T, F: Fn(&Call<'_>) -> Result<T, SendError> + Send + Sync> Target for FnTarget<T, F> {
    fn call(&self, call: &Call<'_>) -> Answer {
        let ended = call_catching_panics(|| (self.call)(call));
        match ended.judged(call.cancel.is_cancelled(), None) {
            Ended::Response(_) => Answer::ok(),
            Ended::Error(error) => Answer::error(&error),
            Ended::Panicked(message) => Answer::failed("panicked", message),
            Ended::Cancelled(error) => Answer::failed(CANCELLED, error.to_string()),
        }
    }
}

/// One backend of a runner, with its retries, its circuit breaker, its time limit, its limit of concurrency and what it does
/// when the circuit is open; without the runner's pool and waves.
///
/// ```
/// use seawall::load::{BackendTarget, Load};
/// use seawall::{CancelToken, RetryConfig, Runner, SimulatedBackend};
/// use std::time::Duration;
///
/// let retry = RetryConfig::new().with_initial_interval(Duration::from_millis(1));
/// let runner = Runner::builder().backend("flaky", SimulatedBackend::new().with_fail_first(1)).retry(retry).build()?;
/// let target = BackendTarget::new(&runner, "flaky", "hello")?;
/// let result = Load::closed(2).with_count(10).run_on(&CancelToken::new(), &target);
/// assert_eq!((result.ok(), result.attempts(), result.saved()), (10, 20, 10));
/// # Ok::<(), seawall::Error>(())
/// ```
pub struct BackendTarget<'r, Q = Message, R = Response> {
    caller: Caller<'r, Q, R>,
    task: Task<Q>,
}

impl<'r> BackendTarget<'r> {
    /// Each call sends `prompt`.
    ///
    /// # Errors
    ///
    /// If the runner has no such backend.
    pub fn new(runner: &'r Runner<'_>, backend: &str, prompt: impl Into<Message>) -> Result<Self, Error> {
        Self::for_request(runner, backend, prompt.into())
    }
}

impl<'r, Q: Clone + Send + Sync, R: Send + Sync> BackendTarget<'r, Q, R> {
    /// [`new`](BackendTarget::new), for requests of your own.
    pub fn for_request(runner: &'r Runner<'_, Q, R>, backend: &str, request: Q) -> Result<Self, Error> {
        let task = Task::for_request("call", backend, request);
        Ok(Self { caller: Caller::new(runner, &task)?, task })
    }
}

impl<Q: Clone + Send + Sync, R: Send + Sync> Target for BackendTarget<'_, Q, R> {
    fn call(&self, call: &Call<'_>) -> Answer {
        let kind = if call.is_counted { "call" } else { "warmup" };
        let task = self.task.renamed(format!("{kind}-{}", call.number));
        Answer::of(&self.caller.call(&task, call.number, call.began, call.cancel))
    }
}

impl<Q, R> fmt::Debug for BackendTarget<'_, Q, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackendTarget").field("backend", &self.task.backend()).finish_non_exhaustive()
    }
}

/// A whole plan: each call is one run of it, which is ok if the run [is](crate::Report::is_success).
#[derive(Debug)]
pub struct PlanTarget<'r, 'a, Q = Message, R = Response> {
    runner: &'r Runner<'a, Q, R>,
    plan: &'r Plan<Q>,
}

impl<'r, 'a, Q: Send + Sync, R: Send + Sync> PlanTarget<'r, 'a, Q, R> {
    /// # Errors
    ///
    /// Every task whose backend the runner lacks.
    pub fn new(runner: &'r Runner<'a, Q, R>, plan: &'r Plan<Q>) -> Result<Self, Error> {
        runner.check(plan)?;
        Ok(Self { runner, plan })
    }
}

impl<Q: Send + Sync, R: Send + Sync> Target for PlanTarget<'_, '_, Q, R> {
    fn call(&self, call: &Call<'_>) -> Answer {
        // Those of the warm-up have draws of their own.
        let number = if call.is_counted { call.number } else { !call.number };
        match self.runner.run_with(self.plan, call.cancel, RunOptions::new().with_number(number)) {
            Ok(report) => Answer::of_report(&report),
            Err(error) => Answer::failed("could_not_start", error.to_string()),
        }
    }
}
