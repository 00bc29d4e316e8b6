//! Outputs that would stand in each other's place, in the plan's, or in the journal's.

use super::place::{Led, follow};
use super::whole_file::folder_of;
use std::ffi::OsStr;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{self, Path, PathBuf};

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

/// The sentence about one of `outputs`, about the plan or about the journal, if it is where a task's answer or error is to be.
/// `is_of_a_task` tells of the names in the folder `answers` which those are.
pub(crate) fn clash_with_answers(
    answers: &Path,
    is_of_a_task: impl Fn(&OsStr) -> bool,
    outputs: &[(&str, &Path)],
    plan: &Path,
    journal: Option<&Path>,
) -> Option<String> {
    let folder = resolved(answers);
    let is_an_answer = |path: &Path| {
        let Ok(Led::To(file)) = follow(path) else { return false };
        file.file_name().is_some_and(&is_of_a_task) && resolved(folder_of(&file)) == folder
    };
    if plan != "-" && is_an_answer(plan) {
        return Some(format!("--output would write over the plan, `{}`", plan.display()));
    }
    let files = journal.map(|path| ("--journal", path));
    let mut files = files.into_iter().chain(outputs.iter().copied().filter(|(_, path)| *path != "-"));
    let (option, path) = files.find(|(_, path)| is_an_answer(path))?;
    Some(format!("{option} and --output cannot both write to `{}`", path.display()))
}

/// A folder's one name, though it or those above it may not be there yet.
fn resolved(folder: &Path) -> PathBuf {
    let folder = path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let there = |above: &Path| Some(fs::canonicalize(above).ok()?.join(folder.strip_prefix(above).ok()?));
    folder.ancestors().find_map(there).unwrap_or_else(|| folder.clone())
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
    fn no_output_takes_the_place_of_an_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("real")).unwrap();
        fs::write(path("real/a.out"), "").unwrap();
        symlink("real", path("link")).unwrap();
        symlink("real/a.out", path("r.json")).unwrap();
        symlink("../elsewhere", path("real/b.out")).unwrap();
        let clash = |answers: &str, output: &str| {
            let is_of_a_task = |name: &OsStr| name == "a.out" || name == "b.out";
            let outputs = [("--events", &*path(output))];
            clash_with_answers(&path(answers), is_of_a_task, &outputs, Path::new("-"), None)
        };
        for (answers, output) in
            [("real", "real/a.out"), ("real", "link/./a.out"), ("link", "r.json"), ("link/new", "real/new/a.out")]
        {
            let said = clash(answers, output).unwrap();
            assert!(said.starts_with("--events and --output cannot both write to `"), "{said}");
        }
        for (answers, output) in [("real", "real/c.out"), ("real", "a.out"), ("real", "real/b.out"), ("real", "real")] {
            assert_eq!(clash(answers, output), None, "{answers}, {output}");
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
