//! Load on a backend, and the truth about it: how many calls a second it takes, how long they take, what retries and circuit
//! breakers make of it.
//!
//! Two models of load, and they answer different questions. In the **closed** model ([`Load::closed`]) each of N callers
//! calls again when it has its answer: a backend that stalls is asked less, as it is by N batch jobs. In the **open** model
//! ([`Load::open`]) calls are due at instants that no answer can move, as requests of many independent people are: a backend
//! that stalls meets everybody who came meanwhile.
//!
//! A call's latency runs from the instant at which it was *due* ([`LoadResult::corrected`]) or from its real start
//! ([`LoadResult::actual`]) to its end, retries and their waits included. In the open model the difference is what people
//! wait in the queue of a backend that is not keeping up; a load tool that leaves it out ("coordinated omission", Gil Tene)
//! calls a stalled backend fast.
//!
//! The generator watches itself: [`LoadResult::late`] is how late calls started, [`LoadResult::missed`] how many never did,
//! and [`LoadResult::is_limited`] says whether the figures are those of the generator rather than of the backend.
//!
//! ```
//! use seawall::load::{Load, Rate};
//! use seawall::{CancelToken, SendError};
//! use std::time::Duration;
//!
//! let load = Load::open(Rate::per_second(200.0)).with_duration(Duration::from_millis(250));
//! let result = load.run(&CancelToken::new(), |call| match call.number() % 10 {
//!     9 => Err(SendError::overloaded("too many")),
//!     _ => Ok(()),
//! });
//! assert_eq!((result.calls(), result.ok(), result.errors()["overloaded"]), (50, 45, 5));
//! assert!(result.corrected().p99() >= result.actual().p50());
//! ```

mod answer;
mod arrivals;
mod baseline;
mod capacity;
mod closed;
mod course;
mod hdr_log;
mod intervals;
mod latencies;
mod objective;
mod open;
mod rank_test;
mod rate;
mod recorder;
mod result;
mod series;
mod target;

pub use answer::{Answer, Call};
pub use arrivals::{Arrivals, Dues};
pub use baseline::{Baseline, Comparison, Verdict, Window};
pub use capacity::{Capacity, CapacitySearch, Step, find_capacity};
pub use intervals::Interval;
pub use latencies::Latencies;
pub use objective::{Judgement, Measure, Objective};
pub use rate::Rate;
pub use recorder::{Recorder, Timed};
pub use result::{LoadResult, Progress};
pub use series::Second;
pub use target::{BackendTarget, PlanTarget, Target, fn_target};

use crate::cancel::CancelToken;
use crate::send_error::SendError;
use course::Course;
use std::time::Duration;

/// What load there is to be: in which model, how much, for how long. A value: it can be run many times.
///
/// Defaults: it ends after 10 s, or, where only a [count](Load::with_count) is given, after that many calls; no warm-up; a
/// grace of 5 s; in the open model at most 1,000 calls under way.
#[derive(Clone, Debug)]
#[must_use = "a load does nothing until it is run"]
pub struct Load {
    model: Model,
    count: Option<u64>,
    duration: Option<Duration>,
    warmup: Duration,
    grace: Duration,
}

#[derive(Clone, Debug)]
enum Model {
    Closed { callers: usize },
    Open { arrivals: Arrivals, max_in_flight: usize },
}

impl Load {
    const DURATION: Duration = Duration::from_secs(10);
    const GRACE: Duration = Duration::from_secs(5);
    const MAX_IN_FLIGHT: usize = 1000;

    /// The closed model: `callers` threads, each of which calls again when it has its answer; 0 counts as 1.
    pub fn closed(callers: usize) -> Self {
        Self::of(Model::Closed { callers: callers.max(1) })
    }

    /// The open model: calls are due as `arrivals` says, whatever the answers do.
    ///
    /// As many are under way as are due, on threads that are started as they are needed, up to
    /// [`with_max_in_flight`](Load::with_max_in_flight). Beyond it a due call waits, late, and is never dropped.
    pub fn open(arrivals: impl Into<Arrivals>) -> Self {
        Self::of(Model::Open { arrivals: arrivals.into(), max_in_flight: Self::MAX_IN_FLIGHT })
    }

    fn of(model: Model) -> Self {
        Self { model, count: None, duration: None, warmup: Duration::ZERO, grace: Self::GRACE }
    }

    /// It ends after so many counted calls. Without a duration there is no other limit.
    pub fn with_count(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// It ends after so long, the warm-up not included.
    pub fn with_duration(self, duration: Duration) -> Self {
        Self { duration: Some(duration), ..self }
    }

    /// For so long before everything else calls are made that are counted nowhere. In the open model at the first rate.
    pub fn with_warmup(self, warmup: Duration) -> Self {
        Self { warmup, ..self }
    }

    /// How long calls that are under way at the end of the duration are waited for. What has not ended then is cancelled,
    /// and counts as `timed_out`, with the time that it has had.
    pub fn with_grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// In the open model: how many calls are under way at once at most; 0 counts as 1. The closed model has its callers.
    pub fn with_max_in_flight(self, most: usize) -> Self {
        match self.model {
            Model::Closed { .. } => self,
            Model::Open { arrivals, .. } => {
                Self { model: Model::Open { arrivals, max_in_flight: most.max(1) }, ..self }
            }
        }
    }

    /// Puts the load on a closure, each call on one of the load's threads.
    ///
    /// An error is counted under its class; a panic is caught, and counted as `panicked`; an error after the call's token was
    /// cancelled is `cancelled`. A closure that does not hear [`Call::cancel_token`] is waited for without end.
    ///
    /// When `cancel` is cancelled nothing new starts and what is under way is cancelled; when it is drained nothing new
    /// starts. The results so far are returned.
    pub fn run<T>(
        &self,
        cancel: &CancelToken,
        call: impl Fn(&Call<'_>) -> Result<T, SendError> + Send + Sync,
    ) -> LoadResult {
        self.run_on(cancel, &fn_target(call))
    }

    /// [`run`](Load::run), for a [`Target`].
    pub fn run_on(&self, cancel: &CancelToken, target: &(impl Target + ?Sized)) -> LoadResult {
        self.run_watched(cancel, target, Duration::MAX, |_| {})
    }

    /// [`run_on`](Load::run_on), with somebody who is told how it goes on every `interval`, on the calling thread.
    pub fn run_watched(
        &self,
        cancel: &CancelToken,
        target: &(impl Target + ?Sized),
        interval: Duration,
        mut watch: impl FnMut(&Progress),
    ) -> LoadResult {
        let course = Course::begin(self, cancel, interval);
        let missed = match &self.model {
            Model::Closed { callers } => closed::run(&course, *callers, self.count, &target, &mut watch),
            Model::Open { arrivals, max_in_flight } => {
                let dues = arrivals.dues_of_a_load(self.warmup, self.ends_after(), self.count);
                open::run(&course, dues, self.count, *max_in_flight, &target, &mut watch)
            }
        };
        course.into_result(missed)
    }

    fn max_in_flight(&self) -> usize {
        match self.model {
            Model::Closed { .. } => Self::MAX_IN_FLIGHT,
            Model::Open { max_in_flight, .. } => max_in_flight,
        }
    }

    /// How long after the warm-up nothing new starts; `None`: when the count is reached.
    fn ends_after(&self) -> Option<Duration> {
        let stages = match &self.model {
            Model::Closed { .. } => None,
            Model::Open { arrivals, .. } => arrivals.span(),
        };
        match (self.duration, stages) {
            (Some(duration), stages) => Some(stages.map_or(duration, |stages| stages.min(duration))),
            (None, Some(stages)) => Some(stages),
            (None, None) => self.count.is_none().then_some(Self::DURATION),
        }
    }
}
