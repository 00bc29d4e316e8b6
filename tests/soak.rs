//! Everything goes wrong at once, for as long as one likes: on real threads, with real programs, and nothing may be left.
//!
//! `SEAWALL_SOAK_MINUTES=20 cargo test --release --features process --test soak -- --ignored --nocapture`
#![cfg(target_os = "linux")]

use seawall::{
    BackendConfig, CancelToken, CircuitBreakerConfig, CircuitBreakerRegistry, CommandBackend, ErrorClass, FailureMode,
    Latency, Plan, Report, RetryConfig, RunOptions, Runner, Schedule, SendError, SimulatedBackend, Status, Task,
    WhenOpen, crossbeam_channel,
};
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// What the process has, beside its memory, when nothing runs.
#[derive(Debug, PartialEq)]
struct Left {
    threads: usize,
    descriptors: usize,
    children: usize,
}

impl Left {
    fn now() -> Self {
        let entries = |folder: &str| fs::read_dir(folder).unwrap();
        let children = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).unwrap_or_default();
        Self {
            threads: entries("/proc/self/task").count(),
            descriptors: entries("/proc/self/fd").count(),
            children: entries("/proc/self/task").map(|task| children(task.unwrap()).split_whitespace().count()).sum(),
        }
    }
}

/// In kilobytes.
fn memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim_end_matches("kB").trim().parse().unwrap()
}

const KINDS: [&str; 4] = ["flaky", "down", "other", "program"];

fn plan(round: usize) -> Plan {
    let modes = [FailureMode::Hard, FailureMode::Soft, FailureMode::Skip];
    let task = |n: usize| {
        let before = [n.checked_sub(7), n.checked_sub(20)].into_iter().flatten().map(|before| format!("t{before}"));
        let task = Task::new(format!("t{n}"), KINDS[(n + round) % KINDS.len()], "hello").failure_mode(modes[n % 3]);
        if n.is_multiple_of(5) { task.after(before).writes(["shared"]) } else { task.after(before) }
    };
    Plan::builder().tasks((0..150).map(task)).build().unwrap()
}

fn runner(round: usize) -> Runner<'static> {
    let ms = Duration::from_millis;
    let breakers = CircuitBreakerRegistry::new()
        .with_default(CircuitBreakerConfig::new().with_failure_threshold(3).with_open_for(ms(20)));
    let flaky = SimulatedBackend::new()
        .with_latency(Latency::log_normal(ms(2), ms(20)))
        .with_fail_rate(0.3)
        .with_panic_rate(0.05)
        .with_hang_rate(0.05);
    Runner::builder()
        .backend("flaky", flaky)
        .backend("down", SimulatedBackend::new().with_latency(ms(1)).with_down(ms(10), ms(60)))
        .backend_fn("other", |_, cx| {
            cx.sleep(Duration::from_millis(2))?;
            if cx.attempt() == 1 { Err(SendError::new(ErrorClass::Overloaded, "busy")) } else { Ok("ok".into()) }
        })
        .backend(
            "program",
            CommandBackend::new(["sh", "-c", "case $$ in *[05]) exit 1;; *3) kill -9 $$;; *7) sleep 9;; esac"]),
        )
        .configure(
            "flaky",
            BackendConfig::new().with_timeout(ms(40)).with_when_open(WhenOpen::Wait).with_concurrency(9),
        )
        .configure("down", BackendConfig::new().with_when_open(WhenOpen::Fallback("other".into())))
        .configure("program", BackendConfig::new().with_timeout(ms(100)).with_when_open(WhenOpen::Wait))
        .retry(RetryConfig::new().with_initial_interval(ms(2)).with_max_attempts(4))
        .circuit_breakers(Arc::new(breakers))
        .concurrency([1, 8, 32, 100][round % 4])
        .schedule(if round.is_multiple_of(2) { Schedule::Waves } else { Schedule::Eager })
        .build()
        .unwrap()
}

/// One run; of five, one is cancelled, one drained and one killed somewhere on its way.
fn run(round: usize) -> Report {
    let (cancel, plan, runner) = (CancelToken::new(), plan(round), runner(round));
    let (events, receiver) = crossbeam_channel::bounded(100);
    let at = Duration::from_micros(round as u64 * 7_919 % 400_000);
    thread::scope(|scope| {
        let reader = scope.spawn(move || receiver.into_iter().count());
        scope.spawn(|| {
            let ends = || cancel.sleep(at).is_ok();
            match round % 5 {
                0 if ends() => cancel.cancel(),
                1 if ends() => cancel.drain("enough"),
                2 if ends() => cancel.kill(),
                _ => {}
            }
        });
        let options = RunOptions::new().with_events(events).with_time_limit(Duration::from_secs(5));
        let report = runner.run_with(&plan, &cancel, options).unwrap();
        assert!(reader.join().unwrap() > 0);
        report
    })
}

#[test]
#[ignore = "takes minutes; SEAWALL_SOAK_MINUTES says how many"]
fn nothing_grows_and_nothing_is_left() {
    let minutes = std::env::var("SEAWALL_SOAK_MINUTES").map_or(1.0, |minutes| minutes.parse().unwrap());
    let end = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    // What a first round leaves (buffers of threads, the table of locks) is there for good.
    (0..20).for_each(|round| drop(run(round)));
    thread::sleep(Duration::from_secs(1)); // the threads of a pool end a moment after their run
    let (left, first) = (Left::now(), memory());
    let (mut rounds, mut tasks, mut most) = (0, [0_usize; 4], first);
    while Instant::now() < end {
        let report = run(rounds);
        let counts = Status::ALL.map(|status| report.count(status));
        assert_eq!(counts.iter().sum::<usize>(), 150);
        assert!(report.iter().all(|outcome| outcome.started().is_some() || outcome.attempts().is_empty()));
        tasks.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        drop(report);
        let patience = Instant::now() + Duration::from_secs(10);
        while Left::now() != left {
            assert!(
                Instant::now() < patience,
                "after {rounds} rounds there are {:?}, and there were {left:?}",
                Left::now()
            );
            thread::sleep(Duration::from_millis(1));
        }
        (rounds, most) = (rounds + 1, most.max(memory()));
    }
    eprintln!("{rounds} runs, {tasks:?} tasks {:?}; {first} kB at first, {most} kB at most; {left:?}", Status::ALL);
    assert!(most < first + first / 2 + 20_000, "it grew from {first} kB to {most} kB");
}
