//! How time and memory grow with the plan: they grow as it does.

#[path = "support/paired.rs"]
mod paired;

use paired::{compare, criterion, timed};
use peak_alloc::PeakAlloc;
use seawall::{CancelToken, Plan, Runner, Task};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const LARGE: u32 = 1_000_000;
const SMALL: u32 = 10_000;
const LAYERS: u32 = 10;
const GROWTH: f64 = 1.3;
const BYTES: usize = 600;

fn main() {
    memory();
    let mut criterion = criterion();
    let large = || timed(|| run(LARGE));
    let small = || timed(|| (0..LARGE / SMALL).for_each(|_| run(SMALL)));
    compare(&mut criterion, "a plan of 1,000,000 tasks, against 100 of 10,000", LARGE, GROWTH, large, small);
    criterion.final_summary();
}

/// Ten layers; each task waits for the one above it.
fn tasks(count: u32) -> impl ExactSizeIterator<Item = Task<u32>> {
    let width = count / LAYERS;
    (0..count).map(move |n| {
        let above = n.checked_sub(width).map(|above| format!("t{above}"));
        Task::for_request(format!("t{n}"), "x", n).after(above)
    })
}

fn runner() -> Runner<'static, u32, u32> {
    let builder = Runner::builder_for::<u32, u32>().backend_fn("x", |n, _| Ok(*n)).concurrency(2);
    builder.build().expect("it has no faults")
}

fn run(count: u32) {
    let plan = Plan::builder().tasks(tasks(count)).build().expect("it has no faults");
    let report = runner().run(&plan, &CancelToken::new()).expect("it ran");
    assert!(report.is_success());
}

/// The names are the user's own: what the ids and the names of dependencies take is measured, and taken off.
fn memory() {
    let before = HEAP.current_usage();
    let names: Vec<[Option<seawall::TaskId>; 2]> =
        tasks(LARGE).map(|task| [Some(task.id().clone()), task.dependencies().first().cloned()]).collect();
    let of_names = HEAP.current_usage() - before - names.capacity() * size_of_val(&names[0]);
    drop(names);
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    run(LARGE);
    let a_task = (HEAP.peak_usage() - before - of_names) / LARGE as usize;
    eprintln!("a plan of 1,000,000 tasks: {a_task} bytes of heap a task at its peak (at most {BYTES})");
    assert!(a_task <= BYTES, "a task takes {a_task} bytes, which is more than {BYTES}");
}
