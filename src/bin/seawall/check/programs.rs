//! Whether the programs that a plan starts are there, and the folders that they start in. One that is not is no fault of the
//! plan: it may come yet.

use crate::plan_file::PlanFile;
use crate::plan_file::backend::{Backend, Kind};
use crate::visible::visible;
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// A sentence for each program or folder that cannot be found now.
pub(super) fn missing(plan_file: &PlanFile) -> Vec<String> {
    plan_file.used_backends().into_iter().filter_map(missing_of).collect()
}

fn missing_of(backend: &Backend) -> Option<String> {
    let (program, source, place) = match &backend.kind {
        Kind::Agent(agent) => (&agent.program, Some(agent.maker.source()), Place { env: &agent.env, cwd: &agent.cwd }),
        Kind::Command(command) => (command.argv.first()?, None, Place { env: &command.env, cwd: &command.cwd }),
        Kind::Http(_) | Kind::Simulated(_) => return None,
    };
    let name = visible(&backend.name);
    if !place.cwd.is_dir() {
        return Some(format!("backend `{name}`: there is no folder {}", visible(&place.cwd.to_string_lossy())));
    }
    if place.has(program) {
        return None;
    }
    let from = if program.contains('/') { "" } else { " on the PATH" };
    let source = source.map(|source| format!("; to get it: {source}")).unwrap_or_default();
    Some(format!("backend `{name}`: there is no program `{}`{from}{source}", visible(program)))
}

/// Where a program starts.
struct Place<'a> {
    env: &'a BTreeMap<String, String>,
    cwd: &'a Path,
}

impl Place<'_> {
    /// As the system looks for it: a name on the PATH that the program will have, a path from its working directory on.
    fn has(&self, program: &str) -> bool {
        if program.contains('/') || program.contains("{prompt}") {
            return program.contains("{prompt}") || is_executable(&self.cwd.join(program));
        }
        let path = self.env.get("PATH").map(OsString::from).or_else(|| env::var_os("PATH")).unwrap_or_default();
        env::split_paths(&path).any(|folder| is_executable(&self.cwd.join(folder).join(program)))
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
