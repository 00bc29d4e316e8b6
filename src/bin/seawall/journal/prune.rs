//! `seawall prune`: old runs go.

use super::refuse;
use crate::args::PruneArgs;
use crate::exit_code::ExitCode;
use crate::run::counted;
use crate::streams;
use seawall::SqliteJournal;
use std::fs;

/// Keeps the newest runs, and says how many went.
pub(crate) fn prune(args: &PruneArgs) -> ExitCode {
    let pruned = fs::metadata(&args.file).and_then(|_| SqliteJournal::open(&args.file)?.prune(args.keep));
    match pruned {
        Ok(gone) => {
            streams::say(format_args!("{} pruned", counted(gone, "run")));
            ExitCode::Success
        }
        Err(error) => refuse(&args.file, "prune", &error),
    }
}
