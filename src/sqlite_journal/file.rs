//! The file of a journal: made whole, held by one process, looked at before it is touched.
//!
//! A new journal is written beside its place and then moved there, so that a kill at any instant leaves nothing or all of it.
//! The lock is on the file itself (`flock` on Unix, which SQLite does not use), so there is no second file, and the system lets it
//! go with the process. Files are opened so that no child inherits them.

use super::schema;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{self, Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How often a lock is tried, since a reader looks for it by holding it for a moment.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// As the kernel.
const MOST_LINKS: usize = 40;

/// The file itself, where links lead to it, though it may not be there yet. Links in a circle are left to whoever opens the file.
///
/// From the root on, since to SQLite `:memory:` and what begins with `file:` are no names of files.
pub(super) fn resolved(path: &Path) -> PathBuf {
    let mut path = path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for _ in 0..MOST_LINKS {
        if let Ok(found) = fs::canonicalize(&path) {
            return found;
        }
        let Ok(target) = fs::read_link(&path) else { break };
        path.set_file_name(target);
    }
    path
}

/// Holds the file for this process alone. Makes a new journal where there is none, or nothing in it.
pub(super) fn hold(path: &Path) -> io::Result<File> {
    loop {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make(path, false)?;
                continue;
            }
            Err(error) => return Err(error),
        };
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it is no regular file"));
        }
        lock(&file)?;
        if !is_at(&file, path) {
            continue;
        }
        if file.metadata()?.len() > 0 {
            return Ok(file);
        }
        make(path, true)?;
    }
}

fn lock(file: &File) -> io::Result<()> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_TRIES),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::ResourceBusy, "another run holds it"))
}

/// Whether some process holds the file as its journal.
pub(super) fn is_held(file: &File) -> bool {
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Whether the file was not replaced since it was opened.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (here, there) = (file.metadata().map(identity), fs::metadata(path).map(identity));
    matches!((here, there), (Ok(here), Ok(there)) if here == there)
}

#[cfg(not(unix))]
pub(super) fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Puts a new journal in its place, whole. Where another process was faster, its journal stays; an empty file is replaced.
fn make(path: &Path, is_to_replace: bool) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // By its own functions, an error would name the neighbour, which is nobody's business.
    let file = tempfile::Builder::new().prefix(".seawall-").make_in(folder, new_file)?;
    file.as_file().write_all(&schema::new_journal().map_err(schema::io_error)?)?;
    file.as_file().sync_all()?;
    if is_to_replace {
        return file.persist(path).map(drop).map_err(|error| error.error);
    }
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(()),
    }
}

/// With the mode that the umask gives.
fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}

/// Refuses what is no journal, or one of a later version, by its first bytes alone.
///
/// The source of the places is the page "Database File Format" of SQLite.
pub(super) fn judge(mut file: &File) -> io::Result<()> {
    const MAGIC: &[u8; 16] = b"SQLite format 3\0";
    let mut header = [0; 100];
    file.rewind()?;
    let is_whole = match file.read_exact(&mut header) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => false,
        read => read.map(|()| true)?,
    };
    let number = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().unwrap_or_default());
    if !is_whole || !header.starts_with(MAGIC) || number(68) != schema::APPLICATION_ID {
        return Err(invalid("it is no journal of Seawall"));
    }
    schema::refuse_later(i64::from(number(60)))
}

pub(super) fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.into())
}
