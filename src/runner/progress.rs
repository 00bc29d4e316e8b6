//! What is known of a task that has begun and not ended.

use super::outcome::Attempts;
use crate::resilience::RetryState;
use std::time::Instant;

pub(super) struct Progress {
    pub(super) retry: RetryState,
    pub(super) attempts: Attempts,
    /// When it first asked to be sent.
    pub(super) started: Instant,
}

impl Progress {
    pub(super) fn new(retry: RetryState, now: Instant) -> Self {
        Self { retry, attempts: Attempts::new(), started: now }
    }
}
