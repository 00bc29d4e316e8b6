//! The cause of what goes wrong with a program.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitStatus;

/// Why a program gave no answer: the cause of the errors of [`CommandBackend`](crate::CommandBackend).
///
/// ```
/// use seawall::{Backend, CancelToken, CommandBackend, Context, ProgramError};
///
/// let (cancel, grep) = (CancelToken::new(), CommandBackend::new(["grep", "x", "/dev/null"]));
/// let error = grep.send(&"".into(), &Context::new(&cancel)).unwrap_err();
/// let cause = error.get_ref().downcast_ref::<ProgramError>().unwrap();
/// assert_eq!(cause.status().unwrap().code(), Some(1));
/// ```
#[derive(Debug)]
pub struct ProgramError {
    sentence: String,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    End(ExitStatus),
    Start(io::ErrorKind),
}

impl ProgramError {
    pub(super) fn of_end(status: ExitStatus, sentence: String) -> Self {
        Self { sentence, cause: Cause::End(status) }
    }

    pub(super) fn of_start(kind: io::ErrorKind, sentence: String) -> Self {
        Self { sentence, cause: Cause::Start(kind) }
    }

    /// How the program ended; `None` if it did not start.
    pub fn status(&self) -> Option<ExitStatus> {
        if let Cause::End(status) = self.cause { Some(status) } else { None }
    }

    /// Why the program did not start; `None` if it did.
    pub fn start_error(&self) -> Option<io::ErrorKind> {
        if let Cause::Start(kind) = self.cause { Some(kind) } else { None }
    }
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.sentence)
    }
}

impl Error for ProgramError {}
