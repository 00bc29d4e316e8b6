//! Whether a load was slower or faster than an earlier one.

use super::rank_test;
use super::result::LoadResult;
use std::time::Duration;

/// A difference that chance makes in one of a hundred comparisons is none.
const LEVEL: f64 = 0.01;

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
    /// How likely seconds that do not differ would be to look as different as these; `None` where one of the two has fewer than
    /// five.
    pub p_value: Option<f64>,
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
    /// It is slower, or faster, if its median differs by more than a tenth and more than 1 ms, and by more than the seconds of
    /// either load differ among themselves. Where both have five seconds or more, a rank test over the medians of their
    /// seconds tells that (Wilcoxon, Mann and Whitney, as a permutation test): its [`p_value`](Comparison::p_value) must be
    /// at most 0.01. With fewer, the difference must be greater than the one between the least and the greatest of them.
    /// Seconds with less than a tenth of the usual number of calls are left out, and with fewer than five calls in either load
    /// there is no verdict but [`Verdict::Same`].
    pub fn compare(&self, later: &Self) -> Comparison {
        let (before, now) = (self.medians(), later.medians());
        let p_value = rank_test::p_value(&before, &now);
        let is_noise = |difference| match p_value {
            Some(p) => p > LEVEL,
            None => difference <= spread(&before).max(spread(&now)),
        };
        let has_enough_calls = self.has_enough_calls() && later.has_enough_calls();
        let verdict = match self.p50.zip(later.p50) {
            Some((before, now)) if has_enough_calls && is_large(before, now) && !is_noise(now.abs_diff(before)) => {
                if now > before {
                    Verdict::Slower
                } else {
                    Verdict::Faster
                }
            }
            _ => Verdict::Same,
        };
        Comparison { verdict, p50: ratio(later.p50, self.p50), p99: ratio(later.p99, self.p99), p_value }
    }

    fn has_enough_calls(&self) -> bool {
        self.windows.iter().map(|window| window.calls).sum::<u64>() >= rank_test::LEAST as u64
    }

    /// Of the seconds with a tenth of the usual number of calls or more.
    fn medians(&self) -> Vec<Duration> {
        let mut calls: Vec<u64> = self.windows.iter().map(|window| window.calls).filter(|calls| *calls > 0).collect();
        calls.sort_unstable();
        let usual = calls.get(calls.len() / 2).copied().unwrap_or_default();
        self.windows.iter().filter(|window| window.calls * 10 >= usual).filter_map(|window| window.p50).collect()
    }
}

/// Enough to matter to anybody.
fn is_large(before: Duration, now: Duration) -> bool {
    let difference = now.abs_diff(before);
    difference > before / 10 && difference > Duration::from_millis(1)
}

/// From the least to the greatest.
fn spread(medians: &[Duration]) -> Duration {
    let (least, most) = (medians.iter().min(), medians.iter().max());
    most.copied().unwrap_or_default().saturating_sub(least.copied().unwrap_or_default())
}

fn ratio(now: Option<Duration>, before: Option<Duration>) -> Option<f64> {
    let before = before?.as_secs_f64();
    (before > 0.0).then_some(now?.as_secs_f64() / before)
}
