//! How long to wait between attempts, and how many to make: a policy, and the delays that it gives.

use crate::seed;
use crate::send_error::{ErrorClass, ErrorClasses};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

/// When a failed call is tried again: exponential backoff with jitter, and where it ends.
///
/// | setting | default |
/// | --- | --- |
/// | initial interval | 100 ms |
/// | max interval | 10 s |
/// | max elapsed time | 2 min |
/// | multiplier | 2.0 |
/// | randomization factor | 0.5 |
/// | max attempts | 0: no limit |
/// | retried classes | all but permanent, could not start, cancelled |
///
/// The n-th base interval is `min(initial · multiplierⁿ, max)`, and the delay is uniform in `[base·(1−f), base·(1+f)]`, f
/// being the randomization factor; so a delay may exceed the max interval by that factor. (The formula of cenkalti/backoff
/// v4, <https://pkg.go.dev/github.com/cenkalti/backoff/v4#ExponentialBackOff>.)
///
/// The max elapsed time is wall time since the first attempt began, attempts included. A delay that would end after it is
/// not waited for: the call gives up at once. So a call whose first attempt takes longer gets no second one.
///
/// A value is always valid: nonsense is refused when it is set, by a panic (in a `const`, by a compile error) from
/// `with_…`, and by an [`InvalidSetting`] from `try_with_…`, which is meant for settings that come from a file.
///
/// ```
/// use seawall::RetryConfig;
/// use std::time::Duration;
///
/// const PATIENT: RetryConfig = RetryConfig::new().with_max_interval(Duration::from_secs(1)).with_max_attempts(4);
/// let delays: Vec<Duration> = PATIENT.delays_from_seed(7).collect();
/// assert_eq!(delays.len(), 3);
/// assert!(delays[0] >= Duration::from_millis(50) && delays[0] <= Duration::from_millis(150));
///
/// let refused = RetryConfig::new().try_with_multiplier(0.5).unwrap_err();
/// assert_eq!(refused.to_string(), "multiplier must be a finite number of at least 1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryConfig {
    initial_interval: Duration,
    max_interval: Duration,
    max_elapsed_time: Duration,
    multiplier: f64,
    randomization_factor: f64,
    max_attempts: u32,
    retried: ErrorClasses,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// The value, or a panic with the rule that was broken.
macro_rules! valid {
    ($setting:expr) => {
        match $setting {
            Ok(config) => config,
            Err(InvalidSetting { rule, .. }) => panic!("{}", rule),
        }
    };
}

impl RetryConfig {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            initial_interval: Duration::from_millis(100),
            max_interval: Duration::from_secs(10),
            max_elapsed_time: Duration::from_secs(120),
            multiplier: 2.0,
            randomization_factor: 0.5,
            max_attempts: 0,
            retried: ErrorClasses::RETRIED,
        }
    }

    /// One attempt, no retry.
    pub const fn once() -> Self {
        Self::new().with_max_attempts(1)
    }

    /// The first base interval.
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[must_use]
    pub const fn with_initial_interval(self, interval: Duration) -> Self {
        valid!(self.try_with_initial_interval(interval))
    }

    /// What no base interval exceeds. Below the initial interval it caps that one too.
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[must_use]
    pub const fn with_max_interval(self, interval: Duration) -> Self {
        valid!(self.try_with_max_interval(interval))
    }

    /// By how much each base interval exceeds the one before.
    ///
    /// # Panics
    ///
    /// If it is NaN, infinite or less than 1.
    #[must_use]
    pub const fn with_multiplier(self, multiplier: f64) -> Self {
        valid!(self.try_with_multiplier(multiplier))
    }

    /// How far a delay may be from its base interval, as a share of it. Zero: no jitter.
    ///
    /// # Panics
    ///
    /// If it is NaN or outside of 0 to 1.
    #[must_use]
    pub const fn with_randomization_factor(self, factor: f64) -> Self {
        valid!(self.try_with_randomization_factor(factor))
    }

    /// How long after the beginning of the first attempt the last delay may end. [`Duration::MAX`]: no limit; zero: no
    /// retry.
    #[must_use]
    pub const fn with_max_elapsed_time(self, time: Duration) -> Self {
        Self { max_elapsed_time: time, ..self }
    }

    /// How many attempts are made at most, the first one included. Zero: no limit.
    #[must_use]
    pub const fn with_max_attempts(self, attempts: u32) -> Self {
        Self { max_attempts: attempts, ..self }
    }

    /// Whether an error of `class` is retried. An error that is not ends the call as it is.
    #[must_use]
    pub const fn with_retries_on(self, class: ErrorClass, yes: bool) -> Self {
        Self { retried: self.retried.with(class, yes), ..self }
    }

    /// [`with_initial_interval`](Self::with_initial_interval), for a value that may be nonsense.
    pub const fn try_with_initial_interval(self, interval: Duration) -> Result<Self, InvalidSetting> {
        if interval.is_zero() {
            return Err(InvalidSetting::new("initial_interval", "initial_interval must be more than zero"));
        }
        Ok(Self { initial_interval: interval, ..self })
    }

    /// [`with_max_interval`](Self::with_max_interval), for a value that may be nonsense.
    pub const fn try_with_max_interval(self, interval: Duration) -> Result<Self, InvalidSetting> {
        if interval.is_zero() {
            return Err(InvalidSetting::new("max_interval", "max_interval must be more than zero"));
        }
        Ok(Self { max_interval: interval, ..self })
    }

    /// [`with_multiplier`](Self::with_multiplier), for a value that may be nonsense.
    pub const fn try_with_multiplier(self, multiplier: f64) -> Result<Self, InvalidSetting> {
        if !(multiplier >= 1.0 && multiplier.is_finite()) {
            return Err(InvalidSetting::new("multiplier", "multiplier must be a finite number of at least 1"));
        }
        Ok(Self { multiplier, ..self })
    }

    /// [`with_randomization_factor`](Self::with_randomization_factor), for a value that may be nonsense.
    pub const fn try_with_randomization_factor(self, factor: f64) -> Result<Self, InvalidSetting> {
        if !(factor >= 0.0 && factor <= 1.0) {
            return Err(InvalidSetting::new(
                "randomization_factor",
                "randomization_factor must be a number from 0 to 1",
            ));
        }
        Ok(Self { randomization_factor: factor, ..self })
    }

    /// The first base interval.
    pub const fn initial_interval(&self) -> Duration {
        self.initial_interval
    }

    /// What no base interval exceeds.
    pub const fn max_interval(&self) -> Duration {
        self.max_interval
    }

    /// How long after the beginning of the first attempt the last delay may end.
    pub const fn max_elapsed_time(&self) -> Duration {
        self.max_elapsed_time
    }

    /// By how much each base interval exceeds the one before.
    pub const fn multiplier(&self) -> f64 {
        self.multiplier
    }

    /// How far a delay may be from its base interval, as a share of it.
    pub const fn randomization_factor(&self) -> f64 {
        self.randomization_factor
    }

    /// How many attempts are made at most; `None` if there is no limit.
    pub const fn max_attempts(&self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.max_attempts)
    }

    /// Whether an error of `class` is retried.
    pub const fn retries_on(&self, class: ErrorClass) -> bool {
        self.retried.contains(class)
    }

    /// The delays between the attempts of one call, drawn from fresh entropy.
    pub fn delays(&self) -> Delays {
        self.delays_from_seed(seed::fresh())
    }

    /// The delays between the attempts of one call; the same ones for the same seed.
    pub fn delays_from_seed(&self, seed: u64) -> Delays {
        Delays {
            config: *self,
            base_ns: nanoseconds(self.initial_interval),
            drawn: 0,
            rng: SmallRng::seed_from_u64(seed),
        }
    }
}

/// A setting that makes no sense, and the rule that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSetting {
    setting: &'static str,
    rule: &'static str,
}

impl InvalidSetting {
    pub(crate) const fn new(setting: &'static str, rule: &'static str) -> Self {
        Self { setting, rule }
    }

    /// The setting's name, as in `multiplier`.
    pub const fn setting(&self) -> &'static str {
        self.setting
    }
}

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.rule)
    }
}

impl std::error::Error for InvalidSetting {}

/// The delays of one call: an iterator made by [`RetryConfig::delays`].
///
/// It has no clock, so it ends by `max_attempts` alone: one delay fewer than attempts.
#[derive(Clone, Debug)]
pub struct Delays {
    config: RetryConfig,
    base_ns: f64,
    drawn: u32,
    rng: SmallRng,
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.drawn = self.drawn.saturating_add(1);
        if self.config.max_attempts().is_some_and(|attempts| self.drawn >= attempts.get()) {
            return None;
        }
        let base = self.base_ns.min(nanoseconds(self.config.max_interval));
        self.base_ns = base * self.config.multiplier;
        Some(jittered(base, self.config.randomization_factor, self.rng.random()))
    }
}

/// A point of `[base·(1−f), base·(1+f)]`, for a `share` from 0 to less than 1 of the way: ⌊lo + share·(hi − lo + 1)⌋ ns.
fn jittered(base_ns: f64, factor: f64, share: f64) -> Duration {
    let (low, high) = (base_ns * (1.0 - factor), base_ns * (1.0 + factor));
    from_nanoseconds((low + share * (high - low + 1.0)).floor().min(high))
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 104 days; beyond, a nanosecond does not matter")]
fn nanoseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}

/// Clamped while it is still a float: `Duration::from_secs_f64` and its kin panic on what is too large.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be within u64")]
fn from_nanoseconds(ns: f64) -> Duration {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2⁵³
    if ns < EXACT {
        return Duration::from_nanos(ns as u64);
    }
    Duration::try_from_secs_f64(ns / 1e9).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_jitter_the_delays_are_the_base_intervals_exactly() {
        let config = RetryConfig::new().with_randomization_factor(0.0).with_multiplier(3.0);
        let delays: Vec<u128> = config.delays().take(6).map(|delay| delay.as_nanos()).collect();
        assert_eq!(delays, [100_000_000, 300_000_000, 900_000_000, 2_700_000_000, 8_100_000_000, 10_000_000_000]);
    }

    #[test]
    fn the_ends_of_the_interval_are_reached_and_never_passed() {
        assert_eq!(jittered(100.0, 0.5, 0.0), Duration::from_nanos(50));
        assert_eq!(jittered(100.0, 0.5, 1.0 - f64::EPSILON), Duration::from_nanos(150));
        assert_eq!(jittered(100.0, 0.5, 0.5), Duration::from_nanos(100));
    }

    #[test]
    fn nanoseconds_are_exact_as_long_as_a_float_can_tell_them() {
        assert_eq!(from_nanoseconds(8_400_000_000_000_001.0), Duration::from_nanos(8_400_000_000_000_001));
    }

    #[test]
    fn the_largest_settings_neither_overflow_nor_panic() {
        let config = RetryConfig::new()
            .with_initial_interval(Duration::MAX)
            .with_max_interval(Duration::MAX)
            .with_multiplier(f64::MAX)
            .with_randomization_factor(1.0);
        assert!(config.delays_from_seed(1).take(2000).all(|delay| delay <= Duration::MAX));
    }
}
