//! Seawall runs a plan of blocking, failure-prone calls on a thread pool, wave by wave.

mod backend;
mod cancel;
mod clock;
mod error;
mod failure;
mod plan;
mod resilience;
mod responses;
mod runner;
mod seed;
mod send_error;
mod status;
mod sync;
mod task_id;
pub mod testing;

pub use backend::{Backend, Context, FnBackend, Latency, Message, Response, SimulatedBackend, backend_fn};
#[cfg(all(unix, feature = "process"))]
pub use backend::{CommandBackend, ProcessGroups, Prompt};
pub use cancel::{CancelGuard, CancelToken, Cancelled, Stage};
pub use clock::Clock;
pub use crossbeam_channel;
pub use error::{Error, Fault};
pub use failure::{Failure, GaveUp, Rejected};
pub use plan::{FailureMode, Plan, PlanBuilder, Task};
pub use resilience::{
    CallError, CircuitBreaker, CircuitBreakerConfig, CircuitBreakerRegistry, CircuitState, Counts, Delays,
    InvalidSetting, Permit, RetryConfig, StateChange, Verdict, call_with_retry, send_with_retry,
};
pub use runner::{
    Attempt, AttemptResult, BackendConfig, Event, EventKind, Journal, Outcome, Report, RunOptions, Runner,
    RunnerBuilder, Schedule, Wait, WhenOpen,
};
pub use send_error::{ErrorClass, SendError};
pub use status::Status;
pub use task_id::TaskId;
