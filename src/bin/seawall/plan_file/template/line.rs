//! What is up the line of `after` from one entry of the file.

use crate::nearest::nearest;
use crate::plan_file::for_each::ForEach;
use crate::plan_file::names::{Named, Names};
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

/// The line of one entry.
pub(super) struct Line<'n> {
    names: &'n Names<'n>,
    entry: usize,
    direct: OnceCell<HashMap<usize, Reach>>,
    all: OnceCell<HashMap<usize, Reach>>,
}

/// How much of an entry is on the line.
#[derive(Clone, Debug)]
enum Reach {
    All,
    Some(BTreeSet<usize>),
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
    pub(super) fn of(names: &'n Names<'n>, entry: usize) -> Self {
        Self { names, entry, direct: OnceCell::new(), all: OnceCell::new() }
    }

    /// Whether it has an `item` and an `index`.
    pub(super) fn has_item(&self) -> bool {
        self.own().is_some()
    }

    /// What is meant by `name`, which must be up the line.
    pub(super) fn find(&self, name: &str) -> Result<(Named, Found), Unknown> {
        let Some(named) = self.names.find(name) else { return Err(self.no_task(name)) };
        let found = match (named, self.reach(named.entry())) {
            (Named::One(_), Some(_)) => Found::Task,
            (Named::All(entry), Some(Reach::All)) => Found::List(self.len(entry)),
            (Named::All(_), Some(Reach::Some(_))) => Found::PartOfList,
            (Named::Item(..), Some(Reach::All)) => Found::Item,
            (Named::Item(_, number), Some(Reach::Some(items))) if items.contains(&number) => Found::Item,
            _ => return Err(self.no_ancestor(name, named)),
        };
        Ok((named, found))
    }

    fn own(&self) -> Option<&ForEach> {
        self.names.entries()[self.entry].for_each.as_ref()
    }

    fn len(&self, entry: usize) -> Option<usize> {
        Some(self.names.entries()[entry].for_each.as_ref()?.items.as_ref()?.len())
    }

    fn no_task(&self, name: &str) -> Unknown {
        let near = || nearest(name, self.names.entries().iter().map(|entry| &*entry.id));
        let hint = self.names.beyond(name).or_else(|| near().map(|near| format!("did you mean `{near}`?")));
        Unknown { what: format!("`{name}` is no task"), hint: hint.unwrap_or_default() }
    }

    fn no_ancestor(&self, name: &str, named: Named) -> Unknown {
        let own = &self.names.entries()[self.entry].id;
        if named.entry() == self.entry {
            let what = format!("`{name}` is this task itself");
            return Unknown { what, hint: "its response is not there before it has run".to_owned() };
        }
        let what = format!("`{name}` is no ancestor of `{own}`: it is not up the line of `after`");
        Unknown { what, hint: format!("`after = [\"{name}\"]` would make it one") }
    }

    /// Most prompts speak of what their task itself waits for, so that the whole line is not looked at.
    fn reach(&self, entry: usize) -> Option<&Reach> {
        let direct = self.direct.get_or_init(|| {
            let mut reached = HashMap::new();
            self.waits_for(self.entry, &mut reached, &mut Vec::new());
            reached
        });
        let is_sure = matches!(direct.get(&entry), Some(Reach::All));
        if is_sure { direct.get(&entry) } else { self.all.get_or_init(|| self.whole()).get(&entry) }
    }

    fn whole(&self) -> HashMap<usize, Reach> {
        let (mut reached, mut open) = (HashMap::new(), vec![self.entry]);
        while let Some(next) = open.pop() {
            self.waits_for(next, &mut reached, &mut open);
        }
        reached
    }

    /// Adds what `entry` waits for, and to `open` what is new.
    fn waits_for(&self, entry: usize, reached: &mut HashMap<usize, Reach>, open: &mut Vec<usize>) {
        for (name, _) in &self.names.entries()[entry].after {
            let Some(named) = self.names.find(name) else { continue };
            let reach = reached.entry(named.entry()).or_insert_with(|| {
                open.push(named.entry());
                Reach::Some(BTreeSet::new())
            });
            if let (Named::Item(_, number), Reach::Some(items)) = (named, &mut *reach) {
                items.insert(number);
                if Some(items.len()) != self.len(named.entry()) {
                    continue;
                }
            }
            *reach = Reach::All;
        }
    }
}
