//! Who waits for whom, by number: edges, waves, and the faults that show there.

mod cycles;
mod edges;
mod index;
mod sessions;

pub(crate) use index::Index;

use super::Task;
use crate::error::{Fault, SUGGESTIONS, nearest};
use crate::sync::Arc;
use crate::task_id::TaskId;
use edges::Edges;
use std::collections::BTreeSet;

/// The shape of a plan. Tasks are numbers here: their places in the plan.
pub(crate) struct Graph {
    index: Arc<Index>,
    dependencies: Edges,
    dependents: Edges,
    wave_of: Vec<u32>,
    /// Every task, wave by wave, each wave in plan order.
    by_wave: Vec<u32>,
    /// Where in `by_wave` each wave begins, and the end of the last.
    wave_starts: Vec<u32>,
}

impl Graph {
    pub(super) fn of<Q>(tasks: &[Task<Q>]) -> Result<Self, Vec<Fault>> {
        if tasks.is_empty() {
            return Err(vec![Fault::NoTasks]);
        }
        let mut faults = Faults::default();
        let index = Index::of(
            tasks,
            |task| task.id().as_str(),
            |task, is_first_twin| {
                if is_first_twin {
                    faults.add(task, Fault::DuplicateTask { task: tasks[task].id().clone() });
                }
            },
        );
        let dependencies = resolve(tasks, &index, &mut faults);
        let dependents = dependencies.reversed();
        let (wave_of, is_cyclic) = layers(&dependencies, &dependents);
        if is_cyclic {
            for members in cycles::cycles(&dependencies) {
                let names = members.iter().map(|task| tasks[*task as usize].id().clone()).collect();
                faults.add(members[0] as usize, Fault::Cycle { tasks: names });
            }
        }
        let acyclic = (!is_cyclic).then_some(&*wave_of);
        sessions::judge(tasks, &index, &dependencies, acyclic, &mut faults);
        faults.into_result()?;
        let (by_wave, wave_starts) = sorted_by_wave(&wave_of);
        Ok(Self { index: Arc::new(index), dependencies, dependents, wave_of, by_wave, wave_starts })
    }

    pub(crate) fn len(&self) -> usize {
        self.wave_of.len()
    }

    /// Finds tasks by their names.
    pub(crate) fn index(&self) -> &Arc<Index> {
        &self.index
    }

    pub(crate) fn dependencies(&self, task: u32) -> &[u32] {
        self.dependencies.of(task)
    }

    /// Everything up the line of a task, in plan order.
    pub(crate) fn ancestors_of(&self, task: u32) -> BTreeSet<u32> {
        ancestors_of(&self.dependencies, task)
    }

    pub(crate) fn dependents(&self, task: u32) -> &[u32] {
        self.dependents.of(task)
    }

    pub(crate) fn wave_of(&self, task: u32) -> u32 {
        self.wave_of[task as usize]
    }

    /// How many waves there are.
    pub(crate) fn depth(&self) -> u32 {
        edges::number(self.wave_starts.len() - 1)
    }

    /// The tasks of one wave, in plan order.
    pub(crate) fn wave(&self, wave: u32) -> &[u32] {
        let wave = wave as usize;
        &self.by_wave[self.wave_starts[wave] as usize..self.wave_starts[wave + 1] as usize]
    }

    pub(crate) fn waves(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        self.wave_starts.windows(2).map(|bounds| &self.by_wave[bounds[0] as usize..bounds[1] as usize])
    }
}

/// Faults with the place of the task that each is about.
#[derive(Default)]
struct Faults(Vec<(usize, Fault)>);

impl Faults {
    fn add(&mut self, task: usize, fault: Fault) {
        self.0.push((task, fault));
    }

    fn into_result(mut self) -> Result<(), Vec<Fault>> {
        self.0.sort_by_key(|(task, _)| *task);
        if self.0.is_empty() { Ok(()) } else { Err(self.0.into_iter().map(|(_, fault)| fault).collect()) }
    }
}

fn resolve<Q>(tasks: &[Task<Q>], index: &Index, faults: &mut Faults) -> Edges {
    let id_of = |task: u32| tasks[task as usize].id().as_str();
    let mut unknown = 0;
    Edges::collect(tasks.len(), tasks.iter().map(|task| task.dependencies().len()).sum(), |task, edges| {
        for dependency in tasks[task].dependencies() {
            let Some(found) = index.find(dependency.as_str(), id_of) else {
                unknown += 1;
                let nearest = if unknown <= SUGGESTIONS { suggestion(tasks, task, dependency) } else { None };
                let (task_id, dependency) = (tasks[task].id().clone(), dependency.clone());
                faults.add(task, Fault::UnknownDependency { task: task_id, dependency, nearest });
                continue;
            };
            edges.push(found);
        }
    })
}

fn suggestion<Q>(tasks: &[Task<Q>], asking: usize, name: &TaskId) -> Option<TaskId> {
    let others = tasks.iter().enumerate().filter(|(task, _)| *task != asking).map(|(_, task)| task.id());
    nearest(name.as_str(), others).cloned()
}

fn ancestors_of(dependencies: &Edges, task: u32) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut open = vec![task];
    while let Some(next) = open.pop() {
        open.extend(dependencies.of(next).iter().filter(|dependency| found.insert(**dependency)));
    }
    found
}

/// The wave of each task, and whether some were left over, since they wait for one another.
fn layers(dependencies: &Edges, dependents: &Edges) -> (Vec<u32>, bool) {
    let count = dependencies.len();
    let mut unmet: Vec<u32> = dependencies.degrees().collect();
    let mut wave_of = vec![0; count];
    let mut ready: Vec<u32> = (0..).zip(&unmet).filter(|(_, unmet)| **unmet == 0).map(|(task, _)| task).collect();
    let mut done = 0;
    while let Some(&task) = ready.get(done) {
        done += 1;
        let next_wave = wave_of[task as usize] + 1;
        for &dependent in dependents.of(task) {
            let dependent_at = dependent as usize;
            wave_of[dependent_at] = next_wave.max(wave_of[dependent_at]);
            unmet[dependent_at] -= 1;
            if unmet[dependent_at] == 0 {
                ready.push(dependent);
            }
        }
    }
    (wave_of, done < count)
}

/// A counting sort, which keeps the plan's order within a wave.
fn sorted_by_wave(wave_of: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let waves = wave_of.iter().max().map_or(0, |last| *last as usize + 1);
    let mut starts = vec![0_u32; waves + 1];
    wave_of.iter().for_each(|wave| starts[*wave as usize + 1] += 1);
    (0..waves).for_each(|wave| starts[wave + 1] += starts[wave]);
    let mut next = starts.clone();
    let mut sorted = vec![0; wave_of.len()];
    for (task, wave) in (0_u32..).zip(wave_of) {
        let place = &mut next[*wave as usize];
        sorted[*place as usize] = task;
        *place += 1;
    }
    (sorted, starts)
}
