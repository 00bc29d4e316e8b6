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
    let session = outlined_session(entry, names, faults);
    entry.to_task_of((&*entry.id).into(), entry.backend().into(), Message::new(""), after, session, overrides)
}

/// The session that an entry goes on in, where that can be told by entries alone: which of many items it is of shows in the
/// tasks themselves.
fn outlined_session(entry: &TaskEntry<'_>, names: &Names<'_>, faults: &mut Faults) -> Option<TaskId> {
    let (name, span) = entry.session.as_ref()?;
    let mut refuse = |title: String, label: String| faults.add(Fault::at(span.clone(), title).label(label));
    let own = ids_of(entry).len();
    if own > 1 {
        refuse(format!("{own} tasks of `{}` would go on in one session", entry.id), format!("of `{name}`"));
        return None;
    }
    let of = |place: usize| &names.entries()[place];
    match (names.find(name), names.beyond(name)) {
        (Some(Named::All(many)), _) => match ids_of(of(many)).len() {
            0 => None,
            1 => Some((&*of(many).id).into()),
            items => {
                let title = format!("task `{}` goes on in the session of `{name}`, which is {items} tasks", entry.id);
                refuse(title, format!("one of them is `{name}[0]`"));
                None
            }
        },
        (Some(Named::Item(..)), _) => None,
        (None, Some(reason)) => {
            refuse(format!("task `{}` goes on in the session of `{name}`, which is no task", entry.id), reason);
            None
        }
        (_, _) => Some((*name).into()),
    }
}

/// Every task of the plan. All names are known by now.
pub(super) fn tasks(names: &Names<'_>, overrides: &[Overrides]) -> Vec<Task> {
    let ids: Vec<Vec<TaskId>> = names.entries().iter().map(ids_of).collect();
    let entries = names.entries().iter().zip(overrides).zip(&ids);
    let line = |entry| (after(entry, names, &ids), session(entry, names, &ids));
    let made = entries.map(|((entry, overrides), own)| {
        let (after, session) = line(entry);
        made_of(entry, overrides, own, (&after, session.as_ref()))
    });
    made.flatten().collect()
}

/// One without items is over when that is over which it would wait for, so that an order holds for a list of any length.
fn after(entry: &TaskEntry<'_>, names: &Names<'_>, ids: &[Vec<TaskId>]) -> Vec<TaskId> {
    let (mut after, mut without_items) = (Vec::new(), Vec::new());
    let mut open = vec![entry];
    while let Some(next) = open.pop() {
        for named in next.after.iter().filter_map(|(name, _)| names.find(name)) {
            match named {
                Named::Item(entry, number) => after.push(ids[entry][number].clone()),
                Named::One(entry) | Named::All(entry) => after.extend_from_slice(&ids[entry]),
            }
            if ids[named.entry()].is_empty() && !without_items.contains(&named.entry()) {
                without_items.push(named.entry());
                open.push(&names.entries()[named.entry()]);
            }
        }
    }
    after
}

/// `None` also where it would be of a `for_each` without items: nobody began one.
fn session(entry: &TaskEntry<'_>, names: &Names<'_>, ids: &[Vec<TaskId>]) -> Option<TaskId> {
    let (name, _) = entry.session.as_ref()?;
    match names.find(name)? {
        Named::One(entry) | Named::All(entry) => ids[entry].first().cloned(),
        Named::Item(entry, number) => ids[entry].get(number).cloned(),
    }
}

fn made_of(
    entry: &TaskEntry<'_>,
    overrides: &Overrides,
    own: &[TaskId],
    (after, session): (&[TaskId], Option<&TaskId>),
) -> Vec<Task> {
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
        let (backend, after) = (Arc::clone(&backend), after.iter().cloned());
        entry.to_task_of(id.clone(), backend, message_of(number), after, session.cloned(), overrides)
    };
    own.iter().enumerate().map(task).collect()
}
