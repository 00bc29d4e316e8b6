//! The standard streams: results go to standard output, what is for people to standard error.

use crate::exit_code::ExitCode;
use anstyle::{AnsiColor, Style};
use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};

/// Writes a command's result. A reader that has gone (`| head -1`) is no fault, and ends it quietly.
pub(crate) fn print(text: &str) -> ExitCode {
    finish(write_to(io::stdout().lock(), text))
}

/// [`print()`] for text with styles, which are left out where they are not wanted.
pub(crate) fn print_styled(text: &str) -> ExitCode {
    finish(write_to(anstream::stdout().lock(), text))
}

/// A line for people. There is nobody to tell if it cannot be written.
pub(crate) fn say(line: impl Display) {
    let _ = write_to(anstream::stderr().lock(), &format!("{line}\n"));
}

/// What went wrong, as a line for people.
pub(crate) fn say_error(what: impl Display) {
    say(error(what));
}

/// What went wrong, as [`say_error`] says it.
pub(crate) fn error(what: impl Display) -> String {
    labelled(AnsiColor::Red, "error", what)
}

/// An error of the library, with the system's reason if that is behind it.
pub(crate) fn with_reason(error: &seawall::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |reason| format!("{error}: {reason}"))
}

/// What may go wrong, as a line for people.
pub(crate) fn say_warning(what: impl Display) {
    say(labelled(AnsiColor::Yellow, "warning", what));
}

fn labelled(color: AnsiColor, label: &str, what: impl Display) -> String {
    let style = Style::new().bold().fg_color(Some(color.into()));
    format!("{style}{label}{style:#}: {what}")
}

fn write_to(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn finish(written: io::Result<()>) -> ExitCode {
    match written {
        Ok(()) => ExitCode::Success,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::Success,
        Err(error) => {
            say_error(format_args!("failed to write to standard output: {error}"));
            ExitCode::CouldNot
        }
    }
}
