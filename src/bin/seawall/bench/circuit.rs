//! What circuit breakers did during a load, and when.

use seawall::{CircuitState, StateChange};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One change of a circuit.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Since the end of the warm-up; zero for what was before.
    pub(crate) at: Duration,
    pub(crate) backend: String,
    pub(crate) from: CircuitState,
    pub(crate) to: CircuitState,
}

/// Takes changes as they happen.
#[derive(Debug)]
pub(crate) struct CircuitLog(Mutex<(Instant, Vec<Change>)>);

impl CircuitLog {
    pub(crate) fn new() -> Self {
        Self(Mutex::new((Instant::now(), Vec::new())))
    }

    /// Times count from here on.
    pub(crate) fn begin(&self, at: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = at;
    }

    pub(crate) fn add(&self, backend: &str, change: StateChange) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Instant::now().saturating_duration_since(log.0);
        log.1.push(Change { at, backend: backend.to_owned(), from: change.from, to: change.to });
    }

    /// Where each circuit that has changed stands, and since when.
    pub(crate) fn standing(&self) -> Vec<(String, CircuitState, Duration)> {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now().saturating_duration_since(log.0);
        let last: BTreeMap<&str, &Change> = log.1.iter().map(|change| (&*change.backend, change)).collect();
        let since = |change: &Change| now.saturating_sub(change.at);
        last.into_iter().map(|(backend, change)| (backend.to_owned(), change.to, since(change))).collect()
    }

    pub(crate) fn changes(&self) -> Vec<Change> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}
