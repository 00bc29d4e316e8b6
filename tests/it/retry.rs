//! A call that is tried again, and when it is not.

use crate::support::{PATIENCE, until};
use seawall::testing::ScriptedBackend;
use seawall::{
    CancelToken, Cancelled, CircuitBreaker, CircuitBreakerConfig, Context, ErrorClass, Failure, GaveUp, Message,
    Rejected, Response, RetryConfig, SendError, Verdict, call_with_retry, send_with_retry,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

const MILLISECOND: Duration = Duration::from_millis(1);
const QUICK: RetryConfig = RetryConfig::new().with_initial_interval(MILLISECOND).with_max_interval(MILLISECOND);
const PATIENT: RetryConfig = RetryConfig::new().with_initial_interval(PATIENCE).with_max_interval(PATIENCE);

const CLASSES: [ErrorClass; 9] = [
    ErrorClass::Transient,
    ErrorClass::Overloaded,
    ErrorClass::RateLimited,
    ErrorClass::TimedOut,
    ErrorClass::Permanent,
    ErrorClass::InvalidAnswer,
    ErrorClass::Killed,
    ErrorClass::CouldNotStart,
    ErrorClass::Cancelled,
];

/// Calls twice at most, fails with `class`, and says how many calls and how many counted failures that made.
fn two_failures_of(class: ErrorClass, retry: RetryConfig, config: CircuitBreakerConfig) -> (Failure, u32, u32) {
    let (breaker, mut calls) = (CircuitBreaker::new(config), 0);
    let failure = call_with_retry(&breaker, &retry.with_max_attempts(2), &CancelToken::new(), |_| {
        calls += 1;
        Err::<(), _>(SendError::new(class, "no"))
    });
    (failure.unwrap_err(), calls, breaker.counts().failures)
}

#[test]
fn the_class_of_an_error_says_whether_it_is_retried_and_whether_it_counts() {
    for class in CLASSES {
        let (failure, calls, counted) = two_failures_of(class, QUICK, CircuitBreakerConfig::new());
        let expected = match class {
            ErrorClass::Transient | ErrorClass::Overloaded | ErrorClass::Killed => ("exhausted", 2, 2),
            ErrorClass::TimedOut => ("timed_out", 2, 2),
            ErrorClass::RateLimited | ErrorClass::InvalidAnswer => ("exhausted", 2, 0),
            ErrorClass::Cancelled => ("cancelled", 1, 0),
            _ => ("permanent", 1, 0),
        };
        assert_eq!((failure.kind(), calls, counted), expected, "{class}");
        assert_eq!(failure.last_error().unwrap().to_string(), "no");
    }
}

#[test]
fn the_table_of_classes_can_be_turned_round() {
    for class in CLASSES {
        let (retries, counts) = (QUICK.retries_on(class), CircuitBreakerConfig::new().counts(class));
        let retry = QUICK.with_retries_on(class, !retries);
        let config = CircuitBreakerConfig::new().with_counts(class, !counts);
        assert_eq!((retry.retries_on(class), config.counts(class)), (!retries, !counts));
        let (_, calls, counted) = two_failures_of(class, retry, config);
        assert_eq!(calls, if retries { 1 } else { 2 }, "{class}");
        assert_eq!(counted, if counts { 0 } else { calls }, "{class}");
    }
}

#[test]
fn a_time_out_that_is_not_retried_is_a_time_out_still() {
    let retry = QUICK.with_retries_on(ErrorClass::TimedOut, false);
    let (failure, calls, counted) = two_failures_of(ErrorClass::TimedOut, retry, CircuitBreakerConfig::new());
    assert!(matches!(failure, Failure::TimedOut { attempts: 1, gave_up: GaveUp::MaxAttempts, .. }));
    assert_eq!((calls, counted), (1, 1));
}

#[test]
fn a_response_is_a_response_also_after_a_cancel_and_after_the_deadline() {
    let (breaker, cancel) = (CircuitBreaker::default(), CancelToken::new());
    let answer = call_with_retry(&breaker, &QUICK, &cancel, |cx| {
        cx.cancel_token().kill();
        Ok("in spite of it")
    });
    assert_eq!((answer.unwrap(), breaker.counts().successes), ("in spite of it", 1));

    let cancel = CancelToken::new().with_deadline(Instant::now() + 5 * MILLISECOND);
    let answer = call_with_retry(&breaker, &QUICK, &cancel, |cx| {
        assert_eq!(cx.sleep(PATIENCE), Err(Cancelled));
        Ok("late")
    });
    assert_eq!((answer.unwrap(), breaker.counts().successes), ("late", 2));
}

#[test]
fn an_error_after_the_cancel_is_a_cancel_whatever_its_class() {
    for class in CLASSES {
        let (breaker, cancel) = (CircuitBreaker::default(), CancelToken::new());
        let failure = call_with_retry(&breaker, &QUICK, &cancel, |cx| {
            cx.cancel_token().cancel();
            Err::<(), _>(SendError::new(class, "torn down"))
        });
        let failure = failure.unwrap_err();
        assert!(failure.is_cancelled(), "{class}");
        assert_eq!(breaker.counts().failures, 0, "{class}");
        // That it was interrupted says nothing that the failure does not say.
        assert_eq!(failure.last_error().is_some(), class != ErrorClass::Cancelled, "{class}");
    }
}

#[test]
fn the_last_real_error_survives_an_interruption_of_the_next_attempt() {
    let cancel = CancelToken::new();
    let failure = call_with_retry(&CircuitBreaker::default(), &QUICK, &cancel, |cx| {
        if cx.attempt() == 1 {
            return Err(SendError::transient("connection reset"));
        }
        cx.cancel_token().cancel();
        Ok(cx.check()?)
    });
    let failure = failure.unwrap_err();
    assert!(failure.is_cancelled());
    assert_eq!(failure.last_error().unwrap().to_string(), "connection reset");
}

#[test]
fn an_interruption_that_nobody_asked_for_is_neither_retried_nor_counted() {
    let breaker = CircuitBreaker::default();
    let failure = call_with_retry(&breaker, &QUICK, &CancelToken::new(), |_| Err::<(), _>(Cancelled.into()));
    let failure = failure.unwrap_err();
    assert!(matches!(&failure, Failure::Permanent { error, .. } if error.class() == ErrorClass::Cancelled));
    assert_eq!((failure.kind(), failure.is_cancelled()), ("cancelled", false));
    assert_eq!((breaker.counts().requests, breaker.counts().failures), (1, 0));
}

#[test]
fn a_panic_counts_and_is_not_retried() {
    let payloads: [(fn(), &str); 3] = [
        (|| std::panic::resume_unwind(Box::new("a text")), "a text"),
        (|| std::panic::resume_unwind(Box::new(String::from("a string"))), "a string"),
        (|| std::panic::resume_unwind(Box::new(7)), "with a value that is no text"),
    ];
    for (panics, expected) in payloads {
        let (breaker, mut calls) = (CircuitBreaker::default(), 0);
        let failure = call_with_retry(&breaker, &QUICK, &CancelToken::new(), |_| {
            calls += 1;
            panics();
            Ok(())
        });
        assert!(matches!(failure.unwrap_err(), Failure::Panicked { message, .. } if message == expected));
        assert_eq!((calls, breaker.counts().failures), (1, 1));
    }
}

#[test]
fn a_panic_is_a_panic_also_after_a_cancel() {
    let (breaker, cancel) = (CircuitBreaker::default(), CancelToken::new());
    let failure = call_with_retry(&breaker, &QUICK, &cancel, |cx: &Context<'_, ()>| {
        cx.cancel_token().cancel();
        std::panic::resume_unwind(Box::new("boom"))
    });
    assert_eq!((failure.unwrap_err().kind(), breaker.counts().failures), ("panicked", 1));
}

#[test]
fn what_was_thrown_may_throw_when_it_is_dropped() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("in the drop of a panic"));
        }
    }
    let failure =
        call_with_retry(&CircuitBreaker::default(), &QUICK, &CancelToken::new(), |_| -> Result<(), SendError> {
            std::panic::resume_unwind(Box::new(Bomb))
        });
    assert_eq!(failure.unwrap_err().kind(), "panicked");
}

#[test]
fn the_breaker_is_asked_before_each_attempt_and_a_refusal_is_not_retried() {
    let breaker = CircuitBreaker::new(CircuitBreakerConfig::new().with_failure_threshold(2));
    let backend = ScriptedBackend::<Message>::new((0..9).map(|n| Err(SendError::transient(n.to_string()))));
    let failure = send_with_retry(&backend, &"x".into(), &breaker, &QUICK, &CancelToken::new()).unwrap_err();
    assert_eq!(backend.calls().len(), 2);
    assert!(failure.is_circuit_open());
    assert_eq!(failure.last_error().unwrap().to_string(), "1");
    assert_eq!(std::error::Error::source(&failure).unwrap().to_string(), "1");
}

#[test]
fn a_full_half_open_circuit_is_not_retried_either() {
    let breaker = CircuitBreaker::new(CircuitBreakerConfig::new().with_failure_threshold(1).with_half_open_requests(1));
    let past = Instant::now().checked_sub(Duration::from_secs(60)).unwrap_or_else(Instant::now);
    breaker.admit(past).unwrap().failure(past);
    let _probe = breaker.admit(past + Duration::from_secs(30) + Duration::from_secs(29)).unwrap();
    let failure = call_with_retry(&breaker, &PATIENT, &CancelToken::new(), |_| Ok(())).unwrap_err();
    assert!(matches!(failure, Failure::CircuitOpen { rejected: Rejected::TooManyRequests, last: None, .. }));
}

#[test]
fn a_permanent_error_gives_its_half_open_place_back() {
    let config =
        CircuitBreakerConfig::new().with_failure_threshold(1).with_half_open_requests(1).with_open_for(Duration::ZERO);
    let breaker = CircuitBreaker::new(config);
    let now = Instant::now();
    breaker.admit(now).unwrap().record(Verdict::Failure, now);
    for _ in 0..3 {
        let failure =
            call_with_retry(&breaker, &QUICK, &CancelToken::new(), |_| Err::<(), _>(SendError::permanent("no")));
        assert_eq!(failure.unwrap_err().kind(), "permanent");
    }
    assert_eq!(breaker.state().as_str(), "half_open");
    call_with_retry(&breaker, &QUICK, &CancelToken::new(), |_| Ok(())).unwrap();
    assert_eq!(breaker.state().as_str(), "closed");
}

#[test]
fn a_delay_that_would_end_after_max_elapsed_time_is_not_slept() {
    let began = Instant::now();
    let retry = PATIENT.with_max_elapsed_time(PATIENCE / 4);
    let (failure, calls, _) = two_failures_of(ErrorClass::Transient, retry, CircuitBreakerConfig::new());
    assert!(matches!(failure, Failure::Exhausted { attempts: 1, gave_up: GaveUp::MaxElapsedTime, .. }));
    assert_eq!(calls, 1);
    assert!(began.elapsed() < PATIENCE / 4);
}

#[test]
fn a_delay_that_the_backend_names_ends_the_call_if_it_is_too_long() {
    let began = Instant::now();
    let failure = call_with_retry(&CircuitBreaker::default(), &QUICK, &CancelToken::new(), |_| {
        Err::<(), _>(SendError::rate_limited("come back tomorrow").with_retry_after(Duration::from_secs(86_400)))
    });
    assert!(matches!(failure, Err(Failure::Exhausted { attempts: 1, gave_up: GaveUp::MaxElapsedTime, .. })));
    assert!(began.elapsed() < PATIENCE);
}

#[test]
fn the_longer_of_two_delays_is_slept() {
    let slept = |retry: RetryConfig, wish: Duration| {
        let began = Instant::now();
        call_with_retry(&CircuitBreaker::default(), &retry, &CancelToken::new(), |cx| match cx.attempt() {
            1 => Err(SendError::overloaded("soon").with_retry_after(wish)),
            _ => Ok(()),
        })
        .unwrap();
        began.elapsed()
    };
    assert!(slept(QUICK, 30 * MILLISECOND) >= 30 * MILLISECOND);
    let steady = RetryConfig::new().with_initial_interval(30 * MILLISECOND).with_randomization_factor(0.0);
    assert!(slept(steady, MILLISECOND) >= 30 * MILLISECOND);
}

#[test]
fn once_is_one_attempt_and_no_elapsed_time_is_no_retry() {
    for retry in [RetryConfig::once(), QUICK.with_max_elapsed_time(Duration::ZERO)] {
        let mut calls = 0;
        let failure = call_with_retry(&CircuitBreaker::default(), &retry, &CancelToken::new(), |_| {
            calls += 1;
            Err::<(), _>(SendError::transient("no"))
        });
        assert!(matches!(failure, Err(Failure::Exhausted { attempts: 1, .. })));
        assert_eq!(calls, 1);
    }
}

/// Runs a call whose first attempt fails, and does `act` when that has been counted: while it sleeps, or just before.
fn after_its_first_failure(act: fn(&CancelToken)) -> Failure {
    let (cancel, breaker) = (CancelToken::new(), CircuitBreaker::default());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            until("the failure", || breaker.counts().failures == 1);
            act(&cancel);
        });
        let down = |_: &Context<'_, ()>| Err(SendError::transient("down"));
        call_with_retry(&breaker, &PATIENT, &cancel, down).unwrap_err()
    })
}

#[test]
fn a_cancel_and_a_drain_end_the_sleep_and_the_last_error_is_kept() {
    let acts: [fn(&CancelToken); 3] = [CancelToken::cancel, |token| token.drain("enough"), CancelToken::kill];
    for act in acts {
        let began = Instant::now();
        let failure = after_its_first_failure(act);
        // A drain that was quicker than the sleep is seen before it.
        assert!(failure.is_cancelled() || matches!(failure, Failure::Exhausted { gave_up: GaveUp::Draining, .. }));
        assert_eq!(failure.last_error().unwrap().to_string(), "down");
        assert!(began.elapsed() < PATIENCE / 4);
    }
}

#[test]
fn after_a_drain_no_attempt_begins_and_one_that_fails_is_not_repeated() {
    let (cancel, mut calls) = (CancelToken::new(), 0);
    let failure = call_with_retry(&CircuitBreaker::default(), &QUICK, &cancel, |cx| {
        calls += 1;
        cx.cancel_token().drain("enough");
        Err::<(), _>(SendError::transient("down"))
    });
    assert!(matches!(failure, Err(Failure::Exhausted { attempts: 1, gave_up: GaveUp::Draining, .. })));
    let breaker = CircuitBreaker::default();
    let failure = call_with_retry(&breaker, &QUICK, &cancel, |_| {
        calls += 1;
        Ok(())
    });
    let failure = failure.unwrap_err();
    assert!(failure.is_cancelled() && failure.last_error().is_none());
    assert_eq!((calls, breaker.counts().requests), (1, 0));
}

#[test]
fn a_deadline_ends_the_sleep_and_does_not_count() {
    let (breaker, began) = (CircuitBreaker::default(), Instant::now());
    let cancel = CancelToken::new().with_deadline(began + 20 * MILLISECOND);
    let failure = call_with_retry(&breaker, &PATIENT, &cancel, |_| Err::<(), _>(SendError::transient("down")));
    assert!(failure.unwrap_err().is_cancelled());
    assert!(began.elapsed() >= 20 * MILLISECOND && began.elapsed() < PATIENCE / 4);

    let cancel = CancelToken::new().with_deadline(Instant::now() + 20 * MILLISECOND);
    let failure = call_with_retry(&breaker, &PATIENT, &cancel, |cx| {
        assert!(cx.remaining().unwrap() <= 20 * MILLISECOND);
        assert_eq!(cx.sleep(PATIENCE), Err(Cancelled));
        assert_eq!(cx.remaining(), Some(Duration::ZERO));
        Err::<(), _>(SendError::timed_out("by the caller's deadline"))
    });
    assert!(failure.unwrap_err().is_cancelled());
    assert_eq!(breaker.counts().failures, 1, "only the failure before the first deadline");
}

#[test]
fn an_attempt_knows_its_number_and_little_else_outside_of_a_plan() {
    let mut seen = Vec::new();
    call_with_retry(&CircuitBreaker::default(), &QUICK, &CancelToken::new(), |cx: &Context<'_>| {
        seen.push((cx.attempt(), cx.task().cloned(), cx.backend().to_owned(), cx.remaining()));
        assert_eq!(cx.ancestors().count(), 0);
        let error = cx.response_of("a").unwrap_err();
        assert_eq!(error.to_string(), "`a` is not an ancestor: the call belongs to no plan");
        if cx.attempt() < 3 { Err(SendError::transient("again")) } else { Ok(Response::from("done")) }
    })
    .unwrap();
    assert_eq!(seen, [1, 2, 3].map(|attempt| (attempt, None, String::new(), None)));
}

#[test]
fn an_error_that_is_shared_can_still_be_given_a_delay() {
    let error = SendError::transient(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    let wished = error.clone().with_retry_after(MILLISECOND);
    assert_eq!((error.retry_after(), wished.retry_after()), (None, Some(MILLISECOND)));
    assert!(wished.get_ref().is::<std::io::Error>());
    assert_eq!((wished.to_string(), wished.class()), (error.to_string(), error.class()));
    let again = wished.with_retry_after(2 * MILLISECOND);
    assert_eq!((again.retry_after(), again.class()), (Some(2 * MILLISECOND), ErrorClass::Transient));
}

#[test]
fn a_backend_may_be_behind_any_pointer() {
    let backend = Arc::new(ScriptedBackend::<Message>::new((0..3).map(|_| Ok(Response::new("up")))));
    let (breaker, cancel) = (CircuitBreaker::default(), CancelToken::new());
    let boxed: Box<dyn seawall::Backend> = Box::new(Arc::clone(&backend));
    send_with_retry(&backend, &"arc".into(), &breaker, &QUICK, &cancel).unwrap();
    send_with_retry(&boxed, &"box".into(), &breaker, &QUICK, &cancel).unwrap();
    send_with_retry(&*boxed, &"dyn".into(), &breaker, &QUICK, &cancel).unwrap();
    assert_eq!(backend.calls(), ["arc".into(), "box".into(), "dyn".into()]);
}
