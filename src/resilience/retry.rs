//! One step of a retried call (done, or again after this delay), and the thin shell that drives it by sleeping.
//!
//! The runner drives the same step by parking the task instead.

use super::backoff::{Delays, RetryConfig};
use super::breaker::{CircuitBreaker, CircuitBreakerConfig, Verdict};
use crate::backend::{Backend, Context, Surroundings};
use crate::cancel::{CancelToken, Stage};
use crate::clock::Clock;
use crate::failure::{Failure, GaveUp};
use crate::seed;
use crate::send_error::{ErrorClass, SendError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Calls `backend` until it answers, the error is not one to retry, the policy is used up, the circuit refuses, or the
/// caller cancels.
///
/// The retry is outside and the breaker inside: every attempt asks `breaker` and reports to it. In this order, at each
/// attempt:
///
/// 1. A cancelled token ends the call: [`Failure::Cancelled`]. (One that drains: no further attempt is begun.)
/// 2. A circuit that refuses ends it: [`Failure::CircuitOpen`]. That is not retried.
/// 3. The attempt is made. A panic is caught, counts, and is not retried: [`Failure::Panicked`].
/// 4. An error after the caller cancelled, or after the caller's deadline, counts for nothing: [`Failure::Cancelled`].
/// 5. An error whose class is not retried ends it: [`Failure::Permanent`].
/// 6. The delay is slept, and a cancel ends the sleep at once. A delay that would end after the max elapsed time is not
///    slept, and after the last attempt there is none: [`Failure::Exhausted`], or [`Failure::TimedOut`] if the last error
///    was of that class.
///
/// It never panics. The last real error is the failure's `source()`, also after a refusal or a cancel.
///
/// ```
/// use seawall::{CancelToken, CircuitBreaker, Message, RetryConfig, SendError, backend_fn, send_with_retry};
/// use std::time::Duration;
///
/// let flaky = backend_fn(|request: &Message, cx| match cx.attempt() {
///     1 => Err(SendError::transient("connection reset")),
///     _ => Ok(seawall::Response::from(request.prompt())),
/// });
/// let retry = RetryConfig::new().with_initial_interval(Duration::from_millis(1));
/// let answer = send_with_retry(&flaky, &"hello".into(), &CircuitBreaker::default(), &retry, &CancelToken::new())?;
/// assert_eq!(answer.text(), "hello");
/// # Ok::<(), seawall::Failure>(())
/// ```
pub fn send_with_retry<Q, R>(
    backend: &(impl Backend<Q, R> + ?Sized),
    request: &Q,
    breaker: &CircuitBreaker,
    retry: &RetryConfig,
    cancel: &CancelToken,
) -> Result<R, Failure> {
    call_with_retry(breaker, retry, cancel, |cx| backend.send(request, cx))
}

/// [`send_with_retry`] for a function that is no backend. It may keep state: it is called by one thread, in order.
///
/// ```
/// use seawall::{CancelToken, CircuitBreaker, RetryConfig, call_with_retry};
/// let text = call_with_retry(&CircuitBreaker::default(), &RetryConfig::once(), &CancelToken::new(), |cx| {
///     cx.check()?;
///     Ok(std::fs::read_to_string("Cargo.toml")?)
/// })?;
/// assert!(text.contains("[package]"));
/// # Ok::<(), seawall::Failure>(())
/// ```
pub fn call_with_retry<R>(
    breaker: &CircuitBreaker,
    retry: &RetryConfig,
    cancel: &CancelToken,
    mut call: impl FnMut(&Context<'_, R>) -> Result<R, SendError>,
) -> Result<R, Failure> {
    let clock = Clock::system();
    let began = Instant::now();
    let mut state = RetryState::new(*retry, None);
    loop {
        match cancel.stage() {
            Stage::Running => {}
            _ => return Err(Failure::Cancelled { last: state.into_last() }),
        }
        let permit = match breaker.admit_at(Instant::now) {
            Ok(permit) => permit,
            Err(rejected) => return Err(Failure::CircuitOpen { rejected, last: state.into_last() }),
        };
        let attempt = state.begin_attempt(Instant::now());
        let cx = Context::within(cancel, &clock, began, Surroundings { attempt, ..Surroundings::default() });
        let ended = call_catching_panics(|| call(&cx)).judged(cancel.is_cancelled(), None);
        let now = Instant::now();
        permit.record(ended.verdict(&breaker.config()), now);
        match state.step(ended, now, cancel.stage()) {
            Step::Done(result) => return result,
            Step::Retry(delay) => drop(cancel.sleep_until(delay, Stage::Draining)),
        }
    }
}

/// How one attempt ended.
pub(crate) enum Ended<R> {
    Response(R),
    Error(SendError),
    Panicked(String),
    /// With an error after its caller cancelled.
    Cancelled(SendError),
}

/// Makes the call, and keeps a panic from its neighbours.
pub(crate) fn call_catching_panics<R>(call: impl FnOnce() -> Result<R, SendError>) -> Ended<R> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(response)) => Ended::Response(response),
        Ok(Err(error)) => Ended::Error(error),
        Err(panic) => {
            let message = panic.downcast_ref::<&str>().copied().map(Into::into);
            let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
            // What was thrown may panic once more when it is dropped.
            drop(catch_unwind(AssertUnwindSafe(|| drop(panic))));
            Ended::Panicked(message.unwrap_or_else(|| "with a value that is no text".into()))
        }
    }
}

impl<R> Ended<R> {
    /// What wins when several things happened at once.
    ///
    /// A response that came is a response, and a panic is a panic. Then: an error after the run was cancelled is a cancel.
    /// An interruption after the attempt's own limit (`passed`, if it has passed) is a time-out.
    pub(crate) fn judged(self, is_cancelled: bool, passed: Option<Duration>) -> Self {
        match (self, passed) {
            (Self::Error(error), _) if is_cancelled => Self::Cancelled(error),
            (Self::Error(error), Some(limit)) if error.class() == ErrorClass::Cancelled => {
                Self::Error(SendError::timed_out(format!("ran past its time limit of {limit:?}")))
            }
            (other, _) => other,
        }
    }

    /// What it means for the circuit.
    pub(crate) fn verdict(&self, config: &CircuitBreakerConfig) -> Verdict {
        match self {
            Self::Response(_) => Verdict::Success,
            Self::Error(error) if config.counts(error.class()) => Verdict::Failure,
            Self::Panicked(_) => Verdict::Failure,
            Self::Error(_) | Self::Cancelled(_) => Verdict::Neutral,
        }
    }
}

/// What comes after an attempt.
pub(crate) enum Step<R> {
    Done(Result<R, Failure>),
    Retry(Duration),
}

/// What is known of a call between its attempts. Pure in time.
#[derive(Debug)]
pub(crate) struct RetryState {
    config: RetryConfig,
    seed: Option<u64>,
    /// Made at the first error: most calls need none, and should not carry one about.
    delays: Option<Box<Delays>>,
    attempts: u32,
    began: Option<Instant>,
    last: Option<SendError>,
}

impl RetryState {
    /// `seed`: of the delays; `None` for fresh entropy.
    pub(crate) fn new(config: RetryConfig, seed: Option<u64>) -> Self {
        Self { config, seed, delays: None, attempts: 0, began: None, last: None }
    }

    /// The same call at another backend: its policy applies from the beginning, the last error is kept.
    pub(crate) fn moved(self, config: RetryConfig) -> Self {
        Self { last: self.last, ..Self::new(config, self.seed.map(|seed| seed::nth(seed, 0))) }
    }

    /// The time that counts begins when the call first asks, also where the circuit makes it wait.
    pub(crate) fn begin(&mut self, now: Instant) -> Instant {
        *self.began.get_or_insert(now)
    }

    /// Which attempt it is: 1, 2, ….
    pub(crate) fn begin_attempt(&mut self, now: Instant) -> u32 {
        self.begin(now);
        self.attempts = self.attempts.saturating_add(1);
        self.attempts
    }

    /// The error of the last attempt that was made.
    pub(crate) fn into_last(self) -> Option<SendError> {
        self.last
    }

    /// A copy of what [`into_last`](Self::into_last) gives.
    pub(crate) fn last(&self) -> Option<SendError> {
        self.last.clone()
    }

    /// Whether a wait of `delay` would end after the max elapsed time.
    pub(crate) fn is_too_late(&self, now: Instant, delay: Duration) -> bool {
        let limit = self.config.max_elapsed_time();
        let elapsed = self.began.map_or(Duration::ZERO, |began| now.saturating_duration_since(began));
        limit != Duration::MAX && (limit.is_zero() || elapsed.saturating_add(delay) > limit)
    }

    pub(crate) fn step<R>(&mut self, ended: Ended<R>, now: Instant, stage: Stage) -> Step<R> {
        let error = match ended {
            Ended::Response(response) => return Step::Done(Ok(response)),
            Ended::Panicked(message) => return Step::Done(Err(Failure::Panicked { message })),
            Ended::Cancelled(error) if error.class() == ErrorClass::Cancelled => {
                return Step::Done(Err(Failure::Cancelled { last: self.last.take() }));
            }
            Ended::Cancelled(error) => return Step::Done(Err(Failure::Cancelled { last: Some(error) })),
            Ended::Error(error) => error,
        };
        self.step_after(error, now, stage).map_or_else(|failure| Step::Done(Err(failure)), Step::Retry)
    }

    fn step_after(&mut self, error: SendError, now: Instant, stage: Stage) -> Result<Duration, Failure> {
        if !self.config.retries_on(error.class()) {
            return Err(match error.class() {
                ErrorClass::TimedOut => self.gave_up(error, GaveUp::MaxAttempts),
                _ => Failure::Permanent { error },
            });
        }
        let Some(drawn) = self.draw() else { return Err(self.gave_up(error, GaveUp::MaxAttempts)) };
        let delay = error.retry_after().map_or(drawn, |wish| wish.max(drawn));
        if self.is_too_late(now, delay) {
            return Err(self.gave_up(error, GaveUp::MaxElapsedTime));
        }
        // Last, so that it is said only of a retry that would have been made.
        match stage {
            Stage::Running => {}
            Stage::Draining => return Err(self.gave_up(error, GaveUp::Draining)),
            // As if it had come an instant later, while the delay is slept.
            _ => return Err(Failure::Cancelled { last: Some(error) }),
        }
        self.last = Some(error);
        Ok(delay)
    }

    fn draw(&mut self) -> Option<Duration> {
        let Self { delays, config, seed, .. } = self;
        delays.get_or_insert_with(|| Box::new(config.delays_from_seed(seed.unwrap_or_else(seed::fresh)))).next()
    }

    fn gave_up(&self, last: SendError, gave_up: GaveUp) -> Failure {
        let attempts = self.attempts;
        match last.class() {
            ErrorClass::TimedOut => Failure::TimedOut { attempts, last, gave_up },
            _ => Failure::Exhausted { attempts, last, gave_up },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stepped(stage: Stage) -> Failure {
        let (mut state, now) = (RetryState::new(RetryConfig::new(), Some(1)), Instant::now());
        state.begin_attempt(now);
        match state.step(Ended::<()>::Error(SendError::transient("down")), now, stage) {
            Step::Done(Err(failure)) => failure,
            Step::Done(Ok(())) | Step::Retry(_) => unreachable!("it failed, and was told to stop"),
        }
    }

    #[test]
    fn a_cancel_between_an_error_and_its_delay_is_a_cancel_and_a_drain_is_none() {
        for stage in [Stage::Cancelled, Stage::Killed] {
            assert!(matches!(stepped(stage), Failure::Cancelled { last: Some(error) } if error.to_string() == "down"));
        }
        assert!(matches!(stepped(Stage::Draining), Failure::Exhausted { gave_up: GaveUp::Draining, .. }));
    }
}
