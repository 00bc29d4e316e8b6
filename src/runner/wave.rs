//! Workers that go through the queue together, until the last of them has gone.

use super::run::Run;
use crate::cancel::CancelToken;
use crate::clock::{Clock, ClockCondvar, Member};
use crate::sync::{Mutex, MutexGuard};
use std::time::Instant;

pub(super) struct Wave {
    workers: usize,
    /// Their places under a simulated clock.
    members: Vec<Member>,
    left: Mutex<usize>,
    over: ClockCondvar,
}

impl Wave {
    pub(super) fn new(workers: usize, clock: &Clock) -> Self {
        let (members, over) = (clock.enlist(workers), ClockCondvar::new(clock.clone()));
        Self { workers, members, left: Mutex::new(workers), over }
    }

    /// What a thread does: something only if it is one of the workers.
    pub(super) fn work<Q: Send + Sync, R: Send + Sync>(&self, run: &Run<'_, Q, R>, worker: usize) {
        if worker >= self.workers {
            return;
        }
        let _seat = self.members.get(worker).cloned().map(Member::enter);
        let _count = Counted(self);
        run.work(worker);
    }

    /// Waits until they have gone, and watches what wakes nobody meanwhile.
    pub(super) fn wait<Q, R>(&self, run: &Run<'_, Q, R>, caller: &CancelToken) {
        let mut left = self.left.lock();
        while *left > 0 {
            let is_watching = !run.cancel.is_cancelled();
            let limit = run.limit.filter(|_| is_watching);
            let look = caller.next_look(Instant::now()).filter(|_| is_watching);
            self.over.wait(&mut left, limit, look);
            MutexGuard::unlocked(&mut left, || run.watch(caller));
        }
    }
}

/// Counts a worker out when it is dropped, however the worker ends.
struct Counted<'w>(&'w Wave);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let mut left = self.0.left.lock();
        *left -= 1;
        if *left == 0 {
            self.0.over.notify_all();
        }
    }
}
