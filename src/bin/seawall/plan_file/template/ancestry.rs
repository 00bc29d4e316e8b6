//! Who is up whose line, for all entries of the file.

use crate::plan_file::names::{Named, Names};
use crate::plan_file::suggestions::Suggestions;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};

/// For so many entries, who is below each is remembered. A plan has few that are far up the lines of many.
const REMEMBERED: usize = if cfg!(test) { 3 } else { 64 };

/// How many unknown tasks get a suggestion.
const SUGGESTIONS: usize = 20;

/// What each entry waits for, and what follows from that.
pub(super) struct Ancestry<'n> {
    pub(super) names: &'n Names<'n>,
    /// For unknown tasks.
    pub(super) suggestions: Suggestions,
    after: Vec<Vec<Named>>,
    dependents: OnceCell<Vec<Vec<usize>>>,
    /// By entry: whether each entry has all of it up its line.
    below: RefCell<HashMap<usize, Vec<bool>>>,
}

/// How much of an entry is on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    All,
    Some(BTreeSet<usize>),
}

impl<'n> Ancestry<'n> {
    pub(super) fn of(names: &'n Names<'n>) -> Self {
        let after = names.entries().iter().map(|entry| entry.after.iter().filter_map(|(name, _)| names.find(name)));
        Self {
            names,
            suggestions: Suggestions::of(SUGGESTIONS),
            after: after.map(Iterator::collect).collect(),
            dependents: OnceCell::new(),
            below: RefCell::default(),
        }
    }

    /// How many items an entry has, if that is known.
    pub(super) fn len(&self, entry: usize) -> Option<usize> {
        Some(self.names.entries()[entry].for_each.as_ref()?.items.as_ref()?.len())
    }

    /// How much of `other` is up the line of `entry`; `None`: nothing.
    ///
    /// Most prompts speak of what their task itself waits for, so that its whole line is not looked at.
    pub(super) fn reach(&self, entry: usize, other: usize) -> Option<Reach> {
        let is_direct = |named: &Named| named.entry() == other && !matches!(named, Named::Item(..));
        if self.after[entry].iter().any(is_direct) || self.is_below(entry, other) == Some(true) {
            return Some(Reach::All);
        }
        let is_one = self.names.entries()[other].for_each.is_none();
        if is_one && self.is_below(entry, other).is_some() { None } else { self.search(entry, other) }
    }

    /// Whether all of `other` is up the line of `entry` because somebody on it waits for the whole; `None` if that is not
    /// remembered, and no more can be.
    fn is_below(&self, entry: usize, other: usize) -> Option<bool> {
        let mut below = self.below.borrow_mut();
        if !below.contains_key(&other) && below.len() >= REMEMBERED {
            return None;
        }
        Some(below.entry(other).or_insert_with(|| self.all_below(other))[entry])
    }

    fn all_below(&self, other: usize) -> Vec<bool> {
        let mut is_below = vec![false; self.after.len()];
        let waits_for_whole = |entry: &usize| {
            self.after[*entry].iter().any(|named| named.entry() == other && !matches!(named, Named::Item(..)))
        };
        let mut open: Vec<usize> = self.dependents()[other].iter().copied().filter(waits_for_whole).collect();
        while let Some(next) = open.pop() {
            if !is_below[next] {
                is_below[next] = true;
                open.extend(&self.dependents()[next]);
            }
        }
        is_below
    }

    fn dependents(&self) -> &[Vec<usize>] {
        self.dependents.get_or_init(|| {
            let mut dependents = vec![Vec::new(); self.after.len()];
            for (entry, after) in self.after.iter().enumerate() {
                after.iter().for_each(|named| dependents[named.entry()].push(entry));
            }
            dependents
        })
    }

    /// Goes up the whole line, and gathers what of `other` somebody on it waits for.
    fn search(&self, entry: usize, other: usize) -> Option<Reach> {
        let (mut is_seen, mut open, mut items) = (vec![false; self.after.len()], vec![entry], BTreeSet::new());
        while let Some(next) = open.pop() {
            for named in &self.after[next] {
                match named {
                    Named::Item(of, number) if *of == other => drop(items.insert(*number)),
                    named if named.entry() == other => return Some(Reach::All),
                    _ => {}
                }
                if !is_seen[named.entry()] {
                    is_seen[named.entry()] = true;
                    open.push(named.entry());
                }
            }
        }
        match items.len() {
            0 => None,
            all if Some(all) == self.len(other) => Some(Reach::All),
            _ => Some(Reach::Some(items)),
        }
    }
}
