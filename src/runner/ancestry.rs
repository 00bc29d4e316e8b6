//! What a task may read of the tasks up its line.

use super::outcome::Outcome;
use crate::plan::{Graph, Plan};
use crate::responses::Ancestry;
use crate::send_error::SendError;
use crate::status::Status;
use crate::task_id::TaskId;

/// The line of one task. Everything on it has ended before the task starts.
pub(super) struct Line<'r, Q, R> {
    pub(super) plan: &'r Plan<Q>,
    pub(super) outcomes: &'r [Outcome<R>],
    pub(super) task: u32,
}

impl<Q, R> Line<'_, Q, R> {
    fn id_of(&self, task: u32) -> &TaskId {
        self.plan.tasks()[task as usize].id()
    }
}

impl<Q: Sync, R: Send + Sync> Ancestry<R> for Line<'_, Q, R> {
    fn response_of(&self, id: &str) -> Result<&R, SendError> {
        let graph = self.plan.graph();
        let found = graph.index().find(id, |task| self.id_of(task).as_str());
        let ancestor = found.filter(|found| is_ancestor(graph, *found, self.task));
        let Some(ancestor) = ancestor else {
            return Err(SendError::permanent(format!("`{id}` is not an ancestor of `{}`", self.id_of(self.task))));
        };
        let outcome = &self.outcomes[ancestor as usize];
        let no_response = || SendError::permanent(format!("`{id}` has no response ({})", outcome.status()));
        outcome.result().map_err(|_| no_response())
    }

    fn ancestors(&self) -> Vec<(&TaskId, Status, Option<&R>)> {
        let ancestors = self.plan.graph().ancestors_of(self.task).into_iter();
        let outcomes = ancestors.map(|ancestor| &self.outcomes[ancestor as usize]);
        outcomes.map(|outcome| (outcome.task(), outcome.status(), outcome.result().ok())).collect()
    }
}

/// Looks up the line of `task` no farther than to the wave of `other`, beyond which it cannot be.
fn is_ancestor(graph: &Graph, other: u32, task: u32) -> bool {
    if graph.dependencies(task).contains(&other) {
        return true;
    }
    let wave = graph.wave_of(other);
    let mut is_seen = vec![false; graph.len()];
    let mut open = vec![task];
    while let Some(next) = open.pop() {
        for &dependency in graph.dependencies(next) {
            let is_new = graph.wave_of(dependency) >= wave && !is_seen[dependency as usize];
            if is_new && dependency == other {
                return true;
            }
            if is_new {
                is_seen[dependency as usize] = true;
                open.push(dependency);
            }
        }
    }
    false
}
