//! The four ways in which a task ends.

use std::fmt;

/// How a task ended. The four are a promise: a match on them needs no other arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// It has a response.
    Completed,
    /// It was tried, and has none.
    Failed,
    /// It was never tried, since something that it depends on failed.
    Skipped,
    /// The run was stopped before it ended.
    Cancelled,
}

impl Status {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 4] = [Self::Completed, Self::Failed, Self::Skipped, Self::Cancelled];

    /// The word for it in reports and events: `completed`, ….
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Prints [`as_str`](Status::as_str).
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
