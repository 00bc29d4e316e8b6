//! The earliest limit of an attempt, and the sentence for one that is over.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeLimit {
    pub(crate) left: Duration,
    /// How long it was set to, where that is known: for messages.
    pub(crate) whole: Duration,
}

/// The error for an attempt that has no time to begin with, or had too little.
pub(super) fn ran_past(limit: Duration) -> String {
    format!("ran past its time limit of {:?}", in_milliseconds(limit))
}

/// Rounded up: what is left of a limit of 300 ms when the attempt begins is a little less.
fn in_milliseconds(limit: Duration) -> Duration {
    let rest = limit.subsec_nanos() % 1_000_000;
    let surplus = if rest == 0 { 0 } else { 1_000_000 - rest };
    limit.saturating_add(Duration::from_nanos(surplus.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_shown_in_whole_milliseconds() {
        assert_eq!(in_milliseconds(Duration::from_nanos(1_000_001)), Duration::from_millis(2));
        assert_eq!(in_milliseconds(Duration::from_millis(2)), Duration::from_millis(2));
        assert_eq!(in_milliseconds(Duration::MAX), Duration::MAX);
    }
}
