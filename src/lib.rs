//! Seawall runs a plan of blocking, failure-prone calls on a thread pool, wave by wave, and stands between them and the
//! backends they hit: it retries what is transient, cuts off what is down, keeps one failure from touching its neighbours,
//! and stops at once when told to. No async runtime anywhere.
//!
//! ```text
//!  Plan ── waves ──► Runner                          one rayon scope a wave, `concurrency` workers
//!                      │  next task of the wave, or a parked one that is due
//!                      ▼
//!           dependencies fine? ──no──► skipped, root named
//!                      │yes
//!                      ▼                                    ┌─ CancelToken (a flag, and a wake-up)
//!    attempt:       loop ◄──────── parked until due ◄───────┤
//!             breaker.admit(now) ── open ──► fail fast / wait / fall back
//!                      │ Permit
//!             catch_unwind(backend.send(request, cx))
//!                      │
//!             success   → permit.success → completed
//!             transient → permit.failure → park until the next delay is over, or exhausted
//!             permanent → permit neutral → failed
//!                      │
//!             Outcome, in its place ; journal.record ; event
//!                      ▼
//!  Report, in plan order
//! ```
//!
//! # Where to begin
//!
//! - **Plans**: [`Plan`] and [`Task`] say what is to be done, [`Runner`] does it on its backends, [`Report`] says what came
//!   of it. A backend is a closure, or a type that implements [`Backend`].
//! - **One call**: [`call_with_retry`] and [`send_with_retry`] stand alone, and so do [`CircuitBreaker::call`] and
//!   [`RetryConfig::delays`].
//! - **The end**: [`CancelToken`] stops all of it, from any thread.
//! - **Tests**: [`Clock::simulated`] makes hours of backoff take no time; [`testing`] and [`SimulatedBackend`] stand in for
//!   backends.
//!
//! ```
//! use seawall::{CancelToken, Plan, Runner, Task};
//! let plan = Plan::builder()
//!     .task(Task::new("design", "claude", "Write the design."))
//!     .task(Task::new("code", "claude", "Implement it.").after(["design"]))
//!     .build()?;
//! let runner = Runner::builder().backend_fn("claude", |request, _| Ok(request.prompt().into())).build()?;
//! let report = runner.run(&plan, &CancelToken::new())?;
//! assert!(report.is_success());
//! # Ok::<(), seawall::Error>(())
//! ```
//!
//! # Errors
//!
//! An [`Error`] means that Seawall itself could not do its job, and ran nothing. A task's failure is data: a [`Failure`] in
//! the report, whose `source()` is the last real [`SendError`].
//!
//! # Features
//!
//! None by default.
//!
//! - `http`: HTTP endpoints as backends, on Unix.
//! - `process`: programs as backends, coding agents among them, on Unix.
//! - `load`: the module `load`, load on a backend, a plan or a closure, and the truth about it.
//! - `termination`: [`CancelToken::cancel_on_ctrlc`] hears SIGTERM and SIGHUP too.
//! - `cli`: the program `seawall`, and both of the above.
//!
//! `panic = "abort"` in a profile takes the isolation of panics away.

mod backend;
mod cancel;
mod clock;
mod error;
mod failure;
pub mod guide;
#[cfg(feature = "load")]
pub mod load;
mod plan;
mod resilience;
mod responses;
mod runner;
mod seed;
mod send_error;
mod session;
#[cfg(feature = "journal")]
mod sqlite_journal;
mod status;
mod sync;
mod task_id;
pub mod testing;
mod usage;

pub use backend::{Backend, Context, FnBackend, Latency, Message, Response, SimulatedBackend, backend_fn};
#[cfg(all(unix, feature = "process"))]
pub use backend::{
    ClaudeBackend, CodexBackend, CommandBackend, GooseBackend, Input, ProcessGroups, ProgramError, Prompt,
};
#[cfg(all(unix, feature = "http"))]
pub use backend::{Generic, HttpBackend, HttpBackendBuilder, OpenAi};
pub use cancel::{CancelGuard, CancelToken, Cancelled, Stage};
pub use clock::Clock;
pub use crossbeam_channel;
pub use error::{Error, Fault};
pub use failure::{Failure, GaveUp, Rejected};
pub use plan::{FailureMode, Plan, PlanBuilder, Task};
pub use resilience::{
    CallError, CircuitBreaker, CircuitBreakerConfig, CircuitBreakerRegistry, CircuitSnapshot, CircuitState, Counts,
    Delays, InvalidSetting, Permit, RetryConfig, StateChange, Ticket, Verdict, call_with_retry, send_with_retry,
};
pub use runner::{
    Attempt, AttemptResult, BackendConfig, Event, EventKind, Journal, Outcome, Recalled, Report, RunOptions, Runner,
    RunnerBuilder, Schedule, Wait, WhenOpen, Why,
};
pub use send_error::{ErrorClass, SendError};
pub use session::Session;
#[cfg(feature = "journal")]
pub use sqlite_journal::{
    ContentHash, Fingerprint, JournalReader, JournaledRun, NewRun, PastRun, Prospect, RunState, SqliteJournal,
    SqliteRun,
};
pub use status::Status;
pub use task_id::TaskId;
pub use usage::Usage;

/// The README's examples run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
