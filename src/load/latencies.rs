//! How long calls took, all of them.

use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The distribution of latencies, to three significant digits; the greatest one and the mean are exact.
///
/// Percentiles are those of an [HdrHistogram](https://hdrhistogram.org): at least the true one, and at most a thousandth
/// more.
#[derive(Clone)]
pub struct Latencies {
    nanos: Histogram<u64>,
    max: Duration,
    sum: f64,
}

impl Latencies {
    pub(super) fn new() -> Self {
        let nanos = Histogram::new(3).expect("three digits are fine");
        Self { nanos, max: Duration::ZERO, sum: 0.0 }
    }

    pub(super) fn add(&mut self, latency: Duration) {
        // It grows as it needs to, so that only a lack of memory could refuse a value.
        let _ = self.nanos.record(nanos(latency));
        self.max = self.max.max(latency);
        self.sum += latency.as_secs_f64();
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.nanos.len()
    }

    /// The latency that this share of the calls did not exceed, 0.99 for the 99th percentile; `None` if there is none.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        self.some(|| Duration::from_nanos(self.nanos.value_at_quantile(share)).min(self.max))
    }

    /// The median.
    pub fn p50(&self) -> Option<Duration> {
        self.quantile(0.5)
    }

    /// Nine in ten calls took no longer.
    pub fn p90(&self) -> Option<Duration> {
        self.quantile(0.9)
    }

    /// 99 in a hundred calls took no longer.
    pub fn p99(&self) -> Option<Duration> {
        self.quantile(0.99)
    }

    /// 999 in a thousand calls took no longer.
    pub fn p999(&self) -> Option<Duration> {
        self.quantile(0.999)
    }

    /// The greatest.
    pub fn max(&self) -> Option<Duration> {
        self.some(|| self.max)
    }

    /// The mean.
    #[expect(clippy::cast_precision_loss, reason = "no load has 2^53 calls")]
    pub fn mean(&self) -> Option<Duration> {
        self.some(|| Duration::try_from_secs_f64(self.sum / self.count() as f64).unwrap_or(Duration::MAX).min(self.max))
    }

    /// The percentile curve: shares that come ever nearer to 1, each with the latency that it did not exceed.
    pub fn curve(&self) -> impl Iterator<Item = (f64, Duration)> + use<'_> {
        let steps = self.nanos.iter_quantiles(5);
        steps.map(|step| (step.quantile(), Duration::from_nanos(step.value_iterated_to()).min(self.max)))
    }

    fn some<T>(&self, value: impl FnOnce() -> T) -> Option<T> {
        (!self.nanos.is_empty()).then(value)
    }
}

impl fmt::Debug for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Latencies");
        debug
            .field("count", &self.count())
            .field("p50", &self.p50())
            .field("p99", &self.p99())
            .field("max", &self.max());
        debug.finish_non_exhaustive()
    }
}

pub(super) fn nanos(latency: Duration) -> u64 {
    u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX >> 1).min(u64::MAX >> 1)
}

/// Of nanoseconds in order, and how many there are of each: those that this share of them did not exceed; `None` if there are none.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no load has 2^53 calls"
)]
pub(super) fn quantile_of(counted: &BTreeMap<u64, u64>, share: f64) -> Option<Duration> {
    let all: u64 = counted.values().sum();
    let mut left = ((all as f64 * share).ceil() as u64).max(1);
    let found = counted.iter().find(|(_, count)| {
        left = left.saturating_sub(**count);
        left == 0
    });
    found.map(|(nanos, _)| Duration::from_nanos(*nanos))
}

/// Rounded down to so many of its leading bits.
pub(super) fn leading_bits(nanos: u64, bits: u32) -> u64 {
    let rest = (u64::BITS - nanos.leading_zeros()).saturating_sub(bits);
    (nanos >> rest) << rest
}
