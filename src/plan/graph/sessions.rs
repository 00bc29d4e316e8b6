//! Who goes on in whose session, and what is wrong with that.

use super::edges::Edges;
use super::{Faults, Index, ancestors_of, suggestion};
use crate::error::{Fault, SUGGESTIONS};
use crate::plan::Task;
use std::collections::{BTreeMap, HashMap};

/// Adds a fault for each session that cannot be gone on in. `wave_of`: of each task, where none waits for itself.
pub(super) fn judge<Q>(
    tasks: &[Task<Q>],
    index: &Index,
    dependencies: &Edges,
    wave_of: Option<&[u32]>,
    faults: &mut Faults,
) {
    let links = links(tasks, index, faults);
    for (&task, &session) in &links {
        let (one, other) = (&tasks[task as usize], &tasks[session as usize]);
        let (task_id, session_id) = (one.id().clone(), other.id().clone());
        if !is_before(dependencies, session, task) {
            faults.add(task as usize, Fault::SessionNotBefore { task: task_id, session: session_id });
        } else if one.backend() != other.backend() {
            faults.add(task as usize, Fault::SessionElsewhere { task: task_id, session: session_id });
        }
    }
    if let Some(wave_of) = wave_of {
        judge_sharing(tasks, &links, dependencies, wave_of, faults);
    }
}

/// For each task that goes on in a session, the task whose it is.
fn links<Q>(tasks: &[Task<Q>], index: &Index, faults: &mut Faults) -> BTreeMap<u32, u32> {
    let mut links = BTreeMap::new();
    let mut unknown = 0;
    for (number, task) in (0_u32..).zip(tasks) {
        let Some(session) = task.session_of() else { continue };
        if let Some(found) = index.find(session.as_str(), |task| tasks[task as usize].id().as_str()) {
            links.insert(number, found);
            continue;
        }
        unknown += 1;
        let place = number as usize;
        let nearest = if unknown <= SUGGESTIONS { suggestion(tasks, place, session) } else { None };
        faults.add(place, Fault::UnknownSession { task: task.id().clone(), session: session.clone(), nearest });
    }
    links
}

fn is_before(dependencies: &Edges, first: u32, second: u32) -> bool {
    dependencies.of(second).contains(&first) || ancestors_of(dependencies, second).contains(&first)
}

/// Those who go on in one session must do so one after the other.
fn judge_sharing<Q>(
    tasks: &[Task<Q>],
    links: &BTreeMap<u32, u32>,
    dependencies: &Edges,
    wave_of: &[u32],
    faults: &mut Faults,
) {
    let id_of = |task: u32| tasks[task as usize].id().clone();
    let mut by_wave: Vec<(u32, u32)> = links.iter().map(|(task, session)| (*task, *session)).collect();
    by_wave.sort_by_key(|(task, _)| wave_of[*task as usize]);
    let mut root_of: HashMap<u32, u32> = HashMap::new();
    let mut last_of: HashMap<u32, u32> = HashMap::new();
    for (task, session) in by_wave {
        let root = root_of.get(&session).copied().unwrap_or(session);
        root_of.insert(task, root);
        let Some(last) = last_of.insert(root, task).filter(|last| !is_before(dependencies, *last, task)) else {
            continue;
        };
        let (first, second) = (last.min(task), last.max(task));
        let shared = Fault::SessionShared { tasks: [id_of(first), id_of(second)], session: id_of(root) };
        faults.add(second as usize, shared);
    }
}
