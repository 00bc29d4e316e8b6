//! What a task may read of the tasks up the line.

use crate::send_error::SendError;
use crate::status::Status;
use crate::task_id::TaskId;
use std::collections::BTreeMap;

/// Where a [`Context`](crate::Context) finds the responses of ancestors: a run, or a test's own table.
pub(crate) trait Ancestry<R>: Sync {
    fn response_of(&self, task: &str) -> Result<&R, SendError>;
    fn ancestors(&self) -> Vec<(&TaskId, Status, Option<&R>)>;
}

/// Responses for a backend that is tested without a run: see [`Context::with_responses`](crate::Context::with_responses).
///
/// ```
/// use seawall::{CancelToken, Context, Response, testing::Responses};
/// let responses = Responses::from([("design", Response::new("three layers"))]);
/// let cancel = CancelToken::new();
/// let cx = Context::new(&cancel).with_responses(&responses);
/// assert_eq!(cx.response_of("design")?.text(), "three layers");
/// assert_eq!(cx.response_of("desing").unwrap_err().to_string(), "`desing` is not an ancestor");
/// # Ok::<(), seawall::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Responses<R = crate::Response> {
    by_task: BTreeMap<TaskId, R>,
}

impl<R, const N: usize> From<[(&str, R); N]> for Responses<R> {
    fn from(responses: [(&str, R); N]) -> Self {
        Self { by_task: responses.into_iter().map(|(task, response)| (task.into(), response)).collect() }
    }
}

impl<R: Sync> Ancestry<R> for Responses<R> {
    fn response_of(&self, task: &str) -> Result<&R, SendError> {
        self.by_task.get(task).ok_or_else(|| SendError::permanent(format!("`{task}` is not an ancestor")))
    }

    fn ancestors(&self) -> Vec<(&TaskId, Status, Option<&R>)> {
        self.by_task.iter().map(|(task, response)| (task, Status::Completed, Some(response))).collect()
    }
}
