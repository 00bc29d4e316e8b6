//! No worker idles while something could start: what is due goes on, and what waits has a reason.

use super::scenario::{BACKENDS, Part, Scenario};
use super::stage::{Note, Show};
use proptest::prelude::*;
use seawall::{AttemptResult, EventKind, FailureMode, Schedule, Status, Wait};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

type Verdict = Result<(), TestCaseError>;

/// What is known of a run between two of its events.
struct Moment<'s> {
    scenario: &'s Scenario,
    show: &'s Show,
    now: Duration,
    /// How many may call in the wave that is open.
    workers: usize,
    wave: Option<usize>,
    /// The backend of each task, once it fell back to another one.
    moved: BTreeMap<&'s str, usize>,
    calling: BTreeMap<&'s str, &'s str>,
    parked: BTreeMap<&'s str, (Wait, Option<Duration>)>,
    begun: BTreeSet<&'s str>,
    ended: BTreeSet<&'s str>,
}

pub(super) fn no_worker_idles(scenario: &Scenario, show: &Show) -> Verdict {
    let stop = stopped_at(scenario, show);
    let mut moment = Moment::new(scenario, show);
    for event in &show.events {
        if event.at > moment.now && moment.now < stop {
            moment.is_settled_until(event.at)?;
        }
        moment.now = event.at;
        moment.hear(&event.kind)?;
    }
    Ok(())
}

/// When the run was first told to start nothing any more.
fn stopped_at(scenario: &Scenario, show: &Show) -> Duration {
    let told = show.notes.iter().filter_map(|note| if let Note::Stopped { at, .. } = note { Some(*at) } else { None });
    let fails = show.events.iter().filter_map(|event| match &event.kind {
        EventKind::TaskEnded { task, status: Status::Failed, .. } => {
            let is_skip = scenario.part(task.as_str()).mode == FailureMode::Skip;
            (scenario.is_fail_fast && !is_skip).then_some(event.at)
        }
        _ => None,
    });
    told.chain(fails).chain(scenario.time_limit).min().unwrap_or(Duration::MAX)
}

impl<'s> Moment<'s> {
    fn new(scenario: &'s Scenario, show: &'s Show) -> Self {
        Self {
            scenario,
            show,
            now: Duration::ZERO,
            workers: scenario.concurrency.min(scenario.parts.len()),
            wave: None,
            moved: BTreeMap::new(),
            calling: BTreeMap::new(),
            parked: BTreeMap::new(),
            begun: BTreeSet::new(),
            ended: BTreeSet::new(),
        }
    }

    fn hear(&mut self, kind: &'s EventKind) -> Verdict {
        match kind {
            EventKind::WaveStarted { wave, tasks, .. } if self.scenario.schedule == Schedule::Waves => {
                self.wave = Some(*wave);
                self.workers = self.scenario.concurrency.min(*tasks);
            }
            EventKind::TaskStarted { task, .. } => drop(self.begun.insert(task.as_str())),
            EventKind::TaskEnded { task, .. } => drop(self.ended.insert(task.as_str())),
            EventKind::AttemptStarted { task, backend, .. } => drop(self.calling.insert(task.as_str(), backend)),
            EventKind::AttemptEnded { task, result, .. } => {
                self.calling.remove(task.as_str());
                let place = self.place_of(self.scenario.part(task.as_str()));
                if let (AttemptResult::Rejected(_), Some(other)) = (result, self.scenario.falls_back_to(place)) {
                    self.moved.insert(task.as_str(), other);
                }
            }
            EventKind::TaskParked { task, why, until, .. } => drop(self.parked.insert(task.as_str(), (*why, *until))),
            EventKind::TaskResumed { task, .. } => {
                let (why, until) = self.parked.remove(task.as_str()).unwrap();
                prop_assert!(why != Wait::Backoff || until.is_some_and(|until| until <= self.now), "{task} is early");
            }
            _ => {}
        }
        Ok(())
    }

    fn place_of(&self, part: &Part) -> usize {
        self.moved.get(part.id.as_str()).copied().unwrap_or(part.backend)
    }

    /// Time moves to `next` only if whoever could call does.
    fn is_settled_until(&self, next: Duration) -> Verdict {
        prop_assert!(self.calling.len() <= self.workers);
        if self.calling.len() == self.workers {
            return Ok(());
        }
        for (task, (why, until)) in &self.parked {
            match until {
                Some(until) => prop_assert!(*until >= next, "{task} was due at {until:?}, and not called at {next:?}"),
                None => prop_assert!(self.is_blocked(self.scenario.part(task)), "{task} waits for a free {why:?}"),
            }
        }
        let could_start = |part: &&Part| self.could_start(part);
        let idle = self.scenario.parts.iter().find(could_start);
        prop_assert!(idle.is_none(), "{idle:?} could start at {:?}, and time went on to {next:?}", self.now);
        Ok(())
    }

    fn could_start(&self, part: &Part) -> bool {
        let id = part.id.as_str();
        let is_known = self.begun.contains(id) || self.ended.contains(id) || self.parked.contains_key(id);
        let wave = self.show.report.get(id).unwrap().wave();
        let is_open = self.wave.is_none_or(|open| open == wave);
        !is_known && is_open && part.after.iter().all(|before| self.ended.contains(before.as_str()))
    }

    fn is_blocked(&self, part: &Part) -> bool {
        let writes_it =
            |other: &&str| self.scenario.part(other).writes.iter().any(|resource| part.writes.contains(resource));
        let place = self.place_of(part);
        let at_backend = self.calling.values().filter(|backend| **backend == BACKENDS[place]).count();
        let is_full = self.scenario.places[place].concurrency.is_some_and(|limit| at_backend >= limit);
        is_full || self.calling.keys().any(writes_it)
    }
}
