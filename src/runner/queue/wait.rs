//! What keeps a task from going on.

use std::time::Instant;

/// Why a task waits, though its dependencies are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// For its next attempt.
    Backoff,
    /// For a circuit that may be tried again.
    Circuit,
    /// For a place of its backend, whose concurrency is limited.
    Backend,
    /// For a resource that another task is writing.
    Resource,
}

impl Wait {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Backoff, Self::Circuit, Self::Backend, Self::Resource];

    /// The word for it in events: `backoff`, ….
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backoff => "backoff",
            Self::Circuit => "circuit",
            Self::Backend => "backend",
            Self::Resource => "resource",
        }
    }
}

/// What a task waits for, and until when if that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runner) struct Park {
    pub(in crate::runner) why: Wait,
    pub(in crate::runner) until: Option<Instant>,
}
