//! Where a program is, so that not every attempt asks every folder of `PATH` for it.

use rustix::fs::{Access, access};
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The place at which a program was found when it was first asked for.
///
/// Without it each start would try each folder in turn, by an `execve` that fails, while its parent stands still.
#[derive(Clone, Debug, Default)]
pub(super) struct Lookup(OnceLock<Option<PathBuf>>);

impl Lookup {
    /// The place, if it is known and still holds a program; else the system is to look for it as ever.
    pub(super) fn place_of(&self, program: &OsStr) -> Option<&Path> {
        let place = self.0.get_or_init(|| found(program, &env::var_os("PATH")?)).as_deref();
        place.filter(|place| access(*place, Access::EXEC_OK).is_ok())
    }
}

/// A program with a slash is a path already; a folder that is relative depends on where the program is to run.
fn found(program: &OsStr, path: &OsStr) -> Option<PathBuf> {
    if program.is_empty() || program.as_encoded_bytes().contains(&b'/') {
        return None;
    }
    let folders = env::split_paths(path).take_while(|folder| folder.is_absolute());
    let is_program = |place: &PathBuf| place.is_file() && access(place, Access::EXEC_OK).is_ok();
    folders.map(|folder| folder.join(program)).find(is_program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_the_first_folder_that_holds_one() {
        assert_eq!(found(OsStr::new("sh"), OsStr::new("/nowhere:/bin:/usr/bin")), Some("/bin/sh".into()));
        assert_eq!(found(OsStr::new("no-such-program"), OsStr::new("/bin:/usr/bin")), None);
        assert_eq!(found(OsStr::new("passwd"), OsStr::new("/etc")), None, "it cannot be executed");
    }

    #[test]
    fn what_depends_on_the_directory_is_left_to_the_system() {
        assert_eq!(found(OsStr::new("sh"), OsStr::new(".:/bin")), None);
        assert_eq!(found(OsStr::new("sh"), OsStr::new(":/bin")), None);
        assert_eq!(found(OsStr::new("bin/sh"), OsStr::new("/")), None);
    }
}
