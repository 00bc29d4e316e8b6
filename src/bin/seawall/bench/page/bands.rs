//! In which state circuits were, and how long.

use crate::bench::circuit::Change;
use seawall::CircuitState;
use std::collections::BTreeMap;

/// A circuit in one state, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Band {
    pub(super) backend: String,
    pub(super) state: CircuitState,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// From the beginning to `end`, of each circuit that changed.
pub(super) fn bands(changes: &[Change], end: f64) -> Vec<Band> {
    let mut backends: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        backends.entry(&change.backend).or_default().push(change);
    }
    let mut bands = Vec::new();
    for (backend, changes) in backends {
        let mut band = |state, from: f64, to: f64| {
            if to > from {
                bands.push(Band { backend: backend.to_owned(), state, from, to });
            }
        };
        let ends = changes.iter().skip(1).map(|next| next.at.as_secs_f64().min(end)).chain([end]);
        band(changes[0].from, 0.0, changes[0].at.as_secs_f64().min(end));
        changes.iter().zip(ends).for_each(|(change, to)| band(change.to, change.at.as_secs_f64(), to));
    }
    bands
}

/// For people.
pub(super) fn word(state: CircuitState) -> &'static str {
    match state {
        CircuitState::Closed => "closed",
        CircuitState::Open => "open",
        CircuitState::HalfOpen => "half-open",
    }
}

/// The least well state in which any circuit was at this instant; `None` if none ever changed.
pub(super) fn worst(bands: &[Band], from: f64, to: f64) -> Option<CircuitState> {
    let states = bands.iter().filter(|band| band.from < to && from < band.to).map(|band| band.state);
    states.max_by_key(|state| CircuitState::ALL.iter().position(|other| other == state))
}
