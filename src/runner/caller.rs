//! Calls of one backend on the caller's own thread: a runner's settings, without its pool, queue and waves.

use super::Runner;
use super::lane::{Lane, Refused, lane_of_task, lanes};
use super::outcome::{Attempt, AttemptResult, Attempts, Ending, Outcome, Span};
use super::worker::try_again_at;
use crate::backend::{Context, Spent, Surroundings};
use crate::cancel::{CancelToken, Cancelled, Stage};
use crate::clock::Clock;
use crate::error::Error;
use crate::failure::{Failure, Rejected};
use crate::plan::Task;
use crate::resilience::{Ended, RetryState, Step, call_catching_panics};
use crate::seed;
use crate::sync::{Arc, Condvar, Mutex};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Makes the calls of one task, which has no settings of its own, as often as it is asked to, by many threads at once.
pub(crate) struct Caller<'r, Q, R> {
    lanes: Vec<Lane<'r, Q, R>>,
    /// One for each lane that has a limit.
    places: Vec<Option<Arc<Places>>>,
    home: u32,
    clock: &'r Clock,
    seed: u64,
}

/// How an attempt ended, when, and what it used up.
type Tried<R> = (Ended<R>, Instant, Option<Box<Spent>>);

/// One call between its attempts.
struct Underway<'c, Q, R> {
    task: &'c Task<Q>,
    lane: &'c Lane<'c, Q, R>,
    lane_number: u32,
    began: Instant,
    cancel: &'c CancelToken,
    retry: RetryState,
    attempts: Attempts,
    at_circuit: Vec<Span>,
}

impl<'r, Q: Send + Sync, R: Send + Sync> Caller<'r, Q, R> {
    /// # Errors
    ///
    /// If the runner lacks the task's backend.
    pub(crate) fn new(runner: &'r Runner<'_, Q, R>, task: &Task<Q>) -> Result<Self, Error> {
        let home = lane_of_task(runner, task)?;
        let lanes = lanes(runner);
        let places = lanes.iter().map(|lane| Some(Arc::new(Places::new(lane.concurrency?)))).collect();
        let seed = runner.settings.seed.unwrap_or_else(seed::fresh);
        Ok(Self { lanes, places, home, clock: &runner.settings.clock, seed })
    }

    /// The `number`-th call of `task` since `began`, to its end.
    pub(crate) fn call(&self, task: &Task<Q>, number: u64, began: Instant, cancel: &CancelToken) -> Outcome<R> {
        let (home, lane_number) = (&self.lanes[self.home as usize], self.home);
        let retry = RetryState::new(home.retry, Some(seed::nth(self.seed, number)));
        let started = self.clock.now();
        let (attempts, at_circuit) = (Attempts::new(), Vec::new());
        let mut call = Underway { task, lane: home, lane_number, began, cancel, retry, attempts, at_circuit };
        let result = self.drive(&mut call);
        let Underway { attempts, at_circuit, .. } = call;
        let ended = self.clock.now().saturating_duration_since(began);
        let started = Some(started.saturating_duration_since(began));
        let outcome = Outcome::to_come();
        let ending = Ending { attempts, started, ended, at_circuit: at_circuit.into(), result };
        outcome.settle(task, Arc::clone(home.kind), 0, ending);
        outcome
    }

    fn drive<'c>(&'c self, call: &mut Underway<'c, Q, R>) -> Result<R, Failure> {
        loop {
            if call.cancel.stage() != Stage::Running {
                return Err(Failure::Cancelled { last: call.retry.last() });
            }
            call.retry.begin(self.clock.now());
            let places = self.places[call.lane_number as usize].as_ref();
            let Ok(place) = places.map(|places| Places::take(places, call.cancel)).transpose() else { continue };
            let asked = self.clock.now();
            let permit = match call.lane.breaker.admit_at(|| asked) {
                Ok(permit) => permit,
                Err(rejected) => {
                    drop(place);
                    self.refused(call, rejected, asked)?;
                    continue;
                }
            };
            let attempt = call.retry.begin_attempt(asked);
            let (ended, over, spent) = self.attempt(call, attempt, asked);
            permit.record(ended.verdict(&call.lane.breaker_config), over);
            drop(place);
            let result = AttemptResult::of(&ended);
            let step = call.retry.step(ended, over, call.cancel.stage());
            let delay = if let Step::Retry(delay) = step { Some(delay) } else { None };
            call.note(result, asked..over, delay, spent);
            match step {
                Step::Done(result) => return result,
                Step::Retry(delay) => drop(self.clock.sleep(delay, call.cancel)),
            }
        }
    }

    fn attempt(&self, call: &Underway<'_, Q, R>, attempt: u32, asked: Instant) -> Tried<R> {
        let timeout = call.lane.timeout;
        let attempt_limit = timeout.and_then(|timeout| asked.checked_add(timeout));
        let surroundings = Surroundings {
            task: Some(call.task.id()),
            backend: call.lane.kind,
            attempt,
            attempt_limit,
            #[cfg(all(unix, feature = "process"))]
            timeout,
            ..Surroundings::default()
        };
        let cx = Context::within(call.cancel, self.clock, call.began, surroundings);
        let ended = call_catching_panics(|| call.lane.backend.send(call.task.request(), &cx));
        let over = self.clock.now();
        let passed = timeout.filter(|_| attempt_limit.is_some_and(|limit| limit <= over));
        (ended.judged(call.cancel.is_cancelled(), passed), over, cx.into_spent())
    }

    /// Waits, or moves the call to another backend; the failure if it does neither.
    fn refused<'c>(&'c self, call: &mut Underway<'c, Q, R>, rejected: Rejected, now: Instant) -> Result<(), Failure> {
        if let Refused::Wait = call.lane.when_open {
            let wait = try_again_at(rejected, now).saturating_duration_since(now);
            if !call.retry.is_too_late(now, wait) {
                let _ = self.clock.sleep(wait, call.cancel);
                let since = |at: Instant| at.saturating_duration_since(call.began);
                call.at_circuit.push(since(now)..since(self.clock.now()));
                return Ok(());
            }
        }
        call.note(AttemptResult::Rejected(rejected), now..now, None, None);
        let Refused::Fallback { lane } = call.lane.when_open else {
            return Err(Failure::CircuitOpen { rejected, last: call.retry.last() });
        };
        (call.lane, call.lane_number) = (&self.lanes[lane as usize], lane);
        let blank = RetryState::new(call.lane.retry, None);
        call.retry = std::mem::replace(&mut call.retry, blank).moved(call.lane.retry);
        Ok(())
    }
}

impl<Q, R> Underway<'_, Q, R> {
    fn note(
        &mut self,
        result: AttemptResult,
        time: Range<Instant>,
        delay: Option<Duration>,
        spent: Option<Box<Spent>>,
    ) {
        let started = time.start.saturating_duration_since(self.began);
        let elapsed = time.end.saturating_duration_since(time.start);
        self.attempts.push(Attempt {
            backend: Arc::clone(self.lane.kind),
            worker: 0,
            started,
            elapsed,
            result,
            delay,
            spent,
        });
    }
}

/// How many calls of a backend may be under way at once.
struct Places {
    free: Mutex<usize>,
    freed: Condvar,
}

/// One of them, until it is dropped.
struct Place<'p>(&'p Places);

impl Places {
    fn new(places: usize) -> Self {
        Self { free: Mutex::new(places), freed: Condvar::new() }
    }

    /// Waits until one is free. The error: it was cancelled meanwhile.
    fn take<'p>(this: &'p Arc<Self>, cancel: &CancelToken) -> Result<Place<'p>, Cancelled> {
        let waker = Arc::clone(this);
        let _waker = cancel.listen(Stage::Draining, move |_, _| {
            // Under the lock, so that nobody looks before the cancel and waits after it.
            let _free = waker.free.lock();
            waker.freed.notify_all();
        });
        let mut free = this.free.lock();
        loop {
            // Also with a place at hand: it may be free because of the cancel.
            if cancel.stage() != Stage::Running {
                return Err(Cancelled);
            }
            if *free > 0 {
                *free -= 1;
                return Ok(Place(this));
            }
            this.freed.wait(&mut free);
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.freed.notify_one();
    }
}
