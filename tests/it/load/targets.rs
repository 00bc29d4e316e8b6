//! Backends with their retries and circuit breakers, and whole plans, under load.

use super::ms;
use seawall::load::{BackendTarget, Load, PlanTarget, Rate};
use seawall::{
    BackendConfig, CancelToken, CircuitBreakerConfig, CircuitBreakerRegistry, Plan, RetryConfig, Runner, SendError,
    SimulatedBackend, Task, WhenOpen,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn breakers(config: CircuitBreakerConfig) -> Arc<CircuitBreakerRegistry> {
    Arc::new(CircuitBreakerRegistry::new().with_default(config))
}

#[test]
fn the_share_of_failures_is_known_and_the_same_for_each_seed() {
    let failures = |seed| {
        let backend = SimulatedBackend::new().with_fail_rate(0.3).with_seed(seed);
        let runner = Runner::builder()
            .backend("s", backend)
            .retry(RetryConfig::once())
            .circuit_breakers(breakers(CircuitBreakerConfig::disabled()))
            .build()
            .unwrap();
        let target = BackendTarget::new(&runner, "s", "x").unwrap();
        Load::closed(3).with_count(2000).run_on(&CancelToken::new(), &target).errors()["transient"]
    };
    // Five sigma.
    assert!((500..700).contains(&failures(1)));
    assert_eq!(failures(1), failures(1));
    assert_ne!(failures(1), failures(2));
}

#[test]
fn a_retry_that_saves_a_call_is_a_part_of_its_latency() {
    let retry = RetryConfig::new().with_initial_interval(ms(20)).with_randomization_factor(0.0);
    let runner =
        Runner::builder().backend("s", SimulatedBackend::new().with_fail_first(1)).retry(retry).build().unwrap();
    let target = BackendTarget::new(&runner, "s", "x").unwrap();
    let result = Load::closed(1).with_count(4).run_on(&CancelToken::new(), &target);
    assert_eq!((result.ok(), result.attempts(), result.saved(), result.rejected()), (4, 8, 4, 0));
    assert_eq!(result.backoff(), ms(80));
    assert!(result.corrected().p50().unwrap() >= ms(20));
}

#[test]
fn a_call_knows_its_task_its_backend_its_attempt_and_what_time_remains() {
    let hour = Duration::from_secs(3600);
    let told = std::sync::Mutex::default();
    let runner = Runner::builder()
        .backend_fn("api", |_, cx| {
            let is_limited = cx.remaining().is_some_and(|remaining| remaining > hour / 2 && remaining <= hour);
            let tells = format!("{} {} {} {is_limited}", cx.task().unwrap(), cx.backend(), cx.attempt());
            Vec::push(&mut *told.lock().unwrap(), tells);
            if cx.attempt() == 1 { Err(SendError::transient("once more")) } else { Ok("ok".into()) }
        })
        .configure("api", BackendConfig::new().with_timeout(hour))
        .retry(RetryConfig::new().with_initial_interval(ms(1)))
        .build()
        .unwrap();
    let target = BackendTarget::new(&runner, "api", "x").unwrap();
    assert_eq!(Load::closed(1).with_count(1).run_on(&CancelToken::new(), &target).ok(), 1);
    assert_eq!(*told.lock().unwrap(), ["call-0 api 1 true", "call-0 api 2 true"]);
}

/// A backend that is down for a while, and counts what reaches it.
#[test]
fn what_a_breaker_refuses_never_reaches_the_server_and_both_counts_agree() {
    let reached = AtomicU64::new(0);
    let runner = Runner::builder()
        .backend_fn("api", |_, cx| {
            reached.fetch_add(1, Ordering::SeqCst);
            let is_down = (ms(100)..ms(300)).contains(&cx.elapsed());
            if is_down { Err(SendError::transient("down")) } else { Ok("ok".into()) }
        })
        .retry(RetryConfig::once())
        .circuit_breakers(breakers(CircuitBreakerConfig::new().with_failure_threshold(3).with_open_for(ms(50))))
        .build()
        .unwrap();
    let target = BackendTarget::new(&runner, "api", "x").unwrap();
    let load = Load::open(Rate::per_second(400.0)).with_duration(ms(600));
    let result = load.run_on(&CancelToken::new(), &target);
    drop(target);
    drop(runner);
    assert_eq!(result.attempts(), reached.into_inner());
    assert_eq!((result.calls(), result.attempts() + result.rejected()), (240, 240));
    assert_eq!(result.errors()["circuit_open"], result.rejected());
    assert_eq!(result.corrected().count(), 240 - result.rejected());
    assert!(result.errors()["transient"] >= 3 && result.rejected() > 10 && result.ok() > 50, "{result:?}");
}

#[test]
fn a_caller_that_is_refused_waits_before_it_asks_again() {
    let runner = Runner::builder()
        .backend_fn("api", |_, _| Err(SendError::transient("down")))
        .retry(RetryConfig::once())
        .circuit_breakers(breakers(CircuitBreakerConfig::new().with_failure_threshold(1)))
        .build()
        .unwrap();
    let target = BackendTarget::new(&runner, "api", "x").unwrap();
    let result = Load::closed(1).with_duration(ms(200)).run_on(&CancelToken::new(), &target);
    assert_eq!(result.attempts(), 1);
    assert!((1..=20).contains(&result.rejected()), "{result:?}");
}

#[test]
fn who_waits_for_a_circuit_asked_and_was_refused() {
    let down = AtomicU64::new(0);
    let runner = Runner::builder()
        .backend_fn("api", |_, _| match down.fetch_add(1, Ordering::SeqCst) {
            0 => Err(SendError::transient("down")),
            _ => Ok("ok".into()),
        })
        .retry(RetryConfig::new().with_initial_interval(ms(1)))
        .configure("api", BackendConfig::new().with_when_open(WhenOpen::Wait))
        .circuit_breakers(breakers(CircuitBreakerConfig::new().with_failure_threshold(1).with_open_for(ms(30))))
        .build()
        .unwrap();
    let target = BackendTarget::new(&runner, "api", "x").unwrap();
    let result = Load::closed(1).with_count(1).run_on(&CancelToken::new(), &target);
    assert_eq!((result.ok(), result.attempts()), (1, 2));
    assert!(result.rejected() >= 1 && result.corrected().max().unwrap() >= ms(30), "{result:?}");
}

#[test]
fn a_fallback_answers_for_a_backend_whose_circuit_is_open() {
    let runner = Runner::builder()
        .backend_fn("api", |_, _| Err(SendError::transient("down")))
        .backend_fn("spare", |_, _| Ok("ok".into()))
        .retry(RetryConfig::once())
        .configure(
            "api",
            BackendConfig::new().with_when_open(WhenOpen::Fallback("spare".into())).with_retry(RetryConfig::once()),
        )
        .circuit_breakers(breakers(CircuitBreakerConfig::new().with_failure_threshold(2)))
        .build()
        .unwrap();
    let target = BackendTarget::new(&runner, "api", "x").unwrap();
    let result = Load::closed(1).with_count(10).run_on(&CancelToken::new(), &target);
    assert_eq!((result.ok(), result.errors()["transient"], result.rejected(), result.attempts()), (8, 2, 8, 10));
}

#[test]
fn a_backends_limits_hold_under_load() {
    let (underway, most) = (AtomicU64::new(0), AtomicU64::new(0));
    let runner = Runner::builder()
        .backend_fn("api", |_, cx| {
            most.fetch_max(underway.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let slept = cx.sleep(if cx.task().is_some_and(|task| task == "call-3") { ms(60_000) } else { ms(5) });
            underway.fetch_sub(1, Ordering::SeqCst);
            slept?;
            Ok("ok".into())
        })
        .configure(
            "api",
            BackendConfig::new().with_concurrency(2).with_timeout(ms(100)).with_retry(RetryConfig::once()),
        )
        .build()
        .unwrap();
    let target = BackendTarget::new(&runner, "api", "x").unwrap();
    let result = Load::closed(6).with_count(30).run_on(&CancelToken::new(), &target);
    assert_eq!((result.ok(), result.errors()["timed_out"]), (29, 1));
    drop(target);
    drop(runner);
    assert_eq!(most.into_inner(), 2);
}

#[test]
fn a_cancel_wakes_those_who_wait_for_a_place_of_a_backend() {
    let cancel = CancelToken::new();
    let runner = Runner::builder()
        .backend_fn("api", |_, cx| {
            cancel.cancel();
            cx.sleep(Duration::from_secs(600))?;
            Ok("ok".into())
        })
        .configure("api", BackendConfig::new().with_concurrency(1))
        .build()
        .unwrap();
    let target = BackendTarget::new(&runner, "api", "x").unwrap();
    let result = Load::closed(5).with_duration(Duration::from_secs(600)).run_on(&cancel, &target);
    assert_eq!((result.ok(), result.calls(), result.attempts()), (0, result.errors()["cancelled"], 1));
}

#[test]
fn an_unknown_backend_is_refused_with_the_nearest_name() {
    let runner = Runner::builder().backend("api", SimulatedBackend::new()).build().unwrap();
    let error = BackendTarget::new(&runner, "appi", "x").unwrap_err();
    assert!(error.is_unknown_backend() && error.to_string().ends_with("did you mean `api`?"), "{error}");
}

#[test]
fn a_run_of_a_plan_is_one_call_of_the_class_of_its_first_failure() {
    let runs = AtomicU64::new(0);
    let runner = Runner::builder()
        .backend_fn("one", |_, _| match runs.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => Ok("ok".into()),
            _ => Err(SendError::permanent("no")),
        })
        .backend_fn("two", |_, _| Ok("ok".into()))
        .build()
        .unwrap();
    let plan = Plan::builder().tasks([Task::new("b", "two", "").after(["a"]), Task::new("a", "one", "")]).build();
    let plan = plan.unwrap();
    let target = PlanTarget::new(&runner, &plan).unwrap();
    let result = Load::closed(1).with_count(6).run_on(&CancelToken::new(), &target);
    assert_eq!((result.calls(), result.ok(), result.errors()["permanent"], result.attempts()), (6, 3, 3, 9));
    assert_eq!(result.examples()["permanent"], "task `a`: no");
}

#[test]
fn runs_of_a_plan_differ_from_one_another_and_not_from_another_time() {
    let load = |seed| {
        let backend = SimulatedBackend::new().with_fail_rate(0.5).with_seed(seed);
        let runner = Runner::builder()
            .backend("s", backend)
            .seed(seed)
            .retry(RetryConfig::once())
            .circuit_breakers(breakers(CircuitBreakerConfig::disabled()))
            .build()
            .unwrap();
        let plan = Plan::builder().task(Task::new("a", "s", "")).build().unwrap();
        let target = PlanTarget::new(&runner, &plan).unwrap();
        Load::closed(2).with_count(100).run_on(&CancelToken::new(), &target).ok()
    };
    assert!((25..75).contains(&load(1)));
    assert_eq!(load(1), load(1));
}
