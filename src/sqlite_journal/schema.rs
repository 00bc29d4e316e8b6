//! What is in the file, and how it came to be so.
//!
//! The version is SQLite's `user_version`. A file of an earlier one is brought up to date when a run opens it, step by step in
//! one transaction; one of a later version is refused before anything is written.

use super::file::invalid;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

/// `Seaw`, by which `file` and SQLite's own tools know what it is.
pub(super) const APPLICATION_ID: u32 = 0x5365_6177;

/// One step a version. What was released is never changed: a file of an earlier version goes through the steps that it lacks.
const STEPS: [&str; 2] = [
    "
    -- The shape of a plan: what tasks it has, and who waits for whom.
    CREATE TABLE plans (plan INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, tasks TEXT NOT NULL);
    -- `place` says which plan it is a run of; `started` counts milliseconds since 1970, `elapsed` nanoseconds.
    CREATE TABLE runs (
        run INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, place TEXT NOT NULL, name TEXT NOT NULL,
        started INTEGER NOT NULL, concurrency INTEGER NOT NULL, schedule TEXT NOT NULL, seed INTEGER NOT NULL,
        plan INTEGER NOT NULL REFERENCES plans, resumed_from TEXT, has_ended INTEGER NOT NULL DEFAULT 0,
        elapsed INTEGER, cancelled TEXT, breakers TEXT NOT NULL DEFAULT '[]');
    -- How a task ended, and what decided its answer: `parts` of its own, and `line`, the answers of all its ancestors.
    CREATE TABLE works (
        work INTEGER PRIMARY KEY, task TEXT NOT NULL, status TEXT NOT NULL, parts TEXT NOT NULL, line BLOB NOT NULL,
        answer BLOB NOT NULL, body TEXT NOT NULL, response BLOB);
    -- What became of each task of a run. A work that was taken over belongs to several runs.
    CREATE TABLE outcomes (
        run INTEGER NOT NULL REFERENCES runs, task INTEGER NOT NULL, work INTEGER NOT NULL REFERENCES works,
        is_resumed INTEGER NOT NULL, PRIMARY KEY (run, task)) WITHOUT ROWID;
    -- What a run may still take over, depending on what its tasks answer.
    CREATE TABLE candidates (
        run INTEGER NOT NULL REFERENCES runs, work INTEGER NOT NULL REFERENCES works,
        PRIMARY KEY (run, work)) WITHOUT ROWID;
    -- The attempts of tasks that went on after them.
    CREATE TABLE attempts (
        run INTEGER NOT NULL REFERENCES runs, task INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (run, task, number)) WITHOUT ROWID;
    ",
    "CREATE INDEX runs_of_a_plan ON runs (place, run);",
];

/// The version that this code writes.
pub(super) const VERSION: i64 = 2;

/// A quarter of SQLite's own. What a task leaves is a few hundred bytes, and each transaction writes the pages that it touches
/// again: with small ones the log of many quick tasks is half as long, and so is the wait for the disk.
const PAGE_BYTES: i64 = 1_024;

/// The bytes of a journal in which nothing is.
pub(super) fn new_journal() -> rusqlite::Result<Vec<u8>> {
    new_journal_of(STEPS.len())
}

fn new_journal_of(version: usize) -> rusqlite::Result<Vec<u8>> {
    let mut connection = Connection::open_in_memory()?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    upgrade(&mut connection, 0, version)?;
    let mut bytes = connection.serialize(MAIN_DB)?.to_vec();
    // In WAL mode from the first byte on: to change to it later would take a moment in which a kill leaves a file that a
    // reader cannot read. (The places of the two versions are from the page "Database File Format" of SQLite.)
    bytes[18..20].fill(2);
    Ok(bytes)
}

/// How long the log of what was written grows before it is put into its place. Whoever does that waits for the disk, and with
/// SQLite's own 1,000 pages a run of quick tasks does little else.
const CHECKPOINT_BYTES: i64 = 32 * 1_024 * 1_024;

/// Makes a connection ready to write.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_BYTES / page)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    upgrade(connection, usize::try_from(version).unwrap_or(0), STEPS.len())
}

fn upgrade(connection: &mut Connection, from: usize, to: usize) -> rusqlite::Result<()> {
    if from >= to {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    STEPS[from..to].iter().try_for_each(|step| transaction.execute_batch(step))?;
    transaction.pragma_update(None, "user_version", to)?;
    transaction.commit()
}

/// Reads all of it, and writes nothing.
pub(super) fn check(path: &Path) -> io::Result<()> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(io_error)?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(io_error)?;
    refuse_later(version)?;
    refuse_damaged(&connection)
}

pub(super) fn refuse_damaged(connection: &Connection) -> io::Result<()> {
    let verdict: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0)).map_err(io_error)?;
    if verdict == "ok" { Ok(()) } else { Err(invalid(format!("it is damaged: {verdict}"))) }
}

pub(super) fn refuse_later(version: i64) -> io::Result<()> {
    if version <= VERSION {
        return Ok(());
    }
    Err(invalid(format!("it was written by a later version of Seawall (its version is {version}, known is {VERSION})")))
}

/// What SQLite says, with the kind of error that it is.
pub(super) fn io_error(error: rusqlite::Error) -> io::Error {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => ErrorKind::InvalidData,
        Some(ErrorCode::DiskFull) => ErrorKind::StorageFull,
        Some(ErrorCode::ReadOnly) => ErrorKind::ReadOnlyFilesystem,
        Some(ErrorCode::PermissionDenied) => ErrorKind::PermissionDenied,
        _ => ErrorKind::Other,
    };
    match kind {
        ErrorKind::InvalidData => io::Error::new(kind, format!("it is damaged: {error}")),
        _ => io::Error::new(kind, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn each_step_makes_a_version() {
        assert_eq!(usize::try_from(VERSION), Ok(STEPS.len()));
    }

    #[test]
    fn a_journal_of_the_first_version_is_brought_up_to_date_and_keeps_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        fs::write(&path, new_journal_of(1).unwrap()).unwrap();
        let old = Connection::open(&path).unwrap();
        old.execute("INSERT INTO plans (hash, tasks) VALUES (x'00', '[]')", []).unwrap();
        drop(old);
        drop(crate::SqliteJournal::open(&path).unwrap());
        let new = Connection::open(&path).unwrap();
        let number = |sql: &str| new.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(number("PRAGMA user_version"), VERSION);
        assert_eq!(number("SELECT count(*) FROM plans"), 1);
        assert_eq!(number("SELECT count(*) FROM sqlite_master WHERE name = 'runs_of_a_plan'"), 1);
    }
}
