//! What a retried call costs beside its delays, against the retries of other crates.

#[path = "support/paired.rs"]
mod paired;

use backon::{BlockingRetryable, ExponentialBuilder};
use exponential_backoff::Backoff;
use paired::{compare, criterion, timed};
use seawall::{CancelToken, CircuitBreaker, CircuitBreakerConfig, RetryConfig, SendError, call_with_retry};
use std::hint::black_box;
use std::time::Duration;

const CALLS: u32 = 100_000;
/// Each call fails so often before it goes well.
const FAILURES: u32 = 2;
const ATTEMPTS: u32 = 5;
/// Over as soon as it has begun: what is slept is the same for everybody.
const DELAY: Duration = Duration::from_nanos(1);

fn main() {
    let mut criterion = criterion();
    let name = |peer| format!("a call that fails twice, retried without a wait, against {peer}");
    compare(&mut criterion, &name("backon"), CALLS, 6.0, || timed(ours), || timed(backon));
    compare(&mut criterion, &name("exponential-backoff"), CALLS, 6.0, || timed(ours), || timed(exponential_backoff));
    criterion.final_summary();
}

fn attempt(attempt: u32) -> Result<u32, SendError> {
    if black_box(attempt) <= FAILURES { Err(SendError::transient("not yet")) } else { Ok(attempt) }
}

fn ours() {
    let (breaker, cancel) = (CircuitBreaker::new(CircuitBreakerConfig::disabled()), CancelToken::new());
    let retry = RetryConfig::new().with_initial_interval(DELAY).with_max_interval(DELAY).with_max_attempts(ATTEMPTS);
    for _ in 0..CALLS {
        assert!(call_with_retry(&breaker, &retry, &cancel, |cx| attempt(cx.attempt())).is_ok());
    }
}

fn backon() {
    let backoff = ExponentialBuilder::default().with_min_delay(DELAY).with_max_delay(DELAY).with_jitter();
    let backoff = backoff.with_max_times(ATTEMPTS as usize - 1);
    for _ in 0..CALLS {
        let mut n = 0;
        let call = || {
            n += 1;
            attempt(n)
        };
        assert!(call.retry(backoff).sleep(no_wait).call().is_ok());
    }
}

fn exponential_backoff() {
    let backoff = Backoff::new(ATTEMPTS, DELAY, DELAY);
    let call = || {
        for (delay, n) in backoff.iter().zip(1..) {
            match (attempt(n), delay) {
                (Ok(answer), _) => return Ok(answer),
                (Err(_), Some(delay)) => no_wait(delay),
                (Err(error), None) => return Err(error),
            }
        }
        unreachable!("the last delay is none")
    };
    (0..CALLS).for_each(|_| assert!(call().is_ok()));
}

fn no_wait(delay: Duration) {
    black_box(delay);
}
