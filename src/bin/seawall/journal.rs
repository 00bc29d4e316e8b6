//! `seawall runs`, `show` and `prune`: a look into a journal.

mod prune;
mod runs;
mod show;

pub(crate) use prune::prune;
pub(crate) use runs::runs;
pub(crate) use show::show;

use crate::exit_code::ExitCode;
use crate::streams;
use crate::visible::visible;
use std::io;
use std::path::Path;

/// Says that a journal cannot be used.
fn refuse(path: &Path, what: &str, error: &io::Error) -> ExitCode {
    let path = path.to_string_lossy();
    let path = visible(&path);
    streams::say_error(format_args!("failed to {what} the journal `{path}`: {error}"));
    ExitCode::CouldNot
}
