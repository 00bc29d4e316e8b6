//! What reports and events have in common.

use super::wording::Message;
use super::words;
use schemars::JsonSchema;
use seawall::{AttemptResult, Failure, Status};
use serde::{Serialize, Serializer};
use std::fmt::Display;
use std::time::Duration;

/// What prints itself, as a text.
pub(crate) struct Text<T>(pub(crate) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// How many tasks ended in each way.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Counts {
    completed: usize,
    failed: usize,
    skipped: usize,
    cancelled: usize,
}

impl Counts {
    /// Asks for each status once.
    pub(crate) fn new(count: impl Fn(Status) -> usize) -> Self {
        let [completed, failed, skipped, cancelled] = Status::ALL.map(count);
        Self { completed, failed, skipped, cancelled }
    }
}

/// Why a task has no response.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FailureRow<'a> {
    /// Why it stopped.
    #[schemars(schema_with = "words::failure_kinds")]
    kind: &'static str,
    #[schemars(with = "String")]
    message: Text<Message<'a>>,
    /// Of a skipped task: the first failure up the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<&'a str>,
}

impl<'a> FailureRow<'a> {
    pub(crate) fn new(failure: &'a Failure) -> Self {
        let root = match failure {
            Failure::Skipped { root, .. } => Some(root.as_str()),
            _ => None,
        };
        Self { kind: failure.kind(), message: Text(Message(failure)), root }
    }
}

/// What an attempt that has no response says.
pub(crate) fn error_of(result: &AttemptResult) -> Option<Text<&dyn Display>> {
    match result {
        AttemptResult::Error(error) => Some(Text(error)),
        AttemptResult::Panicked(message) => Some(Text(message)),
        AttemptResult::Rejected(rejected) => Some(Text(rejected)),
        _ => None,
    }
}

pub(crate) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
