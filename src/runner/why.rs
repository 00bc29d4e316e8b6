//! Where the time of a run went.

mod held;
mod path;

use super::outcome::{AttemptResult, Outcome, Span};
use crate::plan::Graph;
use crate::send_error::ErrorClass;
use crate::status::Status;
use crate::task_id::TaskId;
use held::Held;
use std::collections::HashMap;
use std::time::Duration;

/// What each task writes, by numbers. Only of tasks that write something.
pub(super) type Writes = HashMap<u32, Vec<u32>>;

/// Where the time of a run went: its critical path, and what tasks waited for or did in vain.
///
/// The durations beside [`critical_path_time`](Why::critical_path_time) are sums over all tasks, so each may be longer than
/// the run took. A moment of a task is counted in one of them at most: it is on its way to the barrier, or at an attempt,
/// or backing off, or at a circuit, or ready; while it is ready, a resource counts before a place.
///
/// What was taken over from an earlier run ([`Outcome::is_resumed`]) took no time in this one, and is no part of any of it,
/// but that a chain may lead through it.
///
/// The page [`guide::why`](crate::guide::why) has an example that is worked out by hand.
///
/// ```
/// use seawall::{CancelToken, Clock, Plan, Runner, Task};
/// use std::time::Duration;
/// let plan = Plan::builder().task(Task::new("a", "x", "")).task(Task::new("b", "x", "")).build()?;
/// let runner = Runner::builder()
///     .backend_fn("x", |_, cx| {
///         cx.sleep(Duration::from_secs(2))?;
///         Ok("done".into())
///     })
///     .clock(Clock::simulated())
///     .concurrency(1)
///     .build()?;
/// let why = runner.run(&plan, &CancelToken::new())?.why();
/// assert_eq!(why.critical_path, ["a"]);
/// assert_eq!((why.critical_path_time, why.place), (Duration::from_secs(2), Duration::from_secs(2)));
/// # Ok::<(), seawall::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Why {
    /// The chain of tasks, each a dependency of the next, whose [`elapsed`](Outcome::elapsed) add up to most; of several
    /// the one whose end comes first in the plan. It begins and ends with a task that started, and is empty if none did.
    pub critical_path: Vec<TaskId>,
    /// How long the tasks of the critical path took together.
    pub critical_path_time: Duration,
    /// From the end of a task's last dependency to the start of its wave, if that was reached. Zero without barriers.
    pub barrier: Duration,
    /// Attempts that were made and ended neither in success nor cancelled.
    pub failed_attempts: Duration,
    /// Waits between attempts, as long as they lasted: a task that was cancelled, or for which no place was free when its
    /// time had come, waited so long and no longer.
    pub backoff: Duration,
    /// Waits for a circuit that was open, or half-open and full.
    pub circuit: Duration,
    /// Tasks were ready, and another task was writing what they write.
    pub resource: Duration,
    /// Tasks were ready, and no worker or no place of their backend was free.
    ///
    /// A task is ready when its dependencies have ended and its wave has begun, and again when a wait is over. One that was
    /// cancelled before it could start was ready until the run told of its end.
    pub place: Duration,
}

/// What became of the tasks of a run, and when.
pub(super) struct Course<'r, R> {
    pub(super) outcomes: &'r [Outcome<R>],
    pub(super) graph: &'r Graph,
    /// By wave, if it was reached; none without barriers.
    pub(super) wave_starts: &'r [Option<Duration>],
    pub(super) writes: &'r Writes,
}

impl Why {
    pub(super) fn of<R>(course: &Course<'_, R>) -> Self {
        let (path, critical_path_time) = path::critical_path(course);
        let id = |task: u32| course.outcomes[task as usize].task().clone();
        let critical_path = path.into_iter().map(id).collect();
        let mut why = Self { critical_path, critical_path_time, ..Self::default() };
        let mut held = Held::new(course);
        let of_this_run = (0..).zip(course.outcomes).filter(|(_, outcome)| !outcome.is_resumed());
        for (task, outcome) in of_this_run {
            let begin = course.begin_of(task);
            why.barrier += begin.barrier;
            why.failed_attempts += failed_attempts(outcome);
            if let Some(ready) = begin.ready {
                why.add_waits(outcome, ready, |wait| held.within(task, wait));
            }
        }
        why
    }

    /// From `ready` to the end of a task: all that is no attempt.
    fn add_waits<R>(&mut self, outcome: &Outcome<R>, ready: Duration, mut held: impl FnMut(&Span) -> Duration) {
        let (mut from, mut delay) = (ready, Duration::ZERO);
        let attempts = outcome.attempts().iter().map(|attempt| (attempt.started, attempt.elapsed, attempt.delay));
        for (until, elapsed, next_delay) in attempts.chain([(outcome.ended(), Duration::ZERO, None)]) {
            let due = from.saturating_add(delay).min(until);
            self.backoff += due.saturating_sub(from);
            let (circuit, free) = without(due..until, outcome.at_circuit());
            self.circuit += circuit;
            for wait in free {
                let resource = held(&wait);
                self.resource += resource;
                self.place += length(&wait).saturating_sub(resource);
            }
            (from, delay) = (until + elapsed, next_delay.unwrap_or_default());
        }
    }
}

/// What comes before a task is asked for.
struct Begin {
    barrier: Duration,
    /// `None`: it never was.
    ready: Option<Duration>,
}

impl<R> Course<'_, R> {
    fn begin_of(&self, task: u32) -> Begin {
        let dependencies = self.graph.dependencies(task).iter().map(|task| &self.outcomes[*task as usize]);
        let met = dependencies.clone().map(Outcome::ended).max();
        let is_barred = dependencies.clone().any(Outcome::bars_dependents);
        let open = if self.wave_starts.is_empty() {
            met.or(Some(Duration::ZERO))
        } else {
            self.wave_starts[self.graph.wave_of(task) as usize]
        };
        let barrier = open.zip(met).map_or(Duration::ZERO, |(open, met)| open.saturating_sub(met));
        let is_skipped = self.outcomes[task as usize].status() == Status::Skipped;
        Begin { barrier, ready: open.filter(|_| !is_barred && !is_skipped) }
    }
}

fn failed_attempts<R>(outcome: &Outcome<R>) -> Duration {
    let is_vain = |result: &AttemptResult| match result {
        AttemptResult::Error(error) => error.class() != ErrorClass::Cancelled,
        AttemptResult::Panicked(_) => true,
        AttemptResult::Success | AttemptResult::Rejected(_) | AttemptResult::Cancelled => false,
    };
    outcome.attempts().iter().filter(|attempt| is_vain(&attempt.result)).map(|attempt| attempt.elapsed).sum()
}

/// How much of `span` lies in `others`, which are in order and apart, and what is left of it.
fn without(span: Span, others: &[Span]) -> (Duration, Vec<Span>) {
    let (mut taken, mut left, mut from) = (Duration::ZERO, Vec::new(), span.start);
    let first = others.partition_point(|other| other.end <= span.start);
    for other in others[first..].iter().take_while(|other| other.start < span.end) {
        let (start, end) = (other.start.max(from), other.end.min(span.end));
        left.extend(Some(from..start).filter(|wait| !wait.is_empty()));
        taken += end.saturating_sub(start);
        from = end;
    }
    left.extend(Some(from..span.end).filter(|wait| !wait.is_empty()));
    (taken, left)
}

fn length(span: &Span) -> Duration {
    span.end.saturating_sub(span.start)
}
