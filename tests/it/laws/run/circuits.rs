//! The circuits of a run against the model of their table: who was admitted, who was refused and until when, and each change.

use super::scenario::{BACKENDS, Scenario};
use super::stage::Show;
use crate::laws::gobreaker::{Change, Model, Refused};
use crate::support::line;
use proptest::prelude::*;
use seawall::{AttemptResult, CircuitBreakerConfig, CircuitState, EventKind, Rejected, StateChange, Verdict, Wait};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often a task looks at a circuit that does not say when it may be tried.
const LOOK: Duration = Duration::from_millis(100);

struct Circuit {
    model: Model,
    /// The calls of the model, by the names of their tasks.
    calls: Vec<String>,
    /// What was told before the attempt that caused it.
    announced: Option<StateChange>,
    /// What the attempt that ended last must have told.
    due: Change,
}

pub(super) fn circuits(scenario: &Scenario, show: &Show) -> Result<(), TestCaseError> {
    let mut court = Court::new(scenario, show);
    for event in &show.events {
        let verdict = court.hear(&event.kind, show.began + event.at);
        verdict.map_err(|error| TestCaseError::fail(format!("{} at {:?}: {error}", line(event), event.at)))?;
    }
    prop_assert!(court.circuits.values().all(|circuit| circuit.due.is_none() && circuit.announced.is_none()));
    Ok(())
}

struct Court<'s> {
    scenario: &'s Scenario,
    began: Instant,
    circuits: BTreeMap<&'static str, Circuit>,
    /// The backend of each task, once it fell back to another one.
    moved: BTreeMap<&'s str, usize>,
    /// What a task must be told that asks just now, and is parked a while after if it is refused.
    asking: BTreeMap<&'s str, Option<Instant>>,
}

impl<'s> Court<'s> {
    fn new(scenario: &'s Scenario, show: &'s Show) -> Self {
        let circuits = BACKENDS.into_iter().zip(&scenario.places);
        let circuits = circuits.map(|(kind, place)| (kind, Circuit::new(place.breaker))).collect();
        Self { scenario, began: show.began, circuits, moved: BTreeMap::new(), asking: BTreeMap::new() }
    }

    fn at(&mut self, backend: &str) -> &mut Circuit {
        self.circuits.get_mut(backend).expect("a backend of the scenario")
    }

    fn place_of(&self, task: &str) -> usize {
        self.moved.get(task).copied().unwrap_or_else(|| self.scenario.part(task).backend)
    }

    fn hear(&mut self, kind: &'s EventKind, now: Instant) -> Result<(), TestCaseError> {
        match kind {
            EventKind::BreakerChanged { backend, change, .. } => self.at(backend).changed(*change)?,
            EventKind::TaskStarted { task, .. } | EventKind::TaskResumed { task, .. } => {
                let place = self.place_of(task.as_str());
                let wait = self.at(BACKENDS[place]).would_wait(now);
                self.asking.insert(task.as_str(), wait);
            }
            EventKind::AttemptStarted { task, backend, .. } => self.at(backend).admitted(task.as_str(), now)?,
            EventKind::AttemptEnded { task, backend, result: AttemptResult::Rejected(rejected), .. } => {
                self.at(backend).refused(*rejected, now)?;
                let other = self.scenario.falls_back_to(self.place_of(task.as_str()));
                self.moved.extend(other.map(|other| (task.as_str(), other)));
                self.asking.remove(task.as_str());
            }
            EventKind::AttemptEnded { task, backend, result, .. } => {
                self.at(backend).ended(task.as_str(), result, now)?;
            }
            EventKind::TaskParked { task, until, why: Wait::Circuit, .. } => {
                let until = until.map(|until| self.began + until);
                // One that fell back asks without a word.
                if let Some(expected) = self.asking.remove(task.as_str()) {
                    prop_assert_eq!(until, expected);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Circuit {
    fn new(config: CircuitBreakerConfig) -> Self {
        Self { model: Model::new(config), calls: Vec::new(), announced: None, due: None }
    }

    fn changed(&mut self, change: StateChange) -> Result<(), TestCaseError> {
        if change.from == CircuitState::Open {
            prop_assert!(self.announced.replace(change).is_none());
        } else {
            prop_assert_eq!(Some((change.from, change.to)), self.due.take());
            prop_assert_eq!(change.generation, self.model.generation);
        }
        Ok(())
    }

    fn admitted(&mut self, task: &str, now: Instant) -> Result<(), TestCaseError> {
        self.nothing_is_due()?;
        let change = self.model.admit(now);
        let announced = self.announced.take();
        prop_assert_eq!(change, Ok(announced.map(|change| (change.from, change.to))));
        prop_assert!(announced.is_none_or(|change| change.generation == self.model.generation));
        self.calls.push(task.to_owned());
        Ok(())
    }

    fn refused(&mut self, rejected: Rejected, now: Instant) -> Result<(), TestCaseError> {
        let expected = match rejected {
            Rejected::CircuitOpen { retry_at, .. } => Refused::UntilRetry(retry_at),
            _ => Refused::Full,
        };
        self.nothing_is_due()?;
        prop_assert_eq!(self.model.admit(now), Err(expected));
        Ok(())
    }

    /// Until when somebody who asks now must wait; `None`: it is admitted.
    fn would_wait(&self, now: Instant) -> Option<Instant> {
        match self.model.clone().admit(now) {
            Ok(_) => None,
            Err(Refused::UntilRetry(Some(at))) => Some(at),
            Err(_) => Some(now + LOOK),
        }
    }

    fn ended(&mut self, task: &str, result: &AttemptResult, now: Instant) -> Result<(), TestCaseError> {
        self.nothing_is_due()?;
        let verdict = match result {
            AttemptResult::Success => Verdict::Success,
            AttemptResult::Panicked(_) => Verdict::Failure,
            AttemptResult::Error(error) if self.model.config.counts(error.class()) => Verdict::Failure,
            _ => Verdict::Neutral,
        };
        let which = self.calls.iter().position(|call| call == task).expect("it was admitted");
        self.calls.remove(which);
        self.due = self.model.end(which, verdict, now);
        Ok(())
    }

    fn nothing_is_due(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.due, None, "a change was not told");
        Ok(())
    }
}
