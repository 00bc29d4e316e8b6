//! Whether the programs that a plan starts are there, and the folders that they start in. One that is not is no fault of the
//! plan: it may come yet.

use crate::plan_file::PlanFile;
use crate::plan_file::backend::Command;
use crate::plan_file::backend::{Backend, Kind};
use crate::visible::visible;
use std::env;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// A sentence for each program or folder that cannot be found now.
pub(super) fn missing(plan_file: &PlanFile) -> Vec<String> {
    plan_file.used_backends().into_iter().filter_map(missing_of).collect()
}

fn missing_of(backend: &Backend) -> Option<String> {
    let Kind::Command(command) = &backend.kind else { return None };
    let name = visible(&backend.name);
    if !command.cwd.is_dir() {
        return Some(format!("backend `{name}`: there is no folder {}", visible(&command.cwd.to_string_lossy())));
    }
    let program = command.argv.first().filter(|program| !is_there(command, program))?;
    let place = if program.contains('/') { "" } else { " on the PATH" };
    Some(format!("backend `{name}`: there is no program `{}`{place}", visible(program)))
}

/// As the system looks for it: a name on the PATH that the program will have, a path from its working directory on.
fn is_there(command: &Command, program: &str) -> bool {
    if program.contains('/') || program.contains("{prompt}") {
        return program.contains("{prompt}") || is_executable(&command.cwd.join(program));
    }
    let path = command.env.get("PATH").map(OsString::from).or_else(|| env::var_os("PATH")).unwrap_or_default();
    env::split_paths(&path).any(|folder| is_executable(&command.cwd.join(folder).join(program)))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
