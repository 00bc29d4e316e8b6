//! How often it is still said what somebody may have meant.

use std::cell::Cell;

/// A suggestion looks at every name there is, so of many unknown ones only the first get one.
#[derive(Debug)]
pub(super) struct Suggestions(Cell<usize>);

impl Suggestions {
    /// So many.
    pub(super) fn of(most: usize) -> Self {
        Self(Cell::new(most))
    }

    /// Whether there is to be one more.
    pub(super) fn is_next(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left > 0
    }
}
