//! What a call used up.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

/// What a call used up, as far as the backend tells. What it does not tell is `None`, and is no part of a sum.
///
/// A backend reports it through [`Context::add_usage`](crate::Context::add_usage), whatever becomes of the call.
///
/// ```
/// use seawall::Usage;
/// let first = Usage::new().with_input_tokens(1000).with_output_tokens(30);
/// let second = Usage::new().with_input_tokens(400).with_cost_usd(0.25);
/// let sum: Usage = [first, second].into_iter().sum();
/// assert_eq!((sum.input_tokens, sum.output_tokens, sum.cost_usd), (Some(1400), Some(30), Some(0.25)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens that were read, from a cache or not.
    pub input_tokens: Option<u64>,
    /// Tokens that were written.
    pub output_tokens: Option<u64>,
    /// What it cost, in US dollars, to a billionth of one.
    pub cost_usd: Option<f64>,
}

impl Usage {
    /// Nothing is told.
    pub const fn new() -> Self {
        Self { input_tokens: None, output_tokens: None, cost_usd: None }
    }

    /// The same, with so many tokens that were read.
    #[must_use]
    pub const fn with_input_tokens(self, tokens: u64) -> Self {
        Self { input_tokens: Some(tokens), ..self }
    }

    /// The same, with so many tokens that were written.
    #[must_use]
    pub const fn with_output_tokens(self, tokens: u64) -> Self {
        Self { output_tokens: Some(tokens), ..self }
    }

    /// The same, with a cost. One that is negative or no number is none.
    #[must_use]
    pub fn with_cost_usd(self, cost: f64) -> Self {
        Self { cost_usd: Some(cost).filter(|cost| cost.is_finite() && *cost >= 0.0).map(rounded), ..self }
    }

    /// Whether nothing is told.
    pub fn is_empty(&self) -> bool {
        *self == Self::new()
    }

    /// What was used since a running total was `before`. A total that has shrunk is none, but begins anew.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        let tokens =
            |now: Option<u64>, before: Option<u64>| now.map(|now| now.checked_sub(before.unwrap_or(0)).unwrap_or(now));
        let cost = |now: f64| {
            let share = rounded(now - before.cost_usd.unwrap_or(0.0));
            if share < 0.0 { now } else { share }
        };
        Self {
            input_tokens: tokens(self.input_tokens, before.input_tokens),
            output_tokens: tokens(self.output_tokens, before.output_tokens),
            cost_usd: self.cost_usd.map(cost),
        }
    }
}

/// To a billionth of a dollar, so that tenths add up to a whole.
fn rounded(dollars: f64) -> f64 {
    const BILLION: f64 = 1e9;
    (dollars * BILLION).round() / BILLION
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input_tokens: either_or_both(self.input_tokens, other.input_tokens, u64::saturating_add),
            output_tokens: either_or_both(self.output_tokens, other.output_tokens, u64::saturating_add),
            cost_usd: either_or_both(self.cost_usd, other.cost_usd, |a, b| rounded(a + b)),
        }
    }
}

fn either_or_both<T>(a: Option<T>, b: Option<T>, both: impl FnOnce(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(both(a, b)),
        (a, b) => a.or(b),
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(usages: I) -> Self {
        usages.fold(Self::new(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenths_of_a_dollar_add_up_to_a_whole() {
        let tenth = Usage::new().with_cost_usd(0.1);
        assert_eq!(std::iter::repeat_n(tenth, 8).sum::<Usage>().cost_usd, Some(0.8));
        assert_eq!(tenth.since(Usage::new().with_cost_usd(0.03)).cost_usd, Some(0.07));
    }

    #[test]
    fn a_total_that_has_shrunk_begins_anew() {
        let before = Usage::new().with_input_tokens(500).with_cost_usd(2.0);
        let now = Usage::new().with_input_tokens(100).with_output_tokens(7).with_cost_usd(0.5);
        assert_eq!(now.since(before), now);
        assert_eq!((before + now).since(before), now);
    }

    #[test]
    fn what_is_no_cost_is_not_told() {
        for cost in [f64::NAN, f64::INFINITY, -0.01] {
            assert!(Usage::new().with_cost_usd(cost).is_empty());
        }
    }
}
