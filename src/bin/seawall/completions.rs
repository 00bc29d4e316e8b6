//! `seawall completions`.

use crate::args::Args;
use crate::exit_code::ExitCode;
use crate::streams;
use clap::CommandFactory as _;
use clap_complete::Shell;

/// Prints what `shell` needs to complete our command line.
pub(crate) fn completions(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "seawall", &mut script);
    streams::print(&String::from_utf8_lossy(&script))
}
