//! What a program's own tests need.

pub use crate::responses::Responses;

use crate::backend::{Backend, Context, Message, Response};
use crate::send_error::SendError;
use crate::sync::Mutex;
use std::fmt;
use std::vec;

/// A backend that gives what its script says, one entry a call, and remembers what it was asked.
///
/// Calls from several threads take the entries in the order in which they come. A call after the script is over is a
/// [permanent](crate::ErrorClass::Permanent) error. It answers at once, and does not ask whether it is cancelled.
///
/// Borrowed, it can be asked for its [`calls`](ScriptedBackend::calls) while the runner still has it:
///
/// ```
/// use seawall::testing::ScriptedBackend;
/// use seawall::{CancelToken, CircuitBreaker, Message, Response, RetryConfig, SendError, send_with_retry};
/// use std::time::Duration;
///
/// let backend = ScriptedBackend::new([Err(SendError::transient("down")), Ok(Response::new("up"))]);
/// let retry = RetryConfig::new().with_initial_interval(Duration::from_millis(1));
/// let (breaker, cancel) = (CircuitBreaker::default(), CancelToken::new());
/// let answer = send_with_retry(&backend, &Message::from("ping"), &breaker, &retry, &cancel)?;
/// assert_eq!(answer.text(), "up");
/// assert_eq!(backend.calls(), ["ping".into(), "ping".into()]);
/// # Ok::<(), seawall::Failure>(())
/// ```
pub struct ScriptedBackend<Q = Message, R = Response> {
    state: Mutex<State<Q, R>>,
}

struct State<Q, R> {
    script: vec::IntoIter<Result<R, SendError>>,
    calls: Vec<Q>,
}

impl<Q, R> ScriptedBackend<Q, R> {
    /// A backend with this script, which is read to its end now.
    pub fn new(script: impl IntoIterator<Item = Result<R, SendError>>) -> Self {
        let script = script.into_iter().collect::<Vec<_>>().into_iter();
        Self { state: Mutex::new(State { script, calls: Vec::new() }) }
    }

    /// Every request so far, in the order of the calls, those after the end of the script included.
    pub fn calls(&self) -> Vec<Q>
    where
        Q: Clone,
    {
        self.state.lock().calls.clone()
    }
}

impl<Q: Clone + Send, R: Send> Backend<Q, R> for ScriptedBackend<Q, R> {
    fn send(&self, request: &Q, _: &Context<'_, R>) -> Result<R, SendError> {
        let request = request.clone();
        let mut state = self.state.lock();
        state.calls.push(request);
        state.script.next().unwrap_or_else(|| Err(SendError::permanent("the script is over")))
    }
}

impl<Q, R> fmt::Debug for ScriptedBackend<Q, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        let mut debug = f.debug_struct("ScriptedBackend");
        debug.field("calls", &state.calls.len()).field("left", &state.script.len()).finish_non_exhaustive()
    }
}

// A mutex of `parking_lot` is not poisoned by a panic, and under this one there is no half changed state to meet.
impl<Q, R> std::panic::UnwindSafe for ScriptedBackend<Q, R> {}
impl<Q, R> std::panic::RefUnwindSafe for ScriptedBackend<Q, R> {}
