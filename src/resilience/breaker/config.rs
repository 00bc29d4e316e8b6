//! The settings of a circuit breaker.

use crate::send_error::{ErrorClass, ErrorClasses};
use std::time::Duration;

/// When a circuit opens, for how long, and what it takes to close it.
///
/// | setting | default |
/// | --- | --- |
/// | failure threshold | 5 consecutive failures |
/// | open for | 30 s |
/// | half-open requests | 3 |
/// | classes that count | transient, overloaded, timed out, killed (and a panic, always) |
///
/// There is nothing to refuse: a threshold or a number of requests of zero counts as one, as in sony/gobreaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitBreakerConfig {
    failure_threshold: u32,
    open_for: Duration,
    half_open_requests: u32,
    counted: ErrorClasses,
    is_enabled: bool,
}

impl Default for CircuitBreakerConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl CircuitBreakerConfig {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            failure_threshold: 5,
            open_for: Duration::from_secs(30),
            half_open_requests: 3,
            counted: ErrorClasses::COUNTED,
            is_enabled: true,
        }
    }

    /// A breaker that counts, and never opens by itself.
    pub const fn disabled() -> Self {
        Self { is_enabled: false, ..Self::new() }
    }

    /// How many failures in a row open the circuit.
    #[must_use]
    pub const fn with_failure_threshold(self, n: u32) -> Self {
        Self { failure_threshold: n, ..self }
    }

    /// How long it stays open before it is tried again. [`Duration::MAX`]: until it is reset.
    #[must_use]
    pub const fn with_open_for(self, d: Duration) -> Self {
        Self { open_for: d, ..self }
    }

    /// How many calls a half-open circuit admits in all, and how many successes in a row close it.
    #[must_use]
    pub const fn with_half_open_requests(self, n: u32) -> Self {
        Self { half_open_requests: n, ..self }
    }

    /// Whether an error of `class` says that the backend is unwell.
    #[must_use]
    pub const fn with_counts(self, class: ErrorClass, yes: bool) -> Self {
        Self { counted: self.counted.with(class, yes), ..self }
    }

    /// How many failures in a row open the circuit.
    pub const fn failure_threshold(&self) -> u32 {
        if self.failure_threshold == 0 { 1 } else { self.failure_threshold }
    }

    /// How long it stays open.
    pub const fn open_for(&self) -> Duration {
        self.open_for
    }

    /// How many calls a half-open circuit admits in all.
    pub const fn half_open_requests(&self) -> u32 {
        if self.half_open_requests == 0 { 1 } else { self.half_open_requests }
    }

    /// Whether an error of `class` counts.
    pub const fn counts(&self, class: ErrorClass) -> bool {
        self.counted.contains(class)
    }

    /// Whether it ever opens by itself.
    pub const fn is_enabled(&self) -> bool {
        self.is_enabled
    }
}
