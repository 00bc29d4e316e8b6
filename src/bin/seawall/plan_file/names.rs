//! Who is meant by a name: a task, all tasks of a `for_each`, or one of them.

use super::faults::{Fault, Faults};
use super::task::TaskEntry;
use std::collections::HashMap;

/// The names of all tasks of the file.
pub(super) struct Names<'e> {
    entries: &'e [TaskEntry<'e>],
    by_id: HashMap<&'e str, usize>,
}

/// Tasks, by the place of their entry in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    One(usize),
    All(usize),
    /// The one that is so far from the first.
    Item(usize, usize),
}

impl Named {
    pub(super) fn entry(self) -> usize {
        match self {
            Self::One(entry) | Self::All(entry) | Self::Item(entry, _) => entry,
        }
    }
}

impl<'e> Names<'e> {
    pub(super) fn of(entries: &'e [TaskEntry<'e>]) -> Self {
        let mut by_id = HashMap::new();
        for (place, entry) in entries.iter().enumerate() {
            by_id.entry(&*entry.id).or_insert(place);
        }
        Self { entries, by_id }
    }

    pub(super) fn entries(&self) -> &'e [TaskEntry<'e>] {
        self.entries
    }

    pub(super) fn has_many(&self) -> bool {
        self.entries.iter().any(|entry| entry.for_each.is_some())
    }

    pub(super) fn find(&self, name: &str) -> Option<Named> {
        if let Some(entry) = self.by_id.get(name) {
            let is_many = self.entries[*entry].for_each.is_some();
            return Some(if is_many { Named::All(*entry) } else { Named::One(*entry) });
        }
        let (entry, number) = self.item(name)?;
        let many = self.entries[entry].for_each.as_ref()?;
        let is_there = many.items.as_ref().is_none_or(|items| number < items.len());
        is_there.then_some(Named::Item(entry, number))
    }

    /// Why `name` is not there, if it would be one of a `for_each` that has fewer items.
    pub(super) fn beyond(&self, name: &str) -> Option<String> {
        let (entry, _) = self.item(name).filter(|_| self.find(name).is_none())?;
        let entry = &self.entries[entry];
        Some(has_so_many(&entry.id, entry.for_each.as_ref()?.items.as_ref()?.len()))
    }

    /// A fault for each task whose name one of a `for_each` has, too.
    pub(super) fn refuse_twins(&self, faults: &mut Faults) {
        for entry in self.entries {
            let Some((many, number)) = self.item(&entry.id) else { continue };
            let many = &self.entries[many];
            let is_there =
                many.for_each.as_ref().and_then(|many| many.items.as_ref()).is_some_and(|items| number < items.len());
            if is_there {
                let title = format!("there is more than one task `{}`", entry.id);
                let label = format!("the `for_each` of `{}` makes the other", many.id);
                faults.add(Fault::at(entry.id_span.clone(), title).label("here").other(many.id_span.clone(), label));
            }
        }
    }

    fn item(&self, name: &str) -> Option<(usize, usize)> {
        let (many, number) = split(name)?;
        let entry = *self.by_id.get(many)?;
        self.entries[entry].for_each.is_some().then_some((entry, number))
    }
}

/// The end of a sentence about one that is not there.
pub(super) fn has_so_many(id: &str, items: usize) -> String {
    match items {
        0 => format!("`{id}` has no item"),
        1 => format!("`{id}` has one item, `{id}[0]`"),
        n => format!("`{id}` has {n} items, `{id}[0]` to `{id}[{}]`", n - 1),
    }
}

/// `a[2]` is `a` and 2.
pub(super) fn split(name: &str) -> Option<(&str, usize)> {
    let (many, number) = name.strip_suffix(']')?.rsplit_once('[')?;
    let is_plain = number == "0" || (!number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit()));
    if is_plain { Some((many, number.parse().ok()?)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_name_with_a_plain_number_in_brackets_at_its_end_is_that_of_an_item() {
        assert_eq!(split("a[2]"), Some(("a", 2)));
        assert_eq!(split("a[1][10]"), Some(("a[1]", 10)));
        assert_eq!(split("[0]"), Some(("", 0)));
        for name in ["a", "a[]", "a[02]", "a[+2]", "a[-1]", "a[2] ", "a[2", "a2]", "a[x]", "a[99999999999999999999]"] {
            assert_eq!(split(name), None, "{name}");
        }
    }
}
