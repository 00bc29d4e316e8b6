//! All backends of a plan, the built-in one included.

use super::backend::{Backend, Defaults};
use super::faults::{Fault, Faults};
use super::retry::RetryKeys;
use super::table::{Table, list};
use crate::nearest::nearest;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// In file order; an undeclared `sh` comes last.
#[derive(Debug)]
pub(crate) struct Backends {
    all: Vec<Backend>,
    places: HashMap<Arc<str>, usize>,
}

impl Backends {
    /// The `[backends.…]` tables of the file.
    pub(super) fn read(file: &Table<'_>, defaults: Defaults<'_>, faults: &mut Faults) -> Self {
        let declared =
            file.field("backends").and_then(|field| field.table("a table of backends", "[backends]", faults));
        let fields = declared.as_ref().map(Table::fields).unwrap_or_default();
        let mut all: Vec<Backend> = fields.iter().map(|field| Backend::read(field, defaults, faults)).collect();
        if !declared.is_some_and(|declared| declared.has("sh")) {
            all.push(Backend::shell(defaults));
        }
        let places = all.iter().enumerate().map(|(place, backend)| (Arc::clone(&backend.name), place)).collect();
        let backends = Self { all, places };
        backends.refuse_unknown_fallbacks(faults);
        backends.refuse_circles(faults);
        backends
    }

    /// Each attempt alone, as far as it is told to: see [`PlanFile::make_bare`](super::PlanFile::make_bare).
    pub(super) fn make_bare(&mut self, no_retry: bool, no_breaker: bool, timeout: Option<Duration>) {
        for backend in &mut self.all {
            if no_retry {
                backend.retry = RetryKeys::ONCE.or(backend.retry);
            }
            backend.breaker = backend.breaker.filter(|_| !no_breaker);
            backend.timeout = timeout.or(backend.timeout);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Backend> {
        self.all.iter()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Backend> {
        self.places.get(name).map(|place| &self.all[*place])
    }

    /// The declared name that is most like `name`.
    pub(super) fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.all.iter().map(|backend| &*backend.name))
    }

    /// Those with these names and what they fall back to, in the plan's order.
    pub(super) fn reached_from<'a>(&'a self, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a Backend> {
        let mut reached = HashSet::new();
        for name in names {
            let mut next = Some(name);
            while let Some(name) = next.filter(|name| reached.insert(*name)) {
                next = self.get(name).and_then(Backend::fallback);
            }
        }
        self.all.iter().filter(|backend| reached.contains(&*backend.name)).collect()
    }

    fn refuse_unknown_fallbacks(&self, faults: &mut Faults) {
        for (backend, other) in self.all.iter().filter_map(|backend| Some((backend, backend.fallback()?))) {
            let Some(span) = backend.fallback_span.clone().filter(|_| self.get(other).is_none()) else { continue };
            let title = format!("backend `{}` falls back to `{other}`, which there is not", backend.name);
            let hint = self.nearest(other).map(|near| format!("did you mean `{near}`?"));
            faults.add_missing(Fault::at(span, title).label(hint.unwrap_or_default()));
        }
    }

    /// Each backend falls back to one other at most, so each walk ends where it has been before, or where no walk was.
    fn refuse_circles(&self, faults: &mut Faults) {
        let mut seen = HashSet::new();
        for start in &self.all {
            let mut walk: Vec<&Backend> = Vec::new();
            let mut next = Some(start);
            while let Some(backend) = next.filter(|backend| seen.insert(Arc::clone(&backend.name))) {
                walk.push(backend);
                next = backend.fallback().and_then(|other| self.get(other));
            }
            let meets = next.and_then(|met| walk.iter().position(|backend| backend.name == met.name));
            if let Some(first) = meets {
                faults.add(circle(&walk[first..]));
            }
        }
    }
}

fn circle(members: &[&Backend]) -> Fault {
    let title = match members {
        [only] => format!("backend `{}` falls back to itself", only.name),
        _ => {
            format!("backends {} fall back to one another in a circle", list(members.iter().map(|member| &member.name)))
        }
    };
    let spans = members.iter().filter_map(|member| member.fallback_span.clone());
    let mut spans = spans.take(super::MOST_PLACES);
    let fault = Fault::at(spans.next().unwrap_or_default(), title);
    spans.fold(fault, |fault, span| fault.other(span, ""))
}
