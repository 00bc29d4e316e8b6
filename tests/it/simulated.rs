//! The backend that makes its answers up.

use seawall::{Backend, CancelToken, CircuitBreaker, Context, ErrorClass, Latency, RetryConfig, SimulatedBackend};
use seawall::{
    CircuitBreakerConfig, CircuitBreakerRegistry, Clock, Failure, Message, Plan, Runner, Task, send_with_retry,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

fn send(backend: &SimulatedBackend, prompt: &str) -> Result<String, seawall::SendError> {
    let cancel = CancelToken::new();
    backend.send(&prompt.into(), &Context::new(&cancel)).map(|response| response.text().to_owned())
}

#[test]
fn a_simulated_backend_answers_with_the_prompt_unless_told_what_to_say() {
    assert_eq!(send(&SimulatedBackend::new(), "hello").unwrap(), "hello");
    assert_eq!(send(&SimulatedBackend::new().with_response("fine"), "hello").unwrap(), "fine");
}

#[test]
fn the_first_attempts_of_each_call_fail_and_the_next_one_answers() {
    let backend = SimulatedBackend::new().with_fail_first(2);
    let retry = RetryConfig::new().with_initial_interval(Duration::from_millis(1));
    for _ in 0..3 {
        let breaker = CircuitBreaker::default();
        let cancel = CancelToken::new();
        assert!(send_with_retry(&backend, &Message::from("x"), &breaker, &retry, &cancel).is_ok());
        let once = retry.with_max_attempts(2);
        let failure = send_with_retry(&backend, &Message::from("x"), &breaker, &once, &cancel).unwrap_err();
        assert!(matches!(failure, Failure::Exhausted { attempts: 2, .. }));
    }
}

#[test]
fn outside_of_a_plan_one_seed_gives_the_same_sequence_of_faults() {
    let faults = |seed| {
        let backend = SimulatedBackend::new().with_fail_rate(0.5).with_seed(seed);
        (0..64).map(|_| send(&backend, "x").is_ok()).collect::<Vec<_>>()
    };
    assert_eq!(faults(7), faults(7));
    assert_ne!(faults(7), faults(8));
}

#[test]
fn within_a_plan_one_seed_gives_each_task_the_same_whatever_the_threads_do() {
    let attempts = |workers| {
        let latency = Latency::log_normal(Duration::from_millis(20), Duration::from_millis(200));
        let backend = SimulatedBackend::new().with_latency(latency).with_fail_rate(0.4).with_seed(7);
        let breakers = CircuitBreakerRegistry::new().with_default(CircuitBreakerConfig::disabled());
        let runner = Runner::builder().backend("s", backend).concurrency(workers).clock(Clock::simulated());
        let runner = runner.circuit_breakers(breakers.into()).build().unwrap();
        let plan = Plan::builder().tasks((0..40).map(|n| Task::new(format!("t{n}"), "s", "x"))).build().unwrap();
        let report = runner.run(&plan, &CancelToken::new()).unwrap();
        let attempts = report.iter().map(|outcome| outcome.attempts().iter().map(|attempt| attempt.elapsed).collect());
        attempts.collect::<Vec<Vec<_>>>()
    };
    assert_eq!(attempts(1), attempts(16));
    assert!(attempts(1).iter().any(|attempts| attempts.len() > 1));
}

#[test]
fn a_fail_rate_is_the_share_of_attempts_that_fail() {
    let failures = |rate| {
        let backend = SimulatedBackend::new().with_fail_rate(rate).with_seed(1);
        (0..2000).filter(|_| send(&backend, "x").is_err()).count()
    };
    assert_eq!((failures(0.0), failures(1.0)), (0, 2000));
    assert!((500..700).contains(&failures(0.3)));
}

#[test]
fn a_simulated_panic_unwinds_with_a_text() {
    let backend = SimulatedBackend::new().with_panic_rate(1.0);
    let panic = catch_unwind(AssertUnwindSafe(|| send(&backend, "x"))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"simulated panic"));
}

#[test]
fn a_cancel_ends_a_slow_call_and_one_that_hangs_at_once() {
    let slow = SimulatedBackend::new().with_latency(Duration::from_secs(60));
    let hanging = SimulatedBackend::new().with_hang_rate(1.0);
    for backend in [slow, hanging] {
        let (cancel, began) = (CancelToken::new(), Instant::now());
        let error = std::thread::scope(|scope| {
            let call = scope.spawn(|| backend.send(&"x".into(), &Context::new(&cancel)));
            cancel.cancel();
            call.join().unwrap().unwrap_err()
        });
        assert_eq!(error.class(), ErrorClass::Cancelled);
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}

#[test]
fn nonsense_is_refused_by_its_name() {
    let new = SimulatedBackend::new;
    let second = Duration::from_secs(1);
    let refused = [
        (new().try_with_fail_rate(f64::NAN).unwrap_err(), "fail_rate must be a number from 0 to 1"),
        (new().try_with_panic_rate(1.5).unwrap_err(), "panic_rate must be a number from 0 to 1"),
        (new().try_with_hang_rate(-0.1).unwrap_err(), "hang_rate must be a number from 0 to 1"),
        (new().try_with_down(second, second).unwrap_err(), "down must end after it begins"),
    ];
    for (refused, rule) in refused {
        assert_eq!(refused.to_string(), rule);
        assert!(rule.starts_with(refused.setting()));
    }
    assert_eq!(Latency::try_log_normal(Duration::ZERO, second).unwrap_err().setting(), "latency");
}

#[test]
#[should_panic(expected = "fail_rate must be a number from 0 to 1")]
fn nonsense_in_a_program_is_a_panic_that_says_the_rule() {
    drop(SimulatedBackend::new().with_fail_rate(2.0));
}
