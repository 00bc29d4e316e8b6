//! How far a run is, from its events.

use seawall::{CircuitState, Event, EventKind, Status, TaskId, Wait};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// How far a run is. Times count from its beginning.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    tasks: usize,
    ended: [usize; 4],
    /// How many of them were called in this run and came to their end.
    worked: usize,
    under_way: HashMap<TaskId, Task>,
    circuits: BTreeMap<Arc<str>, CircuitState>,
}

/// A task that has started, or waits to, and has not ended.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// When it, or its wait to start, began.
    pub(crate) began: Duration,
    /// The attempt that is being made, or was made last.
    pub(crate) attempt: usize,
    pub(crate) now: Now,
}

/// What a task does just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Now {
    /// It is between two steps.
    Between,
    /// An attempt is being made since then.
    Running(Duration),
    /// It waits until then.
    Waiting(Wait, Option<Duration>),
}

impl Progress {
    /// Takes the next event.
    pub(crate) fn take(&mut self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted { tasks, .. } => self.tasks = *tasks,
            EventKind::TaskStarted { task, .. } => self.task(task, event.at).began = event.at,
            EventKind::AttemptStarted { task, attempt, .. } => {
                let task = self.task(task, event.at);
                (task.attempt, task.now) = (*attempt, Now::Running(event.at));
            }
            EventKind::AttemptEnded { task, attempt, .. } => {
                let task = self.task(task, event.at);
                (task.attempt, task.now) = (*attempt, Now::Between);
            }
            EventKind::TaskParked { task, until, why, .. } => {
                self.task(task, event.at).now = Now::Waiting(*why, *until);
            }
            EventKind::TaskResumed { task, .. } => self.task(task, event.at).now = Now::Between,
            EventKind::TaskEnded { task, status, resumed, .. } => {
                self.under_way.remove(task);
                self.ended[*status as usize] += 1;
                self.worked += usize::from(!resumed && matches!(status, Status::Completed | Status::Failed));
            }
            EventKind::BreakerChanged { backend, change, .. } => self.circuit(backend, change.to),
            _ => {}
        }
    }

    /// How many tasks there are.
    pub(crate) fn tasks(&self) -> usize {
        self.tasks
    }

    /// How many have ended so.
    pub(crate) fn ended(&self, status: Status) -> usize {
        self.ended[status as usize]
    }

    /// How many have ended.
    pub(crate) fn done(&self) -> usize {
        self.ended.iter().sum()
    }

    /// How many were called in this run and came to their end.
    pub(crate) fn worked(&self) -> usize {
        self.worked
    }

    /// Whether nothing new is begun any more.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.ended(Status::Cancelled) > 0
    }

    /// What is known of a task that is under way.
    pub(crate) fn get(&self, task: &TaskId) -> Option<&Task> {
        self.under_way.get(task)
    }

    /// Those under way, in no order.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = (&TaskId, &Task)> {
        self.under_way.iter()
    }

    /// The circuits that are not closed, by name.
    pub(crate) fn circuits(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, CircuitState)> {
        self.circuits.iter().map(|(backend, state)| (backend, *state))
    }

    fn task(&mut self, task: &TaskId, at: Duration) -> &mut Task {
        let new = || Task { began: at, attempt: 0, now: Now::Between };
        self.under_way.entry(task.clone()).or_insert_with(new)
    }

    fn circuit(&mut self, backend: &Arc<str>, state: CircuitState) {
        if state == CircuitState::Closed {
            self.circuits.remove(backend);
        } else {
            self.circuits.insert(Arc::clone(backend), state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall::{BackendConfig, CancelToken, Plan, RetryConfig, RunOptions, Runner, SendError, crossbeam_channel};

    /// The events of a run in which `bad` fails twice and opens its circuit, and `good` completes.
    fn events() -> Vec<Event> {
        let plan = Plan::builder()
            .task(seawall::Task::new("good", "good", ""))
            .task(seawall::Task::new("bad", "bad", ""))
            .build()
            .unwrap();
        let retry = RetryConfig::new().with_initial_interval(Duration::from_millis(1)).with_max_attempts(9);
        let runner = Runner::builder()
            .backend_fn("good", |_, _| Ok("fine".into()))
            .backend_fn("bad", |_, _| Err(SendError::transient("down")))
            .configure("bad", BackendConfig::new().with_retry(retry))
            .build()
            .unwrap();
        let (sender, receiver) = crossbeam_channel::unbounded();
        runner.run_with(&plan, &CancelToken::new(), RunOptions::new().with_events(sender)).unwrap();
        receiver.iter().collect()
    }

    #[test]
    fn every_task_is_counted_once_and_none_stays_under_way() {
        let mut progress = Progress::default();
        for event in events() {
            progress.take(&event);
        }
        assert_eq!((progress.tasks(), progress.done(), progress.under_way().count()), (2, 2, 0));
        assert_eq!((progress.ended(Status::Completed), progress.ended(Status::Failed)), (1, 1));
        let circuits: Vec<_> = progress.circuits().map(|(backend, state)| (&**backend, state)).collect();
        assert_eq!(circuits, [("bad", CircuitState::Open)]);
    }

    #[test]
    fn a_task_is_running_waiting_or_between() {
        let (mut progress, bad) = (Progress::default(), TaskId::from("bad"));
        let mut seen = Vec::new();
        for event in events() {
            progress.take(&event);
            seen.extend(progress.get(&bad).map(|task| (task.attempt, task.now)));
        }
        assert!(seen.iter().any(|(attempt, now)| *attempt == 2 && matches!(now, Now::Running(_))), "{seen:?}");
        let waits = |now: &Now| matches!(now, Now::Waiting(Wait::Backoff, Some(_)));
        assert!(seen.iter().any(|(attempt, now)| *attempt == 1 && waits(now)), "{seen:?}");
    }
}
