//! The names that a template gives.

/// What a name stands for, as far as that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    /// A task of the plan.
    Task,
    /// One of a `for_each`.
    Item,
    /// All of a `for_each`: so many, where that is known.
    List(Option<usize>),
    /// What tells of a loop.
    Loop,
}

/// Those that can be seen; an inner one hides an outer one.
#[derive(Debug)]
pub(super) struct Scopes<'t>(Vec<Vec<(&'t str, Kind)>>);

impl Default for Scopes<'_> {
    fn default() -> Self {
        Self(vec![Vec::new()])
    }
}

impl<'t> Scopes<'t> {
    pub(super) fn enter(&mut self) {
        self.0.push(Vec::new());
    }

    pub(super) fn leave(&mut self) {
        self.0.pop();
    }

    pub(super) fn define(&mut self, name: &'t str, kind: Kind) {
        if let Some(scope) = self.0.last_mut() {
            match scope.iter_mut().find(|(other, _)| *other == name) {
                // Which of the two it is may depend on a condition.
                Some((_, before)) if *before != kind => *before = Kind::Any,
                Some(_) => {}
                None => scope.push((name, kind)),
            }
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<Kind> {
        self.0.iter().rev().flatten().find(|(other, _)| *other == name).map(|(_, kind)| *kind)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'t str> {
        self.0.iter().flatten().map(|(name, _)| *name)
    }
}
