//! A circuit breaker that is slow and plain: sony/gobreaker as documented, but for what is ours: the instant `retry_at` is
//! itself admitted, a half-open place has a lease, and a neutral result gives its place back.

use seawall::{CircuitBreakerConfig, CircuitState, Verdict};
use std::time::{Duration, Instant};

pub(super) type Change = Option<(CircuitState, CircuitState)>;

#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) generation: u64,
    pub(super) lease_over: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Refused {
    UntilRetry(Option<Instant>),
    Full,
}

#[derive(Clone)]
pub(super) struct Model {
    pub(super) config: CircuitBreakerConfig,
    pub(super) state: CircuitState,
    pub(super) generation: u64,
    pub(super) retry_at: Option<Instant>,
    pub(super) trips: u64,
    pub(super) requests: u32,
    pub(super) successes: u32,
    pub(super) failures: u32,
    pub(super) consecutive_successes: u32,
    pub(super) consecutive_failures: u32,
    /// Admitted and not ended, of whatever generation.
    pub(super) calls: Vec<Call>,
}

impl Model {
    pub(super) fn new(config: CircuitBreakerConfig) -> Self {
        Self {
            config,
            state: CircuitState::Closed,
            generation: 0,
            retry_at: None,
            trips: 0,
            requests: 0,
            successes: 0,
            failures: 0,
            consecutive_successes: 0,
            consecutive_failures: 0,
            calls: Vec::new(),
        }
    }

    pub(super) fn go(&mut self, to: CircuitState, retry_at: Option<Instant>) -> Change {
        let from = std::mem::replace(&mut self.state, to);
        self.generation += 1;
        self.retry_at = retry_at;
        (self.requests, self.successes, self.failures) = (0, 0, 0);
        (self.consecutive_successes, self.consecutive_failures) = (0, 0);
        (from != to).then_some((from, to))
    }

    pub(super) fn admit(&mut self, now: Instant) -> Result<Change, Refused> {
        let mut change = None;
        if self.state == CircuitState::Open {
            if self.retry_at.is_none_or(|at| now < at) {
                return Err(Refused::UntilRetry(self.retry_at));
            }
            change = self.go(CircuitState::HalfOpen, None);
        }
        if self.state == CircuitState::HalfOpen {
            let is_in = |call: &&Call| call.generation == self.generation && now < call.lease_over;
            let taken = self.calls.iter().filter(is_in).count() + self.successes as usize;
            if taken >= self.config.half_open_requests() as usize {
                return Err(Refused::Full);
            }
        }
        self.requests += 1;
        let lease = self.config.open_for().max(Duration::from_millis(1));
        self.calls.push(Call { generation: self.generation, lease_over: now + lease });
        Ok(change)
    }

    pub(super) fn end(&mut self, which: usize, verdict: Verdict, now: Instant) -> Change {
        let call = self.calls.remove(which);
        if call.generation != self.generation {
            return None;
        }
        match verdict {
            Verdict::Neutral => None,
            Verdict::Success => {
                self.successes += 1;
                self.consecutive_successes += 1;
                self.consecutive_failures = 0;
                let is_enough = self.consecutive_successes >= self.config.half_open_requests();
                (self.state == CircuitState::HalfOpen && is_enough)
                    .then(|| self.go(CircuitState::Closed, None))
                    .flatten()
            }
            Verdict::Failure => {
                self.failures += 1;
                self.consecutive_failures += 1;
                self.consecutive_successes = 0;
                let is_enough = self.consecutive_failures >= self.config.failure_threshold();
                let is_to_trip = is_enough && self.config.is_enabled();
                if self.state == CircuitState::Closed && !is_to_trip {
                    return None;
                }
                self.trips += 1;
                self.go(CircuitState::Open, Some(now + self.config.open_for()))
            }
        }
    }
}
