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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resilience::RetryConfig;

    #[test]
    fn waits_that_touch_are_one_and_an_earlier_end_cuts_the_last_one() {
        let span = |start: u64, end: u64| Span { start: Duration::from_secs(start), end: Duration::from_secs(end) };
        let mut progress = Progress::new(RetryState::new(RetryConfig::new(), Some(1)), Duration::ZERO);
        for wait in [span(0, 2), span(1, 5), span(5, 6), span(8, 10)] {
            progress.wait_at_circuit(wait);
        }
        let waits =
            |progress: &Progress| progress.at_circuit.iter().map(|wait| (wait.start, wait.end)).collect::<Vec<_>>();
        let expected = |end: u64| [span(0, 6), span(8, end)].map(|wait| (wait.start, wait.end));
        assert_eq!(waits(&progress), expected(10));
        let progress = progress.resume(Duration::from_secs(9));
        assert_eq!(waits(&progress), expected(9));
    }
}
