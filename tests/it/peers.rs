//! What the README says of other crates, shown on them and on ours: a row of its table, a test.

use crate::support::until;
use backon::{BlockingRetryable, ConstantBuilder};
use failsafe::CircuitBreaker as _;
use seawall::{
    CancelToken, CircuitBreaker, CircuitBreakerConfig, CircuitState, Failure, RetryConfig, SendError, call_with_retry,
};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Failures in a row that open a circuit, in every crate.
const THRESHOLD: u32 = 5;
/// Over as soon as somebody asks again.
const OPEN_FOR: Duration = Duration::from_nanos(1);
const LONG: Duration = Duration::from_secs(3600);

/// One call through a breaker, with what it does; whether it went well.
type Call<'a> = &'a dyn Fn(&dyn Fn() -> Result<(), std::fmt::Error>) -> bool;

fn ours() -> CircuitBreaker {
    CircuitBreaker::new(CircuitBreakerConfig::new().with_failure_threshold(THRESHOLD).with_open_for(LONG))
}

fn failsafe(open_for: Duration) -> impl failsafe::CircuitBreaker {
    let policy = failsafe::failure_policy::consecutive_failures(THRESHOLD, failsafe::backoff::constant(open_for));
    failsafe::Config::new().failure_policy(policy).build()
}

fn recloser(open_for: Duration) -> recloser::Recloser {
    recloser::Recloser::custom().closed_len(THRESHOLD as usize).open_wait(open_for).build()
}

fn circuitbreaker_rs(
    open_for: Duration,
) -> circuitbreaker_rs::CircuitBreaker<circuitbreaker_rs::DefaultPolicy, std::fmt::Error> {
    circuitbreaker_rs::CircuitBreaker::<circuitbreaker_rs::DefaultPolicy, _>::builder()
        .consecutive_failures(THRESHOLD.into())
        .cooldown(open_for)
        .probe_interval(3)
        .build()
}

/// Opens a circuit.
fn fail(call: Call<'_>) {
    for _ in 0..=THRESHOLD {
        call(&|| Err(std::fmt::Error));
    }
}

/// How many of eight calls that are under way at once are admitted: each begins the next.
fn admitted_at_once(call: Call<'_>) -> u32 {
    let (left, admitted) = (Cell::new(8_u32), Cell::new(0));
    begin_next(call, &left, &admitted);
    admitted.get()
}

fn begin_next(call: Call<'_>, left: &Cell<u32>, admitted: &Cell<u32>) {
    while let Some(fewer) = left.get().checked_sub(1) {
        left.set(fewer);
        call(&|| {
            admitted.set(admitted.get() + 1);
            begin_next(call, left, admitted);
            Ok(())
        });
    }
}

/// How many of some calls that panic, one after the other, were made.
fn panics(call: Call<'_>) -> u32 {
    let made = Cell::new(0);
    for _ in 0..2 * THRESHOLD {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            call(&|| {
                made.set(made.get() + 1);
                std::panic::resume_unwind(Box::new("a panic without a message"))
            })
        }));
    }
    made.get()
}

/// Opens a circuit whose time is over at once, so that it may be tried.
fn fail_and_wait(call: Call<'_>) {
    fail(call);
    let failed = Instant::now();
    until("a nanosecond", || failed.elapsed() > OPEN_FOR);
}

fn is_refused(call: Call<'_>) -> bool {
    !call(&|| Ok(()))
}

#[test]
fn each_opens_after_failures_in_a_row() {
    let (a, b, c, d) = (ours(), failsafe(LONG), recloser(LONG), circuitbreaker_rs(LONG));
    let calls: [Call<'_>; 4] =
        [&|f| a.call(f).is_ok(), &|f| b.call(f).is_ok(), &|f| c.call(f).is_ok(), &|f| d.call(f).is_ok()];
    for call in calls {
        fail(call);
        assert!(is_refused(call));
    }
}

#[test]
fn half_open_ours_admits_its_total_and_others_all_or_more_than_theirs() {
    let (breaker, now) = (ours(), Instant::now());
    fail(&|f| breaker.call(f).is_ok());
    let later = now + 2 * LONG;
    let permits: Vec<_> = (0..8).filter_map(|_| breaker.admit(later).ok()).collect();
    assert_eq!((permits.len(), breaker.config().half_open_requests()), (3, 3));

    let (b, c, d) = (failsafe(OPEN_FOR), recloser(OPEN_FOR), circuitbreaker_rs(OPEN_FOR));
    let calls: [(Call<'_>, u32); 3] =
        [(&|f| b.call(f).is_ok(), 8), (&|f| c.call(f).is_ok(), 8), (&|f| d.call(f).is_ok(), 3 + 1)];
    for (call, admitted) in calls {
        fail_and_wait(call);
        assert_eq!(admitted_at_once(call), admitted);
    }
}

/// Notes whether the circuit was closed.
struct WasClosed(Arc<AtomicBool>);

impl failsafe::Instrument for WasClosed {
    fn on_call_rejected(&self) {}
    fn on_open(&self) {}
    fn on_half_open(&self) {}
    fn on_closed(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_success_from_before_the_trip_closes_the_half_open_circuit_of_failsafe_and_not_ours() {
    let was_closed = Arc::new(AtomicBool::new(false));
    let policy = failsafe::failure_policy::consecutive_failures(THRESHOLD, failsafe::backoff::constant(OPEN_FOR));
    let breaker = failsafe::Config::new().failure_policy(policy).instrument(WasClosed(Arc::clone(&was_closed))).build();
    assert!(breaker.is_call_permitted());
    fail_and_wait(&|f| breaker.call(f).is_ok());
    assert!(breaker.is_call_permitted());
    breaker.on_success();
    assert!(was_closed.load(Ordering::Relaxed));

    let (breaker, now) = (ours(), Instant::now());
    let late = breaker.admit(now).unwrap();
    fail(&|f| breaker.call(f).is_ok());
    let later = now + 2 * LONG;
    let probe = breaker.admit(later).unwrap();
    assert_eq!(late.success(later), None);
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    drop(probe);
}

#[test]
fn a_panic_is_a_failure_for_ours_alone() {
    let (a, b, c, d) = (ours(), failsafe(LONG), recloser(LONG), circuitbreaker_rs(LONG));
    let calls: [(Call<'_>, u32); 4] = [
        (&|f| a.call(f).is_ok(), THRESHOLD),
        (&|f| b.call(f).is_ok(), 2 * THRESHOLD),
        (&|f| c.call(f).is_ok(), 2 * THRESHOLD),
        (&|f| d.call(f).is_ok(), 2 * THRESHOLD),
    ];
    for (call, made) in calls {
        assert_eq!(panics(call), made);
    }
}

#[test]
fn probes_that_panic_wedge_circuitbreaker_rs_half_open_and_not_ours() {
    let breaker = circuitbreaker_rs(OPEN_FOR);
    let call: Call<'_> = &|f| breaker.call(f).is_ok();
    fail_and_wait(call);
    assert_eq!(panics(call), 3 + 1);
    assert!((0..1_000).all(|_| is_refused(call)));
    assert_eq!(breaker.current_state(), circuitbreaker_rs::State::HalfOpen);

    let config = CircuitBreakerConfig::new().with_failure_threshold(THRESHOLD).with_open_for(OPEN_FOR);
    let breaker = CircuitBreaker::new(config);
    let call: Call<'_> = &|f| breaker.call(f).is_ok();
    fail_and_wait(call);
    assert!(panics(call) > 0);
    until("the circuit", || call(&|| Ok(())));
}

#[test]
fn backon_sleeps_on_through_a_cancel_and_tries_again_and_ours_does_neither() {
    const DELAY: Duration = Duration::from_millis(50);
    let cancel = CancelToken::new();
    let (attempts, began) = (Cell::new(0), Instant::now());
    let fail = || {
        attempts.set(attempts.get() + 1);
        Err::<(), ()>(())
    };
    let delays = ConstantBuilder::default().with_delay(DELAY).with_max_times(1);
    let retry = fail.retry(delays).when(|()| !cancel.is_cancelled()).notify(|(), _| cancel.cancel());
    assert!(retry.call().is_err());
    assert!(began.elapsed() >= DELAY);
    assert_eq!(attempts.get(), 2);

    let (cancel, attempts) = (CancelToken::new(), Cell::new(0));
    let (failed, is_failed) = mpsc::channel();
    let retry = RetryConfig::new().with_initial_interval(LONG).with_max_interval(LONG).with_max_elapsed_time(2 * LONG);
    thread::scope(|scope| {
        let cancel = &cancel;
        scope.spawn(move || {
            is_failed.recv().expect("it fails");
            cancel.cancel();
        });
        let result = call_with_retry(&CircuitBreaker::default(), &retry, cancel, |_| {
            attempts.set(attempts.get() + 1);
            failed.send(()).expect("somebody listens");
            Err::<(), _>(SendError::transient("not yet"))
        });
        assert!(matches!(result, Err(Failure::Cancelled { .. })), "{result:?}");
    });
    assert_eq!(attempts.get(), 1);
}
