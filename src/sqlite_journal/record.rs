//! The writing itself: in groups, so that many workers wait for one transaction and not each for its own.
//!
//! A worker leaves what it has, and asks for the file. Whoever has the file writes all that was left until then, in one
//! transaction; who comes next mostly finds that its own was among it. So there is no thread that writes, nobody is woken, and a
//! single worker pays for one transaction and nothing else.
//!
//! A transaction is over when it is in the write-ahead log, which the kernel then has: that survives this process, however it
//! ends. It is not waited for until the disk has it, which takes milliseconds; after a loss of power the last moments may be
//! missing, and what is there is sound.

use super::SqliteJournal;
use super::fingerprint::Fingerprint;
use super::rows::Body;
use super::schema::io_error;
use super::snapshots::Snapshots;
use crate::backend::Response;
use crate::runner::Recalled;
use crate::status::Status;
use crate::sync::Mutex;
use crate::task_id::TaskId;
use rusqlite::{Connection, params};
use std::io;
use std::time::Duration;

/// One thing to write down.
pub(super) enum Entry {
    Attempt {
        task: u32,
        number: usize,
        body: String,
    },
    Ended {
        task: u32,
        id: TaskId,
        status: Status,
        parts: Fingerprint,
        line: [u8; 16],
        answer: [u8; 16],
        body: String,
        response: Option<Response>,
    },
    TakenOver {
        task: u32,
        work: i64,
    },
}

/// Where a run is written. Whoever comes to the file first writes what all the others have left in the meantime.
pub(super) struct Store {
    waiting: Mutex<Waiting>,
    writer: Mutex<Writer>,
}

#[derive(Default)]
struct Waiting {
    entries: Vec<Entry>,
    /// How many there ever were.
    count: u64,
}

struct Writer {
    journal: SqliteJournal,
    run: i64,
    snapshots: Snapshots,
    /// How many were looked at.
    done: u64,
    /// After the first error nothing more is written.
    failure: Option<(u64, io::ErrorKind, String)>,
}

impl Store {
    pub(super) fn of(journal: SqliteJournal, run: i64, snapshots: Snapshots) -> Self {
        let writer = Writer { journal, run, snapshots, done: 0, failure: None };
        Self { waiting: Mutex::default(), writer: Mutex::new(writer) }
    }

    /// Returns when the entry is in the file, by whomever it was put there; or when it is clear that it will not be.
    pub(super) fn write(&self, entry: Entry) -> io::Result<()> {
        let number = {
            let mut waiting = self.waiting.lock();
            waiting.entries.push(entry);
            waiting.count += 1;
            waiting.count
        };
        let mut writer = self.writer.lock();
        if writer.done < number {
            let (entries, count) = {
                let mut waiting = self.waiting.lock();
                (std::mem::take(&mut waiting.entries), waiting.count)
            };
            writer.write_all(&entries, count);
        }
        writer.verdict(number)
    }

    pub(super) fn recall(&self, work: i64) -> io::Result<Recalled> {
        let writer = self.writer.lock();
        let connection = &writer.journal.connection;
        begin_reading(connection).and_then(|()| recalled(connection, work)).map_err(io_error)
    }

    /// Writes that the run is over.
    pub(super) fn end(&self, cancelled: Option<&str>, elapsed: Duration) -> io::Result<()> {
        let Writer { journal, run, snapshots, .. } = &mut *self.writer.lock();
        snapshots.look();
        let elapsed = i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX);
        let sql = "UPDATE runs SET has_ended = 1, cancelled = ?, elapsed = ?, breakers = ? WHERE run = ?";
        let row = params![cancelled, elapsed, snapshots.to_text(), *run];
        let connection = &journal.connection;
        end_reading(connection).and_then(|()| connection.execute(sql, row)).map(drop).map_err(io_error)
    }
}

impl Writer {
    fn write_all(&mut self, entries: &[Entry], count: u64) {
        if self.failure.is_none()
            && let Err(error) = self.transact(entries)
        {
            let error = io_error(error);
            self.failure = Some((self.done, error.kind(), error.to_string()));
        }
        self.done = count;
    }

    fn transact(&mut self, entries: &[Entry]) -> rusqlite::Result<()> {
        let (connection, run) = (&self.journal.connection, self.run);
        end_reading(connection)?;
        let breakers = self.snapshots.look().then(|| self.snapshots.to_text());
        // With the run in front they are in the order in which they are written, so that each comes behind the last one.
        let numbered = ((run << 32) + self.done.cast_signed()..).zip(entries);
        let write_all = || {
            for (number, entry) in numbered {
                write(connection, run, number, entry)?;
            }
            let Some(breakers) = &breakers else { return Ok(()) };
            let sql = "UPDATE runs SET breakers = ? WHERE run = ?";
            connection.prepare_cached(sql)?.execute(params![breakers, run]).map(drop)
        };
        // A statement that is alone is a transaction by itself.
        if entries.len() == 1 && breakers.is_none() { write_all() } else { in_transaction(connection, write_all) }?;
        self.journal.checkpoints.count(&self.journal.connection);
        Ok(())
    }

    fn verdict(&self, number: u64) -> io::Result<()> {
        match &self.failure {
            Some((good, kind, reason)) if number > *good => Err(io::Error::new(*kind, reason.clone())),
            _ => Ok(()),
        }
    }
}

/// What is read one after the other is read in one transaction: to begin and to end one takes longer than to read.
fn begin_reading(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() { execute(connection, "BEGIN") } else { Ok(()) }
}

fn end_reading(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() { Ok(()) } else { execute(connection, "ROLLBACK") }
}

/// As `rusqlite` does it, but that SQLite reads the words once and not each time.
fn in_transaction(connection: &Connection, write: impl FnOnce() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    execute(connection, "BEGIN")?;
    let written = write().and_then(|()| execute(connection, "COMMIT"));
    if written.is_err() && !connection.is_autocommit() {
        let _: rusqlite::Result<()> = execute(connection, "ROLLBACK");
    }
    written
}

fn execute(connection: &Connection, word: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(word)?.execute([]).map(drop)
}

/// `number` is of the entry, among all that any run ever wrote.
fn write(connection: &Connection, run: i64, number: i64, entry: &Entry) -> rusqlite::Result<()> {
    match entry {
        Entry::Attempt { task, number, body } => {
            let sql = "INSERT INTO attempts (run, task, number, body) VALUES (?, ?, ?, ?)";
            connection.prepare_cached(sql)?.execute(params![run, task, number.cast_signed() as i64, body])?;
        }
        Entry::TakenOver { task, work } => {
            let sql = "INSERT INTO taken_over (run, task, work, is_resumed) VALUES (?, ?, ?, 1)";
            connection.prepare_cached(sql)?.execute(params![run, task, work])?;
        }
        Entry::Ended { task, id, status, parts, line, answer, body, response } => {
            let sql = "INSERT INTO works (work, place, task, status, parts, line, answer, body, response)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
            let response = response.as_ref().map(Response::bytes);
            // Of a task that waits for nobody: mostly the greater part.
            let line = if *line == [0; 16] { &line[..0] } else { line };
            let parts = parts.as_bytes();
            let row = params![number, task, id.as_str(), status.as_str(), parts, line, answer, body, response];
            connection.prepare_cached(sql)?.execute(row)?;
        }
    }
    Ok(())
}

fn recalled(connection: &Connection, work: i64) -> rusqlite::Result<Recalled> {
    let mut statement = connection.prepare_cached("SELECT body, response FROM works WHERE work = ?")?;
    statement.query_row([work], |row| {
        let body: Body = super::past::from_json(row.get_ref(0)?.as_str()?)?;
        Ok(Recalled::of(body.into_ending(row.get(1)?)))
    })
}
