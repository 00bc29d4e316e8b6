//! What a run may take over from those before it.

use super::fingerprint::Fingerprint;
use super::line::Lines;
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
        let fingerprint = Fingerprint::from_text(row.get(2)?);
        let past = Past { work: row.get(0)?, fingerprint, line: row.get(3)?, answer: row.get(4)? };
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
    let mut taken = connection.prepare("INSERT INTO outcomes (run, task, work, is_resumed) VALUES (?, ?, ?, 1)")?;
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
