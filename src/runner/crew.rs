//! The threads of one run, and who watches the clock while they work.

use super::progress::Progress;
use super::queue::Queue;
use super::run::Run;
use crate::cancel::{CancelToken, Stage};
use crate::clock::{Clock, ClockCondvar, Member};
use crate::error::Error;
use crate::sync::Mutex;
use rayon::{Scope, ThreadPool, ThreadPoolBuilder};
use std::ops::Range;
use std::thread;
use std::time::Instant;

/// How many threads share a pool. A thread of rayon that has no job yet, or none any more, looks at each other thread of its
/// pool for one, many times over: a single pool of three thousand spends a minute on that.
const POOL: usize = 64;

pub(super) struct Crew {
    pools: Vec<ThreadPool>,
    clock: Clock,
}

impl Crew {
    pub(super) fn new(threads: usize, clock: &Clock) -> Result<Self, Error> {
        let pool = |first: usize| {
            let builder = ThreadPoolBuilder::new().num_threads(POOL.min(threads - first));
            builder.thread_name(move |n| format!("seawall-{}", first + n)).build()
        };
        let pools: Result<_, _> = (0..threads).step_by(POOL).map(pool).collect();
        Ok(Self { pools: pools.map_err(Error::pool)?, clock: clock.clone() })
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

    /// Lets each worker do its work in a scope of its pool, while this thread does its own.
    ///
    /// The scope's end would run the jobs of somebody else's pool if this were a thread of one, until the last worker is
    /// off its stack. So there another thread waits for it.
    fn scope(&self, workers: usize, work: &(impl Fn(usize) + Sync), mut meanwhile: impl FnMut()) {
        let in_place = |meanwhile: &mut dyn FnMut()| in_scopes(&self.pools, 0..workers, work, meanwhile);
        if rayon::current_thread_index().is_none() {
            return in_place(&mut meanwhile);
        }
        thread::scope(|threads| match thread::Builder::new().spawn_scoped(threads, || in_place(&mut || {})) {
            Ok(_) => meanwhile(),
            Err(_) => in_place(&mut meanwhile),
        });
    }
}

/// A scope of the first pool around those of the others; in the innermost this thread does its own work.
fn in_scopes(pools: &[ThreadPool], workers: Range<usize>, work: &(impl Fn(usize) + Sync), meanwhile: &mut dyn FnMut()) {
    let Some((pool, others)) = pools.split_first().filter(|_| !workers.is_empty()) else { return meanwhile() };
    let here = workers.start..workers.end.min(workers.start + pool.current_num_threads());
    pool.in_place_scope(|scope| {
        start(scope, here.clone(), work);
        in_scopes(others, here.end..workers.end, work, meanwhile);
    });
}

/// Each worker is a broadcast job, which nobody can steal: a backend that uses rayon itself would make its thread start a
/// second worker on its own stack while it waits.
fn start<'scope>(scope: &Scope<'scope>, workers: Range<usize>, work: &'scope (impl Fn(usize) + Sync)) {
    if workers.len() == 1 {
        scope.spawn(move |_| work(workers.start));
    } else {
        scope.spawn_broadcast(move |_, place| {
            if place.index() < workers.len() {
                work(workers.start + place.index());
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
                let mut left = self.0.left.lock();
                *left -= 1;
                if *left == 0 {
                    self.0.opened.notify_all();
                }
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
