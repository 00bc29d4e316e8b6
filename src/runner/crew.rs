//! The threads of one run, and who watches the clock while they work.

use super::progress::Progress;
use super::queue::Queue;
use super::run::Run;
use crate::cancel::{CancelToken, Stage};
use crate::clock::{Clock, ClockCondvar, Member};
use crate::error::Error;
use crate::sync::Mutex;
use rayon::{Scope, ThreadPool, ThreadPoolBuilder};
use std::thread;
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
        self.scope(workers, &work, || latch.wait(run, caller));
    }

    /// Lets each worker do its work in a scope of the pool, while this thread does its own.
    ///
    /// The scope's end would run the jobs of somebody else's pool if this were a thread of one, until the last worker is
    /// off its stack. So there another thread waits for it.
    fn scope(&self, workers: usize, work: &(impl Fn(usize) + Sync), mut meanwhile: impl FnMut()) {
        let in_place = |meanwhile: &mut dyn FnMut()| {
            self.pool.in_place_scope(|scope| {
                start(scope, workers, work);
                meanwhile();
            });
        };
        if rayon::current_thread_index().is_none() {
            return in_place(&mut meanwhile);
        }
        thread::scope(|threads| match thread::Builder::new().spawn_scoped(threads, || in_place(&mut || {})) {
            Ok(_) => meanwhile(),
            Err(_) => in_place(&mut meanwhile),
        });
    }
}

/// Each worker is a broadcast job, which nobody can steal: a backend that uses rayon itself would make its thread start a
/// second worker on its own stack while it waits.
fn start<'scope>(scope: &Scope<'scope>, workers: usize, work: &'scope (impl Fn(usize) + Sync)) {
    if workers == 1 {
        scope.spawn(|_| work(0));
    } else {
        scope.spawn_broadcast(move |_, place| {
            if place.index() < workers {
                work(place.index());
            }
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
