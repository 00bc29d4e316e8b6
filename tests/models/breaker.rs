//! A circuit breaker that several threads ask and tell at once.

use crate::check;
use seawall::{CircuitBreaker, CircuitBreakerConfig, CircuitState, Permit};
use shuttle::thread;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

const OPEN: Duration = Duration::from_secs(10);

/// A breaker that trips at the second failure in a row, and may be tried by two at once.
fn config() -> CircuitBreakerConfig {
    CircuitBreakerConfig::new().with_failure_threshold(2).with_half_open_requests(2).with_open_for(OPEN)
}

fn breaker() -> Arc<CircuitBreaker> {
    Arc::new(CircuitBreaker::new(config()))
}

fn trip(breaker: &CircuitBreaker, now: Instant) {
    for _ in 0..2 {
        breaker.admit(now).unwrap().failure(now);
    }
    assert_eq!(breaker.state(), CircuitState::Open);
}

/// What each of several threads does with the breaker, all at once.
fn at_once<T: Send + 'static>(
    breaker: &Arc<CircuitBreaker>,
    threads: usize,
    act: impl Fn(usize, &CircuitBreaker) -> T + Send + Sync + 'static,
) -> Vec<T> {
    let act = Arc::new(act);
    let threads: Vec<_> = (0..threads)
        .map(|n| {
            let (breaker, act) = (Arc::clone(breaker), Arc::clone(&act));
            thread::spawn(move || act(n, &breaker))
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn failures_from_several_threads_trip_it_once() {
    check(|| {
        let (breaker, now) = (breaker(), Instant::now());
        let changes =
            at_once(&breaker, 3, move |_, breaker| breaker.admit(now).ok().and_then(|permit| permit.failure(now)));
        assert_eq!((breaker.state(), breaker.trips()), (CircuitState::Open, 1));
        assert_eq!(changes.into_iter().flatten().count(), 1, "one of them is told that it did");
    });
}

#[test]
fn half_open_admits_no_more_than_its_total_also_with_a_probe_that_never_returns() {
    check(|| {
        let (breaker, now) = (breaker(), Instant::now());
        trip(&breaker, now);
        let later = now + OPEN;
        let admitted = at_once(&breaker, 4, move |_, breaker| breaker.admit(later).map(mem::forget).is_ok());
        assert_eq!(admitted.into_iter().filter(|is_admitted| *is_admitted).count(), 2);
        // Their leases are over: as many others may try, and close it.
        let closed = at_once(&breaker, 2, move |_, breaker| breaker.admit(later + OPEN).unwrap().success(later + OPEN));
        assert_eq!((breaker.state(), closed.into_iter().flatten().count()), (CircuitState::Closed, 1));
    });
}

#[test]
fn a_probe_that_is_dropped_gives_its_place_to_another() {
    check(|| {
        let (breaker, now) = (breaker(), Instant::now());
        trip(&breaker, now);
        let later = now + OPEN;
        at_once(&breaker, 3, move |_, breaker| drop(breaker.admit(later)));
        assert_eq!(breaker.state(), CircuitState::HalfOpen);
        let probes: Vec<Permit<'_>> = (0..2).map(|_| breaker.admit(later).unwrap()).collect();
        assert!(breaker.admit(later).is_err());
        drop(probes);
    });
}

#[test]
fn a_result_of_an_earlier_generation_changes_nothing() {
    check(|| {
        let breaker: &CircuitBreaker = Box::leak(Box::new(CircuitBreaker::new(config().with_failure_threshold(1))));
        let now = Instant::now();
        let later = now + OPEN;
        // Calls that began before it tripped, and come back whenever they like.
        let slow = [breaker.admit(now).unwrap(), breaker.admit(now).unwrap()];
        let slow = slow.map(|permit| thread::spawn(move || permit.success(later)));
        breaker.admit(now).unwrap().failure(now);
        mem::forget(breaker.admit(later).unwrap());
        slow.into_iter().for_each(|call| assert_eq!(call.join().unwrap(), None));
        assert_eq!(breaker.state(), CircuitState::HalfOpen);
        assert_eq!(breaker.counts().successes, 0);
    });
}
