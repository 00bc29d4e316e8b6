//! The state of a circuit as a file holds it.

use seawall::{CircuitSnapshot, CircuitState};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const VERSION: u32 = 1;

/// What a circuit knew, and when that was. Times are in nanoseconds.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    version: u32,
    /// By the wall clock, since 1970.
    written_ns: u64,
    state: String,
    retry_in_ns: Option<u64>,
    requests: u32,
    successes: u32,
    failures: u32,
    consecutive_successes: u32,
    consecutive_failures: u32,
    trips: u64,
    generation: u64,
    /// The half-open places that are taken, and how long each one's lease still lasts.
    places: Vec<(u64, Option<u64>)>,
    next_place: u64,
}

/// A state that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// As it is now.
    pub(super) snapshot: CircuitSnapshot,
    /// Its time lies in the future: the wall clock was put back. What was left to wait is waited for from now on, which has
    /// to be written down, or it would be so at each look.
    pub(super) is_ahead: bool,
}

/// The file's content.
pub(super) fn written(snapshot: &CircuitSnapshot, now: SystemTime) -> Result<Vec<u8>, String> {
    let counts = snapshot.counts;
    let row = Row {
        version: VERSION,
        written_ns: since_1970(now),
        state: snapshot.state.as_str().to_owned(),
        retry_in_ns: snapshot.retry_in.map(nanoseconds),
        requests: counts.requests,
        successes: counts.successes,
        failures: counts.failures,
        consecutive_successes: counts.consecutive_successes,
        consecutive_failures: counts.consecutive_failures,
        trips: snapshot.trips,
        generation: snapshot.generation,
        places: snapshot.places.iter().map(|(place, lease)| (*place, lease.map(nanoseconds))).collect(),
        next_place: snapshot.next_place,
    };
    let mut bytes = serde_json::to_vec_pretty(&row).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// What the file says; the error is a phrase about what is wrong with it.
pub(super) fn read(bytes: &[u8], now: SystemTime) -> Result<Kept, String> {
    let row: Row = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if row.version != VERSION {
        return Err(format!("its version is {}, and this program knows {VERSION}", row.version));
    }
    let passed = since_1970(now).checked_sub(row.written_ns);
    let snapshot = row.into_snapshot()?.after(Duration::from_nanos(passed.unwrap_or(0)));
    Ok(Kept { snapshot, is_ahead: passed.is_none() })
}

impl Row {
    fn into_snapshot(self) -> Result<CircuitSnapshot, String> {
        let known = [CircuitState::Closed, CircuitState::Open, CircuitState::HalfOpen];
        let state = known.into_iter().find(|state| state.as_str() == self.state);
        let mut snapshot = CircuitSnapshot::default();
        snapshot.state = state.ok_or_else(|| format!("there is no state `{}`", self.state))?;
        snapshot.retry_in = self.retry_in_ns.map(Duration::from_nanos);
        snapshot.counts.requests = self.requests;
        snapshot.counts.successes = self.successes;
        snapshot.counts.failures = self.failures;
        snapshot.counts.consecutive_successes = self.consecutive_successes;
        snapshot.counts.consecutive_failures = self.consecutive_failures;
        (snapshot.trips, snapshot.generation, snapshot.next_place) = (self.trips, self.generation, self.next_place);
        let places = self.places.into_iter().map(|(place, lease)| (place, lease.map(Duration::from_nanos)));
        snapshot.places = places.collect();
        Ok(snapshot)
    }
}

fn since_1970(time: SystemTime) -> u64 {
    nanoseconds(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// At most 584 years.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall::{CircuitBreaker, CircuitBreakerConfig};
    use std::time::Instant;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Open for a minute.
    fn open() -> CircuitSnapshot {
        let breaker = CircuitBreaker::new(CircuitBreakerConfig::new().with_failure_threshold(1).with_open_for(MINUTE));
        let now = Instant::now();
        breaker.admit(now).unwrap().failure(now);
        breaker.snapshot(now)
    }

    fn left(bytes: &[u8], now: SystemTime) -> (Duration, bool) {
        let kept = read(bytes, now).unwrap();
        (kept.snapshot.retry_in.unwrap(), kept.is_ahead)
    }

    #[test]
    fn what_is_written_is_read_again_and_time_has_passed_meanwhile() {
        let (snapshot, now) = (open(), SystemTime::now());
        let bytes = written(&snapshot, now).unwrap();
        assert_eq!(read(&bytes, now).unwrap(), Kept { snapshot, is_ahead: false });
        assert_eq!(left(&bytes, now + MINUTE / 3), (MINUTE * 2 / 3, false));
        assert_eq!(left(&bytes, now + MINUTE * 2), (Duration::ZERO, false));
    }

    #[test]
    fn a_clock_that_was_put_back_lets_nobody_wait_longer_than_once_more() {
        let now = SystemTime::now();
        let year_before = now.checked_sub(MINUTE * 60 * 24 * 365).unwrap();
        let bytes = written(&open(), now).unwrap();
        assert_eq!(left(&bytes, year_before), (MINUTE, true));
        // Whoever meets this writes it down, and from then on time passes.
        let again = written(&read(&bytes, year_before).unwrap().snapshot, year_before).unwrap();
        assert_eq!(left(&again, year_before + MINUTE / 2), (MINUTE / 2, false));
    }

    #[test]
    fn half_open_places_and_their_leases_are_kept() {
        let config = CircuitBreakerConfig::new().with_failure_threshold(1).with_open_for(MINUTE);
        let (breaker, now) = (CircuitBreaker::new(config), Instant::now());
        breaker.restore(&open().after(MINUTE), now);
        let _ticket = breaker.admit(now).unwrap().into_ticket();
        let (snapshot, wall) = (breaker.snapshot(now), SystemTime::now());
        assert_eq!(snapshot.places, [(0, Some(MINUTE))]);
        assert_eq!(read(&written(&snapshot, wall).unwrap(), wall).unwrap().snapshot, snapshot);
    }

    #[test]
    fn rubbish_is_an_error() {
        let bytes = written(&open(), SystemTime::now()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let error = |text: &str| read(text.as_bytes(), SystemTime::now()).unwrap_err();
        assert_eq!(
            error(&text.replace("\"version\": 1", "\"version\": 2")),
            "its version is 2, and this program knows 1"
        );
        assert_eq!(error(&text.replace("\"open\"", "\"ajar\"")), "there is no state `ajar`");
        assert!(!error("").is_empty() && !error(&text[..text.len() / 2]).is_empty());
    }
}
