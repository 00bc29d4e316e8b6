//! A plan: tasks, and what each waits for; judged whole before anything runs.

mod graph;
mod task;

pub(crate) use graph::Graph;
pub use task::{FailureMode, Task};

use crate::backend::Message;
use crate::error::Error;
use crate::sync::Arc;
use std::fmt;

/// Tasks that form no circle, so that they can be run wave by wave. It is a value, and never changes.
///
/// ```
/// use seawall::{Plan, Task};
/// let plan = Plan::builder()
///     .task(Task::new("design", "claude", "Write the design."))
///     .task(Task::new("code", "codex", "Implement it.").after(["design"]))
///     .task(Task::new("docs", "claude", "Document it.").after(["design"]))
///     .build()?;
/// let waves: Vec<Vec<&str>> = plan.waves().map(|wave| wave.map(|task| task.id().as_str()).collect()).collect();
/// assert_eq!(waves, [vec!["design"], vec!["code", "docs"]]);
/// # Ok::<(), seawall::Error>(())
/// ```
#[derive(Clone)]
pub struct Plan<Q = Message> {
    tasks: Vec<Task<Q>>,
    graph: Arc<Graph>,
}

impl<Q> Plan<Q> {
    /// A plan without tasks, to add some.
    pub fn builder() -> PlanBuilder<Q> {
        PlanBuilder { tasks: Vec::new() }
    }

    /// The tasks, in the order in which they were added.
    pub fn tasks(&self) -> &[Task<Q>] {
        &self.tasks
    }

    /// How many tasks there are; at least one.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there are no tasks: never.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The tasks by wave, each wave in plan order. The wave of a task is the length of the longest path from it, along its
    /// dependencies, to a task that has none.
    pub fn waves(&self) -> impl Iterator<Item = impl Iterator<Item = &Task<Q>>> {
        self.graph.waves().map(|wave| wave.iter().map(|task| &self.tasks[*task as usize]))
    }

    /// These tasks and all that they wait for, directly or not, as a plan of their own. `None` if one of them is no task, or
    /// there are none.
    ///
    /// ```
    /// use seawall::{Plan, Task};
    /// let task = |id, after: &[&'static str]| Task::new(id, "x", "").after(after.iter().copied());
    /// let plan = Plan::builder().tasks([task("a", &[]), task("b", &["a"]), task("c", &["b"]), task("d", &[])]).build()?;
    /// let ids = |plan: Plan| plan.tasks().iter().map(|task| task.id().to_string()).collect::<Vec<_>>();
    /// assert_eq!(ids(plan.only(["b"]).unwrap()), ["a", "b"]);
    /// assert_eq!(ids(plan.starting_with(["b"]).unwrap()), ["b", "c"]);
    /// # Ok::<(), seawall::Error>(())
    /// ```
    pub fn only(&self, tasks: impl IntoIterator<Item: AsRef<str>>) -> Option<Self>
    where
        Q: Clone,
    {
        self.part(tasks, |graph, task| graph.dependencies(task))
    }

    /// These tasks and all that waits for them, directly or not, as a plan of their own: what else they wait for is taken as
    /// done, and so is a session that they would go on in. `None` if one of them is no task, or there are none.
    pub fn starting_with(&self, tasks: impl IntoIterator<Item: AsRef<str>>) -> Option<Self>
    where
        Q: Clone,
    {
        self.part(tasks, |graph, task| graph.dependents(task))
    }

    fn part(&self, roots: impl IntoIterator<Item: AsRef<str>>, next: impl Fn(&Graph, u32) -> &[u32]) -> Option<Self>
    where
        Q: Clone,
    {
        let find = |id: &str| self.graph.index().find(id, |task| self.tasks[task as usize].id().as_str());
        let mut open: Vec<u32> = roots.into_iter().map(|root| find(root.as_ref())).collect::<Option<_>>()?;
        let mut is_kept = vec![false; self.len()];
        while let Some(task) = open.pop() {
            if !std::mem::replace(&mut is_kept[task as usize], true) {
                open.extend(next(&self.graph, task));
            }
        }
        let keeps = |id: &crate::TaskId| find(id.as_str()).is_some_and(|task| is_kept[task as usize]);
        let kept = self.tasks.iter().zip(&is_kept).filter(|(_, is_kept)| **is_kept);
        Self::builder().tasks(kept.map(|(task, _)| task.clone().apart_from_others(keeps))).build().ok()
    }

    pub(crate) fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }
}

impl<Q: fmt::Debug> fmt::Debug for Plan<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("tasks", &self.tasks).finish_non_exhaustive()
    }
}

/// Collects the tasks of a [`Plan`].
#[derive(Clone, Debug)]
#[must_use = "a plan is made by `build`"]
pub struct PlanBuilder<Q = Message> {
    tasks: Vec<Task<Q>>,
}

impl<Q> PlanBuilder<Q> {
    /// Adds a task.
    pub fn task(mut self, task: Task<Q>) -> Self {
        self.tasks.push(task);
        self
    }

    /// Adds tasks.
    pub fn tasks(mut self, tasks: impl IntoIterator<Item = Task<Q>>) -> Self {
        self.tasks.extend(tasks);
        self
    }

    /// Judges the plan. The cost grows with tasks and dependencies alone.
    ///
    /// # Errors
    ///
    /// Every [`Fault`](crate::Fault) of the plan at once, in plan order: no tasks at all, a name that is there twice, a
    /// dependency that is no task, each circle of tasks that wait for one another, and sessions that cannot be gone on in
    /// (see [`Task::session`]): of what is no task, of one that is not waited for, of one at another backend, and of one in
    /// which another task goes on that may run at the same time.
    pub fn build(self) -> Result<Plan<Q>, Error> {
        let Self { mut tasks } = self;
        share_names(&mut tasks);
        let graph = Graph::of(&tasks).map_err(Error::plan)?;
        Ok(Plan { tasks, graph: Arc::new(graph) })
    }
}

/// One allocation for the name of a backend that neighbours share.
fn share_names<Q>(tasks: &mut [Task<Q>]) {
    let mut names = tasks.iter_mut().map(Task::shared_backend_mut);
    let Some(mut last) = names.next() else { return };
    for name in names {
        if **name == **last {
            *name = Arc::clone(last);
        }
        last = name;
    }
}

impl<Q> Default for PlanBuilder<Q> {
    fn default() -> Self {
        Plan::builder()
    }
}

impl<Q> Extend<Task<Q>> for PlanBuilder<Q> {
    fn extend<I: IntoIterator<Item = Task<Q>>>(&mut self, tasks: I) {
        self.tasks.extend(tasks);
    }
}

impl<Q> FromIterator<Task<Q>> for PlanBuilder<Q> {
    fn from_iter<I: IntoIterator<Item = Task<Q>>>(tasks: I) -> Self {
        Self { tasks: tasks.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_with_one_backend_share_its_name() {
        let tasks = ["x", "x", "y", "x"].into_iter().zip(0..).map(|(kind, n)| Task::new(n.to_string(), kind, ""));
        let plan = Plan::builder().tasks(tasks).build().unwrap();
        let names: Vec<&Arc<str>> = plan.tasks().iter().map(Task::shared_backend).collect();
        assert!(Arc::ptr_eq(names[0], names[1]));
        assert_eq!(names.iter().map(|name| &***name).collect::<Vec<_>>(), ["x", "x", "y", "x"]);
    }
}
