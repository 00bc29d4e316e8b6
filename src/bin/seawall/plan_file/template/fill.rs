//! A prompt, filled in when its task starts.

use super::FUEL;
use super::answers::Answer;
use super::place::Place;
use crate::plan_file::for_each::Item;
use crate::plan_file::names::{Named, Names};
use minijinja::{Environment, ErrorKind, Value, context};
use seawall::{ContentHash, Context, Message, Response, SendError, Status, TaskId};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::slice;
use std::sync::Arc;

/// The templates of a plan, by the tasks that send them.
#[derive(Debug)]
pub(crate) struct Templates {
    pub(super) environment: Environment<'static>,
    by_task: HashMap<TaskId, Filling>,
}

#[derive(Debug)]
struct Filling {
    template: Arc<Template>,
    item: Option<(Item, usize)>,
}

/// A template without faults.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) source: Message,
    pub(super) place: Place,
    pub(super) references: Vec<Reference>,
    /// Whether more than responses of single tasks is asked for.
    pub(super) needs_all: bool,
    /// Of the items that other tasks have and that it may show; `None` if there are none.
    pub(super) items: Option<ContentHash>,
}

/// A name after `tasks`, and whom it means.
#[derive(Debug)]
pub(super) struct Reference {
    name: String,
    meant: Meant,
}

#[derive(Debug)]
enum Meant {
    Task,
    Item(Item, usize),
    List(Arc<[Item]>),
}

/// How each task up the line ended, where all of it is asked for.
struct Line<'c> {
    cx: &'c Context<'c>,
    ancestors: HashMap<&'c str, (Status, Option<&'c Response>)>,
    left_out: &'c HashSet<TaskId>,
}

impl Templates {
    pub(super) fn new(environment: Environment<'static>) -> Self {
        Self { environment, by_task: HashMap::new() }
    }

    /// The prompt of the task whose attempt `cx` is, if it is a template. Those `left_out` are taken as done, without a
    /// response.
    pub(crate) fn fill(&self, cx: &Context<'_>, left_out: &HashSet<TaskId>) -> Option<Result<String, SendError>> {
        let filling = self.by_task.get(cx.task()?)?;
        Some(filling.fill(&self.environment, &filling.template.line(cx, left_out)))
    }

    /// What decides the prompt of a task beside its text, its own item and the answers of others; `None` if it speaks of no
    /// other's item.
    pub(crate) fn items_of(&self, task: &TaskId) -> Option<ContentHash> {
        self.by_task.get(task)?.template.items
    }

    /// `ids` are the tasks that send it; `items`, if it is a `for_each`, those of each.
    pub(super) fn add(&mut self, template: Template, ids: &[TaskId], items: Option<&[Item]>) {
        let template = Arc::new(template);
        let item_at = |number: usize| items.and_then(|items| Some((items.get(number)?.clone(), number)));
        let fillings = (0..).map(|number| Filling { template: Arc::clone(&template), item: item_at(number) });
        self.by_task.extend(ids.iter().cloned().zip(fillings));
    }
}

impl Filling {
    fn fill(&self, environment: &Environment<'static>, line: &Line<'_>) -> Result<String, SendError> {
        let references = self.template.references.iter();
        let tasks: BTreeMap<&str, Value> =
            references.map(|reference| (&*reference.name, reference.answer(line))).collect();
        let own = self.item.as_ref().map(|(item, index)| context! { item => item.value(), index });
        let known = context! { tasks, ..own.unwrap_or_default() };
        // Compiled anew for each task: that takes microseconds, and thousands of compiled ones take megabytes.
        let filled = environment.render_str(self.template.source.prompt(), known);
        filled.map_err(|error| SendError::permanent(self.template.complaint(&error)))
    }
}

impl Template {
    fn line<'c>(&self, cx: &'c Context<'_>, left_out: &'c HashSet<TaskId>) -> Line<'c> {
        let all = self.needs_all.then(|| cx.ancestors()).into_iter().flatten();
        let ancestors = all.map(|(id, status, response)| (id.as_str(), (status, response))).collect();
        Line { cx, ancestors, left_out }
    }

    fn complaint(&self, error: &minijinja::Error) -> String {
        let place = self.place.name(error.line().unwrap_or(1));
        if error.kind() == ErrorKind::OutOfFuel {
            return format!("failed to fill in the prompt at {place}: it is not done after {FUEL} steps");
        }
        let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        format!("failed to fill in the prompt at {place}: {}{detail}", error.kind())
    }
}

pub(super) fn items_of(references: &[Reference]) -> Option<ContentHash> {
    let parts: Vec<String> = references.iter().flat_map(Reference::items).collect();
    (!parts.is_empty()).then(|| ContentHash::of(parts.iter().map(String::as_bytes)))
}

impl Reference {
    /// The items that it may show, after its name; nothing for a task that has none.
    fn items(&self) -> Vec<String> {
        let items = match &self.meant {
            Meant::Task => return Vec::new(),
            Meant::Item(item, _) => slice::from_ref(item),
            Meant::List(items) => items,
        };
        std::iter::once(self.name.clone()).chain(items.iter().map(Item::toml)).collect()
    }

    pub(super) fn new(name: String, named: Named, names: &Names<'_>) -> Self {
        let items = names.entries()[named.entry()].for_each.as_ref().and_then(|many| many.items.as_deref());
        let meant = match (named, items) {
            (Named::Item(_, number), Some(items)) => Meant::Item(items[number].clone(), number),
            (Named::All(_), Some(items)) => Meant::List(items.into()),
            _ => Meant::Task,
        };
        Self { name, meant }
    }

    fn answer(&self, line: &Line<'_>) -> Value {
        match &self.meant {
            Meant::Task => line.answer(&self.name, None),
            Meant::Item(item, number) => line.answer(&self.name, Some((item.clone(), *number))),
            Meant::List(items) => {
                let one = |(number, item): (usize, &Item)| {
                    let id = format!("{}[{number}]", self.name);
                    if line.has(&id) { line.answer(&id, Some((item.clone(), number))) } else { Value::UNDEFINED }
                };
                items.iter().enumerate().map(one).collect()
            }
        }
    }
}

impl Line<'_> {
    fn has(&self, id: &str) -> bool {
        self.ancestors.contains_key(id) || self.left_out.contains(id)
    }

    fn answer(&self, id: &str, item: Option<(Item, usize)>) -> Value {
        let (status, response) = match self.ancestors.get(id) {
            Some((status, response)) => (Some(*status), *response),
            None if self.left_out.contains(id) => (Some(Status::Completed), None),
            None => (None, self.cx.response_of(id).ok()),
        };
        Answer { status, response: response.cloned(), item }.into_value()
    }
}
