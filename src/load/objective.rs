//! What a load must reach, and whether it did.

use super::rate::Rate;
use super::result::LoadResult;
use std::time::Duration;

/// What is measured of a load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// The corrected latency that this share of the calls did not exceed: 0.99 for the 99th percentile. In seconds.
    Quantile(f64),
    /// The greatest corrected latency. In seconds.
    Max,
    /// The mean corrected latency. In seconds.
    Mean,
    /// The share of calls that were not ok, from 0 to 1.
    Errors,
    /// Calls a second.
    Rate,
}

impl Measure {
    /// Its value; `None` where there is nothing to measure.
    pub fn of(self, result: &LoadResult) -> Option<f64> {
        let latencies = result.corrected();
        let latency = match self {
            Self::Quantile(share) => latencies.quantile(share),
            Self::Max => latencies.max(),
            Self::Mean => latencies.mean(),
            Self::Errors => return result.error_share(),
            Self::Rate => return Some(result.rate()),
        };
        latency.map(|latency| latency.as_secs_f64())
    }
}

/// A service level objective: a measure, and what it must be below or above.
///
/// ```
/// use seawall::load::{Load, Objective};
/// use seawall::CancelToken;
/// use std::time::Duration;
/// let result = Load::closed(1).with_count(100).run(&CancelToken::new(), |_| Ok(()));
/// assert!(Objective::quantile_below(0.99, Duration::from_secs(1)).judge(&result).is_met);
/// assert!(Objective::errors_below(0.01).judge(&result).is_met);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    measure: Measure,
    bound: f64,
    is_above: bool,
}

/// Whether an objective was met.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Judgement {
    /// What was measured; `None` where there was nothing to measure, and then it was not met.
    pub value: Option<f64>,
    /// Whether it is beyond the bound, on the right side; exactly the bound is not.
    pub is_met: bool,
}

impl Objective {
    /// `measure` must be less than `bound`.
    pub fn below(measure: Measure, bound: f64) -> Self {
        Self { measure, bound, is_above: false }
    }

    /// `measure` must be more than `bound`.
    pub fn above(measure: Measure, bound: f64) -> Self {
        Self { measure, bound, is_above: true }
    }

    /// This percentile of the corrected latencies must be less than `bound`.
    pub fn quantile_below(share: f64, bound: Duration) -> Self {
        Self::below(Measure::Quantile(share), bound.as_secs_f64())
    }

    /// Less than this share of the calls may fail.
    pub fn errors_below(share: f64) -> Self {
        Self::below(Measure::Errors, share)
    }

    /// More than so many calls must end.
    pub fn rate_above(rate: Rate) -> Self {
        Self::above(Measure::Rate, rate.as_per_second())
    }

    /// Whether a load met it.
    pub fn judge(&self, result: &LoadResult) -> Judgement {
        let value = self.measure.of(result);
        let is_met = value.is_some_and(|value| if self.is_above { value > self.bound } else { value < self.bound });
        Judgement { value, is_met }
    }
}
