//! Runs plans: a pool a run, a scope a wave, as many workers as may call at once.

mod ancestry;
mod builder;
#[cfg(feature = "load")]
mod caller;
mod conversation;
mod crew;
mod event;
mod journal;
mod lane;
mod options;
mod outcome;
mod progress;
mod queue;
mod report;
mod reserve;
mod run;
mod shared_queue;
mod wave;
mod why;
mod worker;

#[cfg(feature = "load")]
pub(crate) use caller::Caller;

pub use builder::{BackendConfig, RunnerBuilder, Schedule, WhenOpen};
pub use event::{Event, EventKind};
pub use journal::{Journal, Recalled};
pub use options::RunOptions;
pub use outcome::{Attempt, AttemptResult, Outcome};
#[cfg(feature = "journal")]
pub(crate) use outcome::{Attempts, Ending};
pub use queue::Wait;
pub use report::Report;
pub use why::Why;

use crate::backend::{Message, Response};
use crate::cancel::CancelToken;
use crate::error::Error;
use crate::plan::Plan;
use crate::resilience::CircuitBreakerRegistry;
use crate::seed;
use crate::sync::{Arc, Mutex};
use crate::usage::Usage;
use builder::{BoxedBackend, Settings};
use crew::Crew;
use event::{EventKind as Kind, Events};
use lane::{Lane, lane_of_tasks, lanes};
use queue::{Gates, Queue};
use run::Run;
use shared_queue::SharedQueue;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;
use why::Writes;

/// Runs plans on the backends that it knows.
///
/// Each run has threads of its own, named `seawall-0`, `seawall-1`, …, as many as the concurrency, or as the widest wave if
/// that is less (the first 64 of them are a pool of rayon); no thread idles between runs, and no run waits for another.
/// [`run`](Runner::run) may be called from several threads at once, within a backend, and within somebody else's thread
/// pool.
///
/// `'a` is what the backends borrow.
///
/// ```
/// use seawall::{CancelToken, Plan, Runner, Task};
/// let plan = Plan::builder()
///     .task(Task::new("design", "claude", "Write the design."))
///     .task(Task::new("code", "codex", "Implement it.").after(["design"]))
///     .build()?;
/// let runner = Runner::builder()
///     .backend_fn("claude", |request, _| Ok(format!("done: {}", request.prompt()).into()))
///     .backend_fn("codex", |_, cx| Ok(format!("built on {}", cx.response_of("design")?.text()).into()))
///     .build()?;
/// let report = runner.run(&plan, &CancelToken::new())?;
/// assert_eq!(report.response("code").unwrap().text(), "built on done: Write the design.");
/// # Ok::<(), seawall::Error>(())
/// ```
pub struct Runner<'a, Q = Message, R = Response> {
    backends: Vec<Configured<'a, Q, R>>,
    settings: Settings,
}

type Configured<'a, Q, R> = (Arc<str>, BoxedBackend<'a, Q, R>, BackendConfig);

impl<'a> Runner<'a> {
    /// A runner of prompts, to be given backends.
    pub fn builder() -> RunnerBuilder<'a> {
        RunnerBuilder::new()
    }

    /// A runner of your own requests and responses: `Runner::builder_for::<Job, Output>()`.
    pub fn builder_for<Q: Send + Sync, R: Send + Sync>() -> RunnerBuilder<'a, Q, R> {
        RunnerBuilder::new()
    }
}

impl<Q: Send + Sync, R: Send + Sync> Runner<'_, Q, R> {
    /// Runs a plan to its end, or to the cancel. The calling thread only waits; calls are made by the run's own threads.
    ///
    /// # Errors
    ///
    /// Only if nothing was run: the plan names a backend that the runner lacks, or the threads cannot be started. What
    /// becomes of the tasks is in the report.
    pub fn run(&self, plan: &Plan<Q>, cancel: &CancelToken) -> Result<Report<R>, Error> {
        self.run_with(plan, cancel, RunOptions::new())
    }

    /// [`run`](Runner::run), with what belongs to this run alone.
    pub fn run_with(
        &self,
        plan: &Plan<Q>,
        cancel: &CancelToken,
        options: RunOptions<'_, R>,
    ) -> Result<Report<R>, Error> {
        let lane_of = lane_of_tasks(self, plan)?;
        let is_resuming = options.is_resuming;
        let crew = Crew::new(self.widest(plan), &self.settings.clock)?;
        let seed = self.settings.seed.unwrap_or_else(seed::fresh);
        let seed = options.number.map_or(seed, |number| seed::nth(seed, number));
        let _turn = self.settings.clock.take_part(seed);
        let (own, _heir) = cancel.child();
        let run = Run { deadline: cancel.deadline(), ..self.begin(plan, lane_of, own, seed, options) };
        let queue = Arc::clone(&run.queue);
        let _stop = run.cancel.listen(crate::Stage::Draining, move |stage, _| queue.stop(stage));
        let wave_starts = crew.muster(&run, || {
            run.events.send(run.began, || Kind::RunStarted { tasks: plan.len() });
            run.charge(Usage::new());
            if is_resuming {
                let tasks = run.take_over_all();
                run.queue.open(|queue| queue.recall(tasks));
            }
            self.work(&run, &crew, cancel)
        })?;
        run.sweep();
        Ok(run.into_report(wave_starts))
    }

    /// Lets the workers go through all of it. Says when each wave began, where waves wait for one another.
    fn work(&self, run: &Run<'_, Q, R>, crew: &Crew, cancel: &CancelToken) -> Vec<Option<Duration>> {
        let wave = |wave: u32| {
            let workers = self.settings.concurrency.min(run.graph.wave(wave).len());
            crew.work(run, cancel, workers, |queue| queue.open_wave(wave))
        };
        match self.settings.schedule {
            Schedule::Waves => (0..run.graph.depth()).map(wave).collect(),
            Schedule::Eager => {
                crew.work(run, cancel, self.widest(run.plan), Queue::open_all);
                Vec::new()
            }
        }
    }

    /// Judges a plan for this runner, and runs nothing.
    ///
    /// # Errors
    ///
    /// Every task whose backend the runner lacks.
    pub fn check(&self, plan: &Plan<Q>) -> Result<(), Error> {
        lane_of_tasks(self, plan).map(drop)
    }

    /// The circuit breakers of the backends.
    pub fn circuit_breakers(&self) -> &Arc<CircuitBreakerRegistry> {
        &self.settings.circuit_breakers
    }

    /// How many tasks can ever be in progress at once.
    fn widest(&self, plan: &Plan<Q>) -> usize {
        let widest = match self.settings.schedule {
            Schedule::Waves => plan.graph().waves().map(<[u32]>::len).max().unwrap_or(1),
            Schedule::Eager => plan.len(),
        };
        widest.min(self.settings.concurrency)
    }

    fn begin<'r>(
        &'r self,
        plan: &'r Plan<Q>,
        lane_of: Arc<[u32]>,
        cancel: CancelToken,
        seed: u64,
        options: RunOptions<'r, R>,
    ) -> Run<'r, Q, R> {
        let began = self.settings.clock.now();
        let events = Events::new(options.events, began);
        let lanes = lanes(self);
        let writes = writes(plan);
        let gates = gates(&writes, &lanes);
        let outcomes = plan.tasks().iter().map(|_| Outcome::to_come()).collect();
        let queue = Queue::new(Arc::clone(plan.graph()), lane_of, lanes.len(), gates, events.has_listener());
        Run {
            plan,
            graph: plan.graph(),
            lanes,
            outcomes,
            writes,
            queue: Arc::new(SharedQueue::new(queue, self.settings.clock.clone())),
            cancel,
            clock: &self.settings.clock,
            began,
            limit: options.time_limit.and_then(|limit| began.checked_add(limit)),
            deadline: None,
            seed,
            number: options.number,
            is_fail_fast: options.is_fail_fast,
            max_cost: options.max_cost,
            spent: Mutex::default(),
            events,
            journal: options.journal,
            journal_error: Mutex::new(None),
        }
    }
}

/// What tasks write, by number.
fn writes<Q>(plan: &Plan<Q>) -> Writes {
    let mut numbers = HashMap::new();
    let mut writes = Writes::new();
    for (task, number) in plan.tasks().iter().zip(0..).filter(|(task, _)| !task.resources().is_empty()) {
        let next = |numbers: &HashMap<_, u32>| u32::try_from(numbers.len()).expect("fewer than 2^32 resources");
        let mut resources: Vec<u32> = Vec::new();
        for resource in task.resources() {
            let new = next(&numbers);
            resources.push(*numbers.entry(queue::normalized(resource)).or_insert(new));
        }
        resources.sort_unstable();
        resources.dedup();
        writes.insert(number, resources);
    }
    writes
}

/// What tasks wait for beside their dependencies.
fn gates<Q, R, P>(writes: &Writes, lanes: &[Lane<'_, Q, R>]) -> Gates<P> {
    let limits: Vec<_> = lanes.iter().map(|lane| lane.concurrency).collect();
    let resources = writes.values().flatten().max().map_or(0, |last| *last as usize + 1);
    Gates::new(&limits, writes.clone(), resources)
}

impl<Q, R> fmt::Debug for Runner<'_, Q, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<&str> = self.backends.iter().map(|(kind, ..)| &**kind).collect();
        let mut debug = f.debug_struct("Runner");
        debug
            .field("backends", &kinds)
            .field("concurrency", &self.settings.concurrency)
            .field("schedule", &self.settings.schedule);
        debug.finish_non_exhaustive()
    }
}

// Backends are called behind a `catch_unwind` anyway: what a panic leaves behind in them is theirs to bear, and a run
// keeps nothing in its runner.
impl<Q, R> std::panic::UnwindSafe for Runner<'_, Q, R> {}
impl<Q, R> std::panic::RefUnwindSafe for Runner<'_, Q, R> {}
