//! One run: what its workers share, from the first wave to the report.

use super::event::{EventKind, Events};
use super::journal::Journal;
use super::lane::Lane;
use super::outcome::{Attempt, Attempts, Ending, Outcome};
use super::progress::Progress;
use super::queue::Notice;
use super::report::{Report, counts};
use super::shared_queue::{Done, Next, SharedQueue};
use super::why::Writes;
use crate::cancel::{CancelToken, Stage};
use crate::clock::Clock;
use crate::failure::Failure;
use crate::plan::{Graph, Plan};
use crate::send_error::SendError;
use crate::status::Status;
use crate::sync::{Arc, Mutex};
use crate::task_id::TaskId;
use crate::usage::Usage;
use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

pub(super) struct Run<'r, Q, R> {
    pub(super) plan: &'r Plan<Q>,
    pub(super) graph: &'r Graph,
    pub(super) lanes: Vec<Lane<'r, Q, R>>,
    pub(super) outcomes: Vec<Outcome<R>>,
    pub(super) writes: Writes,
    pub(super) queue: Arc<SharedQueue>,
    /// The run's own, a child of the caller's.
    pub(super) cancel: CancelToken,
    pub(super) clock: &'r Clock,
    pub(super) began: Instant,
    pub(super) limit: Option<Instant>,
    /// Of the caller's token, by the system's clock.
    pub(super) deadline: Option<Instant>,
    pub(super) seed: u64,
    /// Among many runs of its plan.
    pub(super) number: Option<u64>,
    pub(super) is_fail_fast: bool,
    pub(super) max_cost: Option<f64>,
    pub(super) spent: Mutex<Usage>,
    pub(super) events: Events,
    pub(super) journal: Option<&'r dyn Journal<R>>,
    pub(super) journal_error: Mutex<Option<SendError>>,
}

impl<Q, R> Run<'_, Q, R> {
    /// Settles what a worker did, and finds what it does next; waits while there is nothing.
    pub(super) fn next(&self, done: Option<Done>) -> Option<Next> {
        self.queue.next(done, |notices, at| self.tell(notices, at))
    }

    /// Passes on what wakes nobody: the caller's deadline, somebody else's flag, the time limit.
    pub(super) fn watch(&self, caller: &CancelToken) {
        if caller.is_cancelled() {
            self.cancel.raise(Stage::Cancelled, caller.reason());
        }
        if self.limit.is_some_and(|limit| limit <= self.clock.now()) {
            self.cancel.cancel_because("time-limit");
        }
    }

    pub(super) fn since_begin(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.began)
    }

    /// Writes an outcome down and tells of it. Says whether dependents may not start.
    pub(super) fn end_task(&self, number: u32, backend: Arc<str>, ending: Ending<R>, at: Instant) -> bool {
        self.keep(number, backend, ending);
        self.tell_end(number, at)
    }

    /// Writes an outcome down, if there is a journal, and puts it in its place, where nobody looks before the task is settled.
    ///
    /// What cannot be written down counts for nothing: the task is cancelled.
    pub(super) fn keep(&self, number: u32, backend: Arc<str>, ending: Ending<R>) {
        let (task, wave) = (&self.plan.tasks()[number as usize], self.graph.wave_of(number));
        let place = &self.outcomes[number as usize];
        let Some(journal) = self.journal else { return place.settle(task, backend, wave, ending) };
        let outcome = Outcome::to_come();
        outcome.settle(task, backend, wave, ending);
        let is_kept = self.write_down(|| journal.record(&outcome));
        place.take(if is_kept { outcome } else { outcome.into_cancelled() });
    }

    /// Takes over what the journal has of a task; says whether it has something.
    pub(super) fn take_over(&self, number: u32, at: Instant) -> bool {
        let Some(journal) = self.journal else { return false };
        let task = &self.plan.tasks()[number as usize];
        let mut recalled = None;
        self.write_down(|| {
            recalled = journal.recall(task.id())?;
            Ok(())
        });
        let Some(recalled) = recalled else { return false };
        let outcome = Outcome::to_come();
        outcome.settle_resumed(task, self.graph.wave_of(number), recalled.ending);
        if !self.write_down(|| journal.record(&outcome)) {
            return false;
        }
        self.outcomes[number as usize].take(outcome);
        // What an earlier run paid for it is a part of what the report says, and so of the limit.
        self.charge(self.outcomes[number as usize].usage().unwrap_or_default());
        self.tell_end(number, at);
        true
    }

    /// Before anything starts: takes over each task all of whose line is taken over. Says of each task whether the queue is still to
    /// give it out for that: not if it was asked for in vain.
    pub(super) fn take_over_all(&self) -> Box<[bool]> {
        let at = self.clock.now();
        let mut is_to_recall: Box<[bool]> = vec![true; self.graph.len()].into();
        for &task in self.graph.waves().flatten() {
            if self.graph.dependencies(task).iter().all(|other| self.outcomes[*other as usize].has_come()) {
                is_to_recall[task as usize] = self.take_over(task, at);
            }
        }
        is_to_recall
    }

    /// Tells of a task that has ended. Says whether dependents may not start.
    pub(super) fn tell_end(&self, number: u32, at: Instant) -> bool {
        let outcome = &self.outcomes[number as usize];
        self.events.send(at, || EventKind::TaskEnded {
            task: outcome.task().clone(),
            status: outcome.status(),
            failure: outcome.result().err().cloned(),
            resumed: outcome.is_resumed(),
        });
        if self.is_fail_fast && outcome.status() == Status::Failed && outcome.fails_run() {
            self.cancel.drain("fail-fast");
        }
        outcome.bars_dependents()
    }

    /// Counts what was used up, and lets nothing new start once that cost too much.
    pub(super) fn charge(&self, usage: Usage) {
        let Some(max_cost) = self.max_cost else { return };
        let mut sum = self.spent.lock();
        *sum += usage;
        let is_reached = sum.cost_usd.unwrap_or(0.0) >= max_cost;
        drop(sum);
        if is_reached {
            self.cancel.drain("max-cost");
        }
    }

    /// Ends a task that makes no attempt any more: skipped, if something up its line failed (`root`), else cancelled. Says
    /// whether dependents may not start.
    pub(super) fn end_unstarted(
        &self,
        number: u32,
        progress: Option<Box<Progress>>,
        root: Option<u32>,
        at: Instant,
    ) -> bool {
        let (attempts, started, at_circuit, last) = match progress {
            Some(progress) => {
                let Progress { retry, attempts, started, at_circuit } = *progress;
                (attempts, Some(started), at_circuit, retry.into_last())
            }
            None => (Attempts::new(), None, Vec::new(), None),
        };
        let failure = match root {
            Some(root) => Failure::Skipped { root: self.plan.tasks()[root as usize].id().clone() },
            None => Failure::Cancelled { last },
        };
        let (ended, at_circuit) = (self.since_begin(at), at_circuit.into());
        let ending = Ending { attempts, started, ended, at_circuit, result: Err(failure) };
        let backend = Arc::clone(self.plan.tasks()[number as usize].shared_backend());
        self.end_task(number, backend, ending, at)
    }

    /// After the last worker: gives every task that has not ended its outcome, wave by wave.
    ///
    /// Of a run that was drained, what depends on a failed task is skipped; once a run is cancelled, all is cancelled.
    pub(super) fn sweep(&self) {
        if self.cancel.stage() == Stage::Running {
            return;
        }
        let mut remains = self.queue.take_remains();
        let mut underway: HashMap<u32, _> = remains.items.into_iter().map(|item| (item.task, item.progress)).collect();
        let is_drained = self.cancel.stage() == Stage::Draining;
        for (number, is_open) in (0..).zip(remains.open_waves) {
            for &task in self.graph.wave(number).iter().filter(|task| !self.outcomes[**task as usize].has_come()) {
                let progress = underway.remove(&task).flatten();
                let root = remains.roots.of(task).filter(|_| is_drained && progress.is_none());
                if self.end_unstarted(task, progress, root, self.clock.now()) {
                    remains.roots.doom_dependents(self.graph, task, root.unwrap_or(task));
                }
            }
            if is_open {
                self.tell(vec![Notice::WaveEnded(number)], self.clock.now());
            }
        }
    }

    /// `wave_starts`: when each wave began, if it did; none without barriers.
    pub(super) fn into_report(self, wave_starts: Vec<Option<Duration>>) -> Report<R> {
        let ended = self.clock.now();
        let elapsed = self.since_begin(ended);
        let Self { outcomes, events, cancel, plan, writes, journal_error, .. } = self;
        let is_any_undone = || outcomes.iter().any(Outcome::is_undone);
        let cancelled = match cancel.stage() {
            Stage::Running => None,
            Stage::Draining if !is_any_undone() => None,
            _ => Some(cancel.reason().map_or_else(|| "cancelled".into(), |reason| Arc::from(&*reason))),
        };
        let lost = events.lost();
        events.send(ended, || EventKind::RunEnded { counts: counts(&outcomes), cancelled: cancelled.clone(), lost });
        Report {
            outcomes,
            graph: Arc::clone(plan.graph()),
            wave_starts,
            writes,
            elapsed,
            cancelled,
            events_lost: events.lost(),
            journal_error: journal_error.into_inner(),
        }
    }

    pub(super) fn tell(&self, notices: Vec<Notice>, at: Instant) {
        for notice in notices {
            self.events.send(at, || self.event_of(&notice));
        }
    }

    /// Writes down the last of the attempts of a task that goes on.
    pub(super) fn record_attempt(&self, task: &TaskId, attempts: &[Attempt]) {
        if let (Some(journal), Some(attempt)) = (self.journal, attempts.last()) {
            self.write_down(|| journal.record_attempt(task, attempts.len(), attempt));
        }
    }

    /// Says whether it was done. After the first error nothing more is.
    fn write_down(&self, write: impl FnOnce() -> io::Result<()>) -> bool {
        if self.journal_error.lock().is_some() {
            return false;
        }
        let written = catch_unwind(AssertUnwindSafe(write));
        let written = written.unwrap_or_else(|_| Err(io::Error::other("the journal panicked")));
        if let Err(error) = written {
            self.journal_error.lock().get_or_insert_with(|| error.into());
            self.cancel.cancel_because("journal");
            return false;
        }
        true
    }

    fn event_of(&self, notice: &Notice) -> EventKind {
        let id_of = |task: u32| self.plan.tasks()[task as usize].id().clone();
        let until = |until: Option<Instant>| until.map(|until| self.since_begin(until));
        let tasks_of = |wave: u32| self.graph.wave(wave).len();
        match *notice {
            Notice::Parked { task, park } => {
                EventKind::TaskParked { task: id_of(task), until: until(park.until), why: park.why }
            }
            Notice::Resumed { task, park } => {
                EventKind::TaskResumed { task: id_of(task), until: until(park.until), why: park.why }
            }
            Notice::WaveStarted(wave) => EventKind::WaveStarted { wave: wave as usize, tasks: tasks_of(wave) },
            Notice::WaveEnded(wave) => EventKind::WaveEnded { wave: wave as usize, tasks: tasks_of(wave) },
        }
    }
}
