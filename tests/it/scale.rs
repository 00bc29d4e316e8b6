//! Many tasks, long chains, few threads.

use crate::support::{HOUR, SECOND, virtual_runner};
use seawall::{
    CancelToken, CircuitBreakerConfig, CircuitBreakerRegistry, FailureMode, Outcome, Plan, RetryConfig, Runner,
    Schedule, SendError, Status, Task,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const LONG: usize = 100_000;

fn chain(length: usize, mode: FailureMode) -> Plan {
    let task = |n: usize| {
        let before = n.checked_sub(1).map(|before| before.to_string());
        Task::new(n.to_string(), "x", "").after(before).failure_mode(mode)
    };
    Plan::builder().tasks((0..length).map(task)).build().unwrap()
}

fn no_breakers() -> Arc<CircuitBreakerRegistry> {
    CircuitBreakerRegistry::new().with_default(CircuitBreakerConfig::disabled()).into()
}

#[test]
fn a_chain_of_a_hundred_thousand_tasks_is_run_to_its_end() {
    let runner = Runner::builder().backend_fn("x", |_, _| Ok("ok".into())).schedule(Schedule::Eager).concurrency(2);
    let report = runner.build().unwrap().run(&chain(LONG, FailureMode::Hard), &CancelToken::new()).unwrap();
    assert_eq!(report.count(Status::Completed), LONG);
    assert_eq!(report.get("99999").unwrap().wave(), LONG - 1);
}

#[test]
fn a_failure_skips_a_chain_of_a_hundred_thousand_tasks() {
    let runner = Runner::builder()
        .backend_fn("x", |_, _| Err(SendError::permanent("no")))
        .schedule(Schedule::Eager)
        .concurrency(2)
        .build()
        .unwrap();
    let report = runner.run(&chain(LONG, FailureMode::Hard), &CancelToken::new()).unwrap();
    assert_eq!((report.count(Status::Failed), report.count(Status::Skipped)), (1, LONG - 1));
    let last = report.get("99999").unwrap().result().unwrap_err();
    assert_eq!(last.to_string(), "skipped, since `0` failed");
}

#[test]
fn with_barriers_a_chain_of_thousands_of_waves_is_run_too() {
    let runner = Runner::builder().backend_fn("x", |_, _| Ok("ok".into())).build().unwrap();
    let report = runner.run(&chain(5_000, FailureMode::Hard), &CancelToken::new()).unwrap();
    assert_eq!(report.count(Status::Completed), 5_000);
}

#[test]
fn a_cancelled_chain_of_a_hundred_thousand_tasks_is_in_the_report() {
    let cancel = CancelToken::new();
    let runner = Runner::builder()
        .backend_fn("x", |_, _| {
            cancel.cancel();
            Ok("ok".into())
        })
        .build()
        .unwrap();
    let report = runner.run(&chain(LONG, FailureMode::Hard), &cancel).unwrap();
    assert_eq!((report.count(Status::Completed), report.count(Status::Cancelled)), (1, LONG - 1));
}

#[test]
fn eight_workers_carry_ten_thousand_tasks_in_backoff() {
    const TASKS: usize = 10_000;
    let calls = AtomicUsize::new(0);
    let runner = Runner::builder()
        .backend_fn("x", |_, cx| {
            calls.fetch_add(1, Ordering::Relaxed);
            if cx.attempt() == 1 { Err(SendError::transient("not yet")) } else { Ok("ok".into()) }
        })
        .retry(RetryConfig::new().with_initial_interval(Duration::from_millis(200)).with_randomization_factor(0.0))
        .circuit_breakers(no_breakers())
        .build()
        .unwrap();
    let plan = Plan::builder().tasks((0..TASKS).map(|n| Task::new(n.to_string(), "x", ""))).build().unwrap();
    let began = Instant::now();
    let report = runner.run(&plan, &CancelToken::new()).unwrap();
    assert_eq!((report.count(Status::Completed), calls.load(Ordering::Relaxed)), (TASKS, 2 * TASKS));
    assert!(began.elapsed() < Duration::from_secs(10), "they waited one after the other: {:?}", began.elapsed());
    assert!(report.iter().all(|outcome| outcome.elapsed() >= Duration::from_millis(200)));
}

#[test]
fn ten_thousand_waits_of_an_hour_end_together_on_two_workers() {
    const TASKS: usize = 10_000;
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| if cx.attempt() == 1 { Err(SendError::transient("not yet")) } else { Ok("ok".into()) })
        .retry(RetryConfig::new().with_initial_interval(HOUR).with_max_interval(HOUR).with_max_elapsed_time(2 * HOUR))
        .circuit_breakers(no_breakers())
        .concurrency(2)
        .build()
        .unwrap();
    let plan = Plan::builder().tasks((0..TASKS).map(|n| Task::new(n.to_string(), "x", ""))).build().unwrap();
    let report = runner.run(&plan, &CancelToken::new()).unwrap();
    assert_eq!(report.count(Status::Completed), TASKS);
    assert!(report.elapsed() <= HOUR + HOUR / 2 + SECOND);
}

#[test]
fn a_wide_fan_and_its_join_are_run() {
    let names: Vec<String> = (0..20_000).map(|n| format!("t{n}")).collect();
    let plan = Plan::builder()
        .task(Task::new("first", "x", ""))
        .tasks(names.iter().map(|name| Task::new(name, "x", "").after(["first"])))
        .task(Task::new("last", "count", "").after(&names))
        .build()
        .unwrap();
    let runner = Runner::builder()
        .backend_fn("x", |_, _| Ok("ok".into()))
        .backend_fn("count", |_, cx| Ok(cx.ancestors().count().to_string().into()))
        .build()
        .unwrap();
    let report = runner.run(&plan, &CancelToken::new()).unwrap();
    assert!(report.is_success());
    assert_eq!(report.response("last").unwrap().text(), "20001");
}

#[test]
fn six_thousand_calls_at_once_take_little_longer_than_one_wave_after_wave() {
    const CALLS: usize = 6000;
    let runner = Runner::builder()
        .backend_fn("x", |_, cx| {
            cx.sleep(Duration::from_secs(1))?;
            Ok("ok".into())
        })
        .concurrency(CALLS)
        .build()
        .unwrap();
    let task =
        |n: usize| Task::new(n.to_string(), "x", "").after(n.checked_sub(CALLS).map(|before| before.to_string()));
    let plan = Plan::builder().tasks((0..CALLS + 100).map(task)).build().unwrap();
    let start = Instant::now();
    let report = runner.run(&plan, &CancelToken::new()).unwrap();
    assert!(report.is_success());
    let workers: BTreeSet<usize> = report.iter().flat_map(Outcome::attempts).map(|attempt| attempt.worker).collect();
    assert!(workers.len() > 2000 && workers.iter().all(|worker| *worker < CALLS), "{} places", workers.len());
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
}
