//! The answers of everything up a task's line, as one hash.
//!
//! It tells whether a task would find today what it found when it was completed. It does not tell how the line is put together:
//! a plan in which a dependency is spelled out that was there anyway leaves every line as it was.

use super::fingerprint::ContentHash;
use crate::plan::Graph;
use crate::status::Status;
use std::collections::HashMap;

/// What is known of a task that has ended: a hash of its name, of how it ended and of its response.
pub(super) fn answer_of(task: &str, status: Status, response: &[u8]) -> [u8; 16] {
    ContentHash::of([task.as_bytes(), status.as_str().as_bytes(), response]).bytes()
}

/// The lines of the tasks of one plan.
///
/// A line is the sum, modulo 2¹²⁸, of the answers of all ancestors: each counts once, and their order does not, so that a
/// dependency that says nothing new changes nothing.
pub(super) struct Lines {
    answers: Vec<Option<[u8; 16]>>,
    /// By dependencies, since many tasks mostly have the same ones.
    known: HashMap<Box<[u32]>, u128>,
}

impl Lines {
    pub(super) fn of(tasks: usize) -> Self {
        Self { answers: vec![None; tasks], known: HashMap::new() }
    }

    pub(super) fn answer(&mut self, task: u32, answer: [u8; 16]) {
        self.answers[task as usize] = Some(answer);
    }

    /// Everything that the task depends on has answered.
    pub(super) fn line(&mut self, graph: &Graph, task: u32) -> [u8; 16] {
        let dependencies = graph.dependencies(task);
        if dependencies.is_empty() {
            return [0; 16];
        }
        if let Some(line) = self.known.get(dependencies) {
            return line.to_le_bytes();
        }
        let answers = graph.ancestors_of(task).into_iter().filter_map(|ancestor| self.answers[ancestor as usize]);
        let line = answers.map(u128::from_le_bytes).fold(0, u128::wrapping_add);
        self.known.insert(dependencies.into(), line);
        line.to_le_bytes()
    }
}
