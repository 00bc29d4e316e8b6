//! The scales that all loads of a page have in common.

use super::Shown;
use super::bands::{Band, bands};
use crate::bench::summary::human;
use seawall::load::Interval;
use std::collections::BTreeSet;
use std::time::Duration;

/// A load as it is drawn.
pub(super) struct Drawn<'a> {
    pub(super) shown: &'a Shown<'a>,
    /// Of one part, in seconds.
    pub(super) length: f64,
    pub(super) parts: Vec<Interval>,
    pub(super) bands: Vec<Band>,
}

impl<'a> Drawn<'a> {
    pub(super) fn of(shown: &'a Shown<'a>, most: usize) -> Self {
        // A part with hardly a call in it says nothing of a rate.
        let enough = usize::try_from(shown.result.calls() / 8).unwrap_or(usize::MAX).clamp(most / 4, most);
        let (length, parts) = shown.result.intervals(enough);
        let end = length.as_secs_f64() * count(parts.len() as u64);
        Self { shown, length: length.as_secs_f64(), parts, bands: bands(shown.changes, end) }
    }

    pub(super) fn span(&self) -> f64 {
        self.length * count(self.parts.len() as u64)
    }

    /// A count of one part, a second.
    pub(super) fn rate(&self, calls: u64) -> f64 {
        count(calls) / self.length
    }

    /// At the end of each part: calls that were due and had not begun, and those that had begun and not ended.
    pub(super) fn queues(&self) -> Vec<(u64, u64)> {
        let mut sums = (0, 0, 0);
        let queue = |part: &Interval| {
            sums = (sums.0 + part.due(), sums.1 + part.began(), sums.2 + part.calls());
            (sums.0 - sums.1, sums.1 - sums.2)
        };
        self.parts.iter().map(queue).collect()
    }

    pub(super) fn classes(&self) -> impl Iterator<Item = &'static str> + use<'_> {
        self.shown.result.errors().keys().copied()
    }
}

pub(super) struct Axes {
    /// Seconds.
    pub(super) span: f64,
    /// Of latencies, as decimal logarithms of seconds.
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) rate: f64,
    /// `None` where nothing was retried.
    pub(super) attempts: Option<f64>,
    pub(super) failed: f64,
    pub(super) queue: f64,
    /// Of the percentile curve: the decimal logarithm of calls for one that is slower.
    pub(super) nines: f64,
    pub(super) classes: Vec<&'static str>,
    /// All circuits of all loads.
    pub(super) backends: Vec<String>,
}

impl Axes {
    pub(super) fn of<'a>(drawn: &[Drawn<'a>]) -> Self {
        /// A peak that ends at the edge looks cut off.
        const ROOM: f64 = 1.08;
        let most = |of: &dyn Fn(&Drawn<'a>) -> f64| drawn.iter().map(of).fold(0.0, f64::max);
        let top = |of: &dyn Fn(&Drawn<'a>, &Interval) -> f64| {
            most(&|drawn| drawn.parts.iter().map(|part| of(drawn, part)).fold(0.0, f64::max))
        };
        let latencies = drawn.iter().flat_map(|drawn| drawn.parts.iter().flat_map(Interval::latencies));
        let logs = latencies.map(|(latency, _)| latency.as_secs_f64().max(1e-9).log10());
        let (low, high) = logs.fold((f64::MAX, f64::MIN), |(low, high), log| (low.min(log), high.max(log)));
        let (low, high) = if low > high { (-3.0, 0.0) } else { (low - 0.1, (high + 0.15).max(low + 0.5)) };
        let is_retried = drawn.iter().any(|drawn| drawn.shown.result.attempts() > drawn.shown.result.calls());
        let classes: BTreeSet<_> = drawn.iter().flat_map(Drawn::classes).collect();
        let backends: BTreeSet<_> =
            drawn.iter().flat_map(|drawn| drawn.bands.iter().map(|band| band.backend.clone())).collect();
        Self {
            span: most(&|drawn| drawn.span()).max(0.05),
            low,
            high,
            rate: top(&|drawn, part| drawn.rate(part.calls().max(part.due()))).max(1.0) * ROOM,
            attempts: is_retried.then(|| top(&|drawn, part| drawn.rate(part.attempts())).max(1.0) * ROOM),
            failed: top(&|drawn, part| drawn.rate(part.calls() - part.ok())).max(1.0) * ROOM,
            queue: most(&|drawn| drawn.queues().iter().map(|(late, busy)| count(late + busy)).fold(1.0, f64::max))
                * ROOM,
            nines: most(&|drawn| count(drawn.shown.result.corrected().count())).max(100.0).log10(),
            classes: classes.into_iter().collect(),
            backends: backends.into_iter().collect(),
        }
    }

    /// From 0 at the bottom to 1 at the top.
    pub(super) fn height_of(&self, latency: Duration) -> f64 {
        ((latency.as_secs_f64().max(1e-9).log10() - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// Heights and words.
    pub(super) fn latency_ticks(&self) -> Vec<(f64, String)> {
        let steps: &[f64] = if self.high - self.low < 2.2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let decades = (-9..=5).flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)));
        let seen = decades.filter(|value| (self.low..=self.high).contains(&value.log10()));
        let latency = |value: f64| Duration::try_from_secs_f64(value).unwrap_or_default();
        seen.map(|value| (self.height_of(latency(value)), human(latency(value)))).collect()
    }

    /// Shares of the width, and words.
    pub(super) fn time_ticks(&self) -> Vec<(f64, String)> {
        const STEPS: [f64; 15] =
            [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14_400.0];
        let step = STEPS.into_iter().find(|step| self.span / step <= 7.0).unwrap_or(86_400.0);
        let ticks = (0..=8).map(|tick| count(tick) * step).filter(|time| *time <= self.span);
        ticks.map(|time| (time / self.span, clock(time))).collect()
    }
}

fn clock(time: f64) -> String {
    if time >= 120.0 {
        format!("{:.0}:{:02.0} min", (time / 60.0).floor(), time % 60.0)
    } else {
        format!("{} s", round(time))
    }
}

/// Heights and words of a scale that begins at nothing.
pub(super) fn ticks(most: f64) -> Vec<(f64, String)> {
    let power = 10_f64.powf((most / 3.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    let step = steps.into_iter().find(|step| most / step <= 4.0).unwrap_or(most);
    let values = (0..=4).map(|tick| count(tick) * step).filter(|value| *value <= most);
    values.map(|value| (value / most, crate::bench::summary::short(value))).collect()
}

pub(super) fn round(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
pub(super) fn count(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_few_round_ticks() {
        let words = |most| ticks(most).into_iter().map(|(_, word)| word).collect::<Vec<_>>();
        assert_eq!(words(800.0), ["0", "200", "400", "600", "800"]);
        assert_eq!(words(1.0), ["0", "0.5", "1"]);
        assert_eq!((clock(2.5), clock(150.0)), ("2.5 s".to_owned(), "2:30 min".to_owned()));
    }
}
