//! What came of a run: each task once, in plan order.

use super::outcome::{self, Outcome};
use super::why::{Course, Why, Writes};
use crate::failure::Failure;
use crate::plan::Graph;
#[cfg(feature = "journal")]
use crate::plan::Plan;
use crate::send_error::SendError;
use crate::status::Status;
use crate::sync::Arc;
use crate::task_id::TaskId;
use crate::usage::Usage;
use std::error::Error;
use std::fmt;
use std::slice;
use std::time::Duration;

/// What came of a run. Every task of the plan has exactly one outcome in it, in plan order, whatever happened: also after a
/// cancel, also those that never started.
///
/// ```
/// use seawall::{CancelToken, Plan, Runner, SendError, Status, Task};
/// let runner = Runner::builder().backend_fn("x", |_, _| Err(SendError::permanent("no such file"))).build()?;
/// let plan = Plan::builder().task(Task::new("a", "x", "")).task(Task::new("b", "x", "").after(["a"])).build()?;
/// let report = runner.run(&plan, &CancelToken::new())?;
/// assert!(!report.is_success());
/// assert_eq!((report.count(Status::Failed), report.count(Status::Skipped)), (1, 1));
/// let sentences: Vec<String> = report.failures().map(|(task, failure)| format!("{task}: {failure}")).collect();
/// assert_eq!(sentences, ["a: no such file", "b: skipped, since `a` failed"]);
/// # Ok::<(), seawall::Error>(())
/// ```
pub struct Report<R = crate::Response> {
    pub(super) outcomes: Vec<Outcome<R>>,
    pub(super) graph: Arc<Graph>,
    pub(super) wave_starts: Vec<Option<Duration>>,
    pub(super) writes: Writes,
    pub(super) elapsed: Duration,
    pub(super) cancelled: Option<Arc<str>>,
    pub(super) events_lost: u64,
    pub(super) journal_error: Option<SendError>,
}

impl<R> Report<R> {
    /// What a journal has of an earlier run.
    #[cfg(feature = "journal")]
    pub(crate) fn of_past<Q>(
        plan: &Plan<Q>,
        outcomes: Vec<Outcome<R>>,
        has_barriers: bool,
        elapsed: Option<Duration>,
        cancelled: Option<Arc<str>>,
    ) -> Self {
        let graph = Arc::clone(plan.graph());
        let first = |wave: &[u32]| wave.iter().filter_map(|task| outcomes[*task as usize].started_now()).min();
        let waves = graph.waves().filter(|_| has_barriers);
        let wave_starts = waves.map(first).collect();
        let elapsed = elapsed.unwrap_or_else(|| outcomes.iter().map(Outcome::ended).max().unwrap_or_default());
        let writes = super::writes(plan);
        Self { outcomes, graph, wave_starts, writes, elapsed, cancelled, events_lost: 0, journal_error: None }
    }

    /// Every task's outcome, in plan order.
    pub fn outcomes(&self) -> &[Outcome<R>] {
        &self.outcomes
    }

    /// Every task's outcome, in plan order.
    pub fn iter(&self) -> slice::Iter<'_, Outcome<R>> {
        self.outcomes.iter()
    }

    /// One task's outcome; `None` if the plan has no such task.
    pub fn get(&self, task: &str) -> Option<&Outcome<R>> {
        let place = self.graph.index().find(task, |place| self.outcomes[place as usize].task().as_str())?;
        self.outcomes.get(place as usize)
    }

    /// One task's response, if it has one.
    pub fn response(&self, task: &str) -> Option<&R> {
        self.get(task)?.result().ok()
    }

    /// Each task that has no response, and why: failed, skipped and cancelled ones.
    pub fn failures(&self) -> impl Iterator<Item = (&TaskId, &Failure)> {
        self.iter().filter_map(|outcome| Some((outcome.task(), outcome.result().err()?)))
    }

    /// How many tasks ended so. The four add up to the size of the plan.
    pub fn count(&self, status: Status) -> usize {
        self.iter().filter(|outcome| outcome.status() == status).count()
    }

    /// Whether every task completed, or failed with [`FailureMode::Skip`](crate::FailureMode::Skip).
    pub fn is_success(&self) -> bool {
        !self.iter().any(Outcome::fails_run)
    }

    /// How long the run took.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What all tasks used up; `None` if none of them told.
    pub fn usage(&self) -> Option<Usage> {
        outcome::sum(self.iter().filter_map(Outcome::usage))
    }

    /// Where the time went. It is found out anew at each call; the cost grows with tasks, dependencies and attempts alone,
    /// except that tasks which write several resources are compared with all that write one of them.
    pub fn why(&self) -> Why {
        let Self { outcomes, graph, wave_starts, writes, .. } = self;
        Why::of(&Course { outcomes, graph, wave_starts, writes })
    }

    /// Why the run was stopped, if it was: the reason given to the token (`cancelled` if none was), `deadline` or
    /// `time-limit`, `journal`; `fail-fast`, `max-cost`, or the reason given to [`drain`](crate::CancelToken::drain), if that left
    /// anything undone.
    pub fn cancelled(&self) -> Option<&str> {
        self.cancelled.as_deref()
    }

    /// How many events a bounded channel did not take.
    pub fn events_lost(&self) -> u64 {
        self.events_lost
    }

    /// Why the journal could not be written, if it could not.
    pub fn journal_error(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.journal_error.as_ref().map(SendError::get_ref)
    }
}

pub(super) fn counts<R>(outcomes: &[Outcome<R>]) -> [usize; 4] {
    let mut counts = [0; 4];
    outcomes.iter().for_each(|outcome| counts[outcome.status() as usize] += 1);
    counts
}

impl<R> IntoIterator for Report<R> {
    type Item = Outcome<R>;
    type IntoIter = std::vec::IntoIter<Outcome<R>>;

    fn into_iter(self) -> Self::IntoIter {
        self.outcomes.into_iter()
    }
}

impl<'a, R> IntoIterator for &'a Report<R> {
    type Item = &'a Outcome<R>;
    type IntoIter = slice::Iter<'a, Outcome<R>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<R> fmt::Debug for Report<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Report");
        debug.field("outcomes", &self.outcomes).field("elapsed", &self.elapsed).field("cancelled", &self.cancelled);
        debug.finish_non_exhaustive()
    }
}
