//! Files that are there whole, or as they were before.
//!
//! However a process ends, also by SIGKILL, the kernel still has what it wrote: a neighbour that is moved into its place is enough.
//! A loss of power is another matter, and to wait for the disk takes milliseconds. That is done for what is written once, when a run
//! is over; not for the answer of each task, since a folder of thousands would take longer to be written than to be found.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::ops::Deref;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::NamedTempFile;

/// What a new file may be at most; the umask takes from it.
const MODE: u32 = 0o666;

/// The temporary files and folders that there are just now, so that none is left by an exit that runs no destructors.
#[derive(Debug, Default)]
pub(crate) struct Temporaries(Mutex<BTreeSet<PathBuf>>);

impl Temporaries {
    /// Removes them all. While the guard lives none is made.
    pub(crate) fn remove_all(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        let mut paths = self.lock();
        for path in std::mem::take(&mut *paths) {
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
        }
        paths
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that is being written beside its place. It takes its place by [`commit`](WholeFile::commit) or
/// [`commit_to_disk`](WholeFile::commit_to_disk); dropped before, it is gone.
#[derive(Debug)]
pub(crate) struct WholeFile<'a> {
    file: NamedTempFile,
    target: &'a Path,
    _entry: Entry<&'a Temporaries>,
}

impl<'a> WholeFile<'a> {
    /// Begins a file that is to be `target`, in the same folder. It has the mode of the file that is there, or what the
    /// umask gives.
    pub(crate) fn create(target: &'a Path, temporaries: &'a Temporaries) -> io::Result<Self> {
        let make = || tempfile::Builder::new().prefix(".seawall-").make_in(folder_of(target), new_file);
        let (file, entry) = Entry::make(temporaries, make)?;
        if let Ok(old) = fs::symlink_metadata(target)
            && old.is_file()
        {
            file.as_file().set_permissions(Permissions::from_mode(old.permissions().mode() & 0o7777))?;
        }
        Ok(Self { file, target, _entry: entry })
    }

    /// Puts it into its place. A link there is replaced, not followed.
    pub(crate) fn commit(self) -> io::Result<()> {
        let Self { file, target, _entry } = self;
        file.persist(target).map_err(|error| error.error)?;
        Ok(())
    }

    /// As [`commit`](Self::commit), when the disk has it; so also after a loss of power it is whole or as it was.
    pub(crate) fn commit_to_disk(self) -> io::Result<()> {
        let target = self.target;
        synced(self.file.as_file())?;
        self.commit()?;
        // It is in its place. A folder that may be written and not read cannot be waited for.
        let _ = File::open(folder_of(target)).and_then(|folder| synced(&folder));
        Ok(())
    }
}

/// Waits for the disk. Where the file system has none, there is nothing to wait for.
fn synced(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}

impl Write for WholeFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Its own `write` puts its path into each error, which nobody knows.
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)
}

/// A path's place among the temporaries. It is to be dropped after what is there: between the two nobody else would remove that.
#[derive(Debug)]
pub(crate) struct Entry<T: Deref<Target = Temporaries>> {
    temporaries: T,
    path: PathBuf,
}

impl<T: Deref<Target = Temporaries>> Entry<T> {
    /// Makes something. Nothing is removed meanwhile.
    pub(crate) fn make<M: AsRef<Path>>(temporaries: T, make: impl FnOnce() -> io::Result<M>) -> io::Result<(M, Self)> {
        let mut paths = temporaries.lock();
        let made = make()?;
        let path = made.as_ref().to_owned();
        paths.insert(path.clone());
        drop(paths);
        Ok((made, Self { temporaries, path }))
    }
}

impl<T: Deref<Target = Temporaries>> Drop for Entry<T> {
    fn drop(&mut self) {
        self.temporaries.lock().remove(&self.path);
    }
}

/// The folder that a path stands in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_as_it_was_until_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (target, temporaries) = (folder.path().join("r.json"), Temporaries::default());
        fs::write(&target, "old").unwrap();
        let mut file = WholeFile::create(&target, &temporaries).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "old");
        file.commit().unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert_eq!(names(folder.path()), ["r.json"]);
        assert!(temporaries.lock().is_empty());
    }

    #[test]
    fn one_that_waits_for_the_disk_takes_its_place_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let (target, temporaries) = (folder.path().join("r.json"), Temporaries::default());
        let mut file = WholeFile::create(&target, &temporaries).unwrap();
        file.write_all(b"new").unwrap();
        file.commit_to_disk().unwrap();
        assert_eq!((fs::read_to_string(&target).unwrap(), names(folder.path())), ("new".into(), vec!["r.json".into()]));
        assert!(temporaries.lock().is_empty());
    }

    #[test]
    fn one_that_is_dropped_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (target, temporaries) = (folder.path().join("r.json"), Temporaries::default());
        drop(WholeFile::create(&target, &temporaries).unwrap());
        assert!(names(folder.path()).is_empty());
        assert!(temporaries.lock().is_empty());
    }

    #[test]
    fn all_that_is_unfinished_can_be_removed_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (target, temporaries) = (folder.path().join("r.json"), Temporaries::default());
        let file = WholeFile::create(&target, &temporaries).unwrap();
        drop(temporaries.remove_all());
        assert!(names(folder.path()).is_empty());
        assert!(file.commit().is_err());
    }

    #[test]
    fn a_new_file_has_what_the_umask_gives_and_an_old_one_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let (plain, target, temporaries) =
            (folder.path().join("plain"), folder.path().join("r.json"), Temporaries::default());
        fs::write(&plain, "").unwrap();
        WholeFile::create(&target, &temporaries).unwrap().commit().unwrap();
        assert_eq!(mode(&target), mode(&plain));
        fs::set_permissions(&target, Permissions::from_mode(0o640)).unwrap();
        WholeFile::create(&target, &temporaries).unwrap().commit().unwrap();
        assert_eq!(mode(&target), 0o640);
    }

    #[test]
    fn a_link_in_its_place_is_replaced_and_what_it_leads_to_is_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let (link, other, temporaries) =
            (folder.path().join("link"), folder.path().join("other"), Temporaries::default());
        fs::write(&other, "mine").unwrap();
        symlink(&other, &link).unwrap();
        WholeFile::create(&link, &temporaries).unwrap().commit().unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
    }
}
