//! One run, as it is written down.

use super::SqliteJournal;
use super::fingerprint::Fingerprint;
use super::inheritance::{self, Ancestor, Past};
use super::line::{Lines, answer_of};
use super::record::{Entry, Store};
use super::rows::{AttemptRow, Body};
use super::schema::io_error;
use super::snapshots::Snapshots;
use crate::backend::{Message, Response};
use crate::plan::{Plan, Task};
use crate::resilience::CircuitBreakerRegistry;
use crate::runner::{Attempt, Journal, Outcome, Recalled, Report, Schedule};
use crate::status::Status;
use crate::sync::{Arc, AtomicBool, Mutex, OnceLock};
use crate::task_id::TaskId;
use rusqlite::{Connection, params};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

type Fingerprints<'p> = Box<dyn Fn(&Task<Message>) -> io::Result<Fingerprint> + Send + Sync + 'p>;

/// A run that is to begin, with what a journal keeps of it.
///
/// ```
/// use seawall::{NewRun, Plan, Schedule, Task};
/// let plan = Plan::builder().task(Task::new("a", "claude", "Write the design.")).build()?;
/// let new = NewRun::new("7f3a", "/home/me/plan.toml", &plan).named("plan.toml").with_settings(4, Schedule::Eager, 42).resuming();
/// # drop(new);
/// # Ok::<(), seawall::Error>(())
/// ```
#[must_use = "it is to be begun"]
pub struct NewRun<'p> {
    id: String,
    place: String,
    name: String,
    plan: &'p Plan<Message>,
    started: SystemTime,
    concurrency: usize,
    schedule: Schedule,
    seed: u64,
    fingerprints: Fingerprints<'p>,
    breakers: Option<Vec<String>>,
    is_resuming: bool,
    is_part: bool,
    keeps_breakers: bool,
}

impl<'p> NewRun<'p> {
    /// A run of `plan` that is called `id`, as no other run of the journal is. `place` says which plan it is, for the runs
    /// after it: its path, for instance.
    pub fn new(id: impl Into<String>, place: impl Into<String>, plan: &'p Plan<Message>) -> Self {
        let place = place.into();
        Self {
            id: id.into(),
            name: place.clone(),
            place,
            plan,
            started: SystemTime::now(),
            concurrency: 8,
            schedule: Schedule::default(),
            seed: 0,
            fingerprints: Box::new(|task| Ok(Fingerprint::of(task))),
            breakers: None,
            is_resuming: false,
            is_part: false,
            keeps_breakers: true,
        }
    }

    /// How people call the plan. Default: `place`.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// When it started. Default: now.
    pub fn started(self, started: SystemTime) -> Self {
        Self { started, ..self }
    }

    /// What it is run with, for whoever looks at it later.
    pub fn with_settings(self, concurrency: usize, schedule: Schedule, seed: u64) -> Self {
        Self { concurrency, schedule, seed, ..self }
    }

    /// What decides the answer of each task, in place of [`Fingerprint::of`]. It is asked when everything that the task
    /// depends on has ended, so that it may look at files which other tasks write. An error ends the run.
    ///
    /// Here a task's answer depends on a file too:
    ///
    /// ```
    /// use seawall::{ContentHash, Fingerprint, NewRun, Plan, Task};
    /// let plan = Plan::builder().task(Task::new("a", "claude", "Summarise Cargo.toml.")).build()?;
    /// let new = NewRun::new("7f3a", "summaries", &plan).with_fingerprints(|task| {
    ///     let manifest = std::fs::read("Cargo.toml")?;
    ///     Ok(Fingerprint::of(task).with("manifest", ContentHash::of([&*manifest])))
    /// });
    /// # drop(new);
    /// # Ok::<(), seawall::Error>(())
    /// ```
    pub fn with_fingerprints(
        self,
        fingerprints: impl Fn(&Task<Message>) -> io::Result<Fingerprint> + Send + Sync + 'p,
    ) -> Self {
        Self { fingerprints: Box::new(fingerprints), ..self }
    }

    /// The backends whose circuit breakers are kept, in this order. Default: all of the registry that are not disabled.
    pub fn with_breakers(self, backends: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { breakers: Some(backends.into_iter().map(Into::into).collect()), ..self }
    }

    /// Goes on with the last run of the same `place`, if there is one: takes over what it completed, or had taken over, as far
    /// as that is still right; and the state of its circuit breakers.
    pub fn resuming(self) -> Self {
        Self { is_resuming: true, ..self }
    }

    /// The plan is a part of the one that stands at `place`. In a run that resumes, what was completed of the rest is kept for the
    /// next one; otherwise tasks that the plan has no more are forgotten.
    pub fn of_part(self) -> Self {
        Self { is_part: true, ..self }
    }

    /// Leaves the state of the circuit breakers behind: all begin closed. Without it, in a run that resumes, a closed circuit keeps
    /// its failures in a row, an open one the instant (by the wall clock) at which it may be tried, and one that was half-open may
    /// be tried at once.
    pub fn with_fresh_breakers(self) -> Self {
        Self { keeps_breakers: false, ..self }
    }
}

impl fmt::Debug for NewRun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRun").field("id", &self.id).field("place", &self.place).finish_non_exhaustive()
    }
}

/// A run that is written down as it goes: a [`Journal`] to be given to it. It should be
/// [told to resume](crate::RunOptions::with_resume), also if it does not: then each task is looked at when it starts.
///
/// Each attempt and each outcome is in the file when [`record`](Journal::record) or
/// [`record_attempt`](Journal::record_attempt) returns; what many workers record at once goes there together. The state of the
/// circuit breakers is written with it, where it has changed.
///
/// It is of one run: a task that ends in it a second time is an error, and so is one that was taken over when the run began and
/// is run all the same.
///
/// The first error is the last thing that happens: nothing is written after it, so that the file holds no outcome without what
/// came before it. Dropped without [`end`](Self::end), the run is one that was interrupted.
pub struct SqliteRun<'p> {
    plan: &'p Plan<Message>,
    run: i64,
    resumed_from: Option<String>,
    fingerprints: Fingerprints<'p>,
    /// By task, once it was asked for.
    known: Vec<OnceLock<Fingerprint>>,
    past: HashMap<u32, Past>,
    is_certain: Vec<bool>,
    /// By task.
    is_recorded: Vec<AtomicBool>,
    lines: Mutex<Lines>,
    store: Store,
}

impl SqliteJournal {
    /// Begins a run. In one transaction: notes its plan, takes over what is certain to be as it was, and gives `breakers` the state that they had.
    ///
    /// # Errors
    ///
    /// What the file system says, and what the fingerprints do.
    pub fn begin<'p>(mut self, new: NewRun<'p>, breakers: &Arc<CircuitBreakerRegistry>) -> io::Result<SqliteRun<'p>> {
        let plan = new.plan;
        let transaction = self.connection.transaction().map_err(io_error)?;
        let ancestor =
            if new.is_resuming { inheritance::last_run(&transaction, &new.place).map_err(io_error)? } else { None };
        let past = match &ancestor {
            Some(ancestor) => inheritance::completed_by(&transaction, ancestor.run, plan).map_err(io_error)?,
            None => HashMap::new(),
        };
        let known: Vec<OnceLock<Fingerprint>> = (0..plan.len()).map(|_| OnceLock::new()).collect();
        let mut lines = Lines::of(plan.len());
        let is_certain = inheritance::certain(plan, &past, &mut lines, |place, task| {
            let fingerprint = (new.fingerprints)(task)?;
            Ok(known[place as usize].get_or_init(|| fingerprint).clone())
        })?;
        let mut snapshots = Snapshots::of(Arc::clone(breakers), new.breakers.clone());
        if let Some(ancestor) = ancestor.as_ref().filter(|_| new.keeps_breakers) {
            snapshots.restore(&ancestor.breakers);
        }
        let run = insert(&transaction, &new, ancestor.as_ref(), &snapshots).map_err(io_error)?;
        inheritance::hand_down(&transaction, run, &past, &is_certain).map_err(io_error)?;
        if let Some(ancestor) = ancestor.as_ref().filter(|_| new.is_part) {
            inheritance::hand_down_the_rest(&transaction, run, ancestor).map_err(io_error)?;
        }
        transaction.commit().map_err(io_error)?;
        let resumed_from = ancestor.map(|ancestor| ancestor.id);
        let (fingerprints, lines) = (new.fingerprints, Mutex::new(lines));
        let store = Store::of(self, run, snapshots);
        let is_recorded = (0..plan.len()).map(|_| AtomicBool::new(false)).collect();
        Ok(SqliteRun { plan, run, resumed_from, fingerprints, known, past, is_certain, is_recorded, lines, store })
    }
}

fn insert(
    connection: &Connection,
    new: &NewRun<'_>,
    ancestor: Option<&Ancestor>,
    snapshots: &Snapshots,
) -> rusqlite::Result<i64> {
    let plan = super::shape::PlanRow::of(new.plan);
    connection.execute("INSERT OR IGNORE INTO plans (hash, tasks) VALUES (?, ?)", params![plan.hash, plan.tasks])?;
    let plan: i64 = connection.query_row("SELECT plan FROM plans WHERE hash = ?", [plan.hash], |row| row.get(0))?;
    let started = new.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    connection.execute(
        "INSERT INTO runs (id, place, name, started, concurrency, schedule, seed, plan, resumed_from, breakers)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            new.id,
            new.place,
            new.name,
            i64::try_from(started.as_millis()).unwrap_or(i64::MAX),
            i64::try_from(new.concurrency).unwrap_or(i64::MAX),
            new.schedule.as_str(),
            new.seed.cast_signed(),
            plan,
            ancestor.map(|ancestor| &ancestor.id),
            snapshots.to_text(),
        ],
    )?;
    Ok(connection.last_insert_rowid())
}

impl SqliteRun<'_> {
    /// The id of the run that this one goes on with; `None` if it was not told to, or if there is none.
    pub fn resumed_from(&self) -> Option<&str> {
        self.resumed_from.as_deref()
    }

    /// Notes that the run is over: why it was cancelled, if it was, how long it took, and where its circuits stand. The journal is
    /// let go when this is dropped.
    ///
    /// # Errors
    ///
    /// What the file system says. Then the run is one that was interrupted; its outcomes are there all the same.
    pub fn end(&self, report: &Report<Response>) -> io::Result<()> {
        self.store.end(report.cancelled(), report.elapsed())
    }

    /// Of a task whose dependencies have ended: what became of an earlier one, if that is still right.
    fn past_of(&self, place: u32) -> io::Result<Option<&Past>> {
        let fingerprint = self.fingerprint(place)?;
        let Some(past) = self.past.get(&place) else { return Ok(None) };
        if self.is_certain[place as usize] {
            return Ok(Some(past));
        }
        let line = self.lines.lock().line(self.plan.graph(), place);
        Ok((line == past.line && *fingerprint == past.fingerprint).then_some(past))
    }

    fn fingerprint(&self, place: u32) -> io::Result<&Fingerprint> {
        let known = &self.known[place as usize];
        if let Some(fingerprint) = known.get() {
            return Ok(fingerprint);
        }
        let fingerprint = (self.fingerprints)(&self.plan.tasks()[place as usize])?;
        Ok(known.get_or_init(|| fingerprint))
    }

    fn place_of(&self, task: &TaskId) -> io::Result<u32> {
        let no_such_task = || io::Error::other(format!("the plan of this run has no task `{task}`"));
        inheritance::find(self.plan, task.as_str()).ok_or_else(no_such_task)
    }

    fn entry_of(&self, place: u32, outcome: &Outcome) -> Entry {
        let response = outcome.result().ok();
        let answer = answer_of(outcome.task().as_str(), outcome.status(), response.map_or(&[], Response::bytes));
        let mut lines = self.lines.lock();
        let line = match outcome.status() {
            // Nobody asks for what made no answer, and not everything up its line may have ended.
            Status::Completed | Status::Failed => lines.line(self.plan.graph(), place),
            Status::Skipped | Status::Cancelled => [0; 16],
        };
        lines.answer(place, answer);
        drop(lines);
        if let Some(past) = self.past.get(&place).filter(|_| outcome.is_resumed()) {
            return Entry::TakenOver { task: place, work: past.work };
        }
        Entry::Ended {
            task: place,
            id: outcome.task().clone(),
            status: outcome.status(),
            parts: self.known[place as usize].get().cloned().unwrap_or_default(),
            line,
            answer,
            body: serde_json::to_string(&Body::of(outcome)).unwrap_or_default(),
            response: response.cloned(),
        }
    }
}

impl Journal<Response> for SqliteRun<'_> {
    fn record(&self, outcome: &Outcome) -> io::Result<()> {
        let place = self.place_of(outcome.task())?;
        let is_noted = self.is_certain[place as usize];
        if self.is_recorded[place as usize].swap(true, Ordering::Relaxed) || (is_noted && !outcome.is_resumed()) {
            return Err(io::Error::other(format!("task `{}` ends for the second time in this run", outcome.task())));
        }
        let entry = self.entry_of(place, outcome);
        if is_noted { Ok(()) } else { self.store.write(entry) }
    }

    fn record_attempt(&self, task: &TaskId, number: usize, attempt: &Attempt) -> io::Result<()> {
        let body = serde_json::to_string(&AttemptRow::from(attempt))?;
        self.store.write(Entry::Attempt { task: self.place_of(task)?, number, body })
    }

    fn recall(&self, task: &TaskId) -> io::Result<Option<Recalled>> {
        let place = self.place_of(task)?;
        self.past_of(place)?.map(|past| self.store.recall(past.work)).transpose()
    }
}

impl fmt::Debug for SqliteRun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SqliteRun");
        debug.field("run", &self.run).field("resumed_from", &self.resumed_from).finish_non_exhaustive()
    }
}
