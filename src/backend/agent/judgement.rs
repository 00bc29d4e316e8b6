//! What is read from what an agent printed.

use super::wrong::Wrong;
use crate::usage::Usage;

/// All that one call of an agent tells.
pub(super) struct Judgement {
    /// The answer alone, or why there is none.
    pub(super) verdict: Result<String, Wrong>,
    /// The session in which it ended, by the agent's own words.
    pub(super) session: Option<String>,
    /// Of this call alone.
    pub(super) usage: Usage,
    /// Of the whole session up to now, if that can be told.
    pub(super) total: Option<Usage>,
}

impl Judgement {
    /// Nothing but why there is no answer.
    pub(super) fn wrong(wrong: Wrong) -> Self {
        Self { verdict: Err(wrong), session: None, usage: Usage::new(), total: None }
    }

    /// The same, with the share of this call in what the agent says of the whole session.
    pub(super) fn with_total(self, total: Usage, before: Usage) -> Self {
        Self { usage: total.since(before), total: Some(total), ..self }
    }
}
