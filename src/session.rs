//! The conversation that a call began, or went on in.

use crate::usage::Usage;
use std::sync::Arc;

/// A conversation that a backend keeps, and that a later call can go on in.
///
/// A backend that has such things says in which session a call ended ([`Context::ended_in`](crate::Context::ended_in)), and
/// goes on in the one that it is given ([`Context::session`](crate::Context::session)). Which task goes on where is said by
/// [`Task::session`](crate::Task::session).
///
/// ```
/// use seawall::{Session, Usage};
/// let session = Session::new("4498bae9").with_total(Usage::new().with_input_tokens(1200));
/// assert_eq!((session.id(), session.total().input_tokens), ("4498bae9", Some(1200)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    id: Arc<str>,
    total: Usage,
}

impl Session {
    /// The session that the backend knows by this name.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self { id: id.into(), total: Usage::new() }
    }

    /// The same session, with what was used in it so far. For backends that tell running totals, so that the share of the
    /// next call can be told from them ([`Usage::since`]).
    #[must_use]
    pub fn with_total(self, total: Usage) -> Self {
        Self { total, ..self }
    }

    /// The name by which the backend knows it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What was used in it so far, by the backend's own count.
    pub fn total(&self) -> Usage {
        self.total
    }

    /// The later of two looks at one session: totals only grow.
    pub(crate) fn or_later(self, other: &Self) -> Self {
        let Usage { input_tokens, output_tokens, cost_usd } = other.total;
        let cost = self.total.cost_usd.into_iter().chain(cost_usd).reduce(f64::max);
        let total = Usage {
            input_tokens: self.total.input_tokens.max(input_tokens),
            output_tokens: self.total.output_tokens.max(output_tokens),
            cost_usd: cost,
        };
        self.with_total(total)
    }
}
