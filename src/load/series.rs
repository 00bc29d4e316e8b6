//! What happened in each second of a load.

use super::answer::Answer;
use super::latencies::{leading_bits, nanos, quantile_of};
use std::collections::BTreeMap;
use std::time::Duration;

/// The calls that ended in one second of a load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Second {
    calls: u64,
    ok: u64,
    errors: BTreeMap<&'static str, u64>,
    attempts: u64,
    rejected: u64,
    latest_start: Duration,
    /// Corrected latencies in nanoseconds, rounded down, and how many there are of each. A histogram's array would be a
    /// hundred times as large, and a load has many seconds.
    latencies: BTreeMap<u64, u64>,
    max: Duration,
}

impl Second {
    pub(super) fn add(&mut self, answer: &Answer, latency: Duration, late: Duration) {
        self.calls += 1;
        match &answer.error {
            None => self.ok += 1,
            Some(error) => *self.errors.entry(error.class).or_default() += 1,
        }
        self.attempts += answer.attempts;
        self.rejected += answer.rejected;
        self.latest_start = self.latest_start.max(late);
        if answer.has_latency() {
            *self.latencies.entry(rounded(nanos(latency))).or_default() += 1;
            self.max = self.max.max(latency);
        }
    }

    /// How many calls ended in it.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// How many of them were ok.
    pub fn ok(&self) -> u64 {
        self.ok
    }

    /// How many failed, by the class of the failure.
    pub fn errors(&self) -> &BTreeMap<&'static str, u64> {
        &self.errors
    }

    /// How many attempts these calls took.
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// How often a circuit breaker refused one of these calls.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// How late the latest of them had started.
    pub fn late_max(&self) -> Duration {
        self.latest_start
    }

    /// The corrected latency that this share of them did not exceed; `None` if there is none.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        quantile_of(&self.latencies, share)
    }

    /// The greatest corrected latency; `None` if there is none.
    pub fn max(&self) -> Option<Duration> {
        (!self.latencies.is_empty()).then_some(self.max)
    }

    /// The corrected latencies in order, to three digits, and how many there are of each: for a heat map.
    pub fn latencies(&self) -> impl Iterator<Item = (Duration, u64)> + use<'_> {
        self.latencies.iter().map(|(latency, count)| (Duration::from_nanos(*latency), *count))
    }
}

/// To the eleven leading bits, as a histogram of three digits does it.
fn rounded(nanos: u64) -> u64 {
    leading_bits(nanos, 11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_keeps_three_digits() {
        for nanos in [0, 1, 2047, 2048, 2049, 12_345_678, u64::MAX >> 1] {
            let rounded = rounded(nanos);
            assert!(rounded <= nanos && nanos - rounded <= nanos / 1024, "{nanos} as {rounded}");
        }
        assert_eq!(rounded(2047), 2047);
    }
}
