//! What is called: the trait, a closure as one, what an attempt is given, and prompts and answers.

#[cfg(all(unix, feature = "process"))]
mod agent;
#[cfg(all(unix, feature = "process"))]
mod command;
mod context;
#[cfg(all(unix, feature = "http"))]
mod http;
mod message;
mod simulated;
mod spent;
#[cfg(all(unix, any(feature = "http", feature = "process")))]
mod time_limit;
#[cfg(all(unix, any(feature = "http", feature = "process")))]
mod wake;

pub(crate) use context::Surroundings;
pub(crate) use spent::Spent;

#[cfg(all(unix, feature = "process"))]
pub use agent::{ClaudeBackend, CodexBackend, GooseBackend};
#[cfg(all(unix, feature = "process"))]
pub use command::{CommandBackend, Input, ProcessGroups, ProgramError, Prompt};

pub use context::Context;
#[cfg(all(unix, feature = "http"))]
pub use http::{Generic, HttpBackend, HttpBackendBuilder, OpenAi};
pub use message::{Message, Response};
pub use simulated::{Latency, SimulatedBackend};

use crate::send_error::SendError;
use std::fmt;
use std::sync::Arc;

/// Something that answers requests, one blocking call at a time.
///
/// `Q` is the request and `R` the response; the defaults are a prompt and an answer as text. One value serves all workers
/// at once, hence `Send + Sync`. A closure or a function becomes a backend by [`backend_fn`].
///
/// # What an implementation owes
///
/// - It returns when the call is over: `Ok`, or an error with the [class](crate::ErrorClass) that only it can know.
/// - It hears [`Context::cancel_token`], by [`Context::check`] between steps, [`Context::sleep`] instead of a bare sleep,
///   or [`CancelToken::on_cancel`](crate::CancelToken::on_cancel) around what blocks; and it hands
///   [`Context::remaining`] to whatever it calls. A call that does neither holds up the end of its run, and nothing else.
/// - It tells what it used up by [`Context::add_usage`], also of a call that fails, and in which session the call ended by
///   [`Context::ended_in`], if it has such things; and it goes on in the session that [`Context::session`] names.
/// - A panic is caught: the task fails as [`Panicked`](crate::Failure::Panicked), and counts against the breaker.
///
/// ```
/// use seawall::{Backend, CancelToken, Context, Message, Response, SendError};
///
/// struct Echo;
/// impl Backend for Echo {
///     fn send(&self, request: &Message, cx: &Context<'_>) -> Result<Response, SendError> {
///         cx.check()?;
///         Ok(request.prompt().into())
///     }
/// }
///
/// let cancel = CancelToken::new();
/// assert_eq!(Echo.send(&"hello".into(), &Context::new(&cancel))?.text(), "hello");
/// # Ok::<(), SendError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a backend for requests of type `{Q}` and responses of type `{R}`",
    note = "a closure or function goes to `backend_fn`; a type of your own implements `Backend<{Q}, {R}>`"
)]
pub trait Backend<Q = Message, R = Response>: Send + Sync {
    /// Makes one attempt at one call.
    fn send(&self, request: &Q, cx: &Context<'_, R>) -> Result<R, SendError>;
}

impl<Q, R, B: Backend<Q, R> + ?Sized> Backend<Q, R> for &B {
    fn send(&self, request: &Q, cx: &Context<'_, R>) -> Result<R, SendError> {
        (**self).send(request, cx)
    }
}

impl<Q, R, B: Backend<Q, R> + ?Sized> Backend<Q, R> for Box<B> {
    fn send(&self, request: &Q, cx: &Context<'_, R>) -> Result<R, SendError> {
        (**self).send(request, cx)
    }
}

impl<Q, R, B: Backend<Q, R> + ?Sized> Backend<Q, R> for Arc<B> {
    fn send(&self, request: &Q, cx: &Context<'_, R>) -> Result<R, SendError> {
        (**self).send(request, cx)
    }
}

/// A closure or function as a [`Backend`].
///
/// ```
/// use seawall::{Backend, CancelToken, Context, Message, Response, backend_fn};
/// let shout = backend_fn(|request: &Message, _: &Context<'_>| Ok(Response::from(request.prompt().to_uppercase())));
/// let cancel = CancelToken::new();
/// assert_eq!(shout.send(&"hello".into(), &Context::new(&cancel))?.text(), "HELLO");
/// # Ok::<(), seawall::SendError>(())
/// ```
pub fn backend_fn<Q, R, F>(f: F) -> FnBackend<F>
where
    F: Fn(&Q, &Context<'_, R>) -> Result<R, SendError> + Send + Sync,
{
    FnBackend(f)
}

/// What [`backend_fn`] makes.
#[derive(Clone, Copy)]
pub struct FnBackend<F>(F);

impl<Q, R, F> Backend<Q, R> for FnBackend<F>
where
    F: Fn(&Q, &Context<'_, R>) -> Result<R, SendError> + Send + Sync,
{
    fn send(&self, request: &Q, cx: &Context<'_, R>) -> Result<R, SendError> {
        (self.0)(request, cx)
    }
}

impl<F> fmt::Debug for FnBackend<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FnBackend").finish_non_exhaustive()
    }
}
