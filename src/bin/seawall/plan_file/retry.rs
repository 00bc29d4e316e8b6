//! The keys of a retry policy, each of which may be left to somebody else.

use super::faults::Faults;
use super::table::Table;
use seawall::RetryConfig;
use std::time::Duration;

/// What a `retry` table says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct RetryKeys {
    pub(super) initial_interval: Option<Duration>,
    pub(super) max_interval: Option<Duration>,
    pub(super) max_elapsed_time: Option<Duration>,
    pub(super) multiplier: Option<f64>,
    pub(super) randomization_factor: Option<f64>,
    pub(super) max_attempts: Option<u32>,
}

pub(super) const KEYS: [&str; 6] =
    ["initial_interval", "max_interval", "max_elapsed_time", "multiplier", "randomization_factor", "max_attempts"];

impl RetryKeys {
    pub(super) const NONE: Self = Self {
        initial_interval: None,
        max_interval: None,
        max_elapsed_time: None,
        multiplier: None,
        randomization_factor: None,
        max_attempts: None,
    };

    /// What the built-in backend `sh` brings.
    pub(super) const ONCE: Self = Self { max_attempts: Some(1), ..Self::NONE };

    pub(super) fn read(table: &Table<'_>, faults: &mut Faults) -> Self {
        const MULTIPLIER: &str = "a finite number of at least 1";
        const FACTOR: &str = "a number from 0 to 1";
        table.refuse_others(&KEYS, faults);
        let default = RetryConfig::new();
        let is_multiplier = |number| default.try_with_multiplier(number).is_ok();
        let is_factor = |number| default.try_with_randomization_factor(number).is_ok();
        Self {
            initial_interval: table.field("initial_interval").and_then(|field| field.positive_duration(faults)),
            max_interval: table.field("max_interval").and_then(|field| field.positive_duration(faults)),
            max_elapsed_time: table.field("max_elapsed_time").and_then(|field| field.duration(faults)),
            multiplier: table.field("multiplier").and_then(|field| field.number(MULTIPLIER, is_multiplier, faults)),
            randomization_factor: table
                .field("randomization_factor")
                .and_then(|field| field.number(FACTOR, is_factor, faults)),
            max_attempts: table.field("max_attempts").and_then(|field| field.whole(0..=u32::MAX.into(), faults)),
        }
    }

    /// These, and `others` where these say nothing.
    pub(super) fn or(self, others: Self) -> Self {
        Self {
            initial_interval: self.initial_interval.or(others.initial_interval),
            max_interval: self.max_interval.or(others.max_interval),
            max_elapsed_time: self.max_elapsed_time.or(others.max_elapsed_time),
            multiplier: self.multiplier.or(others.multiplier),
            randomization_factor: self.randomization_factor.or(others.randomization_factor),
            max_attempts: self.max_attempts.or(others.max_attempts),
        }
    }

    /// These, and the defaults where these say nothing.
    pub(super) fn config(self) -> RetryConfig {
        let default = RetryConfig::new();
        default
            .with_initial_interval(self.initial_interval.unwrap_or(default.initial_interval()))
            .with_max_interval(self.max_interval.unwrap_or(default.max_interval()))
            .with_max_elapsed_time(self.max_elapsed_time.unwrap_or(default.max_elapsed_time()))
            .with_multiplier(self.multiplier.unwrap_or(default.multiplier()))
            .with_randomization_factor(self.randomization_factor.unwrap_or(default.randomization_factor()))
            .with_max_attempts(self.max_attempts.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_comes_from_the_first_who_says_it() {
        let secs = |n| Some(Duration::from_secs(n));
        let task = RetryKeys { max_attempts: Some(3), ..RetryKeys::NONE };
        let backend = RetryKeys { max_attempts: Some(4), max_interval: secs(4), ..RetryKeys::NONE };
        let plan =
            RetryKeys { max_attempts: Some(5), max_interval: secs(5), initial_interval: secs(5), ..RetryKeys::NONE };
        let config = task.or(backend).or(plan).config();
        let default = RetryConfig::new();
        assert_eq!(config.max_attempts().map(u32::from), Some(3));
        assert_eq!((config.max_interval().as_secs(), config.initial_interval().as_secs()), (4, 5));
        assert_eq!(
            (config.multiplier(), config.max_elapsed_time()),
            (default.multiplier(), default.max_elapsed_time())
        );
    }

    #[test]
    fn zero_attempts_mean_no_limit_and_override_a_limit() {
        let none = RetryKeys { max_attempts: Some(0), ..RetryKeys::NONE };
        assert_eq!(none.or(RetryKeys::ONCE).config().max_attempts(), None);
        assert_eq!(RetryKeys::NONE.or(RetryKeys::ONCE).config(), RetryConfig::once());
    }
}
