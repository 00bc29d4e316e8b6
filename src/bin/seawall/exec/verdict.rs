//! What an attempt's end is to whoever called.

use rustix::process::{Signal, getpgrp, kill_current_process_group};
use rustix::termios::tcgetpgrp;
use seawall::{ErrorClass, ProgramError, SendError};
use std::io::{ErrorKind, stdin};
use std::os::unix::process::ExitStatusExt;

const TIMED_OUT: u8 = 124;
const FAILED_ITSELF: u8 = 125;
const CANNOT_BE_EXECUTED: u8 = 126;
const NOT_FOUND: u8 = 127;

/// The exit code of an attempt that failed.
pub(super) fn exit_code(error: &SendError) -> u8 {
    if error.class() == ErrorClass::TimedOut {
        return TIMED_OUT;
    }
    let Some(cause) = cause(error) else { return FAILED_ITSELF };
    match (cause.status(), cause.start_error()) {
        (Some(status), _) => match (status.code(), status.signal()) {
            (Some(code), _) => u8::try_from(code & 0xff).unwrap_or(FAILED_ITSELF),
            (None, signal) => signal.and_then(|signal| u8::try_from(128 + signal).ok()).unwrap_or(FAILED_ITSELF),
        },
        // Something is short at the moment, and nothing is wrong with the command.
        (None, _) if error.class() != ErrorClass::CouldNotStart => FAILED_ITSELF,
        (None, Some(ErrorKind::NotFound)) => NOT_FOUND,
        (None, _) => CANNOT_BE_EXECUTED,
    }
}

/// Whether the command has ended by itself, and could have said why.
pub(super) fn has_own_code(error: &SendError) -> bool {
    error.class() != ErrorClass::TimedOut && cause(error).is_some_and(|cause| cause.status().is_some())
}

fn cause(error: &SendError) -> Option<&ProgramError> {
    error.get_ref().downcast_ref()
}

/// Ctrl-C, or Ctrl-\, at a terminal that the command had: it was meant for this program too, which did not hear it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interrupt(Signal);

impl Interrupt {
    /// Whether that is what ended the command. The terminal is ours again by then.
    pub(super) fn of(error: &SendError) -> Option<Self> {
        let signal = Some(cause(error)?.status()?.signal()?);
        let signal = [Signal::INT, Signal::QUIT].into_iter().find(|known| Some(known.as_raw()) == signal)?;
        let is_terminals = tcgetpgrp(stdin()) == Ok(getpgrp());
        (is_terminals && error.class() == ErrorClass::Killed).then_some(Self(signal))
    }

    /// As a reason.
    pub(super) fn name(self) -> &'static str {
        if self.0 == Signal::INT { "SIGINT" } else { "SIGQUIT" }
    }

    /// Lets a script that this program is a part of know, as the terminal would have.
    pub(super) fn pass_on(self) {
        if self.0 == Signal::INT {
            let _ = kill_current_process_group(self.0);
        }
    }
}
