//! What is up the line of `after` from one entry of the file.

use super::ancestry::{Ancestry, Reach};
use crate::nearest::nearest;
use crate::plan_file::for_each::ForEach;
use crate::plan_file::names::Named;

/// The line of one entry.
pub(super) struct Line<'n> {
    ancestry: &'n Ancestry<'n>,
    entry: usize,
}

/// What a prompt may know of a name.
#[derive(Debug)]
pub(super) enum Found {
    Task,
    Item,
    /// With so many items, where that is known.
    List(Option<usize>),
    /// A list of which not all is on the line.
    PartOfList,
}

/// Why a prompt may not know of a name, and what to do about it.
#[derive(Debug)]
pub(super) struct Unknown {
    pub(super) what: String,
    pub(super) hint: String,
}

impl<'n> Line<'n> {
    pub(super) fn of(ancestry: &'n Ancestry<'n>, entry: usize) -> Self {
        Self { ancestry, entry }
    }

    /// Whether it has an `item` and an `index`.
    pub(super) fn has_item(&self) -> bool {
        self.own().is_some()
    }

    /// What is meant by `name`, which must be up the line.
    pub(super) fn find(&self, name: &str) -> Result<(Named, Found), Unknown> {
        let Some(named) = self.ancestry.names.find(name) else { return Err(self.no_task(name)) };
        let found = match (named, self.ancestry.reach(self.entry, named.entry())) {
            (Named::One(_), Some(_)) => Found::Task,
            (Named::All(entry), Some(Reach::All)) => Found::List(self.ancestry.len(entry)),
            (Named::All(_), Some(Reach::Some(_))) => Found::PartOfList,
            (Named::Item(..), Some(Reach::All)) => Found::Item,
            (Named::Item(_, number), Some(Reach::Some(items))) if items.contains(&number) => Found::Item,
            _ => return Err(self.no_ancestor(name, named)),
        };
        Ok((named, found))
    }

    fn own(&self) -> Option<&ForEach> {
        self.ancestry.names.entries()[self.entry].for_each.as_ref()
    }

    fn no_task(&self, name: &str) -> Unknown {
        let Ancestry { names, suggestions, .. } = self.ancestry;
        let near = || nearest(name, names.entries().iter().map(|entry| &*entry.id));
        let near = || suggestions.is_next().then(near).flatten().map(|near| format!("did you mean `{near}`?"));
        let hint = names.beyond(name).or_else(near);
        Unknown { what: format!("`{name}` is no task"), hint: hint.unwrap_or_default() }
    }

    fn no_ancestor(&self, name: &str, named: Named) -> Unknown {
        let own = &self.ancestry.names.entries()[self.entry].id;
        if named.entry() == self.entry {
            let what = format!("`{name}` is this task itself");
            return Unknown { what, hint: "its response is not there before it has run".to_owned() };
        }
        let what = format!("`{name}` is no ancestor of `{own}`: it is not up the line of `after`");
        Unknown { what, hint: format!("`after = [\"{name}\"]` would make it one") }
    }
}
