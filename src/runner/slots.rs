//! One place a task for its outcome: written once, by the worker that had the task, and read by tasks down the line.

use super::outcome::Outcome;
use crate::sync::OnceLock;

/// In pieces, so that they can be emptied into the report one by one: the peak is one copy of the outcomes, not two.
pub(super) struct Slots<R> {
    pieces: Vec<Vec<OnceLock<Outcome<R>>>>,
}

const PIECE: usize = 1024;

impl<R> Slots<R> {
    pub(super) fn new(tasks: usize) -> Self {
        let piece = |first: usize| (first..tasks.min(first + PIECE)).map(|_| OnceLock::new()).collect();
        Self { pieces: (0..tasks).step_by(PIECE).map(piece).collect() }
    }

    pub(super) fn get(&self, task: u32) -> Option<&Outcome<R>> {
        self.at(task).get()
    }

    /// Keeps a task's outcome, and hands it back to be read.
    pub(super) fn put(&self, task: u32, outcome: Outcome<R>) -> &Outcome<R> {
        let slot = self.at(task);
        assert!(slot.set(outcome).is_ok(), "a task ends once");
        slot.get().expect("it was just set")
    }

    pub(super) fn into_outcomes(self) -> Vec<Outcome<R>> {
        let mut outcomes = Vec::with_capacity(self.pieces.iter().map(Vec::len).sum());
        for piece in self.pieces {
            outcomes.extend(piece.into_iter().map(|slot| slot.into_inner().expect("each task has an outcome by now")));
        }
        outcomes
    }

    fn at(&self, task: u32) -> &OnceLock<Outcome<R>> {
        let task = task as usize;
        &self.pieces[task / PIECE][task % PIECE]
    }
}
