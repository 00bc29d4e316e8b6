//! One run of a program for those who judge it by what it printed, not by its exit code.

use super::descendants::Mark;
use super::exit::{self, Cause};
use super::{CommandBackend, Ended, killed};
use crate::backend::Context;
use crate::send_error::SendError;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;

/// What one run is given beside what its backend says for all of them.
pub(in crate::backend) struct Order<'a> {
    /// All of them, instead of the backend's own.
    pub(in crate::backend) arguments: Vec<Cow<'a, OsStr>>,
    pub(in crate::backend) env: Vec<(&'a str, OsString)>,
    pub(in crate::backend) input: &'a [u8],
    pub(super) mark: Option<Mark>,
}

/// A run that is over.
#[derive(Debug)]
pub(in crate::backend) struct Finished {
    pub(in crate::backend) exit: Exit,
    /// What it was stopped for, if it did not end by itself.
    pub(in crate::backend) stopped: Option<Stopped>,
    /// Standard output, as much of it as is kept.
    pub(in crate::backend) output: Vec<u8>,
    pub(in crate::backend) is_truncated: bool,
    /// The end of standard error.
    pub(in crate::backend) tail: String,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend) enum Exit {
    Code(i32),
    Signal(i32),
}

/// Why a program was stopped.
#[derive(Debug)]
pub(in crate::backend) enum Stopped {
    /// As for any program: past its limit, or cancelled.
    Because(SendError),
    /// Since it would not have come to an end.
    Hopeless,
}

impl<'a> Order<'a> {
    /// An order whose program ends with all that it starts, in other sessions too, and is asked to end by a signal to it
    /// alone.
    pub(in crate::backend) fn of_everything(
        arguments: Vec<Cow<'a, OsStr>>,
        env: Vec<(&'a str, OsString)>,
        input: &'a [u8],
    ) -> Self {
        Self { arguments, env, input, mark: Some(Mark::fresh()) }
    }
}

impl CommandBackend {
    /// Runs the program. An error: it did not run, or its end is not known.
    ///
    /// `is_hopeless` looks at what was written so far, whenever something comes: the program is stopped if it says so.
    pub(in crate::backend) fn carry_out<'a>(
        &'a self,
        order: Order<'a>,
        cx: &Context<'a>,
        is_hopeless: &'a mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<Finished, SendError> {
        cx.cancel_token().check()?;
        let ended = self.begin(order, cx, is_hopeless)?.run().map_err(|error| exit::lost(&self.argv[0], &error))?;
        let Ended { status, cause, pipes } = ended;
        let exit = match status.code() {
            Some(code) => Exit::Code(code),
            None if cause.is_none() && self.groups.is_killed() => return Err(killed()),
            None => Exit::Signal(status.signal().unwrap_or_default()),
        };
        let tail = pipes.tail.text();
        let stopped = match cause {
            Some(Cause::Hopeless) => Some(Stopped::Hopeless),
            cause @ Some(_) => exit::error_of(status, cause, &self.exit_classes, || tail.clone()).map(Stopped::Because),
            None => None,
        };
        let (output, is_truncated) = pipes.output.into_kept();
        Ok(Finished { exit, stopped, output, is_truncated, tail })
    }
}
