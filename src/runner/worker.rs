//! A worker: takes a task, makes one attempt at it, settles what came of it; and again.

use super::ancestry::Line;
use super::event::EventKind;
use super::lane::{Lane, Refused};
use super::outcome::{Attempt, AttemptResult, Ending};
use super::progress::Progress;
use super::queue::{CircuitNews, Finish, Item, Wait};
use super::run::Run;
use super::shared_queue::{Done, Next};
use crate::backend::{Context, Spent, Surroundings};
use crate::cancel::Stage;
use crate::failure::{Failure, Rejected};
use crate::plan::Task;
use crate::resilience::{CircuitState, Ended, Permit, RetryState, StateChange, Step, call_catching_panics};
use crate::seed;
use crate::sync::Arc;
use crate::task_id::TaskId;
use std::time::{Duration, Instant};

/// How often a task looks at a circuit that does not say when it may be tried, since the breaker may be shared with others.
const CIRCUIT_LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// One of the run's threads.
struct Worker {
    place: usize,
    /// The backends' names, by lane: copies of its own, so that no two workers count references to the same one.
    kinds: Vec<Arc<str>>,
}

/// One attempt at one task: whose, where, by whom, since when.
struct Try<'r, Q, R> {
    number: u32,
    task: &'r Task<Q>,
    lane_number: u32,
    lane: &'r Lane<'r, Q, R>,
    /// The lane of the backend that the plan names.
    home: u32,
    worker: &'r Worker,
    asked: Instant,
    /// `asked`, since the run began.
    started: Duration,
}

/// What came of one attempt.
struct Made {
    result: AttemptResult,
    spent: Option<Box<Spent>>,
}

impl<Q: Send + Sync, R: Send + Sync> Run<'_, Q, R> {
    pub(super) fn work(&self, place: usize) {
        let worker = Worker { place, kinds: self.lanes.iter().map(|lane| Arc::from(&**lane.kind)).collect() };
        let mut done = None;
        loop {
            self.clock.yield_turn();
            done = match self.next(done) {
                Some(Next::Start(item)) => Some(self.attempt(item, &worker)),
                Some(Next::Skip { task, root }) => Some(self.skip(task, root)),
                Some(Next::Recall(item)) => Some(self.recall(item)),
                None => return,
            };
        }
    }

    fn skip(&self, task: u32, root: u32) -> Done {
        let at = self.clock.now();
        let bars = self.end_unstarted(task, None, Some(root), at);
        Done { finish: Finish::Ended { task, lane: None, failed: bars.then_some(root) }, news: None, at }
    }

    /// Asks the journal for what is to be made.
    fn recall(&self, item: Item<Box<Progress>>) -> Done {
        let (task, at) = (item.task, self.clock.now());
        let finish = if self.outcomes[task as usize].has_come() || self.take_over(task, at) {
            Finish::Ended { task, lane: None, failed: None }
        } else {
            Finish::NotRecalled(item)
        };
        Done { finish, news: None, at }
    }

    fn attempt(&self, item: Item<Box<Progress>>, worker: &Worker) -> Done {
        let Item { task: number, lane: lane_number, home, progress, .. } = item;
        let asked = self.clock.now();
        if self.cancel.is_cancelled() {
            self.end_unstarted(number, progress, None, asked);
            let finish = Finish::Ended { task: number, lane: Some(lane_number), failed: None };
            return Done { finish, news: None, at: asked };
        }
        let (task, lane) = (&self.plan.tasks()[number as usize], &self.lanes[lane_number as usize]);
        if let Some(lane) = self.lane_of_session(task).filter(|lane| progress.is_none() && *lane != lane_number) {
            let finish = Finish::Moved { item: Item::fresh(number, lane_number, home), lane };
            return Done { finish, news: None, at: asked };
        }
        let started = self.since_begin(asked);
        let this = Try { number, task, lane_number, lane, home, worker, asked, started };
        let mut progress = progress.map_or_else(|| self.begin(&this), |progress| progress.resume(started));
        // Here, and not when the task began: at a backend that it falls back to its time begins anew.
        progress.retry.begin(asked);
        match lane.breaker.admit_at(|| asked) {
            Ok(permit) => self.send(&this, progress, permit),
            Err(rejected) => self.refused(&this, progress, rejected),
        }
    }

    fn begin(&self, this: &Try<'_, Q, R>) -> Progress {
        self.events.send(this.asked, || EventKind::TaskStarted {
            task: this.task.id().clone(),
            backend: this.kind_of_task(),
            wave: self.graph.wave_of(this.number) as usize,
        });
        let own = this.task.own_retry().filter(|_| this.lane_number == this.home);
        let retry = own.unwrap_or(this.lane.retry);
        Progress::new(RetryState::new(retry, Some(seed::nth(self.seed, this.number.into()))), this.started)
    }

    fn send(&self, this: &Try<'_, Q, R>, mut progress: Progress, permit: Permit<'_>) -> Done {
        self.tell_circuit(this, permit.state_change(), this.asked);
        let attempt = progress.retry.begin_attempt(this.asked);
        self.events.send(this.asked, || EventKind::AttemptStarted {
            task: this.task.id().clone(),
            backend: this.kind(),
            worker: this.worker.place,
            attempt: progress.attempts.len() + 1,
        });
        let (ended, over, spent) = self.call(this, attempt, &progress.attempts);
        spent.iter().for_each(|spent| self.charge(spent.usage));
        let change = permit.record(ended.verdict(&this.lane.breaker_config), over);
        let made = Made { result: AttemptResult::of(&ended), spent };
        // Only an error may be retried, and so needs to know whether the run goes on.
        let stage = if matches!(ended, Ended::Error(_)) { self.cancel.stage() } else { Stage::Running };
        let step = progress.retry.step(ended, over, stage);
        let delay = if let Step::Retry(delay) = step { Some(delay) } else { None };
        let told = self.note_attempt(this, &mut progress, made, over, delay);
        let is_closed = change.is_some_and(|change| change.to == CircuitState::Closed);
        let news = if is_closed { CircuitNews::Closed } else { CircuitNews::CallEnded };
        let finish = match step {
            Step::Done(result) => self.end(this, progress, result, over, || {
                self.tell_attempt(told, over);
                self.tell_circuit(this, change, over);
            }),
            Step::Retry(delay) => {
                self.record_attempt(this.task.id(), &progress.attempts);
                self.tell_attempt(told, over);
                self.tell_circuit(this, change, over);
                park(this, progress, Wait::Backoff, later(over, delay))
            }
        };
        Done { finish, news: Some((this.lane_number, news)), at: over }
    }

    fn call(&self, this: &Try<'_, Q, R>, attempt: u32, before: &[Attempt]) -> (Ended<R>, Instant, Option<Box<Spent>>) {
        let timeout = this.timeout();
        let attempt_limit = timeout.and_then(|timeout| this.asked.checked_add(timeout));
        let line = Line { plan: self.plan, outcomes: &self.outcomes, task: this.number };
        let session = self.session_of(this.task, this.number, before);
        let surroundings = Surroundings {
            task: Some(this.task.id()),
            backend: this.lane.kind,
            attempt,
            run_number: self.number,
            attempt_limit,
            #[cfg(all(unix, any(feature = "http", feature = "process")))]
            timeout,
            run_limit: self.limit,
            deadline: self.deadline,
            ancestry: Some(&line),
            session: session.as_ref(),
        };
        let cx = Context::within(&self.cancel, self.clock, self.began, surroundings);
        let ended = call_catching_panics(|| this.lane.backend.send(this.task.request(), &cx));
        let over = self.clock.now();
        let passed = timeout.filter(|_| attempt_limit.is_some_and(|limit| limit <= over));
        (ended.judged(self.cancel.is_cancelled(), passed), over, cx.into_spent())
    }

    fn refused(&self, this: &Try<'_, Q, R>, mut progress: Progress, rejected: Rejected) -> Done {
        let now = this.asked;
        if let Refused::Wait = this.lane.when_open {
            let until = try_again_at(rejected, now);
            if !progress.retry.is_too_late(now, until.saturating_duration_since(now)) {
                progress.wait_at_circuit(this.started..self.since_begin(until));
                return Done { finish: park(this, progress, Wait::Circuit, until), news: None, at: now };
            }
        }
        let made = Made { result: AttemptResult::Rejected(rejected), spent: None };
        let told = self.note_attempt(this, &mut progress, made, now, None);
        let finish = match this.lane.when_open {
            // The conversation is here, and nobody else knows it.
            Refused::Fallback { lane } if this.task.session_of().is_none() => {
                self.record_attempt(this.task.id(), &progress.attempts);
                self.tell_attempt(told, now);
                self.move_to(this, progress, lane)
            }
            Refused::Fail | Refused::Wait | Refused::Fallback { .. } => {
                let last = progress.retry.last();
                let failure = Failure::CircuitOpen { rejected, last };
                self.end(this, progress, Err(failure), now, || self.tell_attempt(told, now))
            }
        };
        Done { finish, news: None, at: now }
    }

    fn move_to(&self, this: &Try<'_, Q, R>, progress: Progress, lane: u32) -> Finish<Box<Progress>> {
        let retry = progress.retry.moved(self.lanes[lane as usize].retry);
        let progress = Box::new(Progress { retry, ..progress });
        let item = Item::underway(this.number, this.lane_number, this.home, progress);
        Finish::Moved { item, lane }
    }

    /// `tell_before` tells of what came before the end, and had to be written down first as well.
    fn end(
        &self,
        this: &Try<'_, Q, R>,
        progress: Progress,
        result: Result<R, Failure>,
        at: Instant,
        tell_before: impl FnOnce(),
    ) -> Finish<Box<Progress>> {
        let of_last = progress.attempts.last().map_or(Duration::ZERO, |attempt| attempt.elapsed);
        let ending = Ending {
            attempts: progress.attempts,
            started: Some(progress.started),
            ended: this.started + of_last,
            at_circuit: progress.at_circuit.into(),
            result,
        };
        self.keep(this.number, this.kind_of_task(), ending);
        tell_before();
        let bars_dependents = self.tell_end(this.number, at);
        let failed = bars_dependents.then_some(this.number);
        Finish::Ended { task: this.number, lane: Some(this.lane_number), failed }
    }

    /// Adds an attempt to those that were made, and gives back what there is to tell of it, if anybody listens.
    fn note_attempt(
        &self,
        this: &Try<'_, Q, R>,
        progress: &mut Progress,
        made: Made,
        over: Instant,
        delay: Option<Duration>,
    ) -> Option<EventKind> {
        let (backend, Made { result, spent }) = (this.kind(), made);
        let (started, elapsed) = (this.started, over.saturating_duration_since(this.asked));
        let (worker, attempt) = (this.worker.place, progress.attempts.len() + 1);
        let told = self.events.has_listener().then(|| EventKind::AttemptEnded {
            task: this.task.id().clone(),
            backend: backend.clone(),
            worker,
            attempt,
            result: result.clone(),
            elapsed,
            delay,
        });
        if log::log_enabled!(log::Level::Debug) {
            log_attempt(this.task.id(), &backend, attempt, &result);
        }
        progress.attempts.push(Attempt { backend, worker, started, elapsed, result, delay, spent });
        told
    }

    fn tell_attempt(&self, told: Option<EventKind>, at: Instant) {
        if let Some(told) = told {
            self.events.send(at, || told);
        }
    }

    fn tell_circuit(&self, this: &Try<'_, Q, R>, change: Option<StateChange>, at: Instant) {
        if let Some(change) = change {
            self.events.send(at, || EventKind::BreakerChanged { backend: this.lane.kind.clone(), change });
        }
    }
}

impl<Q, R> Try<'_, Q, R> {
    fn kind(&self) -> Arc<str> {
        Arc::clone(&self.worker.kinds[self.lane_number as usize])
    }

    fn kind_of_task(&self) -> Arc<str> {
        Arc::clone(&self.worker.kinds[self.home as usize])
    }

    /// What a task brings holds for the backend that it names, not for one that it falls back to.
    fn timeout(&self) -> Option<Duration> {
        let own = self.task.own_timeout().filter(|_| self.lane_number == self.home);
        own.or(self.lane.timeout)
    }
}

fn park<Q, R>(this: &Try<'_, Q, R>, progress: Progress, why: Wait, until: Instant) -> Finish<Box<Progress>> {
    let item = Item::underway(this.number, this.lane_number, this.home, Box::new(progress));
    Finish::Parked { item, why, until }
}

/// `delay` after `now`. Where no instant is as late as that it is one that no run will see.
fn later(now: Instant, delay: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now.checked_add(delay).or_else(|| now.checked_add(CENTURY)).unwrap_or(now)
}

pub(super) fn try_again_at(rejected: Rejected, now: Instant) -> Instant {
    match rejected {
        Rejected::CircuitOpen { retry_at: Some(at) } => at,
        Rejected::CircuitOpen { retry_at: None } | Rejected::TooManyRequests => now + CIRCUIT_LOOK_INTERVAL,
    }
}

/// With its fields beside the sentence, for loggers that keep them apart.
#[cold]
fn log_attempt(task: &TaskId, backend: &str, attempt: usize, result: &AttemptResult) {
    let word = result.as_str();
    log::debug!(task = task.as_str(), backend, attempt, result = word; "attempt {attempt} of `{task}` on `{backend}`: {word}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_last_instant_later_is_a_century_away() {
        let (now, century) = (Instant::now(), Duration::from_secs(3_153_600_000));
        assert_eq!(later(now, Duration::from_secs(7)), now + Duration::from_secs(7));
        assert_eq!(later(now, Duration::MAX), now + century);
    }
}
