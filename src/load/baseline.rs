//! Whether a load was slower or faster than an earlier one.

use super::result::LoadResult;
use std::time::Duration;

/// What an earlier load is remembered by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// Its corrected median.
    pub p50: Option<Duration>,
    /// Its corrected 99th percentile.
    pub p99: Option<Duration>,
    /// Its seconds.
    pub windows: Vec<Window>,
}

/// One second of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many calls ended in it.
    pub calls: u64,
    /// Their median.
    pub p50: Option<Duration>,
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No difference, or none that can be told from the one between seconds of the same load.
    Same,
    /// The later load is slower.
    Slower,
    /// The later load is faster.
    Faster,
}

impl Verdict {
    /// The word for it: `same`, `slower`, `faster`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Slower => "slower",
            Self::Faster => "faster",
        }
    }
}

/// A load against an earlier one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// By the median.
    pub verdict: Verdict,
    /// The median now, divided by that before; `None` where one of them is missing, or that before was nothing.
    pub p50: Option<f64>,
    /// The same of the 99th percentile.
    pub p99: Option<f64>,
}

impl Baseline {
    /// What there is to remember of `result`.
    pub fn of(result: &LoadResult) -> Self {
        let windows = result.series().iter().map(|second| Window { calls: second.calls(), p50: second.quantile(0.5) });
        let latencies = result.corrected();
        Self { p50: latencies.p50(), p99: latencies.p99(), windows: windows.collect() }
    }

    /// A later load against this one.
    ///
    /// It is slower, or faster, if its median differs by more than a tenth and more than 1 ms, and by more than the medians of
    /// the seconds of either load differ among themselves: from the least to the greatest, seconds with less than a tenth of
    /// the usual number of calls left out.
    pub fn compare(&self, later: &Self) -> Comparison {
        let verdict = match (self.p50, later.p50) {
            (Some(before), Some(now)) => self.verdict(later, before, now),
            _ => Verdict::Same,
        };
        Comparison { verdict, p50: ratio(later.p50, self.p50), p99: ratio(later.p99, self.p99) }
    }

    fn verdict(&self, later: &Self, before: Duration, now: Duration) -> Verdict {
        const LEAST: Duration = Duration::from_millis(1);
        let difference = now.abs_diff(before);
        let noise = self.spread().max(later.spread()).max(LEAST);
        if difference <= noise || difference <= before / 10 {
            Verdict::Same
        } else if now > before {
            Verdict::Slower
        } else {
            Verdict::Faster
        }
    }

    fn spread(&self) -> Duration {
        let mut calls: Vec<u64> = self.windows.iter().map(|window| window.calls).filter(|calls| *calls > 0).collect();
        calls.sort_unstable();
        let usual = calls.get(calls.len() / 2).copied().unwrap_or_default();
        let medians = self.windows.iter().filter(|window| window.calls * 10 >= usual).filter_map(|window| window.p50);
        let (least, most) = (medians.clone().min(), medians.max());
        most.unwrap_or_default().saturating_sub(least.unwrap_or_default())
    }
}

fn ratio(now: Option<Duration>, before: Option<Duration>) -> Option<f64> {
    let before = before?.as_secs_f64();
    (before > 0.0).then_some(now?.as_secs_f64() / before)
}
