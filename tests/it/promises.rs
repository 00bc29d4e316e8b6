//! What the library is for, in six sentences.

use seawall::testing::ScriptedBackend;
use seawall::{
    CancelToken, CircuitBreaker, CircuitBreakerRegistry, CircuitState, Failure, Message, Plan, Rejected, Response,
    RetryConfig, Runner, SendError, Stage, Status, Task, backend_fn, call_with_retry, send_with_retry,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const QUICK: RetryConfig = RetryConfig::new().with_initial_interval(Duration::from_millis(1));

#[test]
fn transient_then_success() {
    let down = || Err(SendError::transient("connection reset"));
    let backend = ScriptedBackend::<Message>::new([down(), down(), Ok(Response::new("up"))]);
    let breaker = CircuitBreaker::default();

    let answer = send_with_retry(&backend, &"ping".into(), &breaker, &QUICK, &CancelToken::new()).unwrap();

    assert_eq!(answer.text(), "up");
    assert_eq!(backend.calls(), ["ping".into(), "ping".into(), "ping".into()]);
    let counts = breaker.counts();
    assert_eq!((counts.requests, counts.successes, counts.failures), (3, 1, 2));
    assert_eq!((counts.consecutive_failures, breaker.state()), (0, CircuitState::Closed));
}

#[test]
fn persistent_failure_opens_the_circuit() {
    let sends = AtomicU32::new(0);
    let down = backend_fn(|_: &Message, _| -> Result<Response, SendError> {
        Err(SendError::transient(format!("refused, {}", sends.fetch_add(1, Ordering::Relaxed) + 1)))
    });
    let (breaker, cancel) = (CircuitBreaker::default(), CancelToken::new());

    let first = send_with_retry(&down, &"ping".into(), &breaker, &QUICK, &cancel).unwrap_err();
    assert_eq!(sends.load(Ordering::Relaxed), 5);
    assert!(matches!(first, Failure::CircuitOpen { rejected: Rejected::CircuitOpen { retry_at: Some(_), .. }, .. }));
    assert_eq!(first.last_error().unwrap().to_string(), "refused, 5", "the last real error survives the refusal");
    assert_eq!((breaker.state(), breaker.trips()), (CircuitState::Open, 1));

    let began = Instant::now();
    let second = send_with_retry(&down, &"ping".into(), &breaker, &RetryConfig::new(), &cancel).unwrap_err();
    assert!(second.is_circuit_open() && second.last_error().is_none());
    assert_eq!(sends.load(Ordering::Relaxed), 5, "refused without a send");
    assert!(began.elapsed() < Duration::from_secs(5), "refused at once, not when the circuit may be tried again");
}

#[test]
fn cancel_stops_the_retry() {
    let patient = RetryConfig::new()
        .with_initial_interval(Duration::from_secs(60))
        .with_max_interval(Duration::from_secs(60))
        .with_max_elapsed_time(Duration::from_secs(120));
    let (breaker, cancel) = (CircuitBreaker::default(), CancelToken::new());
    let mut sends = 0;

    let (failure, late) = std::thread::scope(|scope| {
        let canceller = scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(200));
            cancel.cancel();
            Instant::now()
        });
        let failure = call_with_retry(&breaker, &patient, &cancel, |_| {
            sends += 1;
            Err::<(), _>(SendError::transient("down"))
        });
        let back = Instant::now();
        (failure.unwrap_err(), back.saturating_duration_since(canceller.join().unwrap()))
    });

    assert!(late < Duration::from_secs(1), "back {late:?} after the cancel");
    assert_eq!(sends, 1);
    assert!(failure.is_cancelled());
    assert_eq!(failure.last_error().unwrap().to_string(), "down");
    assert_eq!(breaker.counts().failures, 1, "the attempt that was made counts, the cancel does not");
}

#[test]
fn a_cancelled_call_does_not_count() {
    let (breaker, cancel) = (CircuitBreaker::default(), CancelToken::new());
    let failure = call_with_retry(&breaker, &QUICK, &cancel, |cx| {
        cx.cancel_token().cancel();
        Err::<(), _>(SendError::transient("torn down by the cancel"))
    })
    .unwrap_err();

    assert!(failure.is_cancelled());
    assert_eq!(failure.last_error().unwrap().to_string(), "torn down by the cancel");
    let counts = breaker.counts();
    assert_eq!((counts.requests, counts.successes, counts.failures), (1, 0, 0));

    let mut was_called = false;
    let before = call_with_retry(&breaker, &QUICK, &cancel, |_| {
        was_called = true;
        Ok(())
    });
    assert!(before.unwrap_err().is_cancelled() && !was_called);
    assert_eq!((breaker.counts().requests, cancel.stage()), (1, Stage::Cancelled));
}

#[test]
fn one_breaker_a_backend_kind() {
    let breakers = Arc::new(CircuitBreakerRegistry::new());
    assert!(Arc::ptr_eq(&breakers.get("api"), &breakers.get("api")));
    assert!(!Arc::ptr_eq(&breakers.get("api"), &breakers.get("sh")));

    let runner = Runner::builder()
        .backend_fn("api", |_, _| Err(SendError::transient("down")))
        .backend_fn("sh", |_, _| Ok("fine".into()))
        .circuit_breakers(Arc::clone(&breakers))
        .retry(RetryConfig::once())
        .concurrency(1)
        .build()
        .unwrap();
    let calls = (0..7).map(|n| Task::new(format!("api-{n}"), "api", "")).chain([Task::new("sh", "sh", "")]);
    let report = runner.run(&Plan::builder().tasks(calls).build().unwrap(), &CancelToken::new()).unwrap();

    let refused = report.failures().filter(|(_, failure)| failure.is_circuit_open()).count();
    assert_eq!(refused, 2, "all tasks of a kind share its circuit");
    assert_eq!((breakers.get("api").state(), breakers.get("sh").state()), (CircuitState::Open, CircuitState::Closed));
    assert_eq!(report.get("sh").unwrap().status(), Status::Completed);
}

#[test]
fn independent_tasks_are_isolated() {
    let runner = Runner::builder()
        .backend_fn("x", |request, _| match request.prompt() {
            "bad" => Err(SendError::permanent("no such model")),
            prompt => Ok(format!("{prompt}, done").into()),
        })
        .build()
        .unwrap();
    let plan = Plan::builder().tasks(["good", "bad", "fine"].map(|id| Task::new(id, "x", id))).build().unwrap();

    let report = runner.run(&plan, &CancelToken::new()).unwrap();

    assert_eq!((report.count(Status::Failed), report.count(Status::Completed)), (1, 2));
    let statuses: Vec<_> = report.iter().map(|outcome| (outcome.task().as_str(), outcome.status())).collect();
    assert_eq!(statuses, [("good", Status::Completed), ("bad", Status::Failed), ("fine", Status::Completed)]);
    assert_eq!(report.response("good").unwrap().text(), "good, done");
    assert_eq!(report.response("fine").unwrap().text(), "fine, done");
    assert_eq!(report.get("bad").unwrap().result().unwrap_err().to_string(), "no such model");
    assert!(!report.is_success() && report.cancelled().is_none());
}
