//! What a circuit breaker knows, for another process or another day.

use super::machine::{CircuitState, Counts};
use std::time::Duration;

/// What a circuit breaker knows at one instant, as data: [`CircuitBreaker::snapshot`](super::CircuitBreaker::snapshot) takes
/// it, [`CircuitBreaker::restore`](super::CircuitBreaker::restore) gives it to another one.
///
/// Times count from the instant at which it was taken, so that whoever keeps it can put a wall clock beside it: an
/// [`Instant`](std::time::Instant) means nothing to another process. The settings are not part of it.
///
/// The default is a closed circuit that has counted nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CircuitSnapshot {
    /// Where the circuit stands.
    pub state: CircuitState,
    /// If it is open: how long until a call is admitted; zero if that is due, `None` if it was forced open.
    pub retry_in: Option<Duration>,
    /// What was counted in this generation.
    pub counts: Counts,
    /// How often failures opened it.
    pub trips: u64,
    /// The number of this generation.
    pub generation: u64,
    /// If it is half-open: the places that are taken, by number, and how long each lease still lasts (`None`: for ever).
    pub places: Vec<(u64, Option<Duration>)>,
    /// If it is half-open: the number of the next place.
    pub next_place: u64,
}

impl Default for CircuitSnapshot {
    fn default() -> Self {
        Self {
            state: CircuitState::Closed,
            retry_in: None,
            counts: Counts::default(),
            trips: 0,
            generation: 0,
            places: Vec::new(),
            next_place: 0,
        }
    }
}

impl CircuitSnapshot {
    /// The same, `time` later: what is due then, and which leases are over, is so by itself.
    ///
    /// ```
    /// use seawall::{CircuitBreaker, CircuitBreakerConfig};
    /// use std::time::{Duration, Instant};
    ///
    /// let config = CircuitBreakerConfig::new().with_failure_threshold(1).with_open_for(Duration::from_secs(30));
    /// let (yesterday, now) = (CircuitBreaker::new(config), Instant::now());
    /// yesterday.admit(now)?.failure(now);
    /// let kept = yesterday.snapshot(now);
    ///
    /// let (today, later) = (CircuitBreaker::new(config), Instant::now());
    /// today.restore(&kept.clone().after(Duration::from_secs(29)), later);
    /// assert!(today.admit(later).is_err());
    /// today.restore(&kept.after(Duration::from_secs(30)), later);
    /// assert!(today.admit(later).is_ok());
    /// # Ok::<(), seawall::Rejected>(())
    /// ```
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        let less = |left: Duration| left.saturating_sub(time);
        self.retry_in = self.retry_in.map(less);
        self.places.iter_mut().for_each(|(_, lease)| *lease = lease.map(less));
        self
    }
}
