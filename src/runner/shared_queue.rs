//! The queue behind its lock: where workers settle, take, and wait.

use super::progress::Progress;
use super::queue::{CircuitNews, Finish, Item, Notice, Queue, Remains, Take};
use crate::cancel::Stage;
use crate::clock::{Clock, ClockCondvar};
use crate::sync::Mutex;
use crossbeam_utils::CachePadded;
use std::time::Instant;

pub(super) struct SharedQueue {
    state: CachePadded<Mutex<State>>,
    wake: ClockCondvar,
    clock: Clock,
}

#[repr(C)]
struct State {
    queue: Queue<Box<Progress>>,
    /// How many workers wait.
    idle: usize,
    /// The earliest instant at which one of them will wake up by itself.
    watched: Option<Instant>,
}

/// What a worker did, and when it was done.
pub(super) struct Done {
    pub(super) finish: Finish<Box<Progress>>,
    /// Of the circuit of the lane that it called.
    pub(super) news: Option<(u32, CircuitNews)>,
    pub(super) at: Instant,
}

/// What a worker does next.
pub(super) enum Next {
    Start(Item<Box<Progress>>),
    Skip { task: u32, root: u32 },
    Recall(Item<Box<Progress>>),
}

impl SharedQueue {
    pub(super) fn new(queue: Queue<Box<Progress>>, clock: Clock) -> Self {
        let state = State { queue, idle: 0, watched: None };
        Self { state: CachePadded::new(Mutex::new(state)), wake: ClockCondvar::new(clock.clone()), clock }
    }

    /// Lets tasks start, before there are workers. Says what to tell.
    pub(super) fn open(&self, open: impl FnOnce(&mut Queue<Box<Progress>>)) -> Vec<Notice> {
        let mut state = self.state.lock();
        open(&mut state.queue);
        state.queue.drain_notices()
    }

    /// Settles what a worker did and finds what it does next, in one turn of the lock; waits while there is nothing. `None`:
    /// there will be nothing more.
    ///
    /// `tell` is called under the lock, so that subscribers hear of a task in the order in which things happened to it.
    pub(super) fn next(&self, done: Option<Done>, tell: impl Fn(Vec<Notice>, Instant)) -> Option<Next> {
        let mut at = done.as_ref().map(|done| done.at);
        let mut state = self.state.lock();
        if let Some(done) = done {
            state.queue.finish(done.finish, done.news);
        }
        loop {
            let mut now = || *at.get_or_insert_with(|| self.clock.now());
            let take = state.queue.take(&mut now);
            let notices = state.queue.drain_notices();
            if !notices.is_empty() {
                tell(notices, now());
            }
            let next = match take {
                Take::Wait(until) => {
                    self.wait(&mut state, until);
                    at = None;
                    continue;
                }
                Take::Start(item) => Some(Next::Start(item)),
                Take::Skip { task, root } => Some(Next::Skip { task, root }),
                Take::Recall(item) => Some(Next::Recall(item)),
                Take::Over => None,
            };
            self.call_others(&state, next.is_none());
            return next;
        }
    }

    /// Nothing starts any more; whoever waits goes.
    pub(super) fn stop(&self, stage: Stage) {
        self.state.lock().queue.stop(stage);
        self.wake.notify_all();
    }

    pub(super) fn take_remains(&self) -> Remains<Box<Progress>> {
        self.state.lock().queue.take_remains()
    }

    /// One idle worker watches the clock for all of them; the others sleep until they are called.
    fn wait(&self, state: &mut crate::sync::MutexGuard<'_, State>, until: Option<Instant>) {
        let watch = until.filter(|until| state.is_unwatched(*until));
        state.watched = watch.or(state.watched);
        state.idle += 1;
        self.wake.wait(state, watch, None);
        state.idle -= 1;
        if watch.is_some() && watch == state.watched {
            state.watched = None;
        }
    }

    /// Calls an idle worker if there is more to start, or nobody who watches the clock; all of them if it is over.
    fn call_others(&self, state: &State, is_over: bool) {
        if state.idle == 0 {
            return;
        }
        if is_over {
            self.wake.notify_all();
        } else if state.queue.has_ready() || state.queue.next_due().is_some_and(|due| state.is_unwatched(due)) {
            self.wake.notify_one();
        }
    }
}

impl State {
    fn is_unwatched(&self, instant: Instant) -> bool {
        self.watched.is_none_or(|watched| instant < watched)
    }
}

#[cfg(all(test, shuttle))]
mod model;
