//! A small run of closures, for the tests of what is said of one.

use seawall::{
    BackendConfig, CancelToken, CircuitBreakerConfig, CircuitBreakerRegistry, Event, FailureMode, Plan, Report,
    RetryConfig, RunOptions, Runner, SendError, Task, crossbeam_channel,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// What came of it.
pub(crate) struct Rehearsal {
    pub(crate) report: Report,
    pub(crate) events: Vec<Event>,
    pub(crate) breakers: Arc<CircuitBreakerRegistry>,
}

/// Runs, one after the other: `good`, which completes; `flaky`, which completes at its second attempt; `bad`, which fails
/// for good with an error of many lines; `below`, which is skipped; `down`, whose circuit opens at its first failure, and
/// which is allowed to fail; `broken`, which panics.
pub(crate) fn rehearse() -> Rehearsal {
    let calls = AtomicU32::new(0);
    let lines: Vec<String> = (1..=40).map(|n| format!("line {n} \x1b[31mred")).collect();
    let text = format!("exit code 3: {}", lines.join("\n"));
    let config = CircuitBreakerConfig::new().with_failure_threshold(1);
    let breakers = Arc::new(CircuitBreakerRegistry::new().with_config("down", config));
    let runner = Runner::builder()
        .backend_fn("good", |_, _| Ok("fine".into()))
        .backend_fn("flaky", |_, _| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Err(SendError::transient("busy")),
            _ => Ok("at last".into()),
        })
        .backend_fn("bad", move |_, _| Err(SendError::permanent(text.as_str())))
        .backend_fn("down", |_, _| Err(SendError::transient("gone")))
        .backend_fn("broken", |_, _| std::panic::resume_unwind(Box::new("oh no")))
        .retry(RetryConfig::new().with_initial_interval(Duration::from_millis(1)).with_randomization_factor(0.0))
        .configure("down", BackendConfig::new().with_retry(RetryConfig::once()))
        .circuit_breakers(Arc::clone(&breakers))
        .concurrency(1)
        .build()
        .unwrap();
    let task = |id: &str, backend: &str| Task::new(id, backend, "");
    let plan = Plan::builder()
        .tasks([task("good", "good"), task("flaky", "flaky"), task("bad", "bad"), task("below", "good").after(["bad"])])
        .tasks([task("down", "down").failure_mode(FailureMode::Skip), task("broken", "broken")])
        .build()
        .unwrap();
    let (sender, receiver) = crossbeam_channel::unbounded();
    let report = runner.run_with(&plan, &CancelToken::new(), RunOptions::new().with_events(sender)).unwrap();
    Rehearsal { report, events: receiver.iter().collect(), breakers }
}
