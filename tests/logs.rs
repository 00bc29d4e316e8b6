//! What a logger is given. There is one a process, so this is a process of its own.

use log::kv::{self, Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};
use seawall::{CancelToken, CircuitBreakerConfig, CircuitBreakerRegistry, Plan, RetryConfig, Runner, SendError, Task};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Each record in a line: its level, its fields, its sentence.
struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

struct Fields(Vec<String>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        self.0.push(format!("{key}={value}"));
        Ok(())
    }
}

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut fields = Fields(Vec::new());
        record.key_values().visit(&mut fields).unwrap();
        let line = format!("{} {}: {}", record.level(), fields.0.join(" "), record.args());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

#[test]
fn attempts_and_circuits_are_logged_with_their_fields() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Debug);
    let once = CircuitBreakerConfig::new().with_failure_threshold(1).with_open_for(Duration::from_secs(60));
    let runner = Runner::builder()
        .backend_fn("api", |_, _| Err(SendError::transient("gone")))
        .retry(RetryConfig::once())
        .circuit_breakers(Arc::new(CircuitBreakerRegistry::new().with_default(once)))
        .build()
        .unwrap();
    let plan = Plan::builder().task(Task::new("okapi", "api", "")).build().unwrap();
    runner.run(&plan, &CancelToken::new()).unwrap();
    let mut lines = LINES.0.lock().unwrap().clone();
    lines.sort();
    assert_eq!(
        lines,
        [
            "DEBUG task=okapi backend=api attempt=1 result=transient: attempt 1 of `okapi` on `api`: transient",
            "WARN backend=api from=closed to=open: circuit of `api`: closed -> open",
        ]
    );
}
