//! Retry outside, circuit breaker inside: what makes one failure-prone call bearable.
//!
//! ```text
//!            ┌──────────────────────── success (failures := 0)
//!            ▼                    │
//!        ┌────────┐  threshold of consecutive failures  ┌──────┐
//!   ───► │ closed │ ──────────────────────────────────► │ open │ ◄─────────┐
//!        └────────┘                                     └──────┘           │
//!            ▲                                             │ open_for      │ a failure
//!            │            as many successes in a row       ▼ is over       │
//!            └────────────────────────────────────── ┌───────────┐ ────────┘
//!                                                    │ half-open │
//!                                                    └───────────┘
//! ```
//!
//! Each piece is pure in time: `now` is an argument, and a thin shell reads the clock.

mod backoff;
mod breaker;
mod registry;
mod retry;

pub use backoff::{Delays, InvalidSetting, RetryConfig};
pub use breaker::{
    CallError, CircuitBreaker, CircuitBreakerConfig, CircuitSnapshot, CircuitState, Counts, Permit, StateChange,
    Ticket, Verdict,
};
pub use registry::CircuitBreakerRegistry;
pub(crate) use retry::{Ended, RetryState, Step, call_catching_panics};
pub use retry::{call_with_retry, send_with_retry};
