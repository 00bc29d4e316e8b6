//! Where a run writes down what it has, task by task.

use super::outcome::{Attempt, Attempts, Ending, Outcome};
use crate::task_id::TaskId;
use std::io;
use std::time::Duration;

/// Is told each attempt and each outcome as it comes, before any subscriber: to keep what is finished, whatever happens
/// after. A later run that is told to [resume](crate::RunOptions::with_resume) asks it for what was kept.
///
/// The pages of [`guide::journal`](crate::guide::journal) have a store of one's own, and the one that is shipped.
///
/// ```
/// use seawall::{CancelToken, Journal, Outcome, Plan, RunOptions, Runner, Task};
/// use std::sync::Mutex;
///
/// #[derive(Default)]
/// struct Lines(Mutex<Vec<String>>);
/// impl<R> Journal<R> for Lines {
///     fn record(&self, outcome: &Outcome<R>) -> std::io::Result<()> {
///         self.0.lock().unwrap().push(format!("{} {}", outcome.task(), outcome.status()));
///         Ok(())
///     }
/// }
///
/// let lines = Lines::default();
/// let runner = Runner::builder().backend_fn("echo", |request, _| Ok(request.prompt().into())).build()?;
/// let plan = Plan::builder().task(Task::new("a", "echo", "hello")).build()?;
/// runner.run_with(&plan, &CancelToken::new(), RunOptions::new().with_journal(&lines))?;
/// assert_eq!(*lines.0.lock().unwrap(), ["a completed"]);
/// # Ok::<(), seawall::Error>(())
/// ```
pub trait Journal<R = crate::Response>: Send + Sync {
    /// Called once for each task of the plan, by the thread on which it ended, before its
    /// [`TaskEnded`](crate::EventKind::TaskEnded) is sent and before a dependent starts. Several threads may be in it at
    /// once.
    ///
    /// # Errors
    ///
    /// The first error of any function cancels the run, and stands in its report
    /// ([`Report::journal_error`](crate::Report::journal_error)). What was recorded stays in the report; what could not be
    /// recorded is told of by nobody, and its task is cancelled. After it nothing more is recorded. A panic is an error.
    fn record(&self, outcome: &Outcome<R>) -> io::Result<()>;

    /// Called after an attempt after which its task goes on, before its [`AttemptEnded`](crate::EventKind::AttemptEnded) is
    /// sent. The last attempt of a task is told by its outcome, with all the others. `number` counts from 1.
    ///
    /// Does nothing by default.
    fn record_attempt(&self, task: &TaskId, number: usize, attempt: &Attempt) -> io::Result<()> {
        let _ = (task, number, attempt);
        Ok(())
    }

    /// What an earlier run completed in place of this task; `None`: it is to be run.
    ///
    /// Asked in a run that [resumes](crate::RunOptions::with_resume), at most once for each task: when everything that it
    /// depends on has ended and is recorded, before anything of the task is told. What is given is recorded at once, and the
    /// task's outcome [is resumed](Outcome::is_resumed).
    ///
    /// Nothing by default.
    fn recall(&self, task: &TaskId) -> io::Result<Option<Recalled<R>>> {
        let _ = task;
        Ok(None)
    }
}

/// What an earlier run completed, as a journal gives it back in [`recall`](Journal::recall).
///
/// The response is the task's, as if its backend had just given it; attempts and times are those of the run that did the work, and
/// count from the beginning of that run. Without them the task has none.
#[derive(Clone)]
pub struct Recalled<R = crate::Response> {
    pub(super) ending: Ending<R>,
}

impl<R> Recalled<R> {
    #[cfg(feature = "journal")]
    pub(crate) fn of(ending: Ending<R>) -> Self {
        Self { ending }
    }

    /// A response, with no word about how it was got.
    pub fn new(response: R) -> Self {
        let (attempts, ended) = (Attempts::new(), Duration::ZERO);
        Self { ending: Ending { attempts, started: None, ended, at_circuit: Box::new([]), result: Ok(response) } }
    }

    /// The attempts that it took, in order. What they used up counts as used by the task; the session of the last one that had
    /// one is the task's.
    #[must_use]
    pub fn with_attempts(mut self, attempts: impl IntoIterator<Item = Attempt>) -> Self {
        self.ending.attempts = attempts.into_iter().collect();
        self
    }

    /// When the task started, since the beginning of the run that did the work, and how long it took.
    #[must_use]
    pub fn with_times(mut self, started: Duration, elapsed: Duration) -> Self {
        self.ending.started = Some(started);
        self.ending.ended = started.saturating_add(elapsed);
        self
    }
}

impl<R> std::fmt::Debug for Recalled<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recalled").field("attempts", &self.ending.attempts).finish_non_exhaustive()
    }
}
