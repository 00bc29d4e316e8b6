//! Where a run writes down what it has, task by task.

use super::outcome::Outcome;
use std::io;

/// Is told each outcome as it comes, before any subscriber: to keep what is finished, whatever happens after.
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
    /// The first error cancels the run, and stands in its report
    /// ([`Report::journal_error`](crate::Report::journal_error)); what has ended stays in the report. After it nothing more
    /// is recorded.
    fn record(&self, outcome: &Outcome<R>) -> io::Result<()>;
}
