//! What chance holds for one attempt.

use super::latency::Latency;
use crate::seed;
use crate::task_id::TaskId;
use std::time::Duration;

/// The seed of one attempt. Each question has a draw of its own, so that no setting shifts the draws of another.
pub(super) struct Draws(u64);

impl Draws {
    pub(super) fn of_attempt(seed: u64, backend: &str, task: &TaskId, attempt: u32) -> Self {
        let seed = seed::named(seed::named(seed, backend), task.as_str());
        Self(seed::nth(seed, attempt.into()))
    }

    pub(super) fn of_call(seed: u64, call: u64) -> Self {
        Self(seed::nth(seed, call))
    }

    pub(super) fn hangs(&self, rate: f64) -> bool {
        self.share(0) < rate
    }

    pub(super) fn panics(&self, rate: f64) -> bool {
        self.share(1) < rate
    }

    pub(super) fn fails(&self, rate: f64) -> bool {
        self.share(2) < rate
    }

    pub(super) fn latency(&self, latency: Latency) -> Duration {
        latency.at(self.share(3), self.share(4))
    }

    /// From 0 to less than 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn share(&self, question: u64) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (seed::nth(self.0, question) >> 11) as f64 * STEP
    }
}
