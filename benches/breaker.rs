//! What a closed circuit costs a call, against the circuit breakers of other crates.

#[path = "support/paired.rs"]
mod paired;

use failsafe::{CircuitBreaker as _, Config, backoff, failure_policy};
use paired::{compare, criterion, timed};
use recloser::Recloser;
use seawall::CircuitBreaker;
use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

const CALLS: u32 = 1_000_000;
const OPEN_FOR: Duration = Duration::from_secs(30);

fn main() {
    let mut criterion = criterion();
    let failsafe =
        Config::new().failure_policy(failure_policy::consecutive_failures(5, backoff::constant(OPEN_FOR))).build();
    let recloser = Recloser::custom().open_wait(OPEN_FOR).build();
    let other = circuitbreaker_rs::CircuitBreaker::<circuitbreaker_rs::DefaultPolicy, Never>::builder()
        .cooldown(OPEN_FOR)
        .build();
    against(&mut criterion, "failsafe", [1.15, 1.15], |n| failsafe.call(|| Ok::<_, Never>(n)).is_ok());
    against(&mut criterion, "recloser", [1.0, 1.0], |n| recloser.call(|| Ok::<_, Never>(n)).is_ok());
    against(&mut criterion, "circuitbreaker-rs", [0.5, 0.5], |n| other.call(|| Ok::<_, Never>(n)).is_ok());
    criterion.final_summary();
}

/// One thread, and two threads on one breaker; for each how many times as long as `call` ours may take.
fn against(criterion: &mut criterion::Criterion, peer: &str, limits: [f64; 2], call: impl Fn(u32) -> bool + Sync) {
    let breaker = CircuitBreaker::default();
    let now = Instant::now();
    let ours = || {
        for _ in 0..CALLS {
            assert!(black_box(breaker.admit(now).is_ok_and(|permit| permit.success(now).is_none())));
        }
    };
    let theirs = || (0..CALLS).for_each(|n| assert!(black_box(call(black_box(n)))));
    let name = |threads| format!("breaker, closed, {threads}, against {peer}");
    compare(criterion, &name("one thread"), CALLS, limits[0], || timed(ours), || timed(theirs));
    compare(criterion, &name("two threads"), CALLS, limits[1], || timed(|| twice(ours)), || timed(|| twice(theirs)));
}

fn twice(f: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        scope.spawn(&f);
        f();
    });
}

/// The error of a call that does not fail.
#[derive(Debug)]
struct Never;

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Never {}
