//! Circuit breakers in a run: who is refused, who waits, who goes elsewhere.

use crate::support::{HOUR, SECOND, attempts, lines, plan, statuses, virtual_runner, with_events};
use seawall::testing::ScriptedBackend;
use seawall::{
    BackendConfig, CancelToken, CircuitBreakerConfig, CircuitBreakerRegistry, CircuitState, Clock, Failure, GaveUp,
    Plan, Rejected, Response, RetryConfig, Runner, SendError, Status, Task, WhenOpen,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const STEADY: RetryConfig = RetryConfig::new().with_initial_interval(SECOND).with_randomization_factor(0.0);
const TRIPS_AT_ONE: CircuitBreakerConfig = CircuitBreakerConfig::new()
    .with_failure_threshold(1)
    .with_half_open_requests(1)
    .with_open_for(Duration::from_secs(10));

fn breakers(config: CircuitBreakerConfig) -> Arc<CircuitBreakerRegistry> {
    CircuitBreakerRegistry::new().with_default(config).into()
}

fn when_open(when_open: WhenOpen) -> BackendConfig {
    BackendConfig::new().with_when_open(when_open)
}

fn many(kind: &str, tasks: u32) -> Plan {
    Plan::builder().tasks((0..tasks).map(|n| Task::new(format!("t{n}"), kind, ""))).build().unwrap()
}

fn down() -> Result<Response, SendError> {
    Err(SendError::transient("down"))
}

#[test]
fn an_open_circuit_fails_fast_and_keeps_the_last_real_error() {
    let backend = ScriptedBackend::new((0..9).map(|_| down()));
    let runner = virtual_runner().backend("x", &backend).retry(STEADY).build().unwrap();
    let report = runner.run(&many("x", 2), &CancelToken::new()).unwrap();
    assert_eq!(backend.calls().len(), 5);
    for outcome in &report {
        assert_eq!((outcome.status(), outcome.result().unwrap_err().kind()), (Status::Failed, "circuit_open"));
        assert_eq!(outcome.result().unwrap_err().last_error().unwrap().to_string(), "down");
        let last = outcome.attempts().last().unwrap();
        assert_eq!((last.result.as_str(), last.elapsed, last.delay), ("circuit_open", Duration::ZERO, None));
    }
    assert_eq!(runner.circuit_breakers().get("x").state(), CircuitState::Open);
}

#[test]
fn a_task_that_was_never_sent_has_one_attempt_that_was_refused() {
    let breakers = breakers(CircuitBreakerConfig::new());
    breakers.get("x").force_open();
    let runner = virtual_runner().backend_fn("x", |_, _| Ok("up".into())).circuit_breakers(breakers).build().unwrap();
    let report = runner.run(&many("x", 1), &CancelToken::new()).unwrap();
    assert_eq!(attempts(&report, "t0"), "circuit_open");
    let failure = report.get("t0").unwrap().result().unwrap_err();
    assert!(matches!(
        failure,
        Failure::CircuitOpen { rejected: Rejected::CircuitOpen { retry_at: None, .. }, last: None, .. }
    ));
    assert!(report.get("t0").unwrap().started().is_some());
}

#[test]
fn one_poison_task_does_not_cut_off_its_siblings() {
    let runner = virtual_runner()
        .backend_fn("x", |request, _| match request.prompt() {
            "poison" => Err(SendError::permanent("bad request")),
            _ => Ok("ok".into()),
        })
        .circuit_breakers(breakers(TRIPS_AT_ONE))
        .concurrency(1)
        .build()
        .unwrap();
    let tasks = [Task::new("a", "x", "poison"), Task::new("b", "x", "poison"), Task::new("c", "x", "")];
    let report = runner.run(&plan(tasks), &CancelToken::new()).unwrap();
    assert_eq!(statuses(&report), "a failed, b failed, c completed");
}

#[test]
fn panics_open_the_circuit() {
    let runner = virtual_runner()
        .backend_fn("x", |_, _| std::panic::resume_unwind(Box::new("boom")))
        .concurrency(1)
        .build()
        .unwrap();
    let report = runner.run(&many("x", 7), &CancelToken::new()).unwrap();
    let kinds: Vec<_> = report.failures().map(|(_, failure)| failure.kind()).collect();
    assert_eq!(kinds, ["panicked", "panicked", "panicked", "panicked", "panicked", "circuit_open", "circuit_open"]);
}

#[test]
fn a_half_open_circuit_admits_its_few_and_refuses_the_others_at_once() {
    let clock = Clock::simulated();
    let (in_flight, most) = (AtomicU32::new(0), AtomicU32::new(0));
    let breakers = breakers(CircuitBreakerConfig::new().with_failure_threshold(1));
    let runner = Runner::builder()
        .backend_fn("x", |_, cx| {
            most.fetch_max(in_flight.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            cx.sleep(SECOND)?;
            in_flight.fetch_sub(1, Ordering::Relaxed);
            Ok("ok".into())
        })
        .circuit_breakers(Arc::clone(&breakers))
        .clock(clock.clone())
        .build()
        .unwrap();
    let now = clock.now();
    breakers.get("x").admit(now).unwrap().failure(now);
    clock.sleep(30 * SECOND, &CancelToken::new()).unwrap();
    let report = runner.run(&many("x", 8), &CancelToken::new()).unwrap();
    assert_eq!(
        (report.count(Status::Completed), report.count(Status::Failed), most.load(Ordering::Relaxed)),
        (3, 5, 3)
    );
    let refused =
        |failure: &Failure| matches!(failure, Failure::CircuitOpen { rejected: Rejected::TooManyRequests, .. });
    assert!(report.failures().all(|(_, failure)| refused(failure)));
    assert_eq!(breakers.get("x").state(), CircuitState::Closed);
}

#[test]
fn who_waits_for_an_open_circuit_goes_on_when_it_may_be_tried_again() {
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| if cx.elapsed() < SECOND { down() } else { Ok("up".into()) })
        .configure("x", when_open(WhenOpen::Wait))
        .circuit_breakers(breakers(TRIPS_AT_ONE))
        .retry(STEADY)
        .concurrency(1)
        .build()
        .unwrap();
    let (report, events) = with_events(|options| runner.run_with(&many("x", 3), &CancelToken::new(), options).unwrap());
    assert_eq!(statuses(&report), "t0 completed, t1 completed, t2 completed");
    assert_eq!(report.elapsed(), 10 * SECOND, "all went on as soon as the first had closed the circuit");
    assert_eq!(attempts(&report, "t1"), "success", "a wait is no attempt");
    let circuit: Vec<_> =
        lines(&events).into_iter().filter(|line| line.contains("t2 circuit") || line.contains("breaker")).collect();
    assert_eq!(
        circuit,
        [
            "breaker_changed x closed open",
            "task_parked t2 circuit",
            "breaker_changed x open half_open",
            "breaker_changed x half_open closed",
            "task_resumed t2 circuit",
        ]
    );
}

#[test]
fn a_circuit_that_closes_lets_all_go_on_who_wait_for_it() {
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| {
            cx.sleep(SECOND / 100)?;
            if cx.elapsed() < SECOND { down() } else { Ok("up".into()) }
        })
        .configure("x", when_open(WhenOpen::Wait))
        .circuit_breakers(breakers(TRIPS_AT_ONE))
        .retry(STEADY)
        .build()
        .unwrap();
    let report = runner.run(&many("x", 3), &CancelToken::new()).unwrap();
    assert!(report.is_success());
    // One probes, the others look again each 100 ms, or as soon as the probe has closed the circuit.
    assert_eq!(report.elapsed(), 10 * SECOND + 3 * SECOND / 100);
}

#[test]
fn a_wait_for_a_circuit_ends_with_max_elapsed_time() {
    let breakers = breakers(CircuitBreakerConfig::new());
    breakers.get("x").force_open();
    let runner = virtual_runner()
        .backend_fn("x", |_, _| Ok("up".into()))
        .configure("x", when_open(WhenOpen::Wait).with_retry(STEADY.with_max_elapsed_time(60 * SECOND)))
        .circuit_breakers(breakers)
        .build()
        .unwrap();
    let report = runner.run(&many("x", 1), &CancelToken::new()).unwrap();
    assert_eq!(
        (attempts(&report, "t0").as_str(), report.get("t0").unwrap().result().unwrap_err().kind()),
        ("circuit_open", "circuit_open")
    );
    assert_eq!(report.elapsed(), 60 * SECOND);
}

#[test]
fn a_circuit_that_opens_for_longer_than_there_is_time_is_not_waited_for() {
    let runner = virtual_runner()
        .backend_fn("x", |_, _| down())
        .configure("x", when_open(WhenOpen::Wait))
        .circuit_breakers(breakers(TRIPS_AT_ONE.with_open_for(HOUR)))
        .retry(STEADY)
        .build()
        .unwrap();
    let report = runner.run(&many("x", 1), &CancelToken::new()).unwrap();
    assert_eq!((attempts(&report, "t0").as_str(), report.elapsed()), ("transient circuit_open", SECOND));
}

#[test]
fn who_waits_for_a_circuit_that_was_forced_open_sees_that_it_was_reset() {
    let clock = Clock::simulated();
    let breakers = breakers(CircuitBreakerConfig::new());
    breakers.get("x").force_open();
    let runner = Runner::builder()
        .backend_fn("x", |_, _| Ok("up".into()))
        .backend_fn("operator", |_, cx| {
            cx.sleep(5 * SECOND)?;
            breakers.get("x").reset();
            Ok("reset".into())
        })
        .configure("x", when_open(WhenOpen::Wait))
        .circuit_breakers(Arc::clone(&breakers))
        .clock(clock)
        .build()
        .unwrap();
    let report =
        runner.run(&plan([Task::new("a", "x", ""), Task::new("b", "operator", "")]), &CancelToken::new()).unwrap();
    assert_eq!(statuses(&report), "a completed, b completed");
    let a = report.get("a").unwrap().attempts()[0].started;
    assert!(a >= 5 * SECOND && a <= 5 * SECOND + Duration::from_millis(100), "{a:?}");
}

#[test]
fn a_refused_task_falls_back_and_the_refusal_is_one_of_its_attempts() {
    let runner = virtual_runner()
        .backend_fn("main", |_, _| down())
        .backend_fn("spare", |_, cx| Ok(format!("{} {}", cx.backend(), cx.attempt()).into()))
        .configure("main", when_open(WhenOpen::Fallback("spare".into())))
        .circuit_breakers(breakers(TRIPS_AT_ONE))
        .retry(STEADY)
        .build()
        .unwrap();
    let report = runner.run(&many("main", 1), &CancelToken::new()).unwrap();
    assert_eq!(attempts(&report, "t0"), "transient circuit_open success", "also in the midst of its own retries");
    let outcome = report.get("t0").unwrap();
    let places: Vec<_> = outcome.attempts().iter().map(|attempt| &*attempt.backend).collect();
    assert_eq!((places, outcome.backend()), (vec!["main", "main", "spare"], "main"));
    assert_eq!(report.response("t0").unwrap().text(), "spare 1");
}

#[test]
fn where_it_falls_back_to_the_other_backends_own_settings_apply() {
    let breakers = breakers(CircuitBreakerConfig::new().with_failure_threshold(9));
    breakers.get("main").force_open();
    let runner = virtual_runner()
        .backend_fn("main", |_, _| Ok("main".into()))
        .backend_fn("spare", |_, cx| {
            assert_eq!(cx.remaining(), Some(7 * SECOND));
            down()
        })
        .configure("main", when_open(WhenOpen::Fallback("spare".into())).with_timeout(SECOND))
        .configure("spare", BackendConfig::new().with_timeout(7 * SECOND).with_retry(STEADY.with_max_attempts(3)))
        .circuit_breakers(Arc::clone(&breakers))
        .build()
        .unwrap();
    let task = Task::new("a", "main", "").timeout(2 * SECOND).retry(RetryConfig::once());
    let report = runner.run(&plan([task]), &CancelToken::new()).unwrap();
    assert_eq!(attempts(&report, "a"), "circuit_open transient transient transient");
    let failure = report.get("a").unwrap().result().unwrap_err();
    assert!(matches!(failure, Failure::Exhausted { attempts: 3, gave_up: GaveUp::MaxAttempts, .. }));
    assert_eq!(breakers.get("spare").counts().failures, 3);
}

#[test]
fn a_line_of_fallbacks_is_gone_through_to_its_end() {
    let breakers = breakers(CircuitBreakerConfig::new());
    ["a", "b", "c"].iter().for_each(|kind| breakers.get(kind).force_open());
    let runner = virtual_runner()
        .backend_fn("a", |_, _| Ok("a".into()))
        .backend_fn("b", |_, _| Ok("b".into()))
        .backend_fn("c", |_, _| Ok("c".into()))
        .configure("a", when_open(WhenOpen::Fallback("b".into())))
        .configure("b", when_open(WhenOpen::Fallback("c".into())))
        .circuit_breakers(Arc::clone(&breakers))
        .build()
        .unwrap();
    let report = runner.run(&many("a", 1), &CancelToken::new()).unwrap();
    assert_eq!(attempts(&report, "t0"), "circuit_open circuit_open circuit_open");
    assert!(report.get("t0").unwrap().result().unwrap_err().is_circuit_open());
    breakers.get("c").reset();
    assert_eq!(runner.run(&many("a", 1), &CancelToken::new()).unwrap().response("t0").unwrap().text(), "c");
}

#[test]
fn a_wait_at_the_backend_that_it_fell_back_to_ends_with_that_ones_max_elapsed_time() {
    let breakers = breakers(CircuitBreakerConfig::new());
    ["main", "spare"].iter().for_each(|kind| breakers.get(kind).force_open());
    let limited = STEADY.with_max_elapsed_time(60 * SECOND);
    let runner = virtual_runner()
        .backend_fn("main", |_, _| Ok("main".into()))
        .backend_fn("spare", |_, _| Ok("spare".into()))
        .configure("main", when_open(WhenOpen::Fallback("spare".into())))
        .configure("spare", when_open(WhenOpen::Wait).with_retry(limited))
        .circuit_breakers(breakers)
        .build()
        .unwrap();
    let options = seawall::RunOptions::new().with_time_limit(HOUR);
    let report = runner.run_with(&many("main", 1), &CancelToken::new(), options).unwrap();
    assert_eq!((attempts(&report, "t0").as_str(), report.elapsed()), ("circuit_open circuit_open", 60 * SECOND));
    assert!(report.get("t0").unwrap().result().unwrap_err().is_circuit_open());
}

#[test]
fn the_last_error_of_the_first_backend_survives_a_refusal_by_the_second() {
    let breakers = breakers(TRIPS_AT_ONE);
    breakers.get("spare").force_open();
    let runner = virtual_runner()
        .backend_fn("main", |_, _| down())
        .backend_fn("spare", |_, _| Ok("spare".into()))
        .configure("main", when_open(WhenOpen::Fallback("spare".into())))
        .circuit_breakers(breakers)
        .retry(STEADY)
        .build()
        .unwrap();
    let report = runner.run(&many("main", 1), &CancelToken::new()).unwrap();
    let failure = report.get("t0").unwrap().result().unwrap_err();
    assert!(failure.is_circuit_open());
    assert_eq!(failure.last_error().unwrap().to_string(), "down");
}

#[test]
fn two_runners_that_share_a_registry_share_its_circuits() {
    let breakers = breakers(TRIPS_AT_ONE);
    let runner = |is_up: bool| {
        virtual_runner()
            .backend_fn("x", move |_, _| if is_up { Ok("up".into()) } else { down() })
            .circuit_breakers(Arc::clone(&breakers))
            .retry(RetryConfig::once())
            .build()
            .unwrap()
    };
    assert_eq!(statuses(&runner(false).run(&many("x", 1), &CancelToken::new()).unwrap()), "t0 failed");
    let refused = runner(true).run(&many("x", 1), &CancelToken::new()).unwrap();
    assert!(refused.get("t0").unwrap().result().unwrap_err().is_circuit_open());
    breakers.get("x").reset();
    assert!(runner(true).run(&many("x", 1), &CancelToken::new()).unwrap().is_success());
}

#[test]
fn a_cancelled_call_counts_for_nothing_in_a_run() {
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| {
            cx.sleep(HOUR)?;
            Ok("late".into())
        })
        .circuit_breakers(breakers(TRIPS_AT_ONE))
        .build()
        .unwrap();
    let options = seawall::RunOptions::new().with_time_limit(SECOND);
    let report = runner.run_with(&many("x", 4), &CancelToken::new(), options).unwrap();
    assert_eq!((report.count(Status::Cancelled), attempts(&report, "t0").as_str()), (4, "cancelled"));
    let counts = runner.circuit_breakers().get("x").counts();
    assert_eq!((counts.requests, counts.successes, counts.failures), (4, 0, 0));
}
