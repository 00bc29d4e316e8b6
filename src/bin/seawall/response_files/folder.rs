//! A folder that does not outlast its run for long: what a killed run has left, the next one removes.

use rustix::fs::OFlags;
use std::env;
use std::fs::{self, DirEntry, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{self, Path, PathBuf};
use tempfile::TempDir;

/// So that nothing else is taken for one.
const PREFIX: &str = "seawall-responses-";

/// Only the user can read it, and it is removed when this is dropped. The lock on it ends with the process, however that ends.
#[derive(Debug)]
pub(super) struct Folder {
    folder: TempDir,
    _lock: File,
}

impl Folder {
    /// Makes one among the temporary files, and removes there what nobody holds any more.
    pub(super) fn make() -> io::Result<Self> {
        let place = path::absolute(env::temp_dir())?;
        remove_abandoned(&place);
        loop {
            let mut builder = tempfile::Builder::new();
            let folder = builder.prefix(PREFIX).permissions(Permissions::from_mode(0o700)).tempdir_in(&place)?;
            // Somebody who removes what is abandoned may come before the lock.
            if let Some(lock) = held(folder.path()) {
                return Ok(Self { folder, _lock: lock });
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Leaves alone what cannot be removed: it does not matter to this run.
fn remove_abandoned(place: &Path) {
    let entries = fs::read_dir(place).into_iter().flatten().filter_map(Result::ok);
    for path in entries.filter_map(|entry| own(&entry)) {
        if let Some(_lock) = held(&path) {
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

/// The lock on the folder that is there, unless somebody has it.
fn held(path: &Path) -> Option<File> {
    let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path).ok()?;
    file.try_lock().ok()?;
    let (held, there) = (file.metadata().ok()?, fs::symlink_metadata(path).ok()?);
    ((held.dev(), held.ino()) == (there.dev(), there.ino())).then_some(file)
}
