//! The laws.

use super::scenario::{BACKENDS, Part, Scenario, Stop};
use super::stage::{Note, Show};
use crate::support::line;
use proptest::prelude::*;
use seawall::{AttemptResult, Event, EventKind, Failure, FailureMode, GaveUp, Outcome, Schedule, Status, TaskId, Wait};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

type Verdict = Result<(), TestCaseError>;

/// One outcome a task, in plan order; the counts add up.
pub(super) fn accounts(scenario: &Scenario, show: &Show) -> Verdict {
    let outcomes: Vec<&str> = show.report.iter().map(|outcome| outcome.task().as_str()).collect();
    let parts: Vec<&str> = scenario.parts.iter().map(|part| part.id.as_str()).collect();
    prop_assert_eq!(outcomes, parts);
    let counts = Status::ALL.map(|status| show.report.count(status));
    prop_assert_eq!(counts.iter().sum::<usize>(), scenario.parts.len());
    for outcome in &show.report {
        let ended = outcome.started().map_or(Duration::ZERO, |started| started + outcome.elapsed());
        prop_assert!(ended <= show.report.elapsed());
        prop_assert_eq!(
            outcome.started().is_none(),
            outcome.attempts().is_empty() && outcome.elapsed().is_zero() && outcome.started().is_none()
        );
        prop_assert_eq!(outcome.backend(), BACKENDS[scenario.part(outcome.task().as_str()).backend]);
    }
    let sent = show.notes.iter().filter(|note| matches!(note, Note::Enter { .. })).count();
    let made = |outcome: &Outcome| {
        let is_made = |attempt: &&seawall::Attempt| !matches!(attempt.result, AttemptResult::Rejected(_));
        outcome.attempts().iter().filter(is_made).count()
    };
    prop_assert_eq!(
        show.report.iter().map(made).sum::<usize>(),
        sent,
        "every send is an attempt, and no refusal is sent"
    );
    if !scenario.may_stop() {
        prop_assert_eq!(show.report.cancelled(), None);
        prop_assert_eq!(show.report.count(Status::Cancelled), 0);
    }
    Ok(())
}

/// A task starts only after its dependencies have ended; with barriers, only after the wave before has.
pub(super) fn order(scenario: &Scenario, show: &Show) -> Verdict {
    let ended = places(show, |kind| if let EventKind::TaskEnded { task, .. } = kind { Some(task) } else { None });
    let started = places(show, |kind| if let EventKind::TaskStarted { task, .. } = kind { Some(task) } else { None });
    for (task, start) in &started {
        for dependency in &scenario.part(task).after {
            prop_assert!(ended[dependency.as_str()] < *start, "{task} began before {dependency} ended");
        }
    }
    if scenario.schedule == Schedule::Waves {
        let wave = |task: &str| show.report.get(task).unwrap().wave();
        for (task, start) in &started {
            for (other, end) in &ended {
                prop_assert!(wave(other) >= wave(task) || end < start, "{task} began before {other} ended");
            }
        }
    }
    Ok(())
}

fn places<'s>(show: &'s Show, task: impl Fn(&'s EventKind) -> Option<&'s TaskId>) -> BTreeMap<&'s str, u64> {
    show.events.iter().filter_map(|event| Some((task(&event.kind)?.as_str(), event.seq))).collect()
}

/// Never more calls at once than allowed: of the run, of a backend, of a resource, of a half-open circuit.
pub(super) fn bounds(scenario: &Scenario, show: &Show) -> Verdict {
    let mut calls: BTreeMap<&str, (&str, Option<u64>, Duration)> = BTreeMap::new();
    for note in &show.notes {
        match note {
            Note::Leave { task, .. } => prop_assert!(calls.remove(task.as_str()).is_some()),
            Note::Stopped { .. } => {}
            Note::Enter { task, backend, half_open, at } => {
                let part = scenario.part(task);
                for other in calls.keys() {
                    let other = scenario.part(other);
                    let shared = part.writes.iter().any(|resource| other.writes.contains(resource));
                    prop_assert!(!shared, "{} and {} write the same", part.id, other.id);
                }
                let generation = half_open.map(|half_open| half_open.generation);
                prop_assert!(
                    calls.insert(task, (backend, generation, *at)).is_none(),
                    "{task} is called twice at once"
                );
                prop_assert!(calls.len() <= scenario.concurrency);
                let place = &scenario.places[BACKENDS.iter().position(|kind| kind == backend).unwrap()];
                let at_backend = calls.values().filter(|(other, ..)| other == backend).count();
                prop_assert!(at_backend <= place.concurrency.unwrap_or(usize::MAX));
                if let Some(half_open) = half_open {
                    let lease = place.breaker.open_for().max(Duration::from_millis(1));
                    let is_probe = |call: &&(&str, Option<u64>, Duration)| {
                        (call.0, call.1) == (backend, generation) && *at < call.2 + lease
                    };
                    let probes = calls.values().filter(is_probe).count();
                    let total = probes + half_open.successes as usize;
                    prop_assert!(total <= place.breaker.half_open_requests() as usize, "{total} half-open calls");
                }
            }
        }
    }
    prop_assert!(calls.is_empty());
    Ok(())
}

/// Each delay is one that the policy allows, and is waited for before the next attempt.
pub(super) fn delays(scenario: &Scenario, show: &Show) -> Verdict {
    for outcome in &show.report {
        let part = scenario.part(outcome.task().as_str());
        let (mut drawn_at, mut backend) = (0, outcome.backend().to_owned());
        for (n, attempt) in outcome.attempts().iter().enumerate() {
            if *attempt.backend != *backend {
                (drawn_at, backend) = (0, attempt.backend.to_string());
            }
            let over = attempt.started + attempt.elapsed;
            if let Some(next) = outcome.attempts().get(n + 1) {
                prop_assert!(next.started >= over + attempt.delay.unwrap_or_default());
            }
            let Some(delay) = attempt.delay else { continue };
            let retry = retry_at(scenario, part, &backend);
            let base = retry.initial_interval().mul_f64(retry.multiplier().powi(drawn_at)).min(retry.max_interval());
            drawn_at += 1;
            let wish = if let AttemptResult::Error(error) = &attempt.result { error.retry_after() } else { None };
            let first = outcome.attempts().iter().find(|attempt| *attempt.backend == *backend).unwrap();
            let elapsed = (over + delay).saturating_sub(first.started);
            prop_assert!(elapsed <= retry.max_elapsed_time(), "{elapsed:?} is too late a retry");
            let longest = base.mul_f64(1.5).max(wish.unwrap_or_default()) + Duration::from_nanos(2);
            let shortest = base.mul_f64(0.5).max(wish.unwrap_or_default()).saturating_sub(Duration::from_nanos(2));
            prop_assert!((shortest..=longest).contains(&delay), "{delay:?} of {base:?}, {wish:?}");
        }
        let most = retry_at(scenario, part, &backend).max_attempts().map_or(u32::MAX, u32::from);
        let is_there = |attempt: &&seawall::Attempt| *attempt.backend == *backend;
        let made = outcome.attempts().iter().filter(is_there).filter(|a| a.result.as_str() != "circuit_open").count();
        prop_assert!(made <= most as usize, "{made} attempts, {most} allowed");
    }
    Ok(())
}

fn retry_at(scenario: &Scenario, part: &Part, backend: &str) -> seawall::RetryConfig {
    let place = BACKENDS.iter().position(|kind| *kind == backend).unwrap();
    part.retry(&scenario.places[place], place == part.backend)
}

/// After a stop nothing starts.
pub(super) fn stops(scenario: &Scenario, show: &Show) -> Verdict {
    let mut stopped: Option<Stop> = None;
    let mut is_cancelled = false;
    for note in &show.notes {
        match note {
            Note::Stopped { stop, .. } => {
                stopped = stopped.or(Some(*stop));
                is_cancelled |= *stop != Stop::Drain;
            }
            Note::Enter { task, .. } => prop_assert!(stopped.is_none(), "{task} was called after {stopped:?}"),
            Note::Leave { .. } => {}
        }
    }
    if let Some(limit) = scenario.time_limit {
        let late = |note: &&Note| matches!(note, Note::Enter { at, .. } if *at > limit);
        prop_assert_eq!(show.notes.iter().find(late), None);
        prop_assert!(show.report.elapsed() <= limit, "every call hears the limit");
    }
    if scenario.is_fail_fast {
        let fails = |event: &&Event| match &event.kind {
            EventKind::TaskEnded { task, status: Status::Failed, .. } => {
                scenario.part(task.as_str()).mode != FailureMode::Skip
            }
            _ => false,
        };
        let first = show.events.iter().find(fails).map_or(u64::MAX, |event| event.seq);
        let is_late = |event: &&Event| matches!(event.kind, EventKind::AttemptStarted { .. }) && event.seq > first;
        prop_assert_eq!(show.events.iter().find(is_late).map(line), None);
    }
    let reason = show.report.cancelled();
    let is_drained = !is_cancelled && reason != Some("time-limit");
    prop_assert!(!is_drained || reason.is_some() == show.report.iter().any(is_undone));
    Ok(())
}

/// Whether the task, or its next attempt, was left to start.
fn is_undone(outcome: &Outcome) -> bool {
    match outcome.result() {
        Err(Failure::Cancelled { .. }) => true,
        Err(Failure::Exhausted { gave_up, .. } | Failure::TimedOut { gave_up, .. }) => *gave_up == GaveUp::Draining,
        _ => false,
    }
}

/// Numbers without gaps, time that never goes back, and of each task the order that was promised.
pub(super) fn events(scenario: &Scenario, show: &Show) -> Verdict {
    let events = &show.events;
    prop_assert!(events.iter().zip(0..).all(|(event, seq)| event.seq == seq));
    prop_assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let tasks = scenario.parts.len();
    let is_first = matches!(events[0].kind, EventKind::RunStarted { tasks: told, .. } if told == tasks);
    prop_assert!(is_first, "the first event is another");
    let EventKind::RunEnded { counts, cancelled, lost, .. } = &events[events.len() - 1].kind else {
        return Err(TestCaseError::fail("the last event is another"));
    };
    prop_assert_eq!(*counts, Status::ALL.map(|status| show.report.count(status)));
    prop_assert_eq!((cancelled.as_deref(), *lost), (show.report.cancelled(), 0));
    for outcome in &show.report {
        let of_task: Vec<&EventKind> =
            events.iter().map(|event| &event.kind).filter(|kind| task_of(kind) == Some(outcome.task())).collect();
        history(outcome, &of_task)?;
    }
    waves(scenario, show)
}

fn task_of(kind: &EventKind) -> Option<&TaskId> {
    match kind {
        EventKind::TaskStarted { task, .. }
        | EventKind::TaskEnded { task, .. }
        | EventKind::AttemptStarted { task, .. }
        | EventKind::AttemptEnded { task, .. }
        | EventKind::TaskParked { task, .. }
        | EventKind::TaskResumed { task, .. } => Some(task),
        _ => None,
    }
}

/// Reads the events of one task as the contract says that they come.
fn history(outcome: &Outcome, events: &[&EventKind]) -> Verdict {
    let (mut has_started, mut parked, mut under_way, mut told) = (false, None::<Wait>, false, 0);
    let Some((EventKind::TaskEnded { status, failure, .. }, before)) = events.split_last() else {
        return Err(TestCaseError::fail(format!("{} has no end", outcome.task())));
    };
    prop_assert_eq!(*status, outcome.status());
    prop_assert_eq!(failure.as_ref().map(Failure::kind), outcome.result().err().map(Failure::kind));
    for kind in before {
        match kind {
            EventKind::TaskStarted { .. } => {
                prop_assert!(!has_started && parked.is_none());
                has_started = true;
            }
            EventKind::TaskParked { why, .. } => {
                prop_assert!(parked.is_none() && !under_way);
                prop_assert!(has_started || matches!(why, Wait::Backend | Wait::Resource));
                parked = Some(*why);
            }
            EventKind::TaskResumed { why, .. } => prop_assert_eq!(parked.take(), Some(*why)),
            EventKind::AttemptStarted { attempt, .. } => {
                prop_assert!(has_started && parked.is_none() && !under_way);
                prop_assert_eq!(*attempt, told + 1);
                under_way = true;
            }
            EventKind::AttemptEnded { attempt, result, backend, delay, .. } => {
                prop_assert_eq!(under_way, result.as_str() != "circuit_open");
                prop_assert!(has_started && parked.is_none());
                let reported = &outcome.attempts()[told];
                prop_assert_eq!((*attempt, &**backend, *delay), (told + 1, &*reported.backend, reported.delay));
                prop_assert_eq!(result.as_str(), reported.result.as_str());
                (under_way, told) = (false, told + 1);
            }
            other => return Err(TestCaseError::fail(format!("{other:?} after the end of {}", outcome.task()))),
        }
    }
    prop_assert!(!under_way);
    prop_assert!(parked.is_none() || outcome.status() == Status::Cancelled);
    prop_assert_eq!((has_started, told), (outcome.started().is_some(), outcome.attempts().len()));
    Ok(())
}

/// Each wave that is reached begins before and ends after all that is told of its tasks.
fn waves(scenario: &Scenario, show: &Show) -> Verdict {
    let mut open = BTreeSet::new();
    let mut over = BTreeSet::new();
    for event in &show.events {
        match &event.kind {
            EventKind::WaveStarted { wave, tasks, .. } => {
                prop_assert_eq!(*tasks, show.report.iter().filter(|outcome| outcome.wave() == *wave).count());
                prop_assert!(!over.contains(wave) && open.insert(*wave));
            }
            EventKind::WaveEnded { wave, .. } => prop_assert!(open.contains(wave) && over.insert(*wave)),
            kind => {
                let Some(task) = task_of(kind) else { continue };
                let outcome = show.report.get(task.as_str()).unwrap();
                prop_assert!(!over.contains(&outcome.wave()), "{} after the end of its wave", line(event));
                // What a stop left over is told of at the end, also that of waves which were never reached.
                let is_unstarted = outcome.started().is_none() && scenario.may_stop();
                let is_early = matches!(kind, EventKind::TaskParked { .. } | EventKind::TaskResumed { .. });
                prop_assert!(
                    open.contains(&outcome.wave()) || is_unstarted || is_early,
                    "{} before its wave",
                    line(event)
                );
            }
        }
    }
    prop_assert_eq!(open, over);
    Ok(())
}

/// How each task ended follows from its attempts and from those it depends on.
pub(super) fn statuses(scenario: &Scenario, show: &Show) -> Verdict {
    let outcome = |id: &str| show.report.get(id).unwrap();
    let bars = |id: &String| {
        let status = outcome(id).status();
        scenario.part(id).mode == FailureMode::Hard && matches!(status, Status::Failed | Status::Skipped)
    };
    let mut has_failed = false;
    for part in &scenario.parts {
        let this = outcome(&part.id);
        let is_barred = part.after.iter().any(bars);
        match this.status() {
            Status::Skipped => {
                prop_assert!(is_barred && this.attempts().is_empty());
                let Err(Failure::Skipped { root, .. }) = this.result() else { panic!("{this:?}") };
                prop_assert_eq!(outcome(root.as_str()).status(), Status::Failed);
                prop_assert!(is_up_the_line(scenario, &part.id, root.as_str()));
            }
            Status::Cancelled => prop_assert!(scenario.may_stop()),
            Status::Completed | Status::Failed => {
                prop_assert!(!is_barred);
                prop_assert_eq!(kind_of(this), this.result().err().map(Failure::kind));
            }
        }
        has_failed |= match this.status() {
            Status::Completed => false,
            Status::Failed => part.mode != FailureMode::Skip,
            Status::Skipped | Status::Cancelled => true,
        };
    }
    prop_assert_eq!(show.report.is_success(), !has_failed);
    Ok(())
}

fn is_up_the_line(scenario: &Scenario, task: &str, root: &str) -> bool {
    scenario.part(task).after.iter().any(|next| next == root || is_up_the_line(scenario, next, root))
}

/// The kind of a failure, by the last attempt.
fn kind_of(outcome: &Outcome) -> Option<&'static str> {
    match outcome.attempts().last().unwrap().result.as_str() {
        "success" => None,
        same @ ("permanent" | "panicked" | "circuit_open" | "timed_out" | "cancelled") => Some(same),
        "could_not_start" => Some("permanent"),
        _ => Some("exhausted"),
    }
}
