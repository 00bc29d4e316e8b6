//! What happens in a run, told as it happens, and the sender that never fails and never waits.

use super::outcome::AttemptResult;
use super::queue::Wait;
use crate::failure::Failure;
use crate::resilience::StateChange;
use crate::status::Status;
use crate::sync::{Arc, Mutex};
use crate::task_id::TaskId;
use crossbeam_channel::{Sender, TrySendError};
use std::time::{Duration, Instant};

/// One thing that happened in a run.
///
/// Of one task they come in the order in which they happened. No event waits for its subscriber: one that a bounded, full
/// channel does not take is dropped and counted ([`Report::events_lost`](crate::Report::events_lost)), and its `seq` is
/// then missing. An unbounded channel loses none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// 0, 1, 2, ….
    pub seq: u64,
    /// When it happened, since the run began. It never goes back.
    pub at: Duration,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// Always the first.
    #[non_exhaustive]
    RunStarted {
        /// How many there are.
        tasks: usize,
    },
    /// Always the last.
    #[non_exhaustive]
    RunEnded {
        /// How many tasks ended in each way, in the order of [`Status::ALL`].
        counts: [usize; 4],
        /// Why it was cancelled, if it was.
        cancelled: Option<Arc<str>>,
        /// How many events the subscriber did not take.
        lost: u64,
    },
    /// A wave is reached. Without barriers: its first task is.
    #[non_exhaustive]
    WaveStarted {
        /// 0, 1, ….
        wave: usize,
        /// How many tasks it has.
        tasks: usize,
    },
    /// Every task of a wave has ended.
    #[non_exhaustive]
    WaveEnded {
        /// 0, 1, ….
        wave: usize,
        /// How many tasks it has.
        tasks: usize,
    },
    /// A task asks to be sent for the first time.
    #[non_exhaustive]
    TaskStarted {
        /// Its name.
        task: TaskId,
        /// The backend that the plan names.
        backend: Arc<str>,
        /// The wave that it belongs to.
        wave: usize,
    },
    /// Each task has exactly one, whatever happened.
    #[non_exhaustive]
    TaskEnded {
        /// Its name.
        task: TaskId,
        /// How it ended.
        status: Status,
        /// Why it has no response.
        failure: Option<Failure>,
        /// Whether it was taken over from an earlier run. Then this is all that there is to tell of it.
        resumed: bool,
    },
    /// A call begins. Not for one that a circuit breaker refused.
    #[non_exhaustive]
    AttemptStarted {
        /// The task.
        task: TaskId,
        /// Where it is made.
        backend: Arc<str>,
        /// The worker that makes it.
        worker: usize,
        /// Its place among the task's attempts: 1, 2, ….
        attempt: usize,
    },
    /// A call is over, or was refused.
    #[non_exhaustive]
    AttemptEnded {
        /// The task.
        task: TaskId,
        /// Where it was made.
        backend: Arc<str>,
        /// The worker that made it.
        worker: usize,
        /// Its place among the task's attempts: 1, 2, ….
        attempt: usize,
        /// How it ended.
        result: AttemptResult,
        /// How long it took.
        elapsed: Duration,
        /// The wait that was drawn for after it.
        delay: Option<Duration>,
    },
    /// A task waits, and holds nothing meanwhile.
    #[non_exhaustive]
    TaskParked {
        /// Its name.
        task: TaskId,
        /// Until when at the latest, since the run began; `None` if nobody knows.
        until: Option<Duration>,
        /// What it waits for.
        why: Wait,
    },
    /// A task goes on.
    #[non_exhaustive]
    TaskResumed {
        /// Its name.
        task: TaskId,
        /// As it was parked.
        until: Option<Duration>,
        /// What it waited for.
        why: Wait,
    },
    /// A call of this run changed the state of a circuit.
    #[non_exhaustive]
    BreakerChanged {
        /// The backend whose it is.
        backend: Arc<str>,
        /// From where to where.
        change: StateChange,
    },
}

/// The run's end of the channel.
pub(super) struct Events {
    sink: Option<Mutex<Sink>>,
    began: Instant,
}

struct Sink {
    /// `None` once the subscriber is gone.
    sender: Option<Sender<Event>>,
    seq: u64,
    at: Duration,
    lost: u64,
}

impl Events {
    pub(super) fn new(sender: Option<Sender<Event>>, began: Instant) -> Self {
        let sink = |sender| Mutex::new(Sink { sender: Some(sender), seq: 0, at: Duration::ZERO, lost: 0 });
        Self { sink: sender.map(sink), began }
    }

    pub(super) fn has_listener(&self) -> bool {
        self.sink.is_some()
    }

    /// `kind` is made only if somebody listens.
    pub(super) fn send(&self, at: Instant, kind: impl FnOnce() -> EventKind) {
        if let Some(sink) = &self.sink {
            let kind = kind();
            sink.lock().send(at.saturating_duration_since(self.began), kind);
        }
    }

    pub(super) fn lost(&self) -> u64 {
        self.sink.as_ref().map_or(0, |sink| sink.lock().lost)
    }
}

impl Sink {
    /// Number and sending are under one lock, so that the channel has them in order.
    fn send(&mut self, at: Duration, kind: EventKind) {
        let Some(sender) = &self.sender else { return };
        self.at = self.at.max(at);
        let event = Event { seq: self.seq, at: self.at, kind };
        self.seq += 1;
        match sender.try_send(event) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.lost += 1,
            Err(TrySendError::Disconnected(_)) => self.sender = None,
        }
    }
}
