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
    /// A task that has not begun.
    pub(super) fn fresh(task: u32, lane: u32, home: u32) -> Self {
        Self { task, lane, home, progress: None, park: None }
    }

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
    /// It may have been done before.
    Recall(Item<P>),
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
    /// It was not done before.
    NotRecalled(Item<P>),
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
    /// By task, whether it is asked for before it starts, since it may have been done before. `None`: no task is.
    is_to_recall: Option<Box<[bool]>>,
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
            is_to_recall: None,
            notices: has_listener.then(Vec::new),
            graph,
            lane_of,
        }
    }

    /// From now on none of these tasks starts that was not asked for by a [`Take::Recall`], which needs no place and no resource.
    pub(super) fn recall(&mut self, tasks: Box<[bool]>) {
        self.is_to_recall = Some(tasks);
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
        while let Some((item, is_new)) = self.next_ready() {
            if let (None, Some(root)) = (&item.progress, self.roots.of(item.task)) {
                self.note_start(item.task);
                return Take::Skip { task: item.task, root };
            }
            if is_new && self.is_to_recall.as_ref().is_some_and(|tasks| tasks[item.task as usize]) {
                self.note_start(item.task);
                return Take::Recall(item);
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
            Finish::NotRecalled(item) => self.again.push_back(item),
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

    /// The next that may start, if its gates let it: what goes on and what is new in turns. Says whether it is new.
    fn next_ready(&mut self) -> Option<(Item<P>, bool)> {
        let is_again = if self.again_had_its_turn { self.fresh.is_empty() } else { !self.again.is_empty() };
        self.again_had_its_turn = is_again;
        if is_again {
            return self.again.pop_front().map(|item| (item, false));
        }
        let task = self.fresh.pop_front()?;
        let lane = self.lane_of[task as usize];
        Some((Item::fresh(task, lane, lane), true))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Plan, Task};
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::time::Duration;

    const LANES: usize = 2;

    fn graph(dependencies: &[Vec<usize>]) -> Arc<Graph> {
        let task = |(n, after): (usize, &Vec<usize>)| {
            Task::new(n.to_string(), "x", "").after(after.iter().map(ToString::to_string))
        };
        Arc::clone(Plan::builder().tasks(dependencies.iter().enumerate().map(task)).build().unwrap().graph())
    }

    /// A queue of tasks without progress, all on the first lane.
    fn queue(dependencies: &[Vec<usize>], limits: &[Option<usize>], writes: &[&[u32]]) -> Queue<u32> {
        let writes: HashMap<u32, Vec<u32>> = (0..).zip(writes).map(|(task, writes)| (task, writes.to_vec())).collect();
        let gates = Gates::new(limits, writes, 3);
        let lane_of = vec![0; dependencies.len()].into();
        Queue::new(graph(dependencies), lane_of, limits.len(), gates, true)
    }

    fn ended(task: u32) -> Finish<u32> {
        Finish::Ended { task, lane: Some(0), failed: None }
    }

    /// What a worker is told, in a few words.
    fn word(take: &Take<u32>) -> String {
        match take {
            Take::Start(item) => format!("start {}", item.task),
            Take::Skip { task, root } => format!("skip {task} for {root}"),
            Take::Recall(item) => format!("recall {}", item.task),
            Take::Wait(until) => format!("wait{}", if until.is_some() { " a while" } else { "" }),
            Take::Over => "over".into(),
        }
    }

    fn take(queue: &mut Queue<u32>, now: Instant) -> String {
        word(&queue.take(|| now))
    }

    #[test]
    fn with_nothing_parked_nobody_asks_for_the_time() {
        let mut queue = queue(&[vec![], vec![0]], &[None], &[]);
        queue.open_all();
        let mut take = || word(&queue.take(|| unreachable!("the clock was read")));
        assert_eq!([take(), take()], ["start 0", "wait"]);
    }

    #[test]
    fn a_wave_is_over_when_its_tasks_have_ended_and_eager_tasks_need_no_wave() {
        let now = Instant::now();
        let mut waves = queue(&[vec![], vec![], vec![0]], &[None], &[]);
        waves.open_wave(0);
        assert_eq!([take(&mut waves, now), take(&mut waves, now)], ["start 0", "start 1"]);
        waves.finish(ended(0), None);
        assert_eq!(take(&mut waves, now), "wait", "task 2 is of the next wave");
        waves.finish(ended(1), None);
        assert_eq!(take(&mut waves, now), "over");
        waves.open_wave(1);
        assert_eq!(take(&mut waves, now), "start 2");

        let mut eager = queue(&[vec![], vec![], vec![0]], &[None], &[]);
        eager.open_all();
        assert_eq!([take(&mut eager, now), take(&mut eager, now)], ["start 0", "start 1"]);
        eager.finish(ended(0), None);
        assert_eq!(take(&mut eager, now), "start 2");
    }

    #[test]
    fn a_parked_task_goes_on_at_its_instant_and_holds_nothing_until_then() {
        let now = Instant::now();
        let (second, early) = (Duration::from_secs(1), now + Duration::from_nanos(999_999_999));
        let until = now + second;
        let mut queue = queue(&[vec![], vec![]], &[Some(1)], &[&[0], &[0]]);
        queue.open_all();
        let Take::Start(item) = queue.take(|| now) else { panic!() };
        assert_eq!((item.task, take(&mut queue, now).as_str()), (0, "wait"), "the other needs its place and resource");
        queue.finish(Finish::Parked { item: Item::underway(0, 0, 0, 1), why: Wait::Backoff, until }, None);
        assert_eq!(take(&mut queue, now), "start 1");
        assert_eq!(take(&mut queue, early), "wait a while");
        assert_eq!(take(&mut queue, until), "wait", "it is due, and the other one has what it needs");
        queue.finish(ended(1), None);
        assert_eq!(take(&mut queue, until + second), "start 0");
    }

    #[test]
    fn what_goes_on_and_what_is_new_take_turns() {
        let now = Instant::now();
        let mut queue = queue(&[vec![], vec![], vec![], vec![], vec![], vec![]], &[None], &[]);
        queue.open_all();
        (0..2).for_each(|_| drop(take(&mut queue, now)));
        for task in 0..2 {
            queue.finish(Finish::Parked { item: Item::underway(task, 0, 0, 1), why: Wait::Backoff, until: now }, None);
        }
        let taken: Vec<String> = (0..6).map(|_| take(&mut queue, now)).collect();
        assert_eq!(taken, ["start 0", "start 2", "start 1", "start 3", "start 4", "start 5"]);
    }

    #[test]
    fn a_call_that_ends_lets_one_go_on_who_waits_for_the_circuit_and_one_that_closes_it_all() {
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(60));
        let mut queue = queue(&vec![vec![]; 4], &[None, None], &[]);
        queue.open_all();
        (0..4).for_each(|_| drop(take(&mut queue, now)));
        for task in 0..3 {
            queue
                .finish(Finish::Parked { item: Item::underway(task, 0, 0, 1), why: Wait::Circuit, until: later }, None);
        }
        assert_eq!(take(&mut queue, now), "wait a while");
        queue.finish(
            Finish::Parked { item: Item::underway(3, 0, 0, 1), why: Wait::Backoff, until: later },
            Some((1, CircuitNews::Closed)),
        );
        assert_eq!(take(&mut queue, now), "wait a while", "the news was of another circuit");
        queue.hear_of_circuit(0, CircuitNews::CallEnded);
        assert_eq!([take(&mut queue, now), take(&mut queue, now)], ["start 0", "wait a while"]);
        queue.hear_of_circuit(0, CircuitNews::Closed);
        let taken = [take(&mut queue, now), take(&mut queue, now), take(&mut queue, now)];
        assert_eq!(taken, ["start 1", "start 2", "wait a while"]);
    }

    #[test]
    fn what_one_that_still_waits_did_not_take_goes_to_the_next() {
        let now = Instant::now();
        let mut queue = queue(&vec![vec![]; 4], &[None], &[&[0], &[1], &[0, 1], &[0]]);
        queue.open_all();
        assert_eq!(
            [take(&mut queue, now), take(&mut queue, now), take(&mut queue, now)],
            ["start 0", "start 1", "wait"]
        );
        queue.finish(ended(0), None);
        assert_eq!(take(&mut queue, now), "start 3", "task 2 was before it, and wants what task 1 has as well");
        queue.finish(ended(1), None);
        assert_eq!(take(&mut queue, now), "wait");
        queue.finish(ended(3), None);
        assert_eq!(take(&mut queue, now), "start 2");
    }

    #[test]
    fn who_waits_for_a_place_keeps_its_turn_and_is_not_told_of_twice() {
        let now = Instant::now();
        let mut queue = queue(&vec![vec![]; 4], &[Some(1)], &[]);
        queue.open_wave(0);
        assert_eq!([take(&mut queue, now), take(&mut queue, now)], ["start 0", "wait"]);
        queue.finish(ended(0), None);
        // As if a task that is new had been faster than the one that was let go.
        let first = queue.again.pop_front().unwrap();
        assert_eq!((first.task, queue.gates.enter(9, 0)), (1, Ok(())));
        queue.again.push_back(first);
        queue.drain_notices();
        assert_eq!(take(&mut queue, now), "wait");
        assert_eq!(queue.drain_notices(), [], "it has waited all along");
        for next in ["start 1", "start 2", "start 3"] {
            queue.leave_gates(9, 0);
            assert_eq!(take(&mut queue, now), next);
        }
    }

    #[test]
    fn after_a_stop_nothing_starts_and_everything_is_handed_back() {
        let now = Instant::now();
        let mut queue = queue(&[vec![], vec![], vec![], vec![0]], &[Some(1)], &[]);
        queue.open_all();
        assert_eq!([take(&mut queue, now), take(&mut queue, now)], ["start 0", "wait"]);
        queue.finish(Finish::Parked { item: Item::underway(0, 0, 0, 7), why: Wait::Backoff, until: now }, None);
        queue.stop(Stage::Draining);
        queue.stop(Stage::Running);
        assert_eq!(take(&mut queue, now), "over");
        let mut left: Vec<_> = queue.take_remains().items.into_iter().map(|item| (item.task, item.progress)).collect();
        left.sort_unstable();
        assert!(left.contains(&(0, Some(7))), "{left:?}");
    }

    #[derive(Clone, Debug)]
    struct Sketch {
        dependencies: Vec<Vec<usize>>,
        lane_of: Vec<u32>,
        writes: Vec<Vec<u32>>,
        limits: Vec<Option<usize>>,
        workers: usize,
        is_eager: bool,
        /// What is drawn for each choice in turn.
        dice: Vec<u8>,
    }

    fn sketch() -> impl Strategy<Value = Sketch> {
        let tasks = 1_usize..12;
        let limits = prop::collection::vec(prop::option::of(1_usize..3), LANES);
        let dice = prop::collection::vec(any::<u8>(), 400);
        (tasks, limits, 1_usize..4, any::<bool>(), dice).prop_flat_map(|(tasks, limits, workers, is_eager, dice)| {
            let dependencies = (0..tasks).map(|n| prop::collection::vec(0..n.max(1), 0..=n.min(2))).collect::<Vec<_>>();
            let lane_of = prop::collection::vec(0_u32..2, tasks);
            let writes = prop::collection::vec(prop::collection::btree_set(0_u32..3, 0..3), tasks);
            (dependencies, lane_of, writes).prop_map(move |(dependencies, lane_of, writes)| Sketch {
                dependencies,
                lane_of,
                writes: writes.into_iter().map(|writes| writes.into_iter().collect()).collect(),
                limits: limits.clone(),
                workers,
                is_eager,
                dice: dice.clone(),
            })
        })
    }

    /// Workers without threads: they take and finish in an order that dice choose.
    struct Play<'s> {
        sketch: &'s Sketch,
        queue: Queue<u32>,
        now: Instant,
        dice: std::iter::Cycle<std::slice::Iter<'s, u8>>,
        busy: Vec<Item<u32>>,
        ended: Vec<Option<bool>>,
        parked_at: HashMap<u32, Instant>,
    }

    impl<'s> Play<'s> {
        fn new(sketch: &'s Sketch) -> Self {
            let writes = (0..).zip(sketch.writes.clone()).collect();
            let gates = Gates::new(&sketch.limits, writes, 3);
            let lane_of = sketch.lane_of.clone().into();
            let graph = graph(&sketch.dependencies);
            Self {
                sketch,
                queue: Queue::new(graph, lane_of, LANES, gates, true),
                now: Instant::now(),
                dice: sketch.dice.iter().cycle(),
                busy: Vec::new(),
                ended: vec![None; sketch.dependencies.len()],
                parked_at: HashMap::new(),
            }
        }

        fn die(&mut self, sides: usize) -> usize {
            usize::from(*self.dice.next().unwrap()) % sides
        }

        /// Until the queue says that it is over.
        fn through(&mut self) {
            for _ in 0..100_000 {
                if self.busy.len() == self.sketch.workers || (!self.busy.is_empty() && self.die(2) == 0) {
                    self.finish_one();
                    continue;
                }
                let now = self.now;
                match self.queue.take(|| now) {
                    Take::Start(item) => self.start(item),
                    Take::Skip { task, root } => self.skip(task, root),
                    Take::Recall(_) => unreachable!("nothing is recalled"),
                    Take::Wait(_) if !self.busy.is_empty() => self.finish_one(),
                    Take::Wait(Some(until)) => {
                        assert!(until > self.now, "what is due was not let go");
                        self.now = until;
                    }
                    Take::Wait(None) => panic!("nobody is busy, nothing is parked, and nothing may start"),
                    Take::Over => return,
                }
            }
            panic!("it goes on for ever");
        }

        fn start(&mut self, item: Item<u32>) {
            let task = item.task as usize;
            assert!(self.ended[task].is_none());
            assert!(self.sketch.dependencies[task].iter().all(|dependency| self.ended[*dependency].is_some()));
            assert!(self.parked_at.get(&item.task).is_none_or(|until| *until <= self.now), "too early");
            self.busy.push(item);
            for lane in 0..LANES {
                let there = self.busy.iter().filter(|busy| busy.lane as usize == lane).count();
                assert!(self.sketch.limits[lane].is_none_or(|limit| there <= limit));
            }
            let writes = self.busy.iter().flat_map(|busy| &self.sketch.writes[busy.task as usize]);
            let mut writes: Vec<u32> = writes.copied().collect();
            writes.sort_unstable();
            assert!(writes.windows(2).all(|pair| pair[0] != pair[1]), "two write the same");
        }

        fn skip(&mut self, task: u32, root: u32) {
            assert_eq!(self.ended[root as usize], Some(true));
            self.ended[task as usize] = Some(false);
            self.queue.finish(Finish::Ended { task, lane: None, failed: Some(root) }, None);
        }

        fn finish_one(&mut self) {
            let which = self.die(self.busy.len());
            let item = self.busy.swap_remove(which);
            let (task, lane, made) = (item.task, item.lane, item.progress.unwrap_or(0));
            let go_on = |lane| Item::underway(task, lane, item.home, made + 1);
            let finish = match self.die(4) {
                0 if made < 3 => {
                    let until = self.now + Duration::from_secs(self.die(3) as u64);
                    self.parked_at.insert(task, until);
                    Finish::Parked { item: go_on(lane), why: Wait::Backoff, until }
                }
                1 if made < 3 => Finish::Moved { item: go_on(lane), lane: 1 - lane },
                2 => {
                    self.ended[task as usize] = Some(true);
                    Finish::Ended { task, lane: Some(lane), failed: Some(task) }
                }
                _ => {
                    self.ended[task as usize] = Some(false);
                    Finish::Ended { task, lane: Some(lane), failed: None }
                }
            };
            self.queue.finish(finish, Some((lane, CircuitNews::CallEnded)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn every_task_ends_once_whatever_the_workers_do(sketch in sketch()) {
            let mut play = Play::new(&sketch);
            if sketch.is_eager {
                play.queue.open_all();
                play.through();
            } else {
                for wave in 0..play.queue.graph.depth() {
                    play.queue.open_wave(wave);
                    play.through();
                }
            }
            prop_assert!(play.ended.iter().all(Option::is_some));
            let remains = play.queue.take_remains();
            prop_assert!(remains.items.is_empty());
            prop_assert!(remains.open_waves.iter().all(|is_open| !is_open));
        }
    }
}
