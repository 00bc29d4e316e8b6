//! A plan as it is drawn.

use super::names::split;
use super::{Overrides, PlanFile};
use seawall::{FailureMode, Message, Plan, Task, TaskId};
use std::collections::HashMap;
use std::sync::Arc;

/// How many tasks of a `for_each` are drawn one by one; more are drawn as one.
const FEW: usize = 10;

/// What is drawn for the name of a `for_each`.
type Drawn<'p> = HashMap<&'p str, Vec<TaskId>>;

impl PlanFile {
    /// The plan with each large `for_each` as one task, which is called after its first and last.
    pub(crate) fn drawn(&self) -> Arc<Plan> {
        let is_large = |own: &Overrides| own.many.as_ref().is_some_and(|many| many.items.len() > FEW);
        if !self.overrides.iter().any(is_large) {
            return Arc::clone(&self.plan);
        }
        let drawn: Drawn<'_> = self.overrides.iter().filter_map(drawn_for).collect();
        let mut tasks = self.plan.tasks().iter();
        let mut entries = Vec::new();
        for own in &self.overrides {
            let made = tasks.by_ref().take(own.many.as_ref().map_or(1, |many| many.items.len()));
            let own_tasks = if is_large(own) { large(own, made) } else { made.map(id_and_mode).collect() };
            entries.extend(own_tasks.into_iter().map(|(id, backend, mode)| {
                let after = own.after.iter().flatten().flat_map(|name| ids_for(name, &drawn));
                Task::for_request(id, backend, Message::new("")).failure_mode(mode).after(after.collect::<Vec<_>>())
            }));
        }
        Plan::builder().tasks(entries).build().map_or_else(|_| Arc::clone(&self.plan), Arc::new)
    }
}

fn drawn_for(own: &Overrides) -> Option<(&str, Vec<TaskId>)> {
    let many = own.many.as_ref()?;
    let (id, len) = (many.task.id().as_str(), many.items.len());
    let ids =
        if len > FEW { vec![whole_name(id, len)] } else { (0..len).map(|n| format!("{id}[{n}]").into()).collect() };
    Some((id, ids))
}

fn whole_name(id: &str, len: usize) -> TaskId {
    format!("{id}[0…{}]", len - 1).into()
}

fn id_and_mode(task: &Task) -> (TaskId, Arc<str>, FailureMode) {
    (task.id().clone(), task.backend().into(), task.mode())
}

fn large<'p>(own: &Overrides, made: impl Iterator<Item = &'p Task>) -> Vec<(TaskId, Arc<str>, FailureMode)> {
    let id = own.many.as_ref().map(|many| whole_name(many.task.id().as_str(), many.items.len()));
    let mut made = made.map(id_and_mode);
    let first = made.next();
    made.for_each(drop);
    id.zip(first).map(|(id, (_, backend, mode))| (id, backend, mode)).into_iter().collect()
}

/// What is drawn for one name in `after`.
fn ids_for(name: &TaskId, drawn: &Drawn<'_>) -> Vec<TaskId> {
    if let Some(ids) = drawn.get(name.as_str()) {
        return ids.clone();
    }
    let of_large = split(name.as_str()).and_then(|(many, _)| drawn.get(many)).filter(|ids| ids.len() == 1);
    of_large.filter(|ids| ids[0].as_str().contains('…')).cloned().unwrap_or_else(|| vec![name.clone()])
}
