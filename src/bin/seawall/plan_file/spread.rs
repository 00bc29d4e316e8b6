//! From the entries of the file to tasks, of which one entry may be many.

use super::Overrides;
use super::faults::{Fault, Faults};
use super::for_each::Item;
use super::names::{Named, Names};
use super::task::TaskEntry;
use seawall::{Message, Task, TaskId};
use std::sync::Arc;

/// The tasks that an entry stands for.
pub(super) fn ids_of(entry: &TaskEntry<'_>) -> Vec<TaskId> {
    match &entry.for_each {
        None => vec![TaskId::from(&*entry.id)],
        Some(many) => {
            let items = many.items.as_ref().map_or(0, Vec::len);
            (0..items).map(|number| format!("{}[{number}]", entry.id).into()).collect()
        }
    }
}

/// Each entry as one task, for what can be wrong between them: so it is told once, and not once an item.
pub(super) fn outline(names: &Names<'_>, overrides: &[Overrides], faults: &mut Faults) -> Vec<Task> {
    let tasks = names.entries().iter().zip(overrides);
    if names.has_many() {
        tasks.map(|(entry, overrides)| outlined(entry, overrides, names, faults)).collect()
    } else {
        tasks.map(|(entry, overrides)| entry.to_task(overrides)).collect()
    }
}

fn outlined(entry: &TaskEntry<'_>, overrides: &Overrides, names: &Names<'_>, faults: &mut Faults) -> Task {
    let mut after: Vec<TaskId> = Vec::new();
    for (name, span) in &entry.after {
        match (names.find(name), names.beyond(name)) {
            (Some(Named::Item(many, _)), _) => after.push((&*names.entries()[many].id).into()),
            (None, Some(reason)) => {
                let title = format!("task `{}` waits for `{name}`, which is no task", entry.id);
                faults.add_missing(Fault::at(span.clone(), title).label(reason));
            }
            (_, _) => after.push((*name).into()),
        }
    }
    entry.to_task_of((&*entry.id).into(), entry.backend().into(), Message::new(""), after, overrides)
}

/// Every task of the plan. All names are known by now.
pub(super) fn tasks(names: &Names<'_>, overrides: &[Overrides]) -> Vec<Task> {
    let ids: Vec<Vec<TaskId>> = names.entries().iter().map(ids_of).collect();
    let entries = names.entries().iter().zip(overrides).zip(&ids);
    entries.flat_map(|((entry, overrides), own)| made_of(entry, overrides, own, &after(entry, names, &ids))).collect()
}

fn after(entry: &TaskEntry<'_>, names: &Names<'_>, ids: &[Vec<TaskId>]) -> Vec<TaskId> {
    let of = |name: &str| match names.find(name) {
        Some(Named::One(entry) | Named::All(entry)) => &ids[entry][..],
        Some(Named::Item(entry, number)) => &ids[entry][number..=number],
        None => &[],
    };
    entry.after.iter().flat_map(|(name, _)| of(name)).cloned().collect()
}

fn made_of(entry: &TaskEntry<'_>, overrides: &Overrides, own: &[TaskId], after: &[TaskId]) -> Vec<Task> {
    let (backend, message): (Arc<str>, _) = (entry.backend().into(), entry.message());
    let (item_name, index_name): (Arc<str>, Arc<str>) = ("SEAWALL_ITEM".into(), "SEAWALL_INDEX".into());
    let items = entry.for_each.as_ref().and_then(|many| many.items.as_deref());
    let with_item = |number: usize, item: &Item| {
        let message = message.clone().with_env(Arc::clone(&item_name), item.text());
        message.with_env(Arc::clone(&index_name), number.to_string())
    };
    let message_of = |number: usize| match items {
        Some(items) => with_item(number, &items[number]),
        None => message.clone(),
    };
    let task = |(number, id): (usize, &TaskId)| {
        entry.to_task_of(id.clone(), Arc::clone(&backend), message_of(number), after.iter().cloned(), overrides)
    };
    own.iter().enumerate().map(task).collect()
}
