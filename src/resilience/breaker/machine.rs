//! The states of a circuit, and what moves it from one to the next. No lock, no clock.

use super::config::CircuitBreakerConfig;
use super::snapshot::CircuitSnapshot;
use crate::failure::Rejected;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// The shortest lease of a half-open place: with `open_for` of zero the limit would mean nothing.
const SHORTEST_LEASE: Duration = Duration::from_millis(1);

/// What a call's end means for the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The backend is well.
    Success,
    /// The backend is unwell.
    Failure,
    /// It says nothing about the backend.
    Neutral,
}

/// Where a circuit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CircuitState {
    /// Calls go through.
    Closed,
    /// Calls are refused.
    Open,
    /// A few calls go through, to see whether the backend is well again.
    HalfOpen,
}

impl CircuitState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    /// The word for it in reports and events: `closed`, `open`, `half_open`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// Prints [`as_str`](CircuitState::as_str).
impl fmt::Display for CircuitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a circuit counted in its present generation. Counters stop at their largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Calls that were admitted.
    pub requests: u32,
    /// Those that went well.
    pub successes: u32,
    /// Those that failed.
    pub failures: u32,
    /// Those that went well since the last failure.
    pub consecutive_successes: u32,
    /// Those that failed since the last success.
    pub consecutive_failures: u32,
}

impl Counts {
    const NONE: Self =
        Self { requests: 0, successes: 0, failures: 0, consecutive_successes: 0, consecutive_failures: 0 };

    #[inline]
    fn request(&mut self) {
        self.requests = self.requests.saturating_add(1);
    }

    #[inline]
    fn success(&mut self) {
        self.successes = self.successes.saturating_add(1);
        self.consecutive_successes = self.consecutive_successes.saturating_add(1);
        self.consecutive_failures = 0;
    }

    #[inline]
    fn failure(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.consecutive_failures = self.consecutive_failures.saturating_add(1);
        self.consecutive_successes = 0;
    }
}

/// A circuit went from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StateChange {
    /// Where it stood.
    pub from: CircuitState,
    /// Where it stands.
    pub to: CircuitState,
    /// The number of the generation that begins; each change has a higher one than the change before.
    pub generation: u64,
}

/// What was noted of a call when it was admitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admission {
    generation: u64,
    /// The number of its half-open place.
    place: u64,
    /// Whether it is the one with which the circuit became half-open.
    is_first_probe: bool,
}

impl Admission {
    /// What admitting it changed.
    pub(super) fn change(&self) -> Option<StateChange> {
        let (from, to) = (CircuitState::Open, CircuitState::HalfOpen);
        self.is_first_probe.then_some(StateChange { from, to, generation: self.generation })
    }
}

pub(super) struct Machine {
    phase: Phase,
    generation: u64,
    counts: Counts,
    trips: u64,
}

enum Phase {
    Closed,
    Open {
        retry_at: Option<Instant>,
    },
    /// Boxed, so that a closed circuit fits into one cache line with its lock.
    HalfOpen(Box<Places>),
}

#[derive(Default)]
struct Places {
    /// The calls under way, by place, and when each one's lease is over (`None`: never).
    taken: BTreeMap<u64, Option<Instant>>,
    next: u64,
}

impl Machine {
    pub(super) const fn new() -> Self {
        Self { phase: Phase::Closed, generation: 0, counts: Counts::NONE, trips: 0 }
    }

    pub(super) fn state(&self) -> CircuitState {
        match self.phase {
            Phase::Closed => CircuitState::Closed,
            Phase::Open { .. } => CircuitState::Open,
            Phase::HalfOpen(_) => CircuitState::HalfOpen,
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn trips(&self) -> u64 {
        self.trips
    }

    pub(super) fn retry_at(&self) -> Option<Instant> {
        if let Phase::Open { retry_at } = self.phase { retry_at } else { None }
    }

    pub(super) fn force_open(&mut self) -> Option<StateChange> {
        self.enter(Phase::Open { retry_at: None })
    }

    pub(super) fn reset(&mut self) -> Option<StateChange> {
        self.enter(Phase::Closed)
    }

    pub(super) fn snapshot(&self, now: Instant) -> CircuitSnapshot {
        let left = |at: &Option<Instant>| at.map(|at| at.saturating_duration_since(now));
        let (places, next_place) = match &self.phase {
            Phase::HalfOpen(places) => {
                (places.taken.iter().map(|(place, lease_over)| (*place, left(lease_over))).collect(), places.next)
            }
            Phase::Closed | Phase::Open { .. } => (Vec::new(), 0),
        };
        CircuitSnapshot {
            state: self.state(),
            retry_in: left(&self.retry_at()),
            counts: self.counts,
            trips: self.trips,
            generation: self.generation,
            places,
            next_place,
        }
    }

    pub(super) fn restore(&mut self, snapshot: &CircuitSnapshot, now: Instant) {
        let at = |left: Option<Duration>| left.and_then(|left| now.checked_add(left));
        self.phase = match snapshot.state {
            CircuitState::Closed => Phase::Closed,
            CircuitState::Open => Phase::Open { retry_at: at(snapshot.retry_in) },
            CircuitState::HalfOpen => Phase::HalfOpen(Box::new(Places {
                taken: snapshot.places.iter().map(|(place, left)| (*place, at(*left))).collect(),
                next: snapshot.next_place,
            })),
        };
        (self.generation, self.counts, self.trips) = (snapshot.generation, snapshot.counts, snapshot.trips);
    }

    /// What nearly every call gets. `None` if it is not closed.
    #[inline]
    pub(super) fn admit_if_closed(&mut self) -> Option<Admission> {
        let Phase::Closed = self.phase else { return None };
        self.counts.request();
        Some(Admission { generation: self.generation, place: 0, is_first_probe: false })
    }

    pub(super) fn admit_unless_closed(
        &mut self,
        config: &CircuitBreakerConfig,
        now: Instant,
    ) -> Result<Admission, Rejected> {
        let mut is_first_probe = false;
        if let Phase::Open { retry_at } = self.phase {
            if retry_at.is_none_or(|at| now < at) {
                return Err(Rejected::CircuitOpen { retry_at });
            }
            is_first_probe = self.enter(Phase::HalfOpen(Box::default())).is_some();
        }
        let place = self.take_place(config, now).ok_or(Rejected::TooManyRequests)?;
        self.counts.request();
        Ok(Admission { generation: self.generation, place, is_first_probe })
    }

    /// Of the places in all, those of calls under way are taken, and those of calls that went well.
    fn take_place(&mut self, config: &CircuitBreakerConfig, now: Instant) -> Option<u64> {
        let Phase::HalfOpen(places) = &mut self.phase else { return None };
        let limit = config.half_open_requests();
        let successes = u64::from(self.counts.successes);
        let is_full = |places: &Places| places.taken.len() as u64 + successes >= limit.into();
        if is_full(places) {
            places.taken.retain(|_, lease_over| lease_over.is_none_or(|at| now < at));
        }
        if is_full(places) {
            return None;
        }
        let place = places.next;
        places.next = places.next.wrapping_add(1);
        places.taken.insert(place, now.checked_add(config.open_for().max(SHORTEST_LEASE)));
        Some(place)
    }

    #[inline]
    pub(super) fn record(
        &mut self,
        config: &CircuitBreakerConfig,
        admission: &Admission,
        verdict: Verdict,
        now: impl FnOnce() -> Instant,
    ) -> Option<StateChange> {
        if admission.generation != self.generation {
            return None;
        }
        if let (Phase::Closed, Verdict::Success) = (&self.phase, verdict) {
            self.counts.success();
            return None;
        }
        self.record_what_may_change(config, admission, verdict, now)
    }

    #[cold]
    fn record_what_may_change(
        &mut self,
        config: &CircuitBreakerConfig,
        admission: &Admission,
        verdict: Verdict,
        now: impl FnOnce() -> Instant,
    ) -> Option<StateChange> {
        self.give_back(admission);
        match verdict {
            Verdict::Success => self.counts.success(),
            Verdict::Failure => self.counts.failure(),
            Verdict::Neutral => {}
        }
        match (&self.phase, verdict) {
            (Phase::Closed, Verdict::Failure) if self.is_to_trip(config) => self.trip(config, now()),
            (Phase::HalfOpen(_), Verdict::Failure) => self.trip(config, now()),
            (Phase::HalfOpen(_), Verdict::Success) if self.is_to_close(config) => self.enter(Phase::Closed),
            _ => None,
        }
    }

    /// Frees a half-open place. A success holds on to its own by being counted.
    #[inline]
    pub(super) fn give_back(&mut self, admission: &Admission) {
        if let Phase::HalfOpen(places) = &mut self.phase
            && admission.generation == self.generation
        {
            places.taken.remove(&admission.place);
        }
    }

    fn is_to_trip(&self, config: &CircuitBreakerConfig) -> bool {
        config.is_enabled() && self.counts.consecutive_failures >= config.failure_threshold()
    }

    fn is_to_close(&self, config: &CircuitBreakerConfig) -> bool {
        self.counts.consecutive_successes >= config.half_open_requests()
    }

    #[cold]
    fn trip(&mut self, config: &CircuitBreakerConfig, now: Instant) -> Option<StateChange> {
        self.trips = self.trips.saturating_add(1);
        self.enter(Phase::Open { retry_at: now.checked_add(config.open_for()) })
    }

    /// A new generation, with fresh counts. It is a change of state only if the state is another one.
    fn enter(&mut self, phase: Phase) -> Option<StateChange> {
        let from = self.state();
        self.phase = phase;
        // What was restored may have any number.
        self.generation = self.generation.wrapping_add(1);
        self.counts = Counts::NONE;
        let to = self.state();
        (from != to).then_some(StateChange { from, to, generation: self.generation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_time() -> Instant {
        unreachable!("the clock was read")
    }

    #[test]
    fn while_it_is_closed_it_does_not_ask_for_the_time_until_it_trips() {
        let (mut machine, config) = (Machine::new(), CircuitBreakerConfig::new().with_failure_threshold(2));
        for verdict in [Verdict::Success, Verdict::Neutral, Verdict::Failure] {
            let admission = machine.admit_if_closed().unwrap();
            assert_eq!(machine.record(&config, &admission, verdict, no_time), None);
        }
        let admission = machine.admit_if_closed().unwrap();
        let now = Instant::now();
        assert!(machine.record(&config, &admission, Verdict::Failure, || now).is_some());
        assert_eq!(machine.retry_at(), Some(now + config.open_for()));
    }

    #[test]
    fn counters_stop_at_their_largest_value() {
        let mut counts =
            Counts { requests: u32::MAX, failures: u32::MAX, consecutive_failures: u32::MAX, ..Counts::NONE };
        counts.request();
        counts.failure();
        assert_eq!((counts.requests, counts.failures, counts.consecutive_failures), (u32::MAX, u32::MAX, u32::MAX));
        counts.success();
        assert_eq!((counts.successes, counts.consecutive_failures), (1, 0));
    }
}
