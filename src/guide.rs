//! Pages to read: what needs more room than the documentation of one item.

/// Where the time of a run went: each number defined, one run worked out by hand.
pub mod why {
    #![doc = include_str!("guide/why.md")]
}

/// Metrics and traces from events, for Prometheus, OpenTelemetry or anything else.
pub mod metrics {
    #![doc = include_str!("guide/metrics.md")]
}

/// What an author of a new backend needs, with one that is whole.
pub mod backends {
    #![doc = include_str!("guide/backends.md")]
}

/// Claude Code, Codex and Goose: when a call is a success, and what else it may be.
pub mod agents {
    #![doc = include_str!("guide/agents.md")]
}

/// Runs that go on where an earlier one ended: what a journal is told and asked, and one of your own.
pub mod journal {
    #![doc = include_str!("guide/journal.md")]
}

/// Answers that flow from task to task, and many tasks from one entry: prompts as templates, files for scripts, `for_each`.
pub mod data {
    #![doc = include_str!("guide/data.md")]
}

/// Load on a backend, a plan or your own code, and what its figures mean.
#[cfg(feature = "load")]
pub mod load {
    #![doc = include_str!("guide/load.md")]
}

/// Your plan in a test: what it does when a backend is down for ten minutes, in milliseconds and the same each time.
pub mod testing {
    #![doc = include_str!("guide/testing.md")]
}

/// For those who change Seawall: its laws, and the commands that show that they are kept.
pub mod developing {
    #![doc = include_str!("guide/developing.md")]
}
