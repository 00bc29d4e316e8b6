//! The keys of a circuit breaker, each of which may be left to somebody else.

use super::faults::Faults;
use super::field::{Field, none_of};
use super::table::Table;
use seawall::CircuitBreakerConfig;
use std::time::Duration;

/// What a `breaker` table says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct BreakerKeys {
    failure_threshold: Option<u32>,
    open_for: Option<Duration>,
    half_open_requests: Option<u32>,
}

pub(super) const KEYS: [&str; 3] = ["failure_threshold", "open_for", "half_open_requests"];

impl BreakerKeys {
    pub(super) fn read(table: &Table<'_>, faults: &mut Faults) -> Self {
        table.refuse_others(&KEYS, faults);
        let count =
            |key, faults: &mut Faults| table.field(key).and_then(|field| field.whole(1..=u32::MAX.into(), faults));
        Self {
            failure_threshold: count("failure_threshold", faults),
            open_for: table.field("open_for").and_then(|field| field.duration(faults)),
            half_open_requests: count("half_open_requests", faults),
        }
    }

    /// What a backend's key says: these, or `None` for `"off"`.
    pub(super) fn read_or_off(field: &Field<'_, '_>, faults: &mut Faults) -> Option<Self> {
        const WHAT: &str = "a table, or \"off\"";
        if field.as_text() == Some("off") {
            return None;
        }
        if let Some(word) = field.as_text() {
            faults.add(field.must_be(WHAT, none_of(word, &["off"])));
            return Some(Self::default());
        }
        let table = field.subtable(WHAT, faults);
        Some(table.map(|table| Self::read(&table, faults)).unwrap_or_default())
    }

    /// These, and `others` where these say nothing.
    pub(super) fn or(self, others: Self) -> Self {
        Self {
            failure_threshold: self.failure_threshold.or(others.failure_threshold),
            open_for: self.open_for.or(others.open_for),
            half_open_requests: self.half_open_requests.or(others.half_open_requests),
        }
    }

    /// These, and the defaults where these say nothing.
    pub(super) fn config(self) -> CircuitBreakerConfig {
        let default = CircuitBreakerConfig::new();
        default
            .with_failure_threshold(self.failure_threshold.unwrap_or(default.failure_threshold()))
            .with_open_for(self.open_for.unwrap_or(default.open_for()))
            .with_half_open_requests(self.half_open_requests.unwrap_or(default.half_open_requests()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_comes_from_the_first_who_says_it() {
        let backend = BreakerKeys { failure_threshold: Some(2), ..BreakerKeys::default() };
        let plan = BreakerKeys { failure_threshold: Some(9), half_open_requests: Some(9), open_for: None };
        let config = backend.or(plan).config();
        assert_eq!((config.failure_threshold(), config.half_open_requests()), (2, 9));
        assert_eq!(config.open_for(), CircuitBreakerConfig::new().open_for());
    }
}
