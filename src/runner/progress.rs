//! What is known of a task that has begun and not ended.

use super::outcome::Attempts;
use crate::resilience::RetryState;
use std::time::Duration;

pub(super) struct Progress {
    pub(super) retry: RetryState,
    pub(super) attempts: Attempts,
    /// When it first asked to be sent, since the run began.
    pub(super) started: Duration,
}

impl Progress {
    pub(super) fn new(retry: RetryState, started: Duration) -> Self {
        Self { retry, attempts: Attempts::new(), started }
    }
}
