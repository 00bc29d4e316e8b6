//! The name of a task.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The name of a task: any text that is unique within its plan.
///
/// It is a shared `str`, so a clone costs one reference count. Where an API takes `impl Into<TaskId>`, a `&str`, a
/// `String`, a `&String` and a `&TaskId` all fit.
///
/// ```
/// use seawall::TaskId;
/// let id = TaskId::from("design");
/// assert_eq!(id, "design");
/// assert_eq!(format!("{id:>8}"), "  design");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(Arc<str>);

impl TaskId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl From<&str> for TaskId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for TaskId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl From<&String> for TaskId {
    fn from(id: &String) -> Self {
        Self(id.as_str().into())
    }
}

impl From<Arc<str>> for TaskId {
    fn from(id: Arc<str>) -> Self {
        Self(id)
    }
}

impl From<&TaskId> for TaskId {
    fn from(id: &TaskId) -> Self {
        id.clone()
    }
}

/// Hashes and compares as the `str` does, so that maps keyed by `TaskId` are asked with a `&str`.
impl Borrow<str> for TaskId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for TaskId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for TaskId {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for TaskId {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}
