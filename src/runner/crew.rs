//! The threads of one run, and who watches the clock while they work.

use super::progress::Progress;
use super::queue::Queue;
use super::reserve::Reserve;
use super::run::Run;
use super::wave::Wave;
use crate::cancel::{CancelToken, Stage};
use crate::clock::Clock;
use crate::error::Error;
use crate::sync::Arc;
use rayon::{Scope, ThreadPool, ThreadPoolBuilder};
use std::thread;
use std::time::Duration;

/// How many threads are in the pool; the others are in the reserve. A thread of rayon that has no job yet, or none any more,
/// looks at each other thread of its pool for one, many times over, and some of these looks visit each thread of every pool
/// of the process: of ten thousand each one would make the others wait for a minute.
const POOL: usize = 64;

pub(super) struct Crew {
    pool: ThreadPool,
    reserve: Reserve,
    threads: usize,
    clock: Clock,
}

impl Crew {
    pub(super) fn new(threads: usize, clock: &Clock) -> Result<Self, Error> {
        let builder = ThreadPoolBuilder::new().num_threads(POOL.min(threads)).thread_name(name);
        let pool = builder.build().map_err(Error::pool)?;
        Ok(Self { pool, reserve: Reserve::default(), threads, clock: clock.clone() })
    }

    /// Has every thread in its place while `waves` are worked off.
    pub(super) fn muster<Q: Send + Sync, R: Send + Sync, T>(
        &self,
        run: &Run<'_, Q, R>,
        waves: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        thread::scope(|scope| {
            let _dismissal = self.reserve.dismissal();
            for worker in POOL..self.threads {
                let serve = move || self.reserve.serve(|wave| wave.work(run, worker));
                thread::Builder::new().name(name(worker)).spawn_scoped(scope, serve).map_err(Error::pool)?;
            }
            Ok(waves())
        })
    }

    /// Opens the queue, and lets so many workers go through it to its end. Says when it was opened; `None`: the run was
    /// cancelled before.
    pub(super) fn work<Q: Send + Sync, R: Send + Sync>(
        &self,
        run: &Run<'_, Q, R>,
        caller: &CancelToken,
        workers: usize,
        open: impl FnOnce(&mut Queue<Box<Progress>>),
    ) -> Option<Duration> {
        run.watch(caller);
        if run.cancel.stage() > Stage::Running {
            return None;
        }
        let opened = run.clock.now();
        run.tell(run.queue.open(open), opened);
        let wave = Arc::new(Wave::new(workers, &self.clock));
        if workers > POOL {
            self.reserve.call(&wave);
        }
        self.scope(workers.min(POOL), &|worker| wave.work(run, worker), || wave.wait(run, caller));
        Some(run.since_begin(opened))
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

fn name(worker: usize) -> String {
    format!("seawall-{worker}")
}

/// Each worker is a broadcast job, which nobody can steal: a backend that uses rayon itself would make its thread start a
/// second worker on its own stack while it waits.
fn start<'scope>(scope: &Scope<'scope>, workers: usize, work: &'scope (impl Fn(usize) + Sync)) {
    if workers == 1 {
        scope.spawn(move |_| work(0));
    } else {
        scope.spawn_broadcast(move |_, place| work(place.index()));
    }
}
