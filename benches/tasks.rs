//! What a task costs that does nothing, against the least that any thread pool must do for it.

#[path = "support/paired.rs"]
mod paired;

use paired::{compare, criterion, timed};
use seawall::{CancelToken, Plan, Runner, Task};
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const TASKS: u32 = 100_000;
const WORKERS: usize = 2;
const LIMIT: f64 = 3.0;

fn main() {
    let tasks = (0..TASKS).map(|n| Task::for_request(format!("t{n}"), "x", n));
    let plan = Plan::builder().tasks(tasks).build().expect("it has no faults");
    let runner = Runner::builder_for::<u32, u32>()
        .backend_fn("x", |n, _| Ok(black_box(*n)))
        .concurrency(WORKERS)
        .build()
        .expect("it has no faults");
    let cancel = CancelToken::new();
    let run = || {
        let mut report = None;
        let took = timed(|| report = Some(runner.run(&plan, &cancel)));
        assert!(report.expect("it ran").expect("it ran").is_success());
        took
    };
    let mut criterion = criterion();
    compare(&mut criterion, "100,000 no-op tasks, one wave, 2 workers", TASKS, LIMIT, run, floor);
    compare(&mut criterion, "100,000 no-op tasks, against rayon, one job a task", TASKS, 1.0, run, a_job_a_task);
    criterion.final_summary();
}

/// What the floor keeps of each task.
struct Slot {
    worker: usize,
    started: Duration,
    elapsed: Duration,
    result: Result<u32, String>,
}

/// A job of rayon's for each call, which is caught and writes its result.
fn a_job_a_task() -> Duration {
    timed(|| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build().expect("threads start");
        let slots: Vec<OnceLock<u32>> = (0..TASKS).map(|_| OnceLock::new()).collect();
        pool.in_place_scope(|scope| {
            for (slot, n) in slots.iter().zip(0..) {
                scope.spawn(move |_| {
                    let result = catch_unwind(|| black_box(n)).expect("it does not panic");
                    assert!(slot.set(result).is_ok());
                });
            }
        });
        assert!(slots.iter().all(|slot| slot.get().is_some()));
    })
}

/// The same workers pull an atomic index; each call is caught, has two clock reads, and writes a slot.
fn floor() -> Duration {
    let start = Instant::now();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build().expect("threads start");
    let slots: Vec<OnceLock<Slot>> = (0..TASKS).map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let call: &(dyn Fn(u32) -> Result<u32, String> + Sync) = &|n| Ok(black_box(n));
    pool.in_place_scope(|scope| {
        scope.spawn_broadcast(|_, place| {
            while let Some(slot) = slots.get(next.fetch_add(1, Ordering::Relaxed)) {
                let began = Instant::now();
                let result = catch_unwind(AssertUnwindSafe(|| call(7))).expect("it does not panic");
                let slot_of = |began: Instant| Slot {
                    worker: place.index(),
                    started: began - start,
                    elapsed: began.elapsed(),
                    result,
                };
                assert!(slot.set(slot_of(began)).is_ok());
            }
        });
    });
    let took = start.elapsed();
    let read = |slot: &Slot| slot.worker < WORKERS && slot.started + slot.elapsed <= took && slot.result.is_ok();
    assert!(slots.iter().all(|slot| slot.get().is_some_and(read)));
    took
}
