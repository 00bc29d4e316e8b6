//! Outputs that would stand in each other's place, in the plan's, or in the journal's.

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

/// What SQLite puts beside a journal is its own, too.
const ENDS_OF_A_JOURNAL: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// The sentence about two of `outputs`, options with their paths, that have one place; or about one that has the place of the
/// plan or of the journal.
pub(crate) fn clash(outputs: &[(&str, &Path)], plan: &Path, journal: Option<&Path>) -> Option<String> {
    let files = journal.into_iter().flat_map(|journal| ENDS_OF_A_JOURNAL.map(|end| beside(journal, end)));
    let mut taken: Vec<(&str, Identity)> = files.filter_map(|file| Some(("--journal", Identity::of(&file)?))).collect();
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

/// The file itself, or one that SQLite keeps beside it. A `-` is no standard output here.
fn beside(journal: &Path, end: &str) -> PathBuf {
    let Ok(Led::To(file)) = follow(&Path::new(".").join(journal)) else { return journal.to_owned() };
    let mut name = file.into_os_string();
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn is_clash(one: &Path, two: &Path) -> bool {
        clash(&[("--one", one), ("--two", two)], Path::new("-"), None).is_some()
    }

    #[test]
    fn no_output_takes_the_place_of_the_journal_or_of_what_is_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        symlink("j.db", path("link")).unwrap();
        let is_clash = |output: &str, journal: &str| {
            clash(&[("--events", &path(output))], Path::new("-"), Some(&path(journal))).is_some()
        };
        for (output, journal) in [("j.db", "./j.db"), ("link", "j.db"), ("j.db", "link"), ("j.db-wal", "link")] {
            assert!(is_clash(output, journal), "{output}, {journal}");
        }
        assert!(!is_clash("j", "j.db"));
        assert!(clash(&[("--events", Path::new("-"))], Path::new("-"), Some(Path::new("-"))).is_none());
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
