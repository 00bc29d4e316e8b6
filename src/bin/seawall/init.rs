//! `seawall init`.

use crate::exit_code::ExitCode;
use crate::streams;
use crate::visible::visible;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// What a newcomer begins with.
const STARTER: &str = include_str!("init/starter.toml");

/// Writes the starter plan, but never over what is there.
pub(crate) fn init(path: &Path) -> ExitCode {
    if path == "-" {
        return streams::print(STARTER);
    }
    let name = path.to_string_lossy();
    let name = visible(&name);
    match write_new(path) {
        Ok(()) => {
            streams::say(format_args!("wrote {name}; `seawall run {name}` runs it"));
            ExitCode::Success
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            streams::say_error(format_args!("{name} is there already, and init writes over nothing"));
            ExitCode::BadInput
        }
        Err(error) => {
            streams::say_error(format_args!("failed to write {name}: {error}"));
            ExitCode::CouldNot
        }
    }
}

fn write_new(path: &Path) -> io::Result<()> {
    File::create_new(path)?.write_all(STARTER.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::STARTER;
    use crate::plan_file::PlanFile;
    use std::path::Path;

    #[test]
    fn the_starter_plan_has_no_faults() {
        let plan_file = PlanFile::parse("seawall.toml", STARTER, Path::new("")).unwrap();
        assert!(plan_file.plan.len() >= 4);
    }
}
