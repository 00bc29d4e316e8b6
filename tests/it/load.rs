//! Load: known answers, exact accounts, and the queueing theory of textbooks.

mod accounts;
mod capacity;
mod models;
mod queues;
mod targets;

use seawall::SendError;
use std::time::Duration;

pub(super) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A call that takes so long and is ok.
#[expect(clippy::unnecessary_wraps, reason = "a call may fail")]
pub(super) fn takes(time: Duration) -> Result<(), SendError> {
    std::thread::sleep(time);
    Ok(())
}
