//! What only so many tasks may have at once: the places of a backend, and a resource that is written.

use super::{Item, Wait};
use smallvec::SmallVec;
use std::collections::{HashMap, VecDeque};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GateId(u32);

type GateIds = SmallVec<[GateId; 4]>;

/// The gates of a run: first those of backends whose concurrency is limited, then one a resource.
pub(in crate::runner) struct Gates<P> {
    all: Vec<Gate<P>>,
    /// By lane: its gate, if its concurrency is limited.
    of_lane: Vec<Option<GateId>>,
    /// Only of tasks that write something.
    of_task: HashMap<u32, Box<[GateId]>>,
    first_resource: u32,
}

struct Gate<P> {
    free: usize,
    waiting: VecDeque<Item<P>>,
}

impl<P> Gates<P> {
    /// `limits`: the concurrency of each lane; `writes`: what each task writes, by number, without repetition.
    pub(in crate::runner) fn new(limits: &[Option<usize>], writes: HashMap<u32, Vec<u32>>, resources: usize) -> Self {
        let mut gates = Vec::new();
        let mut add = |free| {
            gates.push(Gate { free, waiting: VecDeque::new() });
            GateId(u32::try_from(gates.len() - 1).expect("fewer than 2^32 backends and resources"))
        };
        let of_lane = limits.iter().map(|limit| limit.map(&mut add)).collect();
        let of_resource: Vec<GateId> = (0..resources).map(|_| add(1)).collect();
        let first_resource = of_resource.first().map_or(u32::MAX, |first| first.0);
        let ids = |resources: Vec<u32>| resources.iter().map(|resource| of_resource[*resource as usize]).collect();
        let of_task = writes.into_iter().map(|(task, resources)| (task, ids(resources))).collect();
        Self { all: gates, of_lane, of_task, first_resource }
    }

    /// Whether there are no gates at all.
    pub(super) fn is_open(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn why(&self, gate: GateId) -> Wait {
        if gate.0 >= self.first_resource { Wait::Resource } else { Wait::Backend }
    }

    /// Takes all that an attempt needs, or nothing: then the gate that is full.
    pub(super) fn enter(&mut self, task: u32, lane: u32) -> Result<(), GateId> {
        let needed = self.needed(task, lane);
        if let Some(full) = needed.iter().find(|gate| self.at(**gate).free == 0) {
            return Err(*full);
        }
        needed.iter().for_each(|gate| self.at(*gate).free -= 1);
        Ok(())
    }

    /// Gives back what an attempt had. Says who may try again.
    pub(super) fn leave(&mut self, task: u32, lane: u32) -> SmallVec<[Item<P>; 4]> {
        let needed = self.needed(task, lane);
        needed.iter().for_each(|gate| self.at(*gate).free += 1);
        needed.iter().filter_map(|gate| self.at(*gate).waiting.pop_front()).collect()
    }

    pub(super) fn wait_at(&mut self, gate: GateId, item: Item<P>, is_first: bool) {
        let waiting = &mut self.at(gate).waiting;
        if is_first { waiting.push_front(item) } else { waiting.push_back(item) }
    }

    /// Who may try again in place of a task that stopped at `full`: one at each other gate that the task would have taken.
    pub(super) fn release_others(&mut self, task: u32, lane: u32, full: GateId) -> SmallVec<[Item<P>; 4]> {
        let others = self.needed(task, lane).into_iter().filter(|gate| *gate != full);
        others.filter_map(|gate| Some(self.at(gate)).filter(|gate| gate.free > 0)?.waiting.pop_front()).collect()
    }

    /// Everything that waits at a gate.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Item<P>> {
        self.all.iter_mut().flat_map(|gate| gate.waiting.drain(..))
    }

    /// Resources before the backend's place: who waits for both waits for the resource.
    fn needed(&self, task: u32, lane: u32) -> GateIds {
        let resources = self.of_task.get(&task).map_or(&[][..], |resources| resources);
        resources.iter().copied().chain(self.of_lane[lane as usize]).collect()
    }

    fn at(&mut self, gate: GateId) -> &mut Gate<P> {
        &mut self.all[gate.0 as usize]
    }
}
