//! How long a simulated call takes: always the same, or spread as real latencies are.

use crate::resilience::InvalidSetting;
use std::f64::consts::TAU;
use std::time::Duration;

/// How long a [simulated](crate::SimulatedBackend) call takes. The default is no time at all.
///
/// ```
/// use seawall::{Latency, SimulatedBackend};
/// use std::time::Duration;
///
/// let (median, p99) = (Duration::from_millis(20), Duration::from_millis(200));
/// let backend = SimulatedBackend::new().with_latency(Latency::log_normal(median, p99));
///
/// let refused = Latency::try_log_normal(p99, median).unwrap_err();
/// assert_eq!(refused.to_string(), "latency must have a p99 of at least its median, and a median of more than zero");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Latency {
    median: Duration,
    /// The standard deviation of the logarithm; zero: always the median.
    sigma: f64,
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

impl Latency {
    /// Always the same.
    pub const fn fixed(latency: Duration) -> Self {
        Self { median: latency, sigma: 0.0 }
    }

    /// The log-normal distribution with this median and this 99th percentile.
    ///
    /// # Panics
    ///
    /// If the median is zero, or more than the 99th percentile.
    #[track_caller]
    pub fn log_normal(median: Duration, p99: Duration) -> Self {
        Self::try_log_normal(median, p99).unwrap_or_else(|refused| panic!("{refused}"))
    }

    /// [`log_normal`](Self::log_normal), for values that may be nonsense.
    pub fn try_log_normal(median: Duration, p99: Duration) -> Result<Self, InvalidSetting> {
        if median.is_zero() || p99 < median {
            const RULE: &str = "latency must have a p99 of at least its median, and a median of more than zero";
            return Err(InvalidSetting::new("latency", RULE));
        }
        Ok(Self { median, sigma: (p99.as_secs_f64() / median.as_secs_f64()).ln() / Z99 })
    }

    /// The latency for two independent draws from 0 to less than 1.
    pub(super) fn at(self, first: f64, second: f64) -> Duration {
        if self.sigma == 0.0 {
            return self.median;
        }
        let seconds = self.median.as_secs_f64() * (self.sigma * standard_normal(first, second)).exp();
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

impl From<Duration> for Latency {
    fn from(latency: Duration) -> Self {
        Self::fixed(latency)
    }
}

/// Box and Muller, "A note on the generation of random normal deviates", 1958.
fn standard_normal(first: f64, second: f64) -> f64 {
    (-2.0 * (1.0 - first).ln()).sqrt() * (TAU * second).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed;

    #[expect(clippy::cast_precision_loss, reason = "a test's draws need not be exact")]
    fn drawn(latency: Latency) -> Vec<Duration> {
        let share = |n| seed::nth(1, n) as f64 / u64::MAX as f64;
        let mut drawn: Vec<_> = (0..20_000).map(|n| latency.at(share(2 * n), share(2 * n + 1))).collect();
        drawn.sort();
        drawn
    }

    #[test]
    fn a_log_normal_latency_has_its_median_and_its_p99() {
        let drawn = drawn(Latency::log_normal(Duration::from_millis(20), Duration::from_millis(200)));
        let (median, p99) = (drawn[10_000].as_secs_f64(), drawn[19_800].as_secs_f64());
        assert!((0.019..0.021).contains(&median), "{median}");
        assert!((0.17..0.23).contains(&p99), "{p99}");
    }

    #[test]
    fn a_latency_with_the_p99_of_its_median_is_fixed() {
        let second = Duration::from_secs(1);
        assert_eq!(Latency::log_normal(second, second), second.into());
        assert_eq!(Latency::fixed(second).at(0.999, 0.0), second);
    }

    #[test]
    fn the_widest_latency_neither_overflows_nor_panics() {
        let latency = Latency::log_normal(Duration::from_nanos(1), Duration::MAX);
        assert!(latency.at(0.999_999_999, 0.0) <= Duration::MAX);
        assert!(latency.at(0.999_999_999, 0.5) < Duration::from_secs(1));
    }
}
