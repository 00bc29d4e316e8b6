//! Looking into a journal, and changing nothing.
//!
//! A reader needs no lock: in WAL mode it sees the file as it was when it began to read. Whether a run goes on it learns from
//! the lock that the run holds, which it tries for a moment; that is why whoever wants the lock tries for a while. On a file
//! system that cannot be written SQLite cannot read a file in WAL mode in its place, so a copy of it is read elsewhere.

use super::file::{self, invalid};
use super::reading;
use super::rows::{AttemptRow, Body, end_of_last};
use super::schema::io_error;
use super::shape::plan_of;
use super::snapshots::{STATES, rows_of};
use crate::backend::Response;
use crate::failure::Failure;
use crate::plan::{Plan, Task};
use crate::resilience::CircuitState;
use crate::runner::{Attempt, Attempts, Ending, Outcome, Report, Schedule};
use crate::status::Status;
use crate::sync::Arc;
use rusqlite::types::Type;
use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A journal that is only looked at: also while another process holds it, and on a file system that cannot be written.
///
/// It sees what was in the file when it reads; a run that goes on is seen as far as it has come. An empty file is a journal
/// without runs.
///
/// ```
/// use seawall::{CancelToken, JournalReader, NewRun, Plan, RunOptions, RunState, Runner, SqliteJournal, Status, Task};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("runs.db");
/// let plan = Plan::builder().task(Task::new("a", "x", "")).task(Task::new("b", "x", "").after(["a"])).build()?;
/// let runner = Runner::builder().backend_fn("x", |_, _| Ok("done".into())).build()?;
/// let run = SqliteJournal::open(&path)?.begin(NewRun::new("monday", "nightly", &plan), runner.circuit_breakers())?;
/// assert_eq!(JournalReader::open(&path)?.runs()?[0].state, RunState::Running);
/// drop(run); // as a crash would
///
/// let past = JournalReader::open(&path)?.newest()?.unwrap();
/// assert_eq!((past.run.state, past.report.count(Status::Cancelled)), (RunState::Interrupted, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JournalReader {
    connection: Option<Connection>,
    /// Whether a process held it when it was opened.
    is_held: bool,
    /// What is read in place of a file that cannot be read where it is.
    _copy: Option<tempfile::TempDir>,
}

/// How far a run came. Only the newest run of a journal can be one that goes on, and only while a process holds the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunState {
    /// It goes on.
    Running,
    /// It did not come to its end, and nobody is at it any more.
    Interrupted,
    /// It is over.
    Ended,
}

impl RunState {
    /// The word for it: `running`, `interrupted`, `ended`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Ended => "ended",
        }
    }
}

/// A run of a journal, in short: what [`JournalReader::runs`] lists.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JournaledRun {
    /// Its name, which no other run of the journal has.
    pub id: String,
    /// How people call its plan.
    pub plan: String,
    /// When it started, to a millisecond, by the wall clock of the machine that it ran on.
    pub started: SystemTime,
    /// How far it came.
    pub state: RunState,
    /// Why it was cancelled, if it ended so.
    pub cancelled: Option<String>,
    /// How many tasks ended in each way, in the order of [`Status::ALL`]; what has not ended counts as cancelled.
    pub counts: [usize; 4],
    /// The run that it went on with, if it was told to and there was one. That run may be gone by now.
    pub resumed_from: Option<String>,
    /// How many tasks it had in progress at once, at most.
    pub concurrency: usize,
    /// When its tasks could start.
    pub schedule: Schedule,
    /// What seeded its jitter.
    pub seed: u64,
}

/// A run of a journal, with all that became of its tasks.
///
/// ```no_run
/// let journal = seawall::JournalReader::open("runs.db")?;
/// if let Some(past) = journal.newest()? {
///     for (task, failure) in past.report.failures() {
///         println!("{} of {}: {failure}", task, past.run.id);
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct PastRun {
    /// What there is to say of it.
    pub run: JournaledRun,
    /// Each task of its plan, in plan order. What has not ended is cancelled, with its attempts so far.
    pub report: Report<Response>,
    /// The circuit breakers that it used, by backend: where they stood, and how often they had tripped.
    pub breakers: Vec<(String, CircuitState, u64)>,
}

impl JournalReader {
    /// Opens a journal.
    ///
    /// # Errors
    ///
    /// If there is no file, if it is no journal or one of a later version, and whatever the file system says.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = file::resolved(path.as_ref());
        let file = File::open(&path)?;
        if file.metadata()?.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        if file.metadata()?.len() == 0 {
            return Ok(Self { connection: None, is_held: false, _copy: None });
        }
        file::judge(&file)?;
        // Before SQLite has it open: closing a file takes back all locks that this process has on it.
        let is_held = file::is_held(&file);
        drop(file);
        let (connection, copy) = reading::open(&path)?;
        Ok(Self { connection: Some(connection), is_held, _copy: copy })
    }

    /// `None` if the file is empty.
    pub(super) fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// Every run, the oldest first.
    ///
    /// The counts are those of what is in the file; of a run that goes on they grow.
    ///
    /// # Errors
    ///
    /// What the file system says, and [`InvalidData`](ErrorKind::InvalidData) if the file is damaged.
    pub fn runs(&self) -> io::Result<Vec<JournaledRun>> {
        let Some(connection) = &self.connection else { return Ok(Vec::new()) };
        let rows = || {
            let mut statement = connection.prepare(&format!("{RUNS} ORDER BY run"))?;
            let rows = statement.query_map([], RunRow::of)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        let rows = rows().map_err(io_error)?;
        let newest = rows.last().map(|row| row.run);
        rows.into_iter().map(|row| self.journaled(row, newest)).collect()
    }

    /// The run whose id begins so, if there is exactly one. An id that is meant whole wins.
    ///
    /// Its report has every task of its plan: a response byte for byte, an error with its class and its sentence, though no
    /// longer with what caused it, and instants as they were. Of a task that the run took over the attempts are those of the run
    /// that did the work.
    ///
    /// # Errors
    ///
    /// As [`runs`](Self::runs).
    pub fn run(&self, prefix: &str) -> io::Result<Option<PastRun>> {
        let Some(connection) = &self.connection else { return Ok(None) };
        let ids = || {
            let mut statement = connection.prepare("SELECT run, id FROM runs WHERE substr(id, 1, length(?1)) = ?1")?;
            let ids = statement.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?)))?;
            ids.collect::<rusqlite::Result<Vec<(i64, String)>>>()
        };
        let ids = ids().map_err(io_error)?;
        match (ids.iter().find(|(_, id)| id == prefix), &ids[..]) {
            (Some((run, _)), _) | (None, [(run, _)]) => self.past(connection, *run).map(Some),
            _ => Ok(None),
        }
    }

    /// The newest run, if there is one. As [`run`](Self::run).
    pub fn newest(&self) -> io::Result<Option<PastRun>> {
        let Some(connection) = &self.connection else { return Ok(None) };
        let newest = connection.query_row("SELECT max(run) FROM runs", [], |row| row.get::<_, Option<i64>>(0));
        newest.map_err(io_error)?.map(|run| self.past(connection, run)).transpose()
    }

    fn past(&self, connection: &Connection, run: i64) -> io::Result<PastRun> {
        let read = || {
            let row = connection.query_row(&format!("{RUNS} WHERE run = ?"), [run], RunRow::of)?;
            let newest = connection.query_row("SELECT max(run) FROM runs", [], |row| row.get(0))?;
            Ok((row, newest))
        };
        let (row, newest) = read().map_err(io_error)?;
        let breakers = breakers_of(&row.breakers);
        let (elapsed, schedule) = (row.elapsed, row.schedule());
        let plan = plan_of(connection, row.plan)?;
        let run = self.journaled(row, Some(newest))?;
        let outcomes = outcomes_of(connection, run_number(connection, &run.id)?, &plan).map_err(io_error)?;
        let cancelled = match run.state {
            RunState::Ended => run.cancelled.clone(),
            state => Some(state.as_str().to_owned()),
        };
        let report = Report::of_past(&plan, outcomes, schedule == Schedule::Waves, elapsed, cancelled.map(Arc::from));
        Ok(PastRun { run, report, breakers })
    }

    fn journaled(&self, row: RunRow, newest: Option<i64>) -> io::Result<JournaledRun> {
        let connection = self.connection.as_ref().ok_or_else(|| invalid("it is empty"))?;
        let counts = counts_of(connection, row.run, row.plan).map_err(io_error)?;
        let state = match row.has_ended {
            true => RunState::Ended,
            false if self.is_held && newest == Some(row.run) => RunState::Running,
            false => RunState::Interrupted,
        };
        Ok(JournaledRun {
            schedule: row.schedule(),
            id: row.id,
            plan: row.name,
            started: SystemTime::UNIX_EPOCH + Duration::from_millis(row.started),
            state,
            cancelled: row.cancelled,
            counts,
            resumed_from: row.resumed_from,
            concurrency: row.concurrency,
            seed: row.seed.cast_unsigned(),
        })
    }
}

impl fmt::Debug for JournalReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalReader").field("is_held", &self.is_held).finish_non_exhaustive()
    }
}

const RUNS: &str = "SELECT run, id, name, started, concurrency, schedule, seed, plan, resumed_from, has_ended, elapsed,
    cancelled, breakers FROM runs";

struct RunRow {
    run: i64,
    id: String,
    name: String,
    started: u64,
    concurrency: usize,
    schedule: String,
    seed: i64,
    plan: i64,
    resumed_from: Option<String>,
    has_ended: bool,
    elapsed: Option<Duration>,
    cancelled: Option<String>,
    breakers: String,
}

impl RunRow {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            run: row.get(0)?,
            id: row.get(1)?,
            name: row.get(2)?,
            started: row.get(3)?,
            concurrency: row.get(4)?,
            schedule: row.get(5)?,
            seed: row.get(6)?,
            plan: row.get(7)?,
            resumed_from: row.get(8)?,
            has_ended: row.get(9)?,
            elapsed: row.get::<_, Option<u64>>(10)?.map(Duration::from_nanos),
            cancelled: row.get(11)?,
            breakers: row.get(12)?,
        })
    }

    fn schedule(&self) -> Schedule {
        if self.schedule == Schedule::Eager.as_str() { Schedule::Eager } else { Schedule::Waves }
    }
}

fn run_number(connection: &Connection, id: &str) -> io::Result<i64> {
    connection.query_row("SELECT run FROM runs WHERE id = ?", [id], |row| row.get(0)).map_err(io_error)
}

fn counts_of(connection: &Connection, run: i64, plan: i64) -> rusqlite::Result<[usize; 4]> {
    let sql = "SELECT status, count(*) FROM outcomes JOIN works USING (work) WHERE run = ? GROUP BY status";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([run])?;
    let mut counts = [0; 4];
    while let Some(row) = rows.next()? {
        counts[status_of(row.get_ref(0)?.as_str()?) as usize] += row.get::<_, usize>(1)?;
    }
    let sql = "SELECT json_array_length(tasks) FROM plans WHERE plan = ?";
    let tasks: usize = connection.query_row(sql, [plan], |row| row.get(0))?;
    counts[Status::Cancelled as usize] += tasks.saturating_sub(counts.iter().sum());
    Ok(counts)
}

fn status_of(word: &str) -> Status {
    Status::ALL.into_iter().find(|status| status.as_str() == word).unwrap_or(Status::Cancelled)
}

fn breakers_of(text: &str) -> Vec<(String, CircuitState, u64)> {
    let state_of = |word: &str| STATES.into_iter().find(|state| state.as_str() == word);
    rows_of(text)
        .into_iter()
        .filter(|row| !row.is_carried)
        .map(|row| (row.backend, state_of(&row.state).unwrap_or(CircuitState::Closed), row.trips))
        .collect()
}

fn outcomes_of(connection: &Connection, run: i64, plan: &Plan<()>) -> rusqlite::Result<Vec<Outcome<Response>>> {
    let mut attempts = attempts_of(connection, run)?;
    let mut ended: HashMap<u32, (bool, Ending<Response>)> = HashMap::new();
    let mut statement = connection.prepare(
        "SELECT o.task, o.is_resumed, w.body, w.response FROM outcomes o JOIN works w USING (work) WHERE run = ?",
    )?;
    let mut rows = statement.query([run])?;
    while let Some(row) = rows.next()? {
        let body: Body = from_json(row.get_ref(2)?.as_str()?)?;
        ended.insert(row.get(0)?, (row.get(1)?, body.into_ending(row.get(3)?)));
    }
    let outcome = |(place, task): (u32, &Task<()>)| {
        let (is_resumed, ending) =
            ended.remove(&place).unwrap_or_else(|| (false, unended(attempts.remove(&place).unwrap_or_default())));
        Outcome::of_past(task, plan.graph().wave_of(place), is_resumed, ending)
    };
    Ok((0..).zip(plan.tasks()).map(outcome).collect())
}

fn attempts_of(connection: &Connection, run: i64) -> rusqlite::Result<HashMap<u32, Attempts>> {
    let mut statement = connection.prepare("SELECT task, body FROM attempts WHERE run = ? ORDER BY task, number")?;
    let mut rows = statement.query([run])?;
    let mut attempts: HashMap<u32, Attempts> = HashMap::new();
    while let Some(row) = rows.next()? {
        let attempt: AttemptRow = from_json(row.get_ref(1)?.as_str()?)?;
        attempts.entry(row.get(0)?).or_default().push(attempt.into_attempt(0));
    }
    Ok(attempts)
}

fn unended(attempts: Attempts) -> Ending<Response> {
    let started = attempts.first().map(|attempt| attempt.started);
    let ended = end_of_last(&attempts).unwrap_or_default();
    let error = |attempt: &Attempt| match &attempt.result {
        crate::runner::AttemptResult::Error(error) => Some(error.clone()),
        _ => None,
    };
    let last = attempts.iter().rev().find_map(error);
    Ending { attempts, started, ended, at_circuit: Box::new([]), result: Err(Failure::Cancelled { last }) }
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}
