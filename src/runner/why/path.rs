//! The chain of tasks that took longest.

use super::Course;
use std::cmp::Reverse;
use std::time::Duration;

/// The longest chain that ends with a task.
#[derive(Clone, Copy)]
struct Chain {
    time: Duration,
    before: Option<u32>,
}

/// Its tasks from first to last, and how long they took together.
pub(super) fn critical_path<R>(course: &Course<'_, R>) -> (Vec<u32>, Duration) {
    let chains = chains(course);
    let has_started = |task: &u32| course.outcomes[*task as usize].started_now().is_some();
    let tasks = (0..).zip(&chains).filter_map(|(task, chain)| Some((task, (*chain)?.time)));
    let last = tasks.filter(|(task, _)| has_started(task)).min_by_key(|(_, time)| Reverse(*time));
    let Some((last, time)) = last else { return (Vec::new(), Duration::ZERO) };
    let before = |task: &u32| chains[*task as usize].and_then(|chain| chain.before);
    let mut path: Vec<u32> = std::iter::successors(Some(last), before).collect();
    path.reverse();
    (path, time)
}

/// By task; `None` where nothing on the way has started.
fn chains<R>(course: &Course<'_, R>) -> Vec<Option<Chain>> {
    let mut chains: Vec<Option<Chain>> = vec![None; course.graph.len()];
    for &task in course.graph.waves().flatten() {
        let dependencies = course.graph.dependencies(task).iter();
        let before = dependencies.filter_map(|task| Some((*task, chains[*task as usize]?.time)));
        let before = before.min_by_key(|(_, time)| Reverse(*time));
        let outcome = &course.outcomes[task as usize];
        if before.is_some() || outcome.started_now().is_some() {
            let time = outcome.elapsed_now() + before.map_or(Duration::ZERO, |(_, time)| time);
            chains[task as usize] = Some(Chain { time, before: before.map(|(task, _)| task) });
        }
    }
    chains
}
