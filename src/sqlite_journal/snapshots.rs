//! The state of circuit breakers, by the wall clock.
//!
//! They are looked at with each transaction, and written where one has changed: its state, its generation or its failures in a
//! row. What a breaker is given back is that and no more; how often it tripped is counted by each run for itself.

use crate::resilience::{CircuitBreaker, CircuitBreakerConfig, CircuitBreakerRegistry, CircuitSnapshot, CircuitState};
use crate::sync::Arc;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant, SystemTime};

/// What was last seen of the breakers of a run.
pub(super) struct Snapshots {
    breakers: Arc<CircuitBreakerRegistry>,
    /// Those that count; by default all that may ever open.
    chosen: Option<Vec<String>>,
    seen: Vec<SnapshotRow>,
    /// What an earlier run knew of breakers that do not count in this one: a later run may want it.
    carried: Vec<SnapshotRow>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SnapshotRow {
    pub(super) backend: String,
    pub(super) state: String,
    pub(super) trips: u64,
    consecutive_failures: u32,
    generation: u64,
    /// If it is open, when a call is admitted: milliseconds since 1970; none if that is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_at: Option<u64>,
    /// Whether it is of an earlier run, and did not count in this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_carried: bool,
}

pub(super) const STATES: [CircuitState; 3] = [CircuitState::Closed, CircuitState::Open, CircuitState::HalfOpen];

impl Snapshots {
    pub(super) fn of(breakers: Arc<CircuitBreakerRegistry>, chosen: Option<Vec<String>>) -> Self {
        let mut snapshots = Self { breakers, chosen, seen: Vec::new(), carried: Vec::new() };
        snapshots.look();
        snapshots
    }

    /// Looks at the breakers; says whether one of them has changed.
    pub(super) fn look(&mut self) -> bool {
        let now = Instant::now();
        let breakers = self.chosen();
        let found: Vec<_> = breakers.iter().map(|(backend, breaker)| (&**backend, breaker.snapshot(now))).collect();
        if self.seen.len() == found.len() && self.seen.iter().zip(&found).all(|(row, found)| row.is_of(found)) {
            return false;
        }
        let wall = SystemTime::now();
        // Where only the instant differs, since two looks put it a little apart, it is as it was.
        let as_it_was = |found| self.seen.iter().find(|row| row.is_of(found)).cloned();
        let rows = found.iter().map(|found| as_it_was(found).unwrap_or_else(|| row_of(found.0, &found.1, wall)));
        self.seen = rows.collect();
        true
    }

    fn chosen(&self) -> Vec<(Box<str>, Arc<CircuitBreaker>)> {
        if let Some(names) = &self.chosen {
            return names.iter().map(|name| (name.as_str().into(), self.breakers.get(name))).collect();
        }
        let disabled = CircuitBreakerConfig::disabled();
        self.breakers.breakers().into_iter().filter(|(_, breaker)| breaker.config() != disabled).collect()
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(&self.seen.iter().chain(&self.carried).collect::<Vec<_>>()).unwrap_or_default()
    }

    /// Gives the breakers the state that they had. What was half-open is open and due.
    pub(super) fn restore(&mut self, text: &str) {
        let (now, wall, rows) = (Instant::now(), SystemTime::now(), rows_of(text));
        for row in &rows {
            let breaker = self.breakers.get(&row.backend);
            // A wall clock that was set back must not keep a circuit open for longer than it would ever be.
            let longest = breaker.config().open_for();
            breaker.restore(&snapshot_of(row, wall, longest), now);
        }
        self.look();
        let counts = |row: &SnapshotRow| self.seen.iter().any(|seen| seen.backend == row.backend);
        let carried = rows.into_iter().filter(|row| !counts(row));
        self.carried = carried.map(|row| SnapshotRow { is_carried: true, ..row }).collect();
    }
}

impl SnapshotRow {
    fn is_of(&self, (backend, snapshot): &(&str, CircuitSnapshot)) -> bool {
        let numbers = (self.generation, self.trips, self.consecutive_failures);
        self.backend == *backend
            && self.state == snapshot.state.as_str()
            && self.retry_at.is_some() == snapshot.retry_in.is_some()
            && numbers == (snapshot.generation, snapshot.trips, snapshot.counts.consecutive_failures)
    }
}

pub(super) fn rows_of(text: &str) -> Vec<SnapshotRow> {
    serde_json::from_str(text).unwrap_or_default()
}

fn row_of(backend: &str, snapshot: &CircuitSnapshot, wall: SystemTime) -> SnapshotRow {
    let at = snapshot.retry_in.and_then(|left| wall.checked_add(left));
    let since_1970 = at.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    SnapshotRow {
        backend: backend.to_owned(),
        state: snapshot.state.as_str().to_owned(),
        trips: snapshot.trips,
        consecutive_failures: snapshot.counts.consecutive_failures,
        generation: snapshot.generation,
        retry_at: since_1970.map(|at| u64::try_from(at.as_millis()).unwrap_or(u64::MAX)),
        is_carried: false,
    }
}

fn snapshot_of(row: &SnapshotRow, wall: SystemTime, longest: Duration) -> CircuitSnapshot {
    let mut snapshot = CircuitSnapshot::default();
    let state = STATES.into_iter().find(|state| state.as_str() == row.state).unwrap_or(CircuitState::Closed);
    match state {
        CircuitState::Closed => {
            snapshot.counts.requests = row.consecutive_failures;
            snapshot.counts.failures = row.consecutive_failures;
            snapshot.counts.consecutive_failures = row.consecutive_failures;
        }
        CircuitState::HalfOpen => {
            snapshot.state = CircuitState::Open;
            snapshot.retry_in = Some(Duration::ZERO);
        }
        CircuitState::Open => {
            snapshot.state = CircuitState::Open;
            let at = row.retry_at.and_then(|at| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(at)));
            snapshot.retry_in = at.map(|at| at.duration_since(wall).unwrap_or_default().min(longest));
        }
    }
    snapshot
}
