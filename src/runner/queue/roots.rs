//! Which tasks may never start, and since which failure.

use crate::plan::Graph;

const NONE: u32 = u32::MAX;

/// By task, the first failure up the line that bars it.
#[derive(Debug, Default)]
pub(in crate::runner) struct Roots(Vec<u32>);

impl Roots {
    pub(super) fn none(tasks: usize) -> Self {
        Self(vec![NONE; tasks])
    }

    pub(in crate::runner) fn of(&self, task: u32) -> Option<u32> {
        Some(self.0[task as usize]).filter(|root| *root != NONE)
    }

    /// Bars what depends on `task`, since `root` failed. What is barred already keeps its root.
    pub(in crate::runner) fn doom_dependents(&mut self, graph: &Graph, task: u32, root: u32) {
        for dependent in graph.dependents(task) {
            let known = &mut self.0[*dependent as usize];
            if *known == NONE {
                *known = root;
            }
        }
    }
}
