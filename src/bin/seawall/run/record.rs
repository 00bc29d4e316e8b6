//! What is told while a run goes on and stands in no report: how long tasks waited, and when circuits changed.

use seawall::{CircuitState, Event, EventKind, TaskId, Wait};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Times count from the beginning of the run.
#[derive(Debug, Default)]
pub(crate) struct Record {
    waits: Vec<Waited>,
    /// By task, which of the waits goes on.
    parked: HashMap<TaskId, usize>,
    changes: Vec<Change>,
}

/// A task waited.
#[derive(Clone, Debug)]
pub(crate) struct Waited {
    pub(crate) task: TaskId,
    pub(crate) why: Wait,
    pub(crate) from: Duration,
    pub(crate) to: Duration,
}

/// A circuit changed its state.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) backend: Arc<str>,
    pub(crate) at: Duration,
    pub(crate) to: CircuitState,
}

/// A circuit was not closed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Band {
    pub(crate) backend: Arc<str>,
    pub(crate) state: CircuitState,
    pub(crate) from: Duration,
    pub(crate) to: Duration,
}

impl Record {
    /// Takes the next event.
    pub(crate) fn take(&mut self, event: &Event) {
        match &event.kind {
            EventKind::TaskParked { task, until, why, .. } => self.park(task, *why, event.at, *until),
            EventKind::TaskResumed { task, .. } | EventKind::TaskEnded { task, .. } => self.resume(task, event.at),
            EventKind::BreakerChanged { backend, change, .. } => {
                self.changes.push(Change { backend: Arc::clone(backend), at: event.at, to: change.to });
            }
            _ => {}
        }
    }

    /// In the order in which they began.
    pub(crate) fn waits(&self) -> &[Waited] {
        &self.waits
    }

    /// In the order in which they happened.
    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// When circuits were not closed, in a run that took so long.
    pub(crate) fn bands(&self, elapsed: Duration) -> Vec<Band> {
        let mut bands: Vec<Band> = Vec::new();
        let mut last: HashMap<&str, usize> = HashMap::new();
        for Change { backend, at, to } in &self.changes {
            if let Some(band) = last.remove(&**backend) {
                bands[band].to = *at;
            }
            if *to != CircuitState::Closed {
                last.insert(backend, bands.len());
                bands.push(Band { backend: Arc::clone(backend), state: *to, from: *at, to: elapsed.max(*at) });
            }
        }
        bands
    }

    /// One that looks at a circuit again and again waits once.
    fn park(&mut self, task: &TaskId, why: Wait, from: Duration, until: Option<Duration>) {
        let to = until.unwrap_or(Duration::MAX);
        let last = self.parked.get(task).map(|last| &mut self.waits[*last]);
        if let Some(last) = last.filter(|last| last.why == why && last.to >= from) {
            last.to = to;
            return;
        }
        self.parked.insert(task.clone(), self.waits.len());
        self.waits.push(Waited { task: task.clone(), why, from, to });
    }

    fn resume(&mut self, task: &TaskId, at: Duration) {
        if let Some(wait) = self.parked.get(task).map(|wait| &mut self.waits[*wait]) {
            wait.to = wait.to.min(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rehearsal::rehearse;
    use super::*;

    #[test]
    fn waits_and_circuits_are_kept_with_their_times() {
        let mut record = Record::default();
        let rehearsal = rehearse();
        rehearsal.events.iter().for_each(|event| record.take(event));
        let [wait] = record.waits() else { panic!("{record:?}") };
        assert_eq!((wait.task.as_str(), wait.why), ("flaky", Wait::Backoff));
        assert!(wait.to >= wait.from + Duration::from_millis(1) && wait.to < rehearsal.report.elapsed(), "{wait:?}");
        let bands = record.bands(rehearsal.report.elapsed());
        let [band] = &bands[..] else { panic!("{record:?}") };
        assert_eq!((&*band.backend, band.state, band.to), ("down", CircuitState::Open, rehearsal.report.elapsed()));
    }

    #[test]
    fn looking_at_a_circuit_again_is_one_wait_and_its_end_is_the_tasks() {
        let (mut record, task) = (Record::default(), TaskId::from("a"));
        let at = Duration::from_millis;
        record.park(&task, Wait::Circuit, at(10), Some(at(20)));
        record.resume(&task, at(20));
        record.park(&task, Wait::Circuit, at(20), Some(at(30)));
        record.resume(&task, at(40));
        record.park(&task, Wait::Circuit, at(50), Some(at(90)));
        record.resume(&task, at(60));
        let spans: Vec<_> = record.waits().iter().map(|wait| (wait.from, wait.to)).collect();
        assert_eq!(spans, [(at(10), at(30)), (at(50), at(60))]);
    }
}
