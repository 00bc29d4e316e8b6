//! The circuit breaker, row by row.

use crate::support::SECOND;
use seawall::{
    CallError, CircuitBreaker, CircuitBreakerConfig, CircuitBreakerRegistry, CircuitState, Counts, Rejected,
    StateChange, Verdict,
};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

const OPEN_FOR: Duration = Duration::from_secs(30);
const NANOSECOND: Duration = Duration::from_nanos(1);
const ALMOST: Duration = Duration::from_nanos(29_999_999_999);

/// One that failed until it opened; and the first instant at which it may be tried.
fn opened(config: CircuitBreakerConfig) -> (CircuitBreaker, Instant) {
    let (breaker, now) = (CircuitBreaker::new(config), Instant::now());
    fail(&breaker, config.failure_threshold(), now);
    assert_eq!(breaker.state(), CircuitState::Open);
    (breaker, now + config.open_for())
}

fn fail(breaker: &CircuitBreaker, times: u32, now: Instant) {
    for _ in 0..times {
        breaker.admit(now).unwrap().failure(now);
    }
}

fn opened_by_default() -> (CircuitBreaker, Instant) {
    opened(CircuitBreakerConfig::new())
}

fn counted(breaker: &CircuitBreaker) -> [u32; 5] {
    let Counts { requests, successes, failures, consecutive_successes, consecutive_failures, .. } = breaker.counts();
    [requests, successes, failures, consecutive_successes, consecutive_failures]
}

fn states(change: Option<StateChange>) -> Option<(CircuitState, CircuitState)> {
    change.map(|change| (change.from, change.to))
}

fn is_until_reset(rejected: Rejected) -> bool {
    matches!(rejected, Rejected::CircuitOpen { retry_at: None, .. })
}

#[test]
fn a_closed_circuit_counts_and_a_success_sets_the_consecutive_failures_to_zero() {
    let (breaker, now) = (CircuitBreaker::default(), Instant::now());
    for _ in 0..4 {
        assert_eq!(breaker.admit(now).unwrap().failure(now), None);
    }
    assert_eq!(counted(&breaker), [4, 0, 4, 0, 4]);
    assert_eq!(breaker.admit(now).unwrap().success(now), None);
    assert_eq!(counted(&breaker), [5, 1, 4, 1, 0]);
    for _ in 0..4 {
        assert_eq!(breaker.admit(now).unwrap().failure(now), None);
    }
    assert_eq!((breaker.state(), breaker.retry_at()), (CircuitState::Closed, None));
    let change = breaker.admit(now).unwrap().failure(now);
    assert_eq!(states(change), Some((CircuitState::Closed, CircuitState::Open)));
    assert_eq!(counted(&breaker), [0; 5], "a new generation begins with fresh counts");
}

#[test]
fn an_open_circuit_refuses_until_the_instant_that_it_names_and_admits_at_it() {
    let (breaker, retry_at) = opened_by_default();
    assert_eq!(breaker.retry_at(), Some(retry_at));
    for early in [OPEN_FOR, SECOND, NANOSECOND] {
        let rejected = breaker.admit(retry_at.checked_sub(early).unwrap()).unwrap_err();
        assert!(matches!(rejected, Rejected::CircuitOpen { retry_at: Some(at), .. } if at == retry_at));
        assert_eq!(breaker.state(), CircuitState::Open);
    }
    assert_eq!(counted(&breaker), [0; 5], "what is refused is not counted");
    let probe = breaker.admit(retry_at).unwrap();
    assert_eq!(states(probe.state_change()), Some((CircuitState::Open, CircuitState::HalfOpen)));
    assert_eq!((breaker.state(), breaker.retry_at()), (CircuitState::HalfOpen, None));
}

#[test]
fn a_half_open_circuit_admits_three_in_all_and_closes_when_all_three_succeed() {
    let (breaker, at) = opened_by_default();
    let probes: Vec<_> = (0..3).map(|_| breaker.admit(at).unwrap()).collect();
    assert_eq!(breaker.admit(at).unwrap_err(), Rejected::TooManyRequests);
    let changes: Vec<_> = probes.into_iter().map(|probe| states(probe.success(at))).collect();
    assert_eq!(changes, [None, None, Some((CircuitState::HalfOpen, CircuitState::Closed))]);
    assert_eq!((breaker.state(), counted(&breaker)), (CircuitState::Closed, [0; 5]));
}

#[test]
fn a_half_open_success_keeps_its_place() {
    let (breaker, at) = opened_by_default();
    breaker.admit(at).unwrap().success(at);
    breaker.admit(at).unwrap().success(at);
    let third = breaker.admit(at).unwrap();
    assert_eq!(breaker.admit(at).unwrap_err(), Rejected::TooManyRequests, "three in all, not three at once");
    assert_eq!(counted(&breaker), [3, 2, 0, 2, 0]);
    assert!(third.success(at).is_some());
}

#[test]
fn a_half_open_failure_opens_it_again_for_as_long() {
    let (breaker, at) = opened_by_default();
    let (first, second) = (breaker.admit(at).unwrap(), breaker.admit(at).unwrap());
    first.success(at);
    let later = at + SECOND;
    assert_eq!(states(second.failure(later)), Some((CircuitState::HalfOpen, CircuitState::Open)));
    assert_eq!((breaker.retry_at(), breaker.trips()), (Some(later + OPEN_FOR), 2));
    assert!(breaker.admit(later).is_err());
}

#[test]
fn a_neutral_result_counts_for_nothing_and_gives_its_half_open_place_back() {
    let (breaker, now) = (CircuitBreaker::default(), Instant::now());
    for _ in 0..4 {
        breaker.admit(now).unwrap().failure(now);
    }
    assert_eq!(breaker.admit(now).unwrap().record(Verdict::Neutral, now), None);
    assert_eq!(counted(&breaker), [5, 0, 4, 0, 4], "neither a failure, nor a success that would forgive the four");

    let (breaker, at) = opened_by_default();
    for _ in 0..10 {
        assert_eq!(breaker.admit(at).unwrap().record(Verdict::Neutral, at), None);
    }
    assert_eq!(breaker.state(), CircuitState::HalfOpen, "an excused error closes nothing");
    let probes: Vec<_> = (0..3).map(|_| breaker.admit(at).unwrap()).collect();
    assert!(breaker.admit(at).is_err());
    assert_eq!(probes.into_iter().filter_map(|probe| probe.success(at)).count(), 1);
}

#[test]
fn a_permit_that_is_dropped_is_neutral() {
    let (breaker, at) = opened_by_default();
    for _ in 0..10 {
        drop(breaker.admit(at).unwrap());
    }
    assert_eq!((breaker.state(), counted(&breaker)), (CircuitState::HalfOpen, [10, 0, 0, 0, 0]));
    let unwound = catch_unwind(|| {
        let _probe = breaker.admit(at).unwrap();
        resume_unwind(Box::new("between admit and record"));
    });
    assert!(unwound.is_err());
    assert_eq!((0..9).map_while(|_| breaker.admit(at).ok().map(std::mem::forget)).count(), 3);
}

#[test]
fn a_result_of_an_earlier_generation_is_ignored() {
    let (breaker, now) = (CircuitBreaker::default(), Instant::now());
    let (good, bad, lost) = (breaker.admit(now).unwrap(), breaker.admit(now).unwrap(), breaker.admit(now).unwrap());
    for _ in 0..5 {
        breaker.admit(now).unwrap().failure(now);
    }
    assert_eq!(good.success(now), None, "a success that began before the trip closes nothing");
    assert_eq!((breaker.state(), counted(&breaker)), (CircuitState::Open, [0; 5]));
    let at = now + OPEN_FOR;
    let probe = breaker.admit(at).unwrap();
    assert_eq!(bad.failure(at), None, "nor does a late failure open it again");
    drop(lost);
    assert_eq!((breaker.state(), counted(&breaker)), (CircuitState::HalfOpen, [1, 0, 0, 0, 0]));
    breaker.reset();
    assert_eq!(probe.failure(at), None);
    assert_eq!(counted(&breaker), [0; 5]);
}

#[test]
fn each_change_has_a_higher_generation() {
    let (breaker, at) = opened(CircuitBreakerConfig::new().with_failure_threshold(1).with_half_open_requests(1));
    let half_open = breaker.admit(at).unwrap();
    let second = half_open.state_change().unwrap();
    let third = half_open.success(at).unwrap();
    let fourth = breaker.admit(at).unwrap().failure(at).unwrap();
    assert!(second.generation < third.generation && third.generation < fourth.generation);
}

#[test]
fn a_probe_that_does_not_come_back_frees_its_place_when_its_lease_is_over() {
    let (breaker, at) = opened_by_default();
    let lost: Vec<_> = (0..3).map(|_| breaker.admit(at).unwrap()).collect();
    assert_eq!(breaker.admit(at + ALMOST).unwrap_err(), Rejected::TooManyRequests);
    let later = at + OPEN_FOR;
    let next = breaker.admit(later).unwrap();
    assert_eq!(next.state_change(), None, "it is still the same half-open generation");
    assert_eq!(next.success(later), None);
    for probe in lost {
        probe.success(later);
    }
    assert_eq!(breaker.state(), CircuitState::Closed, "slow calls can close it");
}

#[test]
fn a_late_failure_of_the_same_generation_still_opens_it() {
    let (breaker, at) = opened_by_default();
    let slow = breaker.admit(at).unwrap();
    let later = at + 2 * OPEN_FOR;
    let probes: Vec<_> = (0..3).map_while(|_| breaker.admit(later).ok()).collect();
    assert_eq!(probes.len(), 3);
    assert_eq!(states(slow.failure(later)), Some((CircuitState::HalfOpen, CircuitState::Open)));
    assert!(probes.into_iter().all(|probe| probe.success(later).is_none()), "theirs is an earlier generation now");
}

#[test]
fn without_an_open_time_the_half_open_limit_still_holds() {
    let (breaker, at) = opened(CircuitBreakerConfig::new().with_open_for(Duration::ZERO));
    let probes: Vec<_> = (0..9).map_while(|_| breaker.admit(at).ok()).collect();
    assert_eq!(probes.len(), 3);
}

#[test]
fn settings_of_zero_count_as_one() {
    let config = CircuitBreakerConfig::new().with_failure_threshold(0).with_half_open_requests(0);
    assert_eq!((config.failure_threshold(), config.half_open_requests()), (1, 1));
    let (breaker, at) = opened(config);
    let probe = breaker.admit(at).unwrap();
    assert!(breaker.admit(at).is_err());
    assert_eq!(states(probe.success(at)), Some((CircuitState::HalfOpen, CircuitState::Closed)));
}

#[test]
fn the_longest_open_time_is_for_ever_and_neither_overflows_nor_panics() {
    let (breaker, now) =
        (CircuitBreaker::new(CircuitBreakerConfig::new().with_open_for(Duration::MAX)), Instant::now());
    fail(&breaker, 5, now);
    assert!(is_until_reset(breaker.admit(now + 1_000_000 * OPEN_FOR).unwrap_err()));
    assert_eq!(breaker.retry_at(), None);
    breaker.reset();
    assert!(breaker.admit(now).is_ok());
}

#[test]
fn a_circuit_that_was_forced_open_stays_so_until_it_is_reset() {
    let (breaker, now) = (CircuitBreaker::default(), Instant::now());
    let underway = breaker.admit(now).unwrap();
    breaker.force_open();
    breaker.force_open();
    assert_eq!((breaker.state(), breaker.trips(), breaker.retry_at()), (CircuitState::Open, 0, None));
    assert!(is_until_reset(breaker.admit(now + 1000 * OPEN_FOR).unwrap_err()));
    assert_eq!(underway.success(now), None);
    breaker.reset();
    assert_eq!((breaker.state(), counted(&breaker)), (CircuitState::Closed, [0; 5]));
    assert!(breaker.admit(now).is_ok());

    let (breaker, at) = opened_by_default();
    breaker.force_open();
    assert!(is_until_reset(breaker.admit(at).unwrap_err()), "also if it was open for a time");
}

#[test]
fn a_reset_closes_an_open_and_a_half_open_circuit_and_forgets_the_failures_of_a_closed_one() {
    let (breaker, at) = opened_by_default();
    breaker.reset();
    assert!(breaker.admit(at.checked_sub(OPEN_FOR).unwrap()).is_ok());

    let (breaker, at) = opened_by_default();
    let _probe = breaker.admit(at).unwrap();
    breaker.reset();
    assert_eq!(breaker.state(), CircuitState::Closed);

    let (breaker, now) = (CircuitBreaker::default(), Instant::now());
    fail(&breaker, 4, now);
    breaker.reset();
    breaker.admit(now).unwrap().failure(now);
    assert_eq!((breaker.state(), breaker.trips()), (CircuitState::Closed, 0));
}

#[test]
fn a_disabled_breaker_counts_and_never_opens_by_itself() {
    let (breaker, now) = (CircuitBreaker::new(CircuitBreakerConfig::disabled()), Instant::now());
    for _ in 0..1000 {
        assert_eq!(breaker.admit(now).unwrap().failure(now), None);
    }
    assert_eq!((breaker.state(), counted(&breaker)), (CircuitState::Closed, [1000, 0, 1000, 0, 1000]));
    assert!(!breaker.config().is_enabled());
    breaker.force_open();
    assert!(breaker.admit(now).is_err(), "an operator may");
}

#[test]
fn a_call_records_what_came_of_it() {
    let breaker = CircuitBreaker::new(CircuitBreakerConfig::new().with_failure_threshold(2));
    assert_eq!(breaker.call(|| Ok::<_, String>(7)), Ok(7));
    assert_eq!(breaker.call(|| Err::<(), _>("no")), Err(CallError::Inner("no")));
    let neutral = breaker.call_with(|| Err::<(), _>("your fault"), |_| Verdict::Neutral);
    assert_eq!(neutral, Err(CallError::Inner("your fault")));
    assert_eq!(counted(&breaker), [3, 1, 1, 0, 1]);
    let forgiven = breaker.call_with(|| Err::<(), _>("as good as a success"), |_| Verdict::Success);
    assert!(forgiven.is_err());
    assert_eq!(counted(&breaker), [4, 2, 1, 1, 0]);
    for _ in 0..2 {
        breaker.call(|| Err::<(), _>("down")).unwrap_err();
    }
    let mut was_called = false;
    let mut call = || {
        was_called = true;
        Ok::<_, String>(())
    };
    let refused = breaker.call(&mut call).unwrap_err();
    assert!(matches!(refused.rejected(), Some(Rejected::CircuitOpen { retry_at: Some(_), .. })));
    assert!(!was_called && refused.into_inner().is_err());
}

#[test]
fn a_panic_in_a_call_is_a_failure_and_goes_on() {
    let breaker = CircuitBreaker::new(CircuitBreakerConfig::new().with_failure_threshold(1));
    let panic =
        catch_unwind(|| breaker.call(|| -> Result<(), String> { resume_unwind(Box::new("boom")) })).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"boom"));
    assert_eq!((breaker.state(), breaker.trips()), (CircuitState::Open, 1));
}

#[test]
fn a_panic_in_the_verdict_is_neutral() {
    let breaker = CircuitBreaker::new(CircuitBreakerConfig::new().with_failure_threshold(1));
    let call = || breaker.call_with(|| Err::<(), _>("x"), |_| resume_unwind(Box::new("in the verdict")));
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    assert_eq!((breaker.state(), counted(&breaker)), (CircuitState::Closed, [1, 0, 0, 0, 0]));
}

#[test]
fn a_call_may_ask_the_breaker_that_it_is_behind() {
    let breaker = CircuitBreaker::default();
    let inner = breaker.call(|| breaker.call(|| Ok::<_, String>(breaker.state()))).unwrap();
    assert_eq!((inner, breaker.counts().successes), (CircuitState::Closed, 2));
}

#[test]
fn a_breaker_of_a_kind_is_made_on_first_use_and_with_its_own_settings() {
    let own = CircuitBreakerConfig::new().with_failure_threshold(2);
    let default = CircuitBreakerConfig::new().with_open_for(SECOND);
    let breakers = CircuitBreakerRegistry::new().with_default(default).with_config("api", own);
    assert!(breakers.breakers().is_empty());
    assert_eq!((breakers.get("sh").config(), breakers.get("api").config()), (default, own));
    let made: Vec<_> = breakers.breakers().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(made, ["api".into(), "sh".into()], "by name");
    assert!(Arc::ptr_eq(&breakers.get("sh"), &breakers.breakers()[1].1));
    assert!(format!("{breakers:?}").contains("\"api\": CircuitBreaker { state: Closed"));
}

#[test]
fn a_hook_hears_every_change_with_its_kind_and_may_ask_the_breaker() {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let home: Arc<OnceLock<Arc<CircuitBreakerRegistry>>> = Arc::default();
    let (notes, asked) = (Arc::clone(&heard), Arc::clone(&home));
    let config = CircuitBreakerConfig::new().with_failure_threshold(1).with_half_open_requests(1);
    let breakers = Arc::new(CircuitBreakerRegistry::new().with_default(config).with_hook(move |kind, change| {
        let breaker = asked.get().unwrap().get(kind);
        assert_eq!(breaker.state(), change.to);
        notes.lock().unwrap().push(format!("{kind}: {} -> {}", change.from, change.to));
    }));
    home.set(Arc::clone(&breakers)).unwrap();

    let (breaker, now) = (breakers.get("api"), Instant::now());
    breaker.admit(now).unwrap().failure(now);
    let probe = breaker.admit(now + OPEN_FOR).unwrap();
    probe.success(now + OPEN_FOR);
    breaker.force_open();
    breaker.force_open();
    breaker.reset();
    breaker.reset();
    let expected = ["closed -> open", "open -> half_open", "half_open -> closed", "closed -> open", "open -> closed"];
    assert_eq!(*heard.lock().unwrap(), expected.map(|change| format!("api: {change}")));
}

#[test]
fn a_panic_in_a_hook_harms_nobody() {
    let config = CircuitBreakerConfig::new().with_failure_threshold(1).with_half_open_requests(1);
    let hook = |_: &str, _| resume_unwind(Box::new("in a hook"));
    let breakers = CircuitBreakerRegistry::new().with_default(config).with_hook(hook);
    let (breaker, now) = (breakers.get("api"), Instant::now());
    assert!(breaker.admit(now).unwrap().failure(now).is_some());
    let at = now + OPEN_FOR;
    assert!(breaker.admit(at).unwrap().success(at).is_some());
    assert_eq!(breaker.state(), CircuitState::Closed);
}
