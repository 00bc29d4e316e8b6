//! A folder that does not outlast its run for long: what a killed run has left, the next one removes.

use rustix::fs::OFlags;
use std::env;
use std::fs::{self, DirEntry, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{self, Path, PathBuf};
use tempfile::TempDir;

/// So that nothing else is taken for one.
const PREFIX: &str = "seawall-responses-";

/// Only the user can read it, and it is removed when this is dropped. The lock on it ends with the process, however that ends.
#[derive(Debug)]
pub(super) struct Folder {
    folder: TempDir,
    /// `None` where the file system has no locks: then nobody removes what a killed run has left.
    _lock: Option<File>,
}

impl Folder {
    /// Makes one among the temporary files.
    pub(super) fn make() -> io::Result<Self> {
        loop {
            let mut builder = tempfile::Builder::new();
            let builder = builder.prefix(PREFIX).permissions(Permissions::from_mode(0o700));
            let folder = builder.tempdir_in(path::absolute(env::temp_dir())?)?;
            match held(folder.path()) {
                Ok(lock) => return Ok(Self { folder, _lock: Some(lock) }),
                // Somebody who removes what is abandoned has come before.
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::NotFound => {}
                Err(TryLockError::Error(_)) => return Ok(Self { folder, _lock: None }),
            }
        }
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes each that nobody holds any more, and leaves alone what cannot be removed: it does not matter to this run.
pub(crate) fn remove_abandoned() {
    let entries = fs::read_dir(env::temp_dir()).into_iter().flatten().filter_map(Result::ok);
    for path in entries.filter_map(|entry| own(&entry)) {
        if let Ok(_lock) = held(&path) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Its path, if it is a folder of this kind and of this user.
fn own(entry: &DirEntry) -> Option<PathBuf> {
    let is_named_so = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
    let facts = is_named_so.then(|| entry.metadata().ok()).flatten()?;
    (facts.is_dir() && facts.uid() == rustix::process::geteuid().as_raw()).then(|| entry.path())
}

/// The lock on the folder that is at `path`, after as before.
fn held(path: &Path) -> Result<File, TryLockError> {
    let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits();
    let open = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path);
    let folder = open.map_err(TryLockError::Error)?;
    folder.try_lock()?;
    let facts = folder.metadata().and_then(|held| Ok((held, fs::symlink_metadata(path)?)));
    let (held, there) = facts.map_err(TryLockError::Error)?;
    let is_the_same = (held.dev(), held.ino()) == (there.dev(), there.ino());
    is_the_same.then_some(folder).ok_or(TryLockError::WouldBlock)
}
