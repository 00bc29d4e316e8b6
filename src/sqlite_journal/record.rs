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
use super::rows::Body;
use super::schema::io_error;
use super::snapshots::Snapshots;
use crate::backend::Response;
use crate::runner::{Attempt, Recalled};
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
        parts: String,
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
        recalled(&self.writer.lock().journal.connection, work).map_err(io_error)
    }

    /// Writes that the run is over.
    pub(super) fn end(&self, cancelled: Option<&str>, elapsed: Duration) -> io::Result<()> {
        let Writer { journal, run, snapshots, .. } = &mut *self.writer.lock();
        snapshots.look();
        let elapsed = i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX);
        journal
            .connection
            .execute(
                "UPDATE runs SET has_ended = 1, cancelled = ?, elapsed = ?, breakers = ? WHERE run = ?",
                params![cancelled, elapsed, snapshots.to_text(), *run],
            )
            .map(drop)
            .map_err(io_error)
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
        let transaction = self.journal.connection.transaction()?;
        entries.iter().try_for_each(|entry| write(&transaction, self.run, entry))?;
        if self.snapshots.look() {
            let sql = "UPDATE runs SET breakers = ? WHERE run = ?";
            transaction.prepare_cached(sql)?.execute(params![self.snapshots.to_text(), self.run])?;
        }
        transaction.commit()
    }

    fn verdict(&self, number: u64) -> io::Result<()> {
        match &self.failure {
            Some((good, kind, reason)) if number > *good => Err(io::Error::new(*kind, reason.clone())),
            _ => Ok(()),
        }
    }
}

fn write(connection: &Connection, run: i64, entry: &Entry) -> rusqlite::Result<()> {
    match entry {
        Entry::Attempt { task, number, body } => {
            let sql = "INSERT INTO attempts (run, task, number, body) VALUES (?, ?, ?, ?)";
            connection.prepare_cached(sql)?.execute(params![run, task, number.cast_signed() as i64, body])?;
        }
        Entry::TakenOver { task, work } => note(connection, run, *task, *work, true)?,
        Entry::Ended { task, id, status, parts, line, answer, body, response } => {
            let sql =
                "INSERT INTO works (task, status, parts, line, answer, body, response) VALUES (?, ?, ?, ?, ?, ?, ?)";
            let response = response.as_ref().map(Response::bytes);
            let row = params![id.as_str(), status.as_str(), parts, line, answer, body, response];
            let work = connection.prepare_cached(sql)?.insert(row)?;
            note(connection, run, *task, work, false)?;
        }
    }
    Ok(())
}

fn note(connection: &Connection, run: i64, task: u32, work: i64, is_resumed: bool) -> rusqlite::Result<()> {
    let sql = "INSERT INTO outcomes (run, task, work, is_resumed) VALUES (?, ?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![run, task, work, is_resumed]).map(drop)
}

fn recalled(connection: &Connection, work: i64) -> rusqlite::Result<Recalled> {
    let mut statement = connection.prepare_cached("SELECT body, response FROM works WHERE work = ?")?;
    statement.query_row([work], |row| {
        let body: Body = super::past::from_json(row.get_ref(0)?.as_str()?)?;
        let response = Response::from_bytes(row.get::<_, Option<Vec<u8>>>(1)?.unwrap_or_default());
        let recalled = Recalled::new(response.with_truncated(body.is_truncated));
        let recalled = recalled.with_attempts(body.attempts.into_iter().map(Attempt::from));
        let Some(started) = body.started else { return Ok(recalled) };
        let elapsed = Duration::from_nanos(body.ended.saturating_sub(started));
        Ok(recalled.with_times(Duration::from_nanos(started), elapsed))
    })
}
