//! One place a task for its outcome: written once, by the worker that had the task, and read by tasks down the line.

use super::outcome::Outcome;
use crate::sync::OnceLock;

pub(super) struct Slots<R>(Vec<OnceLock<Outcome<R>>>);

impl<R> Slots<R> {
    pub(super) fn new(tasks: usize) -> Self {
        Self((0..tasks).map(|_| OnceLock::new()).collect())
    }

    pub(super) fn get(&self, task: u32) -> Option<&Outcome<R>> {
        self.0[task as usize].get()
    }

    /// Makes a task's outcome in its place.
    pub(super) fn put(&self, task: u32, outcome: impl FnOnce() -> Outcome<R>) -> &Outcome<R> {
        let slot = &self.0[task as usize];
        debug_assert!(slot.get().is_none(), "a task ends once");
        slot.get_or_init(outcome)
    }

    /// The standard library collects this in place: a million outcomes are not copied elsewhere.
    pub(super) fn into_outcomes(self) -> Vec<Outcome<R>> {
        let outcome = |slot: OnceLock<Outcome<R>>| slot.into_inner().expect("each task has an outcome by now");
        self.0.into_iter().map(outcome).collect()
    }
}
