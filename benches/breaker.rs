//! What a closed circuit costs a call, against the crate `failsafe`.

#[path = "support/paired.rs"]
mod paired;

use failsafe::{CircuitBreaker as _, Config, backoff, failure_policy};
use paired::{compare, criterion, timed};
use seawall::CircuitBreaker;
use std::hint::black_box;
use std::time::{Duration, Instant};

const CALLS: u32 = 1_000_000;
const LIMIT: f64 = 1.25;

/// The breaker that `failsafe` makes of consecutive failures and a constant backoff.
macro_rules! peer {
    () => {
        Config::new()
            .failure_policy(failure_policy::consecutive_failures(5, backoff::constant(Duration::from_secs(30))))
            .build()
    };
}

fn main() {
    let mut criterion = criterion();
    let (ours, theirs) = (CircuitBreaker::default(), peer!());
    let now = Instant::now();
    let admit = || {
        for _ in 0..CALLS {
            black_box(ours.admit(now).expect("it is closed").success(now));
        }
    };
    let call = || {
        for n in 0..CALLS {
            black_box(theirs.call(|| Ok::<u32, ()>(black_box(n))).expect("it is closed"));
        }
    };
    compare(&mut criterion, "breaker, closed, one thread", CALLS, LIMIT, || timed(admit), || timed(call));
    compare(
        &mut criterion,
        "breaker, closed, two threads on one",
        CALLS,
        LIMIT,
        || timed(|| twice(admit)),
        || timed(|| twice(call)),
    );
    criterion.final_summary();
}

fn twice(f: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        scope.spawn(&f);
        f();
    });
}
