//! The threads of one run, and who watches the clock while they work.

use super::progress::Progress;
use super::queue::Queue;
use super::run::Run;
use crate::cancel::{CancelToken, Stage};
use crate::clock::{Clock, ClockCondvar, Member};
use crate::error::Error;
use crate::sync::Mutex;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::time::Instant;

pub(super) struct Crew {
    pool: ThreadPool,
    clock: Clock,
}

impl Crew {
    pub(super) fn new(threads: usize, clock: &Clock) -> Result<Self, Error> {
        let builder = ThreadPoolBuilder::new().num_threads(threads).thread_name(|n| format!("seawall-{n}"));
        Ok(Self { pool: builder.build().map_err(Error::pool)?, clock: clock.clone() })
    }

    /// Opens the queue, and lets so many workers go through it to its end.
    ///
    /// Each is a broadcast job, which nobody can steal: a backend that uses rayon itself would make its thread start a
    /// second worker on its own stack while it waits. The scope's body blocks, instead of helping: inside somebody else's
    /// pool it would run that pool's jobs.
    pub(super) fn work<Q: Send + Sync, R: Send + Sync>(
        &self,
        run: &Run<'_, Q, R>,
        caller: &CancelToken,
        workers: usize,
        open: impl FnOnce(&mut Queue<Box<Progress>>),
    ) {
        watch(run, caller);
        if run.cancel.stage() > Stage::Running {
            return;
        }
        run.tell(run.queue.open(open), run.clock.now());
        let members = self.clock.enlist(workers);
        let latch = Latch::new(workers, self.clock.clone());
        let work = |worker: usize| {
            let _seat = members.get(worker).cloned().map(Member::enter);
            let _count = latch.counted();
            run.work(worker);
        };
        self.pool.in_place_scope(|scope| {
            if workers == 1 {
                scope.spawn(|_| work(0));
            } else {
                scope.spawn_broadcast(|_, place| {
                    if place.index() < workers {
                        work(place.index());
                    }
                });
            }
            latch.wait(run, caller);
        });
    }
}

/// Passes on what wakes nobody: the caller's deadline, somebody else's flag, the time limit.
fn watch<Q, R>(run: &Run<'_, Q, R>, caller: &CancelToken) {
    if caller.is_cancelled() {
        run.cancel.raise(Stage::Cancelled, caller.reason());
    }
    if run.limit.is_some_and(|limit| limit <= run.clock.now()) {
        run.cancel.cancel_because("time-limit");
    }
}

/// Opens when every worker has gone.
struct Latch {
    left: Mutex<usize>,
    opened: ClockCondvar,
}

impl Latch {
    fn new(workers: usize, clock: Clock) -> Self {
        Self { left: Mutex::new(workers), opened: ClockCondvar::new(clock) }
    }

    /// Counts a worker out when it is dropped, however the worker ends.
    fn counted(&self) -> impl Drop {
        struct Counted<'l>(&'l Latch);
        impl Drop for Counted<'_> {
            fn drop(&mut self) {
                *self.0.left.lock() -= 1;
                self.0.opened.notify_all();
            }
        }
        Counted(self)
    }

    fn wait<Q, R>(&self, run: &Run<'_, Q, R>, caller: &CancelToken) {
        let mut left = self.left.lock();
        while *left > 0 {
            let is_watching = !run.cancel.is_cancelled();
            let limit = run.limit.filter(|_| is_watching);
            let look = caller.next_look(Instant::now()).filter(|_| is_watching);
            self.opened.wait(&mut left, limit, look);
            crate::sync::MutexGuard::unlocked(&mut left, || watch(run, caller));
        }
    }
}
