//! What may start next, and what is parked until when. Pure: no thread, no lock, no clock.

mod gates;
mod resource;
mod roots;
mod wait;

pub(super) use gates::Gates;
pub(super) use resource::normalized;
pub(super) use roots::Roots;
pub use wait::Wait;

use crate::cancel::Stage;
use crate::plan::Graph;
use crate::sync::Arc;
use gates::GateId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;
use wait::Park;

/// A task on its way: at which backend, and what is known of it (`P`) once it has begun.
#[derive(Debug)]
pub(super) struct Item<P> {
    pub(super) task: u32,
    pub(super) lane: u32,
    /// The lane of the backend that the plan names: another one than `lane` after a fallback.
    pub(super) home: u32,
    pub(super) progress: Option<P>,
    park: Option<Park>,
}

impl<P> Item<P> {
    /// A task that has begun.
    pub(super) fn underway(task: u32, lane: u32, home: u32, progress: P) -> Self {
        Self { task, lane, home, progress: Some(progress), park: None }
    }
}

/// What a worker is told to do.
#[derive(Debug)]
pub(super) enum Take<P> {
    Start(Item<P>),
    /// It may never start, since `root` failed.
    Skip {
        task: u32,
        root: u32,
    },
    /// Nothing may start now. At this instant, if there is one, something may.
    Wait(Option<Instant>),
    Over,
}

/// What became of a task that a worker was told to start, or to skip.
#[derive(Debug)]
pub(super) enum Finish<P> {
    /// It has ended. `failed`: its dependents may not start, and name this root.
    Ended { task: u32, lane: Option<u32>, failed: Option<u32> },
    /// It goes on at `until`.
    Parked { item: Item<P>, why: Wait, until: Instant },
    /// It goes on at once, at another backend.
    Moved { item: Item<P>, lane: u32 },
}

/// What a call said of the circuit that others may be waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CircuitNews {
    /// A call has ended, so one of them may be admitted.
    CallEnded,
    /// All of them may be.
    Closed,
}

/// Something to tell subscribers, in the order in which it happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Parked { task: u32, park: Park },
    Resumed { task: u32, park: Park },
    WaveStarted(u32),
    WaveEnded(u32),
}

type Ticket = (Instant, u64);

/// What changes with every task comes first, and so shares a cache line with the lock.
#[repr(C)]
pub(super) struct Queue<P> {
    /// Tasks whose dependencies are done and that have not begun.
    fresh: VecDeque<u32>,
    /// How many tasks must end before the workers may go.
    left: usize,
    stage: Stage,
    /// Of `again` and `fresh` the one that was served last; they take turns, so that neither starves the other.
    again_had_its_turn: bool,
    /// Tasks that were parked, or moved, and may go on.
    again: VecDeque<Item<P>>,
    graph: Arc<Graph>,
    lane_of: Arc<[u32]>,
    parked: BTreeMap<Ticket, Item<P>>,
    tickets: u64,
    /// By lane, those of the parked that wait for its circuit.
    at_circuits: Vec<BTreeSet<Ticket>>,
    gates: Gates<P>,
    roots: Roots,
    waves: Vec<Wave>,
    /// By task, how many of its dependencies have not ended. Where waves wait for one another nobody needs to know.
    unmet: Option<Vec<u32>>,
    /// `None`: nobody listens.
    notices: Option<Vec<Notice>>,
}

#[derive(Clone, Copy)]
struct Wave {
    has_started: bool,
    left: u32,
}

/// What is left of a queue when nothing starts any more.
pub(super) struct Remains<P> {
    /// Everything that was under way and in no worker's hands.
    pub(super) items: Vec<Item<P>>,
    pub(super) roots: Roots,
    /// By wave, whether it had begun and was not over.
    pub(super) open_waves: Vec<bool>,
}

impl<P> Queue<P> {
    /// `lane_of`: the lane of each task. Nothing may start before [`open_wave`](Self::open_wave), or
    /// [`open_all`](Self::open_all).
    pub(super) fn new(
        graph: Arc<Graph>,
        lane_of: Arc<[u32]>,
        lanes: usize,
        gates: Gates<P>,
        has_listener: bool,
    ) -> Self {
        Self {
            fresh: VecDeque::new(),
            again: VecDeque::new(),
            again_had_its_turn: false,
            parked: BTreeMap::new(),
            tickets: 0,
            at_circuits: vec![BTreeSet::new(); lanes],
            gates,
            roots: Roots::none(graph.len()),
            waves: graph.waves().map(|wave| Wave { has_started: false, left: number(wave.len()) }).collect(),
            unmet: None,
            left: 0,
            stage: Stage::Running,
            notices: has_listener.then(Vec::new),
            graph,
            lane_of,
        }
    }

    /// Lets the tasks of one wave start. Those of the wave before have all ended.
    pub(super) fn open_wave(&mut self, wave: u32) {
        let tasks = self.graph.wave(wave);
        self.fresh.extend(tasks);
        self.left = tasks.len();
        self.begin_wave(wave);
    }

    /// Lets each task start as soon as its own dependencies have ended.
    pub(super) fn open_all(&mut self) {
        let tasks = 0..number(self.graph.len());
        self.unmet = Some(tasks.map(|task| number(self.graph.dependencies(task).len())).collect());
        self.fresh.extend(self.graph.wave(0));
        self.left = self.graph.len();
    }

    /// Nothing starts any more once this is beyond [`Stage::Running`].
    pub(super) fn stop(&mut self, stage: Stage) {
        self.stage = self.stage.max(stage);
    }

    /// Whether something could start, if nothing stands in its way.
    pub(super) fn has_ready(&self) -> bool {
        !self.fresh.is_empty() || !self.again.is_empty()
    }

    /// When the next of the parked is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.parked.first_key_value().map(|((due, _), _)| *due)
    }

    /// What happened since this was last asked.
    pub(super) fn drain_notices(&mut self) -> Vec<Notice> {
        self.notices.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Empties the queue, once the last worker has gone.
    pub(super) fn take_remains(&mut self) -> Remains<P> {
        let again = std::mem::take(&mut self.again).into_iter();
        let parked = std::mem::take(&mut self.parked).into_values();
        Remains {
            items: again.chain(parked).chain(self.gates.drain()).collect(),
            roots: std::mem::take(&mut self.roots),
            open_waves: self.waves.iter().map(|wave| wave.has_started && wave.left > 0).collect(),
        }
    }

    /// What a worker does next. `now` is asked for only if something is parked.
    pub(super) fn take(&mut self, now: impl FnOnce() -> Instant) -> Take<P> {
        if self.stage > Stage::Running || self.left == 0 {
            return Take::Over;
        }
        if !self.parked.is_empty() {
            self.release_due(now());
        }
        while let Some(item) = self.next_ready() {
            if let (None, Some(root)) = (&item.progress, self.roots.of(item.task)) {
                self.note_start(item.task);
                return Take::Skip { task: item.task, root };
            }
            if let Some(item) = self.pass_gates(item) {
                self.note_start(item.task);
                return Take::Start(item);
            }
        }
        Take::Wait(self.next_due())
    }

    /// What a worker did. `news` is of the lane that it called.
    pub(super) fn finish(&mut self, finish: Finish<P>, news: Option<(u32, CircuitNews)>) {
        if let Some((lane, news)) = news {
            self.hear_of_circuit(lane, news);
        }
        match finish {
            Finish::Ended { task, lane, failed } => {
                if let Some(lane) = lane {
                    self.leave_gates(task, lane);
                }
                self.settle(task, failed);
            }
            Finish::Parked { item, why, until } => {
                self.leave_gates(item.task, item.lane);
                self.park(item, why, until);
            }
            Finish::Moved { item, lane } => {
                self.leave_gates(item.task, item.lane);
                self.again.push_back(Item { lane, ..item });
            }
        }
    }

    fn settle(&mut self, task: u32, failed: Option<u32>) {
        if let Some(root) = failed {
            self.roots.doom_dependents(&self.graph, task, root);
        }
        self.left -= 1;
        if let Some(unmet) = &mut self.unmet {
            for dependent in self.graph.dependents(task) {
                let unmet = &mut unmet[*dependent as usize];
                *unmet -= 1;
                if *unmet == 0 {
                    self.fresh.push_back(*dependent);
                }
            }
        }
        if self.notices.is_some() {
            self.leave_wave(self.graph.wave_of(task));
        }
    }

    /// The next that may start, if its gates let it: what goes on and what is new in turns.
    fn next_ready(&mut self) -> Option<Item<P>> {
        let is_again = if self.again_had_its_turn { self.fresh.is_empty() } else { !self.again.is_empty() };
        self.again_had_its_turn = is_again;
        if is_again {
            return self.again.pop_front();
        }
        let task = self.fresh.pop_front()?;
        let lane = self.lane_of[task as usize];
        Some(Item { task, lane, home: lane, progress: None, park: None })
    }

    fn park(&mut self, item: Item<P>, why: Wait, until: Instant) {
        let park = Park { why, until: Some(until) };
        let ticket = (until, self.tickets);
        self.tickets += 1;
        if why == Wait::Circuit {
            self.at_circuits[item.lane as usize].insert(ticket);
        }
        self.note(Notice::Parked { task: item.task, park });
        self.parked.insert(ticket, Item { park: Some(park), ..item });
    }

    fn release_due(&mut self, now: Instant) {
        while let Some(first) = self.parked.first_entry().filter(|first| first.key().0 <= now) {
            let (ticket, item) = first.remove_entry();
            self.at_circuits[item.lane as usize].remove(&ticket);
            self.again.push_back(item);
        }
    }

    fn hear_of_circuit(&mut self, lane: u32, news: CircuitNews) {
        let at_circuit = &mut self.at_circuits[lane as usize];
        let count = if news == CircuitNews::Closed { at_circuit.len() } else { 1 };
        for ticket in (0..count).map_while(|_| at_circuit.pop_first()) {
            self.again.extend(self.parked.remove(&ticket));
        }
    }

    /// Takes what the item needs for one attempt, or leaves the item where something is missing.
    fn pass_gates(&mut self, item: Item<P>) -> Option<Item<P>> {
        if self.gates.is_open() {
            return Some(self.resumed(item));
        }
        match self.gates.enter(item.task, item.lane) {
            Ok(()) => Some(self.resumed(item)),
            Err(full) => {
                self.wait_at(full, item);
                None
            }
        }
    }

    fn wait_at(&mut self, full: GateId, item: Item<P>) {
        let (task, lane) = (item.task, item.lane);
        let park = Park { why: self.gates.why(full), until: None };
        // It was let go from here, and another one was faster: it has waited all along, and is still the first.
        let is_back = item.park == Some(park);
        let item = if is_back { item } else { self.resumed(item) };
        if !is_back {
            self.note(Notice::Parked { task, park });
        }
        self.gates.wait_at(full, Item { park: Some(park), ..item }, is_back);
        // What it did not take may let others go on.
        self.again.extend(self.gates.release_others(task, lane, full));
    }

    fn leave_gates(&mut self, task: u32, lane: u32) {
        if !self.gates.is_open() {
            self.again.extend(self.gates.leave(task, lane));
        }
    }

    fn resumed(&mut self, mut item: Item<P>) -> Item<P> {
        if let Some(park) = item.park.take() {
            self.note(Notice::Resumed { task: item.task, park });
        }
        item
    }

    /// Without barriers a wave begins with the first of its tasks. Only those who listen want to know.
    fn note_start(&mut self, task: u32) {
        if self.notices.is_some() {
            self.begin_wave(self.graph.wave_of(task));
        }
    }

    fn begin_wave(&mut self, wave: u32) {
        if !std::mem::replace(&mut self.waves[wave as usize].has_started, true) {
            self.note(Notice::WaveStarted(wave));
        }
    }

    fn leave_wave(&mut self, wave: u32) {
        let left = &mut self.waves[wave as usize].left;
        *left -= 1;
        if *left == 0 {
            self.note(Notice::WaveEnded(wave));
        }
    }

    fn note(&mut self, notice: Notice) {
        if let Some(notices) = &mut self.notices {
            notices.push(notice);
        }
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("a plan numbers its tasks in 32 bits")
}
