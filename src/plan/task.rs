//! One task of a plan.

use crate::backend::Message;
use crate::resilience::RetryConfig;
use crate::task_id::TaskId;
use std::sync::Arc;
use std::time::Duration;

/// What becomes of a failed task's dependents, and of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FailureMode {
    /// Dependents are skipped, and name the root; the run failed.
    #[default]
    Hard,
    /// Dependents run; the run failed.
    Soft,
    /// Dependents run; the run succeeded all the same.
    Skip,
}

/// One call of a plan: its name, its backend, its request, and what it waits for.
///
/// ```
/// use seawall::{FailureMode, Task};
/// use std::time::Duration;
/// let task = Task::new("test", "sh", "make test")
///     .after(["design", "code"])
///     .timeout(Duration::from_secs(600))
///     .failure_mode(FailureMode::Soft)
///     .writes(["target"]);
/// assert_eq!(task.id(), "test");
/// assert_eq!(task.dependencies().len(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Task<Q = Message> {
    id: TaskId,
    backend: Arc<str>,
    request: Q,
    dependencies: Vec<TaskId>,
    failure_mode: FailureMode,
    /// What most tasks leave at its default, so that a million of them do not pay for it.
    overrides: Option<Box<Overrides>>,
}

#[derive(Clone, Debug, Default)]
struct Overrides {
    retry: Option<RetryConfig>,
    timeout: Option<Duration>,
    writes: Vec<Arc<str>>,
    session: Option<TaskId>,
}

impl Task {
    /// A task that sends a prompt.
    pub fn new(id: impl Into<TaskId>, backend: impl Into<Arc<str>>, prompt: impl Into<Message>) -> Self {
        Self::for_request(id, backend, prompt.into())
    }
}

impl<Q> Task<Q> {
    /// A task that sends a request of your own type.
    pub fn for_request(id: impl Into<TaskId>, backend: impl Into<Arc<str>>, request: Q) -> Self {
        Self {
            id: id.into(),
            backend: backend.into(),
            request,
            dependencies: Vec::new(),
            failure_mode: FailureMode::default(),
            overrides: None,
        }
    }

    /// It starts only when these have ended. Calls add up; naming one twice is harmless.
    #[must_use]
    pub fn after(mut self, tasks: impl IntoIterator<Item: Into<TaskId>>) -> Self {
        let tasks = tasks.into_iter();
        // Exactly as many as are named: a vector grows to four by itself, which is three too many for most tasks.
        self.dependencies.reserve_exact(tasks.size_hint().0);
        self.dependencies.extend(tasks.map(Into::into));
        self
    }

    /// What its failure means for its dependents. Default: [`FailureMode::Hard`].
    #[must_use]
    pub fn failure_mode(self, mode: FailureMode) -> Self {
        Self { failure_mode: mode, ..self }
    }

    /// Its own retry policy, in place of the backend's. A backend that it falls back to keeps its own.
    #[must_use]
    pub fn retry(mut self, retry: RetryConfig) -> Self {
        self.overrides_mut().retry = Some(retry);
        self
    }

    /// The limit of each of its attempts, in place of the backend's. A backend that it falls back to keeps its own.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.overrides_mut().timeout = Some(limit);
        self
    }

    /// It never runs at the same time as another task that writes one of these. Calls add up; naming one twice is harmless.
    ///
    /// A resource is any text. It is compared as a path is: `target`, `./target` and `a/../target` are one.
    #[must_use]
    pub fn writes(mut self, resources: impl IntoIterator<Item: Into<Arc<str>>>) -> Self {
        self.overrides_mut().writes.extend(resources.into_iter().map(Into::into));
        self
    }

    /// It goes on in the session in which this task ended, failed or not; if that one told of none, it begins a new one.
    ///
    /// The other task is one that this one waits for, directly or not, and is for the same backend. A task that goes on in a
    /// session takes no fallback; where the other one ended at a backend that it fell back to, this one goes on there, by
    /// that backend's retry policy and time limit. What a backend makes of it: [`Context::session`](crate::Context::session).
    #[must_use]
    pub fn session(mut self, task: impl Into<TaskId>) -> Self {
        self.overrides_mut().session = Some(task.into());
        self
    }

    /// Its name.
    pub fn id(&self) -> &TaskId {
        &self.id
    }

    /// The backend that it is for.
    pub fn backend(&self) -> &str {
        &self.backend
    }

    /// What is sent.
    pub fn request(&self) -> &Q {
        &self.request
    }

    /// What it waits for, as given to [`after`](Task::after).
    pub fn dependencies(&self) -> &[TaskId] {
        &self.dependencies
    }

    /// What its failure means for its dependents.
    pub fn mode(&self) -> FailureMode {
        self.failure_mode
    }

    /// The task in whose session it goes on, as given to [`session`](Task::session).
    pub fn session_of(&self) -> Option<&TaskId> {
        self.overrides.as_ref()?.session.as_ref()
    }

    /// Without what it has to do with tasks that are not kept.
    pub(super) fn apart_from_others(mut self, is_kept: impl Fn(&TaskId) -> bool) -> Self {
        self.dependencies.retain(&is_kept);
        if let Some(own) = &mut self.overrides {
            own.session = own.session.take().filter(&is_kept);
        }
        self
    }

    pub(super) fn shared_backend_mut(&mut self) -> &mut Arc<str> {
        &mut self.backend
    }

    /// The same task under another name.
    #[cfg(feature = "load")]
    pub(crate) fn renamed(&self, id: impl Into<TaskId>) -> Self
    where
        Q: Clone,
    {
        Self { id: id.into(), ..self.clone() }
    }

    pub(crate) fn shared_backend(&self) -> &Arc<str> {
        &self.backend
    }

    pub(crate) fn own_retry(&self) -> Option<RetryConfig> {
        self.overrides.as_ref().and_then(|own| own.retry)
    }

    pub(crate) fn own_timeout(&self) -> Option<Duration> {
        self.overrides.as_ref().and_then(|own| own.timeout)
    }

    pub(crate) fn resources(&self) -> &[Arc<str>] {
        self.overrides.as_ref().map_or(&[], |own| &own.writes)
    }

    fn overrides_mut(&mut self) -> &mut Overrides {
        self.overrides.get_or_insert_default()
    }
}
