//! Where the time went, found out a second time: from the events, moment by moment.

use super::scenario::Scenario;
use super::stage::Show;
use proptest::prelude::*;
use seawall::{EventKind, Schedule, Status, Wait, Why};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What is told of one task.
#[derive(Default)]
struct Tale {
    ended: Duration,
    has_started: bool,
    attempts: Vec<(Duration, Duration, &'static str)>,
    /// Since when, until when at most, and why; those without an end lasted to the task's.
    waits: Vec<(Duration, Duration, Wait)>,
    is_parked: bool,
}

/// The sums are what the events say, and the path is the longest one.
pub(super) fn why(scenario: &Scenario, show: &Show) -> Result<(), TestCaseError> {
    let (tales, waves) = tales(show);
    let mut sums = Sums::default();
    for part in &scenario.parts {
        let tale = &tales[part.id.as_str()];
        let met = part.after.iter().map(|id| tales[id.as_str()].ended).max();
        let open = match scenario.schedule {
            Schedule::Eager => Some(met.unwrap_or_default()),
            _ => waves.get(&show.report.get(&part.id).unwrap().wave()).copied(),
        };
        let Some(open) = open else { continue };
        sums.barrier += met.map_or(Duration::ZERO, |met| open.saturating_sub(met));
        sums.failed += tale
            .attempts
            .iter()
            .filter(|(.., result)| is_vain(result))
            .map(|(from, to, _)| to.saturating_sub(*from))
            .sum::<Duration>();
        let bars = |id: &String| {
            let outcome = show.report.get(id).unwrap();
            let is_bad = matches!(outcome.status(), Status::Failed | Status::Skipped);
            is_bad && outcome.failure_mode() == seawall::FailureMode::Hard
        };
        if !part.after.iter().any(bars) {
            let writes_it = |other: &&super::scenario::Part| {
                other.id != part.id && other.writes.iter().any(|resource| part.writes.contains(resource))
            };
            let others = scenario.parts.iter().filter(writes_it).map(|other| &tales[other.id.as_str()]);
            sums.add_waits(tale, open, &others.collect::<Vec<_>>());
        }
    }
    let why = show.report.why();
    prop_assert_eq!(
        (why.barrier, why.failed_attempts, why.backoff, why.circuit, why.resource, why.place),
        (sums.barrier, sums.failed, sums.backoff, sums.circuit, sums.resource, sums.place)
    );
    path(scenario, show, &why)
}

fn is_vain(result: &str) -> bool {
    !matches!(result, "success" | "cancelled" | "circuit_open")
}

fn tales(show: &Show) -> (BTreeMap<&str, Tale>, BTreeMap<usize, Duration>) {
    let (mut tales, mut waves): (BTreeMap<&str, Tale>, _) = (BTreeMap::new(), BTreeMap::new());
    for event in &show.events {
        match &event.kind {
            EventKind::WaveStarted { wave, .. } => drop(waves.insert(*wave, event.at)),
            EventKind::TaskStarted { task, .. } => tales.entry(task.as_str()).or_default().has_started = true,
            EventKind::TaskEnded { task, .. } => tales.entry(task.as_str()).or_default().end(event.at),
            EventKind::AttemptStarted { task, .. } => tales.get_mut(task.as_str()).unwrap().ask(event.at),
            EventKind::AttemptEnded { task, result, elapsed, .. } => {
                let tale = tales.get_mut(task.as_str()).unwrap();
                tale.ask(event.at);
                tale.attempts.push((event.at.saturating_sub(*elapsed), event.at, result.as_str()));
            }
            EventKind::TaskParked { task, until, why, .. } => {
                let tale = tales.entry(task.as_str()).or_default();
                if *why == Wait::Circuit {
                    tale.ask(event.at);
                }
                tale.waits.push((event.at, until.unwrap_or(Duration::MAX), *why));
                tale.is_parked = true;
            }
            EventKind::TaskResumed { task, why, .. } => {
                let tale = tales.get_mut(task.as_str()).unwrap();
                tale.is_parked = false;
                if *why != Wait::Circuit {
                    tale.cut(event.at);
                }
            }
            _ => {}
        }
    }
    (tales, waves)
}

impl Tale {
    /// The last wait was over by then.
    fn cut(&mut self, at: Duration) {
        if let Some((_, until, _)) = self.waits.last_mut() {
            *until = at.min(*until);
        }
    }

    /// One that is let go from a circuit and then lacks a resource is at the circuit until its time has come, or it asks.
    fn ask(&mut self, at: Duration) {
        for (_, until, _) in self.waits.iter_mut().filter(|(.., why)| *why == Wait::Circuit) {
            *until = at.min(*until);
        }
    }

    fn end(&mut self, at: Duration) {
        self.ended = at;
        self.ask(at);
        if self.is_parked {
            self.cut(at);
        }
    }

    fn is_at(&self, moment: Duration) -> bool {
        self.attempts.iter().any(|(from, to, _)| (*from..*to).contains(&moment))
    }
}

#[derive(Default)]
struct Sums {
    barrier: Duration,
    failed: Duration,
    backoff: Duration,
    circuit: Duration,
    resource: Duration,
    place: Duration,
}

impl Sums {
    /// Cuts the task's time at every instant at which something changes, and asks of each piece what the task did.
    fn add_waits(&mut self, tale: &Tale, ready: Duration, rivals: &[&Tale]) {
        let of_attempts = rivals.iter().copied().chain([tale]).flat_map(|tale| &tale.attempts);
        let mut cuts: BTreeSet<Duration> = of_attempts.flat_map(|(from, to, _)| [*from, *to]).collect();
        cuts.extend(tale.waits.iter().flat_map(|(from, to, _)| [*from, *to]));
        cuts.extend([ready, tale.ended]);
        let cuts: Vec<Duration> = cuts.range(ready..=tale.ended.max(ready)).copied().collect();
        for piece in cuts.windows(2) {
            let is_waiting = |reason: Wait| {
                tale.waits.iter().any(|(from, to, why)| *why == reason && (*from..*to).contains(&piece[0]))
            };
            let sum = if tale.is_at(piece[0]) {
                continue;
            } else if is_waiting(Wait::Backoff) {
                &mut self.backoff
            } else if is_waiting(Wait::Circuit) {
                &mut self.circuit
            } else if rivals.iter().any(|rival| rival.is_at(piece[0])) {
                &mut self.resource
            } else {
                &mut self.place
            };
            *sum += piece[1].saturating_sub(piece[0]);
        }
    }
}

/// A chain by `after`, from a task that started to one that did, and none is longer.
fn path(scenario: &Scenario, show: &Show, why: &Why) -> Result<(), TestCaseError> {
    let elapsed = |id: &str| show.report.get(id).unwrap().elapsed();
    let has_started = |id: &str| show.report.get(id).unwrap().started().is_some();
    let path: Vec<&str> = why.critical_path.iter().map(seawall::TaskId::as_str).collect();
    prop_assert!(path.windows(2).all(|pair| scenario.part(pair[1]).after.iter().any(|id| id == pair[0])), "{path:?}");
    prop_assert!(path.first().is_none_or(|id| has_started(id)) && path.last().is_none_or(|id| has_started(id)));
    prop_assert_eq!(path.is_empty(), !scenario.parts.iter().any(|part| has_started(&part.id)));
    prop_assert_eq!(path.iter().map(|id| elapsed(id)).sum::<Duration>(), why.critical_path_time);
    let mut longest: BTreeMap<&str, Duration> = BTreeMap::new();
    let mut parts: Vec<_> = scenario.parts.iter().collect();
    parts.sort_by_key(|part| show.report.get(&part.id).unwrap().wave());
    for part in parts {
        let before = part.after.iter().map(|id| longest[id.as_str()]).max().unwrap_or_default();
        longest.insert(&part.id, before + elapsed(&part.id));
    }
    prop_assert_eq!(longest.into_values().max().unwrap(), why.critical_path_time);
    prop_assert!(why.critical_path_time <= show.report.elapsed());
    Ok(())
}
