//! What a run may take over from those before it.
//!
//! A task is taken over if it was completed, if nothing of its own has changed ([`Fingerprint`]) and if its line, the answers of
//! all its ancestors, is as it was. Of a task all of whose ancestors are taken over that is known before anything runs: it is
//! certain, and noted with the beginning of the run, in the same transaction. Of the others it is known when their ancestors have
//! ended; until then what there is of them is a candidate, which a run that is killed hands down to the next one.

use super::fingerprint::Fingerprint;
use super::line::Lines;
use super::schema;
use crate::plan::{Graph, Plan, Task};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::io;

/// What an earlier run completed in place of a task, and what decided its answer then.
pub(super) struct Past {
    pub(super) work: i64,
    pub(super) fingerprint: Fingerprint,
    pub(super) line: [u8; 16],
    pub(super) answer: [u8; 16],
}

/// The run to go on with.
pub(super) struct Ancestor {
    pub(super) run: i64,
    pub(super) id: String,
    pub(super) breakers: String,
}

/// The last run of a plan.
pub(super) fn last_run(connection: &Connection, place: &str) -> rusqlite::Result<Option<Ancestor>> {
    let sql = "SELECT run, id, breakers FROM runs WHERE place = ? ORDER BY run DESC LIMIT 1";
    let ancestor = |row: &rusqlite::Row<'_>| Ok(Ancestor { run: row.get(0)?, id: row.get(1)?, breakers: row.get(2)? });
    connection.query_row(sql, [place], ancestor).optional()
}

/// By task, what a run completed, or might still have taken over.
pub(super) fn completed_by<Q>(
    connection: &Connection,
    run: i64,
    plan: &Plan<Q>,
) -> rusqlite::Result<HashMap<u32, Past>> {
    let mut statement = connection.prepare(
        "SELECT work, task, parts, line, answer FROM works WHERE status = 'completed'
         AND work IN (SELECT work FROM outcomes WHERE run = ?1 UNION SELECT work FROM candidates WHERE run = ?1)
         ORDER BY work",
    )?;
    let mut rows = statement.query([run])?;
    let mut found = HashMap::new();
    while let Some(row) = rows.next()? {
        let Some(place) = find(plan, row.get_ref(1)?.as_str()?) else { continue };
        let fingerprint = Fingerprint::of_row(row.get_ref(2)?)?;
        let line = if row.get_ref(3)?.as_blob()?.is_empty() { [0; 16] } else { row.get(3)? };
        let past = Past { work: row.get(0)?, fingerprint, line, answer: row.get(4)? };
        // Of several the last one is the newest.
        found.insert(place, past);
    }
    Ok(found)
}

pub(super) fn find<Q>(plan: &Plan<Q>, task: &str) -> Option<u32> {
    plan.graph().index().find(task, |place| plan.tasks()[place as usize].id().as_str())
}

/// Which of them are as they were whatever else happens: nothing of their own has changed, and all that they depend on is
/// taken over as well.
pub(super) fn certain<Q>(
    plan: &Plan<Q>,
    past: &HashMap<u32, Past>,
    lines: &mut Lines,
    mut fingerprint: impl FnMut(u32, &Task<Q>) -> io::Result<Fingerprint>,
) -> io::Result<Vec<bool>> {
    let graph: &Graph = plan.graph();
    let mut is_certain = vec![false; plan.len()];
    for &task in graph.waves().flatten() {
        let Some(past) = past.get(&task) else { continue };
        if !graph.dependencies(task).iter().all(|other| is_certain[*other as usize]) {
            continue;
        }
        if lines.line(graph, task) == past.line && fingerprint(task, &plan.tasks()[task as usize])? == past.fingerprint
        {
            is_certain[task as usize] = true;
            lines.answer(task, past.answer);
        }
    }
    Ok(is_certain)
}

/// Notes what the new run has taken over, and what it still may.
pub(super) fn hand_down(
    connection: &Connection,
    run: i64,
    past: &HashMap<u32, Past>,
    is_certain: &[bool],
) -> rusqlite::Result<()> {
    let mut taken = connection.prepare("INSERT INTO taken_over (run, task, work, is_resumed) VALUES (?, ?, ?, 1)")?;
    let mut open = connection.prepare("INSERT OR IGNORE INTO candidates (run, work) VALUES (?, ?)")?;
    let mut places: Vec<&u32> = past.keys().collect();
    places.sort_unstable();
    for place in places {
        let work = past[place].work;
        if is_certain[*place as usize] {
            taken.execute(params![run, place, work])?;
        } else {
            open.execute(params![run, work])?;
        }
    }
    Ok(())
}

/// Keeps what the plan of the new run, a part of the whole one, does not name.
pub(super) fn hand_down_the_rest(connection: &Connection, run: i64, ancestor: &Ancestor) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO candidates (run, work)
         SELECT ?1, work FROM works WHERE status = 'completed'
         AND work IN (SELECT work FROM outcomes WHERE run = ?2 UNION SELECT work FROM candidates WHERE run = ?2)
         AND work NOT IN (SELECT work FROM outcomes WHERE run = ?1)";
    connection.execute(sql, [run, ancestor.run]).map(drop)
}

/// What a run that resumes would do with a task: [`JournalReader::prospects`](super::JournalReader::prospects) tells, and runs
/// nothing.
///
/// ```
/// use seawall::{CancelToken, Fingerprint, JournalReader, NewRun, Plan, Prospect, RunOptions, Runner, SqliteJournal, Task};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("runs.db");
/// let plan = |prompt: &str| {
///     Plan::builder().task(Task::new("a", "x", prompt)).task(Task::new("b", "x", "").after(["a"])).build()
/// };
/// let runner = Runner::builder().backend_fn("x", |_, _| Ok("done".into())).build()?;
/// let old = plan("Write.")?;
/// let run = SqliteJournal::open(&path)?.begin(NewRun::new("1", "nightly", &old), runner.circuit_breakers())?;
/// let options = RunOptions::new().with_journal(&run).with_resume();
/// run.end(&runner.run_with(&old, &CancelToken::new(), options)?)?;
///
/// let (reader, new) = (JournalReader::open(&path)?, plan("Rewrite.")?);
/// let prospects = reader.prospects("nightly", &new, |task| Ok(Fingerprint::of(task)))?;
/// assert_eq!(prospects, [Prospect::Changed(vec!["prompt".into()]), Prospect::Depends("a".into())]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prospect {
    /// It would be taken over.
    TakenOver,
    /// It would be run: no run before completed it.
    NotCompleted,
    /// It would be run: these [parts](Fingerprint) have changed. Its ancestors' answers may have, too.
    Changed(Vec<String>),
    /// It would be run: an ancestor answered otherwise when it was completed.
    OtherAncestors,
    /// This ancestor would be run, and the task only if that answers otherwise than before.
    Depends(crate::task_id::TaskId),
}

impl super::JournalReader {
    /// What a run that goes on with the last one of `place` would do with each task of `plan`, in plan order.
    ///
    /// # Errors
    ///
    /// What the file system says, and what `fingerprints` does; and that the journal is damaged, which a run would say.
    pub fn prospects(
        &self,
        place: &str,
        plan: &Plan<crate::backend::Message>,
        mut fingerprints: impl FnMut(&Task<crate::backend::Message>) -> io::Result<Fingerprint>,
    ) -> io::Result<Vec<Prospect>> {
        let past = self.connection().map_or(Ok(HashMap::new()), |connection| {
            schema::refuse_damaged(connection)?;
            let run = last_run(connection, place).map_err(schema::io_error)?;
            run.map_or(Ok(HashMap::new()), |run| completed_by(connection, run.run, plan).map_err(schema::io_error))
        })?;
        let mut lines = Lines::of(plan.len());
        let is_certain = certain(plan, &past, &mut lines, |_, task| fingerprints(task))?;
        let mut prospects = Vec::with_capacity(plan.len());
        for (place, task) in (0..).zip(plan.tasks()) {
            prospects.push(match past.get(&place) {
                _ if is_certain[place as usize] => Prospect::TakenOver,
                None => Prospect::NotCompleted,
                Some(past) => of_changed(past, &fingerprints(task)?, first_to_run(plan, place, &is_certain)),
            });
        }
        Ok(prospects)
    }
}

fn of_changed(past: &Past, now: &Fingerprint, to_run: Option<crate::task_id::TaskId>) -> Prospect {
    let changed: Vec<String> = now.changed_since(&past.fingerprint).into_iter().map(ToOwned::to_owned).collect();
    match to_run {
        _ if !changed.is_empty() => Prospect::Changed(changed),
        Some(ancestor) => Prospect::Depends(ancestor),
        None => Prospect::OtherAncestors,
    }
}

fn first_to_run<Q>(plan: &Plan<Q>, place: u32, is_certain: &[bool]) -> Option<crate::task_id::TaskId> {
    let ancestors = plan.graph().ancestors_of(place).into_iter();
    ancestors
        .map(|place| place as usize)
        .find(|place| !is_certain[*place])
        .map(|place| plan.tasks()[place].id().clone())
}
