//! How the program ends.

/// The program's exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// 0: all went well.
    Success,
    /// 1: the run ended, and a task failed or was skipped.
    TasksFailed,
    /// 2: bad usage, or a plan with faults.
    BadInput,
    /// 3: seawall itself could not do its job.
    CouldNot,
    /// 128 + n: ended by signal n.
    Signal(u8),
    /// As the command that was run, or what `exec` says of it.
    OfCommand(u8),
}

impl ExitCode {
    /// 125: nothing can be said of the command, since `exec` itself went wrong. As `env` and `timeout` say it.
    pub(crate) const NOT_EXECUTED: Self = Self::OfCommand(125);

    /// The number that the shell sees.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::TasksFailed => 1,
            Self::BadInput => 2,
            Self::CouldNot => 3,
            Self::Signal(number) => 128 + (number & 127),
            Self::OfCommand(number) => number,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        code.number().into()
    }
}
