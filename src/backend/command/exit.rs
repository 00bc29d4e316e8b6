//! What an end means: its class, and the sentence for it.

use super::program_error::ProgramError;
use crate::backend::time_limit::ran_past;
use crate::send_error::{ErrorClass, SendError};
use rustix::io::Errno;
use rustix::process::Signal;
use std::ffi::OsStr;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

/// Why the program was asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    TimeLimit(Duration),
    Cancelled,
    /// By what it printed it would never come to an end.
    Hopeless,
}

/// Which class an exit code has, beside what shells mean by theirs.
#[derive(Clone, Debug, Default)]
pub(super) struct ExitClasses(Vec<(i32, ErrorClass)>);

impl ExitClasses {
    /// The last word on a code counts.
    pub(super) fn set(&mut self, code: i32, class: ErrorClass) {
        self.0.retain(|(known, _)| *known != code);
        self.0.push((code, class));
    }

    /// `None` for a success.
    fn class_of(&self, code: i32) -> Option<ErrorClass> {
        let named = self.0.iter().find(|(known, _)| *known == code);
        match (code, named) {
            (0, _) => None,
            (_, Some((_, class))) => Some(*class),
            (126 | 127, None) => Some(ErrorClass::CouldNotStart),
            (_, None) => Some(ErrorClass::Transient),
        }
    }
}

/// The error that an end stands for, if it is no success. What the program was stopped for counts more than the exit code
/// that it made of it.
///
/// `tail`: the end of standard error, asked for only if there is an error.
pub(super) fn error_of(
    status: ExitStatus,
    cause: Option<Cause>,
    classes: &ExitClasses,
    tail: impl FnOnce() -> String,
) -> Option<SendError> {
    let (class, sentence) = match (cause, status.code()) {
        (Some(Cause::Cancelled), _) => (ErrorClass::Cancelled, "cancelled".into()),
        (Some(Cause::TimeLimit(limit)), _) => (ErrorClass::TimedOut, ran_past(limit)),
        (Some(Cause::Hopeless), _) => (ErrorClass::Transient, "ended, since it would not have come to an end".into()),
        (None, Some(code)) => (classes.class_of(code)?, format!("exit code {code}")),
        (None, None) => (ErrorClass::Killed, killed_by(status.signal().unwrap_or_default())),
    };
    let tail = tail();
    let sentence = if tail.is_empty() { sentence } else { format!("{sentence}: {tail}") };
    Some(SendError::new(class, ProgramError::of_end(status, sentence)))
}

fn killed_by(signal: i32) -> String {
    match name_of(signal) {
        Some(name) => format!("killed by signal {signal} ({name})"),
        None => format!("killed by signal {signal}"),
    }
}

fn name_of(signal: i32) -> Option<&'static str> {
    let named = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::USR2, "SIGUSR2"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::TERM, "SIGTERM"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
        (Signal::VTALARM, "SIGVTALRM"),
        (Signal::PROF, "SIGPROF"),
        (Signal::SYS, "SIGSYS"),
    ];
    named.iter().find(|(known, _)| known.as_raw() == signal).map(|(_, name)| *name)
}

/// The error for a program that could not be started. What is short at the moment may be there the next time.
pub(super) fn could_not_start(program: &OsStr, directory: Option<&Path>, error: &io::Error) -> SendError {
    let class = match Errno::from_io_error(error) {
        Some(Errno::AGAIN | Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::TXTBSY | Errno::INTR) => {
            ErrorClass::Transient
        }
        _ => ErrorClass::CouldNotStart,
    };
    let program = program.display();
    let sentence = match directory {
        // The kernel has one and the same error for both.
        Some(directory) if !directory.is_dir() => {
            format!("failed to start `{program}`: no directory `{}`", directory.display())
        }
        _ => format!("failed to start `{program}`: {error}"),
    };
    SendError::new(class, ProgramError::of_start(error.kind(), sentence))
}

/// The error for a program that ran, and whose end cannot be told. It is not run again: it may have done all its work.
pub(super) fn lost(program: &OsStr, error: &io::Error) -> SendError {
    let program = program.display();
    match Errno::from_io_error(error) {
        Some(Errno::CHILD) => SendError::permanent(format!(
            "the exit code of `{program}` is lost: SIGCHLD is ignored, or somebody else has waited for the program"
        )),
        _ => SendError::transient(format!("lost sight of `{program}`: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    fn verdict(
        status: ExitStatus,
        cause: Option<Cause>,
        classes: &ExitClasses,
        tail: &str,
    ) -> Option<(ErrorClass, String)> {
        let error = error_of(status, cause, classes, || tail.into())?;
        Some((error.class(), error.to_string()))
    }

    #[test]
    fn each_end_has_its_class_and_its_sentence() {
        let mut classes = ExitClasses::default();
        classes.set(22, ErrorClass::Overloaded);
        classes.set(22, ErrorClass::Permanent);
        classes.set(127, ErrorClass::Transient);
        classes.set(0, ErrorClass::Permanent);
        let of = |status| verdict(status, None, &classes, "").map(|(class, text)| (class.as_str(), text));
        assert_eq!(of(exit(0)), None);
        assert_eq!(of(exit(7)), Some(("transient", "exit code 7".into())));
        assert_eq!(of(exit(22)), Some(("permanent", "exit code 22".into())));
        assert_eq!(of(exit(126)), Some(("could_not_start", "exit code 126".into())));
        assert_eq!(of(exit(127)), Some(("transient", "exit code 127".into())));
        assert_eq!(of(ExitStatus::from_raw(9)), Some(("killed", "killed by signal 9 (SIGKILL)".into())));
        assert_eq!(of(ExitStatus::from_raw(40)), Some(("killed", "killed by signal 40".into())));
    }

    #[test]
    fn what_it_was_stopped_for_counts_more_than_how_it_ended() {
        let limit = Some(Cause::TimeLimit(Duration::from_micros(299_990)));
        let of = |cause| verdict(exit(0), cause, &ExitClasses::default(), "late").unwrap();
        assert_eq!(of(limit), (ErrorClass::TimedOut, "ran past its time limit of 300ms: late".into()));
        assert_eq!(of(Some(Cause::Cancelled)), (ErrorClass::Cancelled, "cancelled: late".into()));
    }

    #[test]
    fn what_is_short_at_the_moment_is_transient_and_what_is_not_there_could_not_start() {
        let of = |errno: Errno| could_not_start(OsStr::new("x"), None, &errno.into());
        assert_eq!(of(Errno::MFILE).class(), ErrorClass::Transient);
        assert_eq!(of(Errno::TOOBIG).class(), ErrorClass::CouldNotStart);
        assert_eq!(of(Errno::NOENT).class(), ErrorClass::CouldNotStart);
        assert_eq!(of(Errno::NOENT).to_string(), "failed to start `x`: No such file or directory (os error 2)");
    }

    #[test]
    fn a_program_whose_exit_code_is_lost_is_not_run_again() {
        let of = |errno: Errno| lost(OsStr::new("x"), &errno.into());
        assert_eq!(of(Errno::CHILD).class(), ErrorClass::Permanent);
        assert!(of(Errno::CHILD).to_string().starts_with("the exit code of `x` is lost: SIGCHLD is ignored"));
        assert_eq!(of(Errno::NOMEM).class(), ErrorClass::Transient);
    }
}
