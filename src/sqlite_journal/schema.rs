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
const STEPS: [&str; 3] = [
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
    "
    -- What a run did itself has the run in its number, and `place`, its task among those of the plan: it needs no second row.
    -- Those that were written before are in the table of what was taken over, and stay there. `parts` is bytes from here on, with
    -- each hash as it is; `line` has none where a task has no ancestors.
    ALTER TABLE works ADD COLUMN place INTEGER;
    ALTER TABLE outcomes RENAME TO taken_over;
    CREATE VIEW outcomes (run, task, work, is_resumed) AS
        SELECT run, task, work, is_resumed FROM taken_over
        UNION ALL
        SELECT runs.run, works.place, works.work, 0 FROM runs
        JOIN works ON works.work BETWEEN runs.run << 32 AND (runs.run << 32) + 4294967295;
    ",
];

/// The version that this code writes.
pub(super) const VERSION: i64 = 3;

/// A quarter of SQLite's own. What a task leaves is some two hundred bytes, and each transaction writes the pages that it touches
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

/// How long the log of what was written grows before whoever writes puts it into its place, and waits for the disk, if it was not
/// put there beside the run. With SQLite's own 1,000 pages a run of quick tasks does little else.
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

    /// What a run of the second version left of a plan of one task.
    fn journal_of_the_second_version(path: &Path, plan: &crate::Plan) {
        fs::write(path, new_journal_of(2).unwrap()).unwrap();
        let old = Connection::open(path).unwrap();
        let shape = super::super::shape::PlanRow::of(plan);
        old.execute("INSERT INTO plans (hash, tasks) VALUES (?, ?)", (shape.hash, shape.tasks)).unwrap();
        let hash = |text: &str| crate::ContentHash::of([text.as_bytes()]);
        let parts = format!("backend={} prompt={} ", hash("x"), hash("p"));
        let body = r#"{"started":5,"ended":12,"attempts":[{"backend":"x","worker":3,"started":5,"elapsed":7,"result":"Success"}]}"#;
        let answer = super::super::line::answer_of("a", crate::Status::Completed, b"kept");
        let works = "INSERT INTO works (task, status, parts, line, answer, body, response)
             VALUES ('a', 'completed', ?, zeroblob(16), ?, ?, CAST('kept' AS BLOB))";
        old.execute(works, (parts, answer, body)).unwrap();
        old.execute_batch(
            "INSERT INTO runs (id, place, name, started, concurrency, schedule, seed, plan, has_ended, elapsed)
             VALUES ('old', 'nightly', 'nightly', 0, 8, 'waves', 1, 1, 1, 12);
             INSERT INTO outcomes (run, task, work, is_resumed) VALUES (1, 0, 1, 0)",
        )
        .unwrap();
    }

    #[test]
    fn what_the_second_version_wrote_is_shown_taken_over_and_pruned() {
        use crate::{CancelToken, JournalReader, NewRun, Plan, RunOptions, Runner, SqliteJournal, Task};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        let plan = Plan::builder().task(Task::new("a", "x", "p")).build().unwrap();
        journal_of_the_second_version(&path, &plan);
        let shown = |id: &str| {
            let report = JournalReader::open(&path).unwrap().run(id).unwrap().unwrap().report;
            let outcome = report.get("a").unwrap();
            let text = outcome.result().map(|response| response.text().to_owned());
            (text.unwrap_or_default(), outcome.is_resumed(), outcome.elapsed().as_nanos(), outcome.attempts().len())
        };
        assert_eq!(shown("old"), ("kept".into(), false, 7, 1), "before it is brought up to date");
        let runner = Runner::builder().backend_fn("x", |_, _| unreachable!("it was done")).build().unwrap();
        let new = NewRun::new("new", "nightly", &plan).resuming();
        let run = SqliteJournal::open(&path).unwrap().begin(new, runner.circuit_breakers()).unwrap();
        let options = RunOptions::new().with_journal(&run).with_resume();
        run.end(&runner.run_with(&plan, &CancelToken::new(), options).unwrap()).unwrap();
        drop(run);
        assert_eq!((shown("old"), shown("new")), (("kept".into(), false, 7, 1), ("kept".into(), true, 7, 1)));
        assert_eq!(SqliteJournal::open(&path).unwrap().prune(1).unwrap(), 1);
        assert_eq!(shown("new"), ("kept".into(), true, 7, 1), "what it took over stays");
    }
}
