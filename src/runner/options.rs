//! What belongs to one run alone.

use super::event::Event;
use super::journal::Journal;
use crossbeam_channel::Sender;
use std::fmt;
use std::time::Duration;

/// What belongs to one run: who is told of it, and when it ends early.
///
/// ```
/// use seawall::{CancelToken, Event, Plan, RunOptions, Runner, Task, crossbeam_channel};
/// let runner = Runner::builder().backend_fn("echo", |request, _| Ok(request.prompt().into())).build()?;
/// let plan = Plan::builder().task(Task::new("a", "echo", "hello")).build()?;
/// let (events, receiver) = crossbeam_channel::unbounded::<Event>();
/// runner.run_with(&plan, &CancelToken::new(), RunOptions::new().with_events(events))?;
/// assert!(receiver.iter().count() > 2); // it ends by itself: the run has dropped its sender
/// # Ok::<(), seawall::Error>(())
/// ```
#[must_use = "options do nothing until they are given to `run_with`"]
pub struct RunOptions<'r, R = crate::Response> {
    pub(super) events: Option<Sender<Event>>,
    pub(super) is_fail_fast: bool,
    pub(super) time_limit: Option<Duration>,
    pub(super) max_cost: Option<f64>,
    pub(super) number: Option<u64>,
    pub(super) journal: Option<&'r dyn Journal<R>>,
    pub(super) is_resuming: bool,
}

impl<'r, R> RunOptions<'r, R> {
    /// Nobody is told, and nothing ends it but its token.
    pub fn new() -> Self {
        Self {
            events: None,
            is_fail_fast: false,
            time_limit: None,
            max_cost: None,
            number: None,
            journal: None,
            is_resuming: false,
        }
    }

    /// Every event goes to `events`, which is dropped when the run ends. A slow or dropped receiver changes nothing.
    pub fn with_events(self, events: Sender<Event>) -> Self {
        Self { events: Some(events), ..self }
    }

    /// After the first failed task nothing new starts, a retry included; what is under way ends as it will. A failure of
    /// mode [`Skip`](crate::FailureMode::Skip) does not count. The caller's token is left alone.
    pub fn with_fail_fast(self) -> Self {
        Self { is_fail_fast: true, ..self }
    }

    /// The run is cancelled when it has taken this long, by the runner's clock, for the reason `time-limit`. The caller's
    /// token is left alone.
    pub fn with_time_limit(self, limit: Duration) -> Self {
        Self { time_limit: Some(limit), ..self }
    }

    /// Once the calls of the run have cost this much, in US dollars, nothing new starts, a retry included; what is under way
    /// ends as it will. The reason is `max-cost`, and the caller's token is left alone.
    ///
    /// What was taken over from an earlier run counts with what it cost then, as in [`Report::usage`](crate::Report::usage).
    /// A call whose backend tells no cost ([`Context::add_usage`](crate::Context::add_usage)) counts as nothing, so what is
    /// under way when the limit is reached may go beyond it. A limit of zero lets nothing start.
    pub fn with_max_cost(self, dollars: f64) -> Self {
        Self { max_cost: Some(dollars), ..self }
    }

    /// Which run it is of many of the same plan, as a load makes them: one seed then draws delays and simulated faults that
    /// are others in each run, and the same in each run of that number. Without it all runs draw the same.
    pub fn with_number(self, number: u64) -> Self {
        Self { number: Some(number), ..self }
    }

    /// Each outcome is recorded in `journal` before anybody hears of it.
    pub fn with_journal(self, journal: &'r dyn Journal<R>) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// Before a task starts the journal is asked whether it was done before ([`Journal::recall`]), and what was done is taken
    /// over. Without a journal nothing is.
    ///
    /// What is certain to be taken over is so before anything starts, so that a run that is stopped early has it all the same:
    /// each task all of whose dependencies are taken over is asked for then. The others are asked for when their dependencies have
    /// ended. Neither needs a place of the backend or a resource, or is told of by more than its end.
    pub fn with_resume(self) -> Self {
        Self { is_resuming: true, ..self }
    }
}

impl<R> Default for RunOptions<'_, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> fmt::Debug for RunOptions<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RunOptions");
        debug.field("is_fail_fast", &self.is_fail_fast).field("time_limit", &self.time_limit);
        debug.field("max_cost", &self.max_cost).finish_non_exhaustive()
    }
}
