//! A load in equal parts, few enough for a picture whatever its length.

use super::answer::Answer;
use super::latencies::{leading_bits, nanos, quantile_of};
use std::collections::BTreeMap;
use std::time::Duration;

/// One of the equal parts of a load: see [`LoadResult::intervals`](super::LoadResult::intervals).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    due: u64,
    began: u64,
    calls: u64,
    ok: u64,
    errors: BTreeMap<&'static str, u64>,
    attempts: u64,
    rejected: u64,
    latencies: BTreeMap<u64, u64>,
}

impl Interval {
    fn end(&mut self, answer: &Answer, latency: Duration) {
        self.calls += 1;
        match &answer.error {
            None => self.ok += 1,
            Some(error) => *self.errors.entry(error.class).or_default() += 1,
        }
        self.attempts += answer.attempts;
        self.rejected += answer.rejected;
        if answer.has_latency() {
            *self.latencies.entry(rounded(nanos(latency))).or_default() += 1;
        }
    }

    fn join(&mut self, other: &Self) {
        self.due += other.due;
        self.began += other.began;
        self.calls += other.calls;
        self.ok += other.ok;
        self.attempts += other.attempts;
        self.rejected += other.rejected;
        other.errors.iter().for_each(|(class, count)| *self.errors.entry(class).or_default() += count);
        other.latencies.iter().for_each(|(latency, count)| *self.latencies.entry(*latency).or_default() += count);
    }

    /// How many of the calls that began at all were due in it.
    pub fn due(&self) -> u64 {
        self.due
    }

    /// How many began in it.
    pub fn began(&self) -> u64 {
        self.began
    }

    /// How many ended in it.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// How many of those that ended were ok.
    pub fn ok(&self) -> u64 {
        self.ok
    }

    /// How many of those that ended failed, by the class of the failure.
    pub fn errors(&self) -> &BTreeMap<&'static str, u64> {
        &self.errors
    }

    /// How many attempts the calls that ended in it took, whenever they made them.
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// How often a circuit breaker refused one of the calls that ended in it.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// The corrected latencies in order, rounded down by at most a sixteenth, and how many there are of each.
    pub fn latencies(&self) -> impl Iterator<Item = (Duration, u64)> + use<'_> {
        self.latencies.iter().map(|(latency, count)| (Duration::from_nanos(*latency), *count))
    }

    /// The corrected latency, so rounded, that this share of them did not exceed; `None` if there is none.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        quantile_of(&self.latencies, share)
    }
}

/// To the five leading bits.
fn rounded(nanos: u64) -> u64 {
    leading_bits(nanos, 5)
}

/// The parts of a load that goes on: they become twice as long where there would be too many of them, so that an hour takes
/// as much memory as a minute.
#[derive(Clone, Debug)]
pub(super) struct Intervals {
    length: Duration,
    parts: Vec<Interval>,
}

impl Intervals {
    const SHORTEST: Duration = Duration::from_millis(50);
    pub(super) const MOST: usize = 400;

    pub(super) fn new() -> Self {
        Self { length: Self::SHORTEST, parts: Vec::new() }
    }

    pub(super) fn record(&mut self, [due, began, ended]: [Duration; 3], answer: &Answer) {
        // The last of the three: what it makes of the lengths holds for the others.
        let last = self.at(ended);
        self.parts[last].end(answer, ended.saturating_sub(due));
        let (due, began) = (self.at(due), self.at(began));
        self.parts[due].due += 1;
        self.parts[began].began += 1;
    }

    /// With parts up to this instant.
    pub(super) fn until(&mut self, end: Duration) {
        let last = end.saturating_sub(Duration::from_nanos(1));
        self.at(last);
    }

    /// In at most so many parts.
    pub(super) fn at_most(&self, most: usize) -> (Duration, Vec<Interval>) {
        let mut few = self.clone();
        while few.parts.len() > most.max(1) {
            few.halve();
        }
        (few.length, few.parts)
    }

    /// The place of an instant, which there is from now on.
    fn at(&mut self, instant: Duration) -> usize {
        loop {
            let place = usize::try_from(instant.as_nanos() / self.length.as_nanos()).unwrap_or(usize::MAX);
            if place < self.parts.len().max(Self::MOST) {
                let parts = self.parts.len().max(place + 1);
                self.parts.resize_with(parts, Interval::default);
                return place;
            }
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.length = self.length.saturating_mul(2);
        let joined = |pair: &[Interval]| {
            let mut first = pair[0].clone();
            pair[1..].iter().for_each(|second| first.join(second));
            first
        };
        self.parts = self.parts.chunks(2).map(joined).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_no_more_parts_than_a_minute_and_loses_nothing() {
        let mut intervals = Intervals::new();
        for second in 0..3600 {
            let at = Duration::from_secs(second);
            intervals.record([at, at, at + Duration::from_millis(second)], &Answer::ok());
        }
        intervals.until(Duration::from_secs(4000));
        let (length, parts) = intervals.at_most(usize::MAX);
        assert!(parts.len() <= Intervals::MOST && length * 400 >= Duration::from_secs(4000), "{length:?}");
        let sum = |of: fn(&Interval) -> u64| parts.iter().map(of).sum::<u64>();
        assert_eq!((sum(Interval::due), sum(Interval::began), sum(Interval::calls)), (3600, 3600, 3600));
        let (length, few) = intervals.at_most(10);
        assert!(few.len() <= 10 && length * 10 >= Duration::from_secs(4000));
        assert_eq!(few.iter().map(Interval::ok).sum::<u64>(), 3600);
    }
}
