//! Waiting costs nothing but time, and ends at once when it is told to.

#[path = "support/paired.rs"]
mod paired;

use paired::{compare, criterion, median, timed};
use parking_lot::{Condvar, Mutex};
use seawall::{CancelToken, CircuitBreakerConfig, CircuitBreakerRegistry, Plan, RetryConfig, Runner, SendError, Task};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const TASKS: u32 = 10_000;
const DELAY: Duration = Duration::from_millis(200);
const CALL: Duration = Duration::from_secs(1);
const SLEEPERS: usize = 64;
const ROUNDS: usize = 200;

fn main() {
    let mut criterion = criterion();
    backoff(&mut criterion);
    wide(&mut criterion);
    criterion.final_summary();
    cancel();
}

/// Ten thousand tasks that fail once: at most 1.5 times the delay and what as many calls take.
fn backoff(criterion: &mut criterion::Criterion) {
    let plan = |attempts: u32| {
        Plan::builder().tasks((0..TASKS).map(move |n| Task::for_request(format!("t{n}"), "x", attempts))).build()
    };
    let (failing, calls) = (plan(2).expect("no faults"), plan(1).expect("no faults"));
    let retry = RetryConfig::new().with_initial_interval(DELAY).with_randomization_factor(0.0);
    let no_breakers = CircuitBreakerRegistry::new().with_default(CircuitBreakerConfig::disabled());
    let runner = Runner::builder_for::<u32, ()>()
        .backend_fn(
            "x",
            |attempts, cx| {
                if cx.attempt() < *attempts { Err(SendError::transient("not yet")) } else { Ok(()) }
            },
        )
        .circuit_breakers(Arc::new(no_breakers))
        .retry(retry)
        .concurrency(8)
        .build()
        .expect("no faults");
    let run = |plan: &Plan<u32>| timed(|| assert!(runner.run(plan, &CancelToken::new()).expect("it ran").is_success()));
    compare(
        criterion,
        "10,000 tasks that fail once and wait 200 ms",
        TASKS,
        1.5,
        || run(&failing),
        || DELAY + run(&calls) + run(&calls),
    );
}

/// Ten thousand calls of a second, all at once: the second, and what it takes to start and end as many threads.
fn wide(criterion: &mut criterion::Criterion) {
    let tasks = (0..TASKS).map(|n| Task::for_request(format!("t{n}"), "x", CALL));
    let plan = Plan::builder().tasks(tasks).build().expect("no faults");
    let runner = Runner::builder_for::<Duration, ()>()
        .backend_fn("x", |time, cx| Ok(cx.sleep(*time)?))
        .concurrency(TASKS as usize)
        .build()
        .expect("no faults");
    let run = || timed(|| assert!(runner.run(&plan, &CancelToken::new()).expect("it ran").is_success()));
    compare(criterion, "10,000 calls of 1 s at 10,000 places", TASKS, 3.0, run, || CALL);
}

/// From the cancel until the last of 64 sleepers is back, against as many at a bare condition variable.
fn cancel() {
    let mut ours: Vec<f64> = Vec::new();
    let mut bare: Vec<f64> = Vec::new();
    for _ in 0..ROUNDS {
        ours.push(wake_by_token().as_secs_f64());
        bare.push(wake_by_condvar().as_secs_f64());
    }
    let (p99_ours, p99_bare) = (p99(&mut ours), p99(&mut bare));
    let over = (p99_ours - p99_bare) * 1e3;
    eprintln!(
        "cancel to return, 64 sleepers: median {:.3} ms (bare: {:.3}), p99 {:.3} ms (bare: {:.3}): {over:.3} ms over it (less than 1)",
        median(&mut ours) * 1e3,
        median(&mut bare) * 1e3,
        p99_ours * 1e3,
        p99_bare * 1e3,
    );
    assert!(over < 1.0, "a cancel takes {over:.3} ms more than a bare wake-up");
}

fn wake_by_token() -> Duration {
    let cancel = CancelToken::new();
    wake(|| assert!(cancel.sleep(Duration::from_secs(60)).is_err()), || cancel.cancel())
}

fn wake_by_condvar() -> Duration {
    let (is_over, wake_up) = (Mutex::new(false), Condvar::new());
    let sleep = || wake_up.wait_while(&mut is_over.lock(), |is_over| !*is_over);
    wake(sleep, || {
        *is_over.lock() = true;
        wake_up.notify_all();
    })
}

fn wake(sleep: impl Fn() + Sync, wake_up: impl Fn()) -> Duration {
    thread::scope(|scope| {
        let sleepers: Vec<_> = (0..SLEEPERS).map(|_| scope.spawn(|| (sleep(), Instant::now()).1)).collect();
        // Long enough for all of them to be asleep on a busy machine; one that is not makes the figure better, for both.
        thread::sleep(Duration::from_millis(5));
        let start = Instant::now();
        wake_up();
        let returned = sleepers.into_iter().map(|sleeper| sleeper.join().expect("a sleeper does not panic"));
        returned.max().map_or(Duration::ZERO, |last| last.saturating_duration_since(start))
    })
}

fn p99(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() * 99 / 100]
}
