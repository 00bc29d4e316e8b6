//! Outputs that would stand in each other's place, or in the plan's.

use super::place::{Led, follow};
use super::whole_file::folder_of;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// What makes two paths the same place. Devices, and standard error, may well take several outputs.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    StandardOutput,
    /// By device and number, whatever its name.
    File(u64, u64),
    /// It is not there yet.
    Absent(PathBuf),
}

impl Identity {
    fn of(path: &Path) -> Option<Self> {
        if path == "-" {
            return Self::of_standard_output();
        }
        match follow(path).ok()? {
            Led::ToDescriptor(path) if path.ends_with("1") => Self::of_standard_output(),
            Led::ToDescriptor(path) if path.ends_with("2") => None,
            Led::To(path) | Led::ToDescriptor(path) => Self::of_path(&path),
        }
    }

    /// What it leads to, if that is a file that other paths may name.
    fn of_standard_output() -> Option<Self> {
        let stat = rustix::fs::fstat(std::io::stdout().as_fd()).ok()?;
        let is_file = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file();
        Some(if is_file { Self::File(stat.st_dev, stat.st_ino) } else { Self::StandardOutput })
    }

    fn of_path(path: &Path) -> Option<Self> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() || metadata.file_type().is_fifo() => {
                Some(Self::File(metadata.dev(), metadata.ino()))
            }
            Ok(_) => None,
            Err(_) => Some(Self::Absent(fs::canonicalize(folder_of(path)).ok()?.join(path.file_name()?))),
        }
    }
}

/// The sentence about two of `outputs`, options with their paths, that have one place; or about one that has the plan's.
pub(crate) fn clash(outputs: &[(&str, &Path)], plan: &Path) -> Option<String> {
    let mut taken: Vec<(&str, Identity)> = Vec::new();
    let plan_file = Some(plan).filter(|plan| *plan != "-").and_then(Identity::of_path);
    for (option, path) in outputs {
        let Some(identity) = Identity::of(path) else { continue };
        if Some(&identity) == plan_file.as_ref() {
            return Some(format!("{option} would write over the plan, `{}`", plan.display()));
        }
        if let Some((other, _)) = taken.iter().find(|(_, taken)| *taken == identity) {
            return Some(format!("{other} and {option} cannot both write to `{}`", path.display()));
        }
        taken.push((option, identity));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn is_clash(one: &Path, two: &Path) -> bool {
        clash(&[("--one", one), ("--two", two)], Path::new("-")).is_some()
    }

    #[test]
    fn one_place_has_many_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("old"), "").unwrap();
        fs::hard_link(path("old"), path("hard")).unwrap();
        fs::create_dir(path("d")).unwrap();
        symlink("old", path("link")).unwrap();
        symlink("new", path("dangling")).unwrap();
        for (one, two) in [("old", "old"), ("old", "hard"), ("link", "d/../old"), ("new", "./new"), ("dangling", "new")]
        {
            assert!(is_clash(&path(one), &path(two)), "{one}, {two}");
        }
        for (one, two) in [("old", "new"), ("new", "d/new"), ("no/new", "no/new")] {
            assert!(!is_clash(&path(one), &path(two)), "{one}, {two}");
        }
    }

    #[test]
    fn standard_output_has_one_place_and_devices_have_room() {
        assert!(is_clash(Path::new("-"), Path::new("/dev/stdout")));
        assert!(is_clash(Path::new("/dev/fd/1"), Path::new("/dev/stdout")));
        assert!(!is_clash(Path::new("/dev/null"), Path::new("/dev/null")));
        assert!(!is_clash(Path::new("/dev/stderr"), Path::new("/dev/stderr")));
        assert!(!is_clash(Path::new("-"), Path::new("/dev/stderr")));
    }
}
