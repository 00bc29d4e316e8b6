//! A connection that reads and changes nothing.
//!
//! SQLite reads a file in WAL mode only where it may write beside it: a reader tells others by a small file of shared memory how
//! far it is. Where that is not allowed, a copy is read in a folder for temporary files; it is as old as the moment at which it
//! was made, which is no loss, since nobody can write where nobody can write.

use super::schema::io_error;
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

/// The file itself, or else a copy of it, which goes with the folder that it is in.
///
/// If neither can be had, the error is that of the file itself.
pub(super) fn open(path: &Path) -> io::Result<(Connection, Option<tempfile::TempDir>)> {
    let first = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(tried);
    let Err(error) = first else { return Ok((first.map_err(io_error)?, None)) };
    let copy = copied(path).map_err(|_| io_error(error))?;
    let connection = Connection::open(copy.path().join("journal")).and_then(tried).map_err(io_error)?;
    Ok((connection, Some(copy)))
}

fn tried(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
    Ok(connection)
}

fn copied(path: &Path) -> io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    fs::copy(path, folder.path().join("journal"))?;
    let mut beside = path.as_os_str().to_owned();
    beside.push("-wal");
    match fs::copy(beside, folder.path().join("journal-wal")) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(folder),
    }
}
