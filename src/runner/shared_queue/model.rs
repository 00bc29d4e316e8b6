//! Workers at one queue that is stopped meanwhile: in whatever order, each task ends once or is left over once.

use super::*;
use crate::plan::{Plan, Task};
use crate::resilience::{RetryConfig, RetryState};
use crate::runner::queue::{Gates, Wait};
use crate::sync::{Arc, OnceLock};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::thread;
use std::time::Duration;

const ORDERS: usize = 3000;
const WORKERS: usize = 2;

/// What the workers share: the queue, and a place for each task that may be written once.
struct Run {
    queue: SharedQueue,
    places: Vec<OnceLock<()>>,
}

impl Run {
    /// Two tasks that write the same thing, so that only one at a time may go on, and others.
    fn new(tasks: usize) -> Self {
        let names = (0..tasks).map(|n| Task::new(n.to_string(), "x", ""));
        let plan = Plan::builder().tasks(names).build().unwrap();
        let writes = [(0, vec![0]), (1, vec![0])].into();
        let gates = Gates::new(&[None], writes, 1);
        let queue = Queue::new(Arc::clone(plan.graph()), vec![0; tasks].into(), 1, gates, false);
        let queue = SharedQueue::new(queue, Clock::system());
        queue.open(|queue| queue.open_wave(0));
        Self { queue, places: (0..tasks).map(|_| OnceLock::new()).collect() }
    }

    /// Each task is parked at its first turn, the first one for so long that only news of its circuit make it go on, and
    /// ends at its second.
    fn work(&self) {
        let mut done = None;
        while let Some(next) = self.queue.next(done, |_, _| ()) {
            let Next::Start(item) = next else { panic!("nothing failed") };
            let at = Instant::now();
            let (task, lane) = (item.task, item.lane);
            let finish = if item.progress.is_none() {
                let progress = Box::new(Progress::new(RetryState::new(RetryConfig::new(), Some(1)), Duration::ZERO));
                let (why, wait) = if task == 0 {
                    (Wait::Circuit, Duration::from_secs(3600))
                } else {
                    (Wait::Backoff, Duration::ZERO)
                };
                Finish::Parked { item: Item::underway(task, lane, lane, progress), why, until: at + wait }
            } else {
                assert!(self.places[task as usize].set(()).is_ok(), "task {task} ended twice");
                Finish::Ended { task, lane: Some(lane), failed: None }
            };
            done = Some(Done { finish, news: Some((0, CircuitNews::CallEnded)), at });
        }
    }
}

fn check(model: impl Fn() + Send + Sync + Clone + 'static) {
    explored(RandomScheduler::new_from_seed(1, ORDERS), model.clone());
    explored(PctScheduler::new_from_seed(1, 3, ORDERS), model);
}

fn explored(scheduler: impl Scheduler + 'static, model: impl Fn() + Send + Sync + 'static) {
    shuttle::Runner::new(scheduler, shuttle::Config::new()).run(model);
}

fn workers(run: &Arc<Run>) -> Vec<thread::JoinHandle<()>> {
    let worker = |_| {
        let run = Arc::clone(run);
        thread::spawn(move || run.work())
    };
    (0..WORKERS).map(worker).collect()
}

#[test]
fn every_task_ends_and_every_worker_goes() {
    check(|| {
        let run = Arc::new(Run::new(3));
        workers(&run).into_iter().for_each(|worker| worker.join().unwrap());
        assert!(run.places.iter().all(|place| place.get().is_some()));
        assert!(run.queue.take_remains().items.is_empty());
    });
}

#[test]
fn a_stop_lets_every_worker_go_and_what_is_under_way_is_left_over_once() {
    check(|| {
        let run = Arc::new(Run::new(3));
        let workers = workers(&run);
        run.queue.stop(Stage::Cancelled);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        let mut left: Vec<u32> = run.queue.take_remains().items.into_iter().map(|item| item.task).collect();
        left.sort_unstable();
        assert!(left.windows(2).all(|pair| pair[0] != pair[1]), "{left:?}");
        assert!(left.iter().all(|task| run.places[*task as usize].get().is_none()), "{left:?} ended too");
    });
}

#[test]
fn a_stop_lets_those_go_who_wait_for_what_a_call_has() {
    check(|| {
        let run = Arc::new(Run::new(2));
        let Some(Next::Start(item)) = run.queue.next(None, |_, _| ()) else { panic!("it may start") };
        let waiting = Arc::clone(&run);
        let waiting = thread::spawn(move || waiting.work());
        run.queue.stop(Stage::Draining);
        waiting.join().unwrap();
        let finish = Finish::Ended { task: item.task, lane: Some(item.lane), failed: None };
        assert!(run.queue.next(Some(Done { finish, news: None, at: Instant::now() }), |_, _| ()).is_none());
    });
}
