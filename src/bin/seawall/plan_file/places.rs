//! Faults that the library finds in a plan, put back to their places in the file.

use super::MOST_PLACES;
use super::faults::{Fault, Span};
use super::names::split;
use super::task::TaskEntry;
use seawall::TaskId;
use std::collections::{HashMap, HashSet, VecDeque};

/// Where each task is, and each of its references.
pub(super) struct Places<'t> {
    entries: &'t [TaskEntry<'t>],
    by_id: HashMap<&'t str, Vec<usize>>,
    /// For each task and each name in its `after`: the places that are not yet told of.
    references: HashMap<&'t str, HashMap<&'t str, VecDeque<Span>>>,
}

impl<'t> Places<'t> {
    pub(super) fn of(entries: &'t [TaskEntry<'t>]) -> Self {
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut references: HashMap<&str, HashMap<&str, VecDeque<Span>>> = HashMap::new();
        for (place, entry) in entries.iter().enumerate() {
            by_id.entry(&entry.id).or_default().push(place);
            for (name, span) in &entry.after {
                references.entry(&entry.id).or_default().entry(name).or_default().push_back(span.clone());
            }
        }
        Self { entries, by_id, references }
    }

    /// The same fault, with its place.
    pub(super) fn locate(&mut self, fault: &seawall::Fault) -> Fault {
        match fault {
            seawall::Fault::DuplicateTask { task, .. } => self.duplicate(task),
            seawall::Fault::UnknownDependency { task, dependency, nearest, .. } => {
                self.unknown_dependency(task, dependency, nearest.as_ref())
            }
            seawall::Fault::Cycle { tasks, .. } => self.cycle(fault, tasks),
            seawall::Fault::UnknownSession { task, nearest, .. } => {
                let title = fault.to_string();
                let sentence = title.split(';').next().unwrap_or_default();
                let label = nearest.as_ref().map(|near| format!("did you mean `{near}`?"));
                Fault::at(self.session_span(task), sentence).label(label.unwrap_or_default())
            }
            seawall::Fault::SessionNotBefore { task, .. } => {
                let help = "a session belongs to a task up the line of `after`";
                Fault::at(self.session_span(task), fault.to_string()).help(help)
            }
            seawall::Fault::SessionElsewhere { task, .. } => Fault::at(self.session_span(task), fault.to_string()),
            seawall::Fault::SessionShared { tasks: [first, second], .. } => {
                let fault = Fault::at(self.session_span(second), fault.to_string());
                fault.other(self.session_span(first), "the other one is here")
            }
            other => Fault::of_the_whole(other.to_string()),
        }
    }

    fn session_span(&self, task: &TaskId) -> Span {
        let named = |id: &str| self.by_id.get(id);
        let places = named(task.as_str()).or_else(|| named(split(task.as_str())?.0));
        let mut entries = places.into_iter().flatten().map(|place| &self.entries[*place]);
        let span = entries.find_map(|entry| Some(entry.session.as_ref()?.1.clone()));
        span.unwrap_or_default()
    }

    fn duplicate(&self, task: &TaskId) -> Fault {
        let mut spans = self.by_id[task.as_str()].iter().map(|place| self.entries[*place].id_span.clone());
        let first = spans.next().unwrap_or_default();
        let fault = Fault::at(spans.next().unwrap_or_default(), format!("there is more than one task `{task}`"));
        let fault = fault.label("here again").other(first, "the first one is here");
        spans.take(MOST_PLACES).fold(fault, |fault, span| fault.other(span, "and here"))
    }

    fn unknown_dependency(&mut self, task: &TaskId, dependency: &TaskId, nearest: Option<&TaskId>) -> Fault {
        let spans = self.references.get_mut(task.as_str()).and_then(|names| names.get_mut(dependency.as_str()));
        let span = spans.and_then(VecDeque::pop_front).unwrap_or_default();
        let label = nearest.map(|near| format!("did you mean `{near}`?"));
        Fault::at(span, format!("task `{task}` waits for `{dependency}`, which is no task"))
            .label(label.unwrap_or_default())
    }

    fn cycle(&self, fault: &seawall::Fault, tasks: &[TaskId]) -> Fault {
        let members: HashSet<&str> = tasks.iter().map(TaskId::as_str).collect();
        let mut links = tasks.iter().filter_map(|task| self.link(task, &members)).take(MOST_PLACES);
        let (span, label) = links.next().unwrap_or_default();
        let fault = Fault::at(span, fault.to_string()).label(label);
        links.fold(fault, |fault, (span, label)| fault.other(span, label))
    }

    /// Where `task` says that it waits for one of `members`.
    fn link(&self, task: &TaskId, members: &HashSet<&str>) -> Option<(Span, String)> {
        let entries = self.by_id.get(task.as_str())?.iter().map(|place| &self.entries[*place]);
        let is_member = |name: &str| members.contains(name) || split(name).is_some_and(|(of, _)| members.contains(of));
        let (other, span) = entries.flat_map(|entry| &entry.after).find(|(name, _)| is_member(name))?;
        Some((span.clone(), format!("`{task}` waits for `{other}`")))
    }
}
