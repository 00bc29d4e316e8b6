//! What is known of a task that has begun and not ended.

use super::outcome::{Attempts, Span};
use crate::resilience::RetryState;
use std::time::Duration;

pub(super) struct Progress {
    pub(super) retry: RetryState,
    pub(super) attempts: Attempts,
    /// When it first asked to be sent, since the run began.
    pub(super) started: Duration,
    /// When it waited for a circuit. While it does the last one may be cut short.
    pub(super) at_circuit: Vec<Span>,
}

impl Progress {
    pub(super) fn new(retry: RetryState, started: Duration) -> Self {
        Self { retry, attempts: Attempts::new(), started, at_circuit: Vec::new() }
    }

    /// It goes on, perhaps before the circuit's instant.
    pub(super) fn resume(mut self, at: Duration) -> Self {
        if let Some(last) = self.at_circuit.last_mut() {
            last.end = last.end.min(at);
        }
        self
    }

    /// It waits for a circuit: one that it looks at again and again is one wait.
    pub(super) fn wait_at_circuit(&mut self, wait: Span) {
        match self.at_circuit.last_mut() {
            Some(last) if wait.start <= last.end => last.end = wait.end,
            _ => self.at_circuit.push(wait),
        }
    }
}
