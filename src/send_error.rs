//! The error of a call, with the class that decides what becomes of it.

use crate::cancel::Cancelled;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// What kind of failure an error is. The backend names it, since only the backend knows.
///
/// | class | retried | counts against the circuit breaker |
/// | --- | --- | --- |
/// | `Transient`, `Overloaded`, `TimedOut`, `Killed` | yes | yes |
/// | `RateLimited`, `InvalidAnswer` | yes | no |
/// | `Permanent`, `CouldNotStart`, `Cancelled` | no | no |
///
/// The table holds the defaults: [`RetryConfig::with_retries_on`](crate::RetryConfig::with_retries_on) and
/// [`CircuitBreakerConfig::with_counts`](crate::CircuitBreakerConfig::with_counts) change it, class by class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorClass {
    /// It may go well the next time: a lost connection, an unexpected exit code.
    Transient,
    /// The backend says that it has too much to do.
    Overloaded,
    /// The backend is well, and limits this caller.
    RateLimited,
    /// The call ran past its time limit.
    TimedOut,
    /// It will not go better the next time: a bad request, not found, not authorised.
    Permanent,
    /// An answer came, and cannot be used.
    InvalidAnswer,
    /// A signal that Seawall did not send ended the program.
    Killed,
    /// The program could not be started.
    CouldNotStart,
    /// The call was interrupted, because its caller wanted it.
    Cancelled,
}

impl ErrorClass {
    /// All of them.
    #[cfg(feature = "journal")]
    pub(crate) const ALL: [Self; 9] = [
        Self::Transient,
        Self::Overloaded,
        Self::RateLimited,
        Self::TimedOut,
        Self::Permanent,
        Self::InvalidAnswer,
        Self::Killed,
        Self::CouldNotStart,
        Self::Cancelled,
    ];

    /// The word for it in reports and events: `transient`, `rate_limited`, ….
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Overloaded => "overloaded",
            Self::RateLimited => "rate_limited",
            Self::TimedOut => "timed_out",
            Self::Permanent => "permanent",
            Self::InvalidAnswer => "invalid_answer",
            Self::Killed => "killed",
            Self::CouldNotStart => "could_not_start",
            Self::Cancelled => "cancelled",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Prints [`as_str`](ErrorClass::as_str).
impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A set of classes that stays `Copy`: which are retried, which count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ErrorClasses(u16);

impl ErrorClasses {
    pub(crate) const RETRIED: Self =
        Self::COUNTED.with(ErrorClass::RateLimited, true).with(ErrorClass::InvalidAnswer, true);
    pub(crate) const COUNTED: Self = Self(
        ErrorClass::Transient.bit()
            | ErrorClass::Overloaded.bit()
            | ErrorClass::TimedOut.bit()
            | ErrorClass::Killed.bit(),
    );

    pub(crate) const fn with(self, class: ErrorClass, yes: bool) -> Self {
        if yes { Self(self.0 | class.bit()) } else { Self(self.0 & !class.bit()) }
    }

    pub(crate) const fn contains(self, class: ErrorClass) -> bool {
        self.0 & class.bit() != 0
    }
}

/// A call's error: a cause, its [`ErrorClass`], and maybe a delay that the backend asks for.
///
/// It is one pointer wide, a clone is a reference count, and its `Display` and `source()` are the cause's own: nothing is
/// put before the cause's sentence.
///
/// There is no `From<E: Error>`: it would retry parse errors. `.map_err(SendError::transient)?` says what is meant. The
/// exception is [`io::Error`], whose kind says enough (see the table [there](#impl-From<Error>-for-SendError)).
///
/// ```
/// use seawall::{ErrorClass, SendError};
/// let error = "x".parse::<u32>().map_err(SendError::invalid_answer).unwrap_err();
/// assert_eq!(error.class(), ErrorClass::InvalidAnswer);
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// assert!(error.get_ref().is::<std::num::ParseIntError>());
/// ```
#[derive(Clone)]
pub struct SendError(Arc<Inner>);

struct Inner {
    class: ErrorClass,
    retry_after: Option<Duration>,
    source: Box<dyn Error + Send + Sync>,
}

impl SendError {
    /// An error of `class` with `source` as its cause: a text, any error, a boxed one.
    pub fn new(class: ErrorClass, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::new(Inner { class, retry_after: None, source: source.into() }))
    }

    /// [`ErrorClass::Transient`].
    pub fn transient(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorClass::Transient, source)
    }

    /// [`ErrorClass::Overloaded`].
    pub fn overloaded(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorClass::Overloaded, source)
    }

    /// [`ErrorClass::RateLimited`].
    pub fn rate_limited(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorClass::RateLimited, source)
    }

    /// [`ErrorClass::TimedOut`].
    pub fn timed_out(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorClass::TimedOut, source)
    }

    /// [`ErrorClass::Permanent`].
    pub fn permanent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorClass::Permanent, source)
    }

    /// [`ErrorClass::InvalidAnswer`].
    pub fn invalid_answer(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorClass::InvalidAnswer, source)
    }

    /// The same error, with a wish of the backend: at least `delay` before the next attempt, whatever the class.
    ///
    /// The longer of this and the drawn delay is waited for. One that ends after the retry's max elapsed time ends the
    /// call at once.
    #[must_use]
    pub fn with_retry_after(self, delay: Duration) -> Self {
        let retry_after = Some(delay);
        match Arc::try_unwrap(self.0) {
            Ok(inner) => Self(Arc::new(Inner { retry_after, ..inner })),
            Err(shared) => Self(Arc::new(Inner { class: shared.class, retry_after, source: Box::new(Self(shared)) })),
        }
    }

    /// What kind of failure it is.
    pub fn class(&self) -> ErrorClass {
        self.0.class
    }

    /// The delay that the backend asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The cause, to be printed or downcast.
    pub fn get_ref(&self) -> &(dyn Error + Send + Sync + 'static) {
        match self.0.source.downcast_ref::<Self>() {
            Some(inner) => inner.get_ref(),
            None => &*self.0.source,
        }
    }
}

// The cause may hold what is not unwind safe. It is only ever read, through `&`, so nobody can see it half changed.
impl std::panic::UnwindSafe for SendError {}
impl std::panic::RefUnwindSafe for SendError {}

impl fmt::Debug for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SendError");
        debug.field("class", &self.class()).field("source", &self.get_ref());
        if let Some(delay) = self.retry_after() {
            debug.field("retry_after", &delay);
        }
        debug.finish()
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.get_ref(), f)
    }
}

impl Error for SendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.get_ref().source()
    }
}

/// So that `cx.check()?` and `cx.sleep(duration)?` work in a backend: [`ErrorClass::Cancelled`].
impl From<Cancelled> for SendError {
    fn from(cancelled: Cancelled) -> Self {
        Self::new(ErrorClass::Cancelled, cancelled)
    }
}

/// By [`io::ErrorKind`]:
///
/// | kind | class |
/// | --- | --- |
/// | `TimedOut` | timed out |
/// | `NotFound`, `PermissionDenied`, `AlreadyExists`, `InvalidInput`, `Unsupported`, `NotADirectory`, `IsADirectory`, `DirectoryNotEmpty`, `ReadOnlyFilesystem`, `AddrNotAvailable` | permanent |
/// | `InvalidData` | invalid answer |
/// | any other: a connection that was refused, reset or cut (`UnexpectedEof` too), a busy resource, a full disk, … | transient |
impl From<io::Error> for SendError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        let class = match error.kind() {
            Kind::TimedOut => ErrorClass::TimedOut,
            Kind::InvalidData => ErrorClass::InvalidAnswer,
            Kind::NotFound
            | Kind::PermissionDenied
            | Kind::AlreadyExists
            | Kind::InvalidInput
            | Kind::Unsupported
            | Kind::NotADirectory
            | Kind::IsADirectory
            | Kind::DirectoryNotEmpty
            | Kind::ReadOnlyFilesystem
            | Kind::AddrNotAvailable => ErrorClass::Permanent,
            _ => ErrorClass::Transient,
        };
        Self::new(class, error)
    }
}
