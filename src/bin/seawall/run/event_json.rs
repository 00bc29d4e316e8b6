//! Events as lines of JSON.

use super::json::{Counts, FailureRow, Text, error_of, seconds};
use seawall::{Event, EventKind, Status, TaskId, Wait};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

/// Every field that an event may have; those that it has not are absent.
#[derive(Default, Serialize)]
struct Line<'a> {
    seq: u64,
    t_s: f64,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wave: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backend: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Text<&'a dyn Display>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<u64>,
}

/// Appends `event`, which belongs to `run`, and a line's end.
pub(crate) fn write_line(into: &mut Vec<u8>, event: &Event, run: &str) -> io::Result<()> {
    let Some(line) = line(&event.kind, run) else { return Ok(()) };
    serde_json::to_writer(&mut *into, &Line { seq: event.seq, t_s: seconds(event.at), ..line })?;
    into.write_all(b"\n")
}

/// All but `seq` and `t_s`; `None` for a kind of event that is not known here.
fn line<'a>(kind: &'a EventKind, run: &'a str) -> Option<Line<'a>> {
    let blank = Line::default();
    Some(match kind {
        EventKind::RunStarted { tasks, .. } => {
            Line { event: "run_started", id: Some(run), tasks: Some(*tasks), ..blank }
        }
        EventKind::RunEnded { counts, cancelled, lost, .. } => Line {
            event: "run_ended",
            counts: Some(Counts::new(|status: Status| counts[status as usize])),
            cancelled: cancelled.as_deref(),
            lost: (*lost > 0).then_some(*lost),
            ..blank
        },
        EventKind::WaveStarted { wave, tasks, .. } => of_wave("wave_started", *wave, *tasks),
        EventKind::WaveEnded { wave, tasks, .. } => of_wave("wave_ended", *wave, *tasks),
        EventKind::BreakerChanged { backend, change, .. } => Line {
            event: "breaker_changed",
            backend: Some(backend),
            from: Some(change.from.as_str()),
            to: Some(change.to.as_str()),
            ..blank
        },
        other => return line_of_task(other),
    })
}

fn of_wave(event: &'static str, wave: usize, tasks: usize) -> Line<'static> {
    Line { event, wave: Some(wave), tasks: Some(tasks), ..Line::default() }
}

fn line_of_task(kind: &EventKind) -> Option<Line<'_>> {
    let blank = Line::default();
    Some(match kind {
        EventKind::TaskStarted { task, backend, wave, .. } => Line {
            event: "task_started",
            task: Some(task.as_str()),
            backend: Some(backend),
            wave: Some(*wave),
            ..blank
        },
        EventKind::TaskEnded { task, status, failure, .. } => Line {
            event: "task_ended",
            task: Some(task.as_str()),
            status: Some(status.as_str()),
            failure: failure.as_ref().map(FailureRow::new),
            ..blank
        },
        EventKind::TaskParked { task, until, why, .. } => of_wait("task_parked", task, *until, *why),
        EventKind::TaskResumed { task, until, why, .. } => of_wait("task_resumed", task, *until, *why),
        other => return line_of_attempt(other),
    })
}

fn of_wait<'a>(event: &'static str, task: &'a TaskId, until: Option<Duration>, why: Wait) -> Line<'a> {
    let task = Some(task.as_str());
    Line { event, task, until_s: until.map(seconds), why: Some(why.as_str()), ..Line::default() }
}

fn line_of_attempt(kind: &EventKind) -> Option<Line<'_>> {
    let blank = Line::default();
    Some(match kind {
        EventKind::AttemptStarted { task, backend, worker, attempt, .. } => Line {
            event: "attempt_started",
            task: Some(task.as_str()),
            backend: Some(backend),
            worker: Some(*worker),
            attempt: Some(*attempt),
            ..blank
        },
        EventKind::AttemptEnded { task, backend, worker, attempt, result, elapsed, delay, .. } => Line {
            event: "attempt_ended",
            task: Some(task.as_str()),
            backend: Some(backend),
            worker: Some(*worker),
            attempt: Some(*attempt),
            result: Some(result.as_str()),
            error: error_of(result),
            elapsed_s: Some(seconds(*elapsed)),
            delay_s: delay.map(seconds),
            ..blank
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::rehearsal::rehearse;
    use super::*;
    use serde_json::{Value, json};

    fn lines() -> Vec<Value> {
        let mut lines = Vec::new();
        for event in rehearse().events {
            let before = lines.len();
            write_line(&mut lines, &event, "0123").unwrap();
            let end = lines[before..].iter().position(|&byte| byte == b'\n');
            assert_eq!(end, Some(lines.len() - before - 1));
        }
        lines
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    fn find<'a>(lines: &'a [Value], event: &str, task: &str) -> Vec<&'a Value> {
        lines.iter().filter(|line| line["event"] == event && line["task"] == task).collect()
    }

    #[test]
    fn every_event_is_a_line_and_none_is_missing() {
        let lines = lines();
        assert!(lines.iter().enumerate().all(|(place, line)| line["seq"] == place));
        assert_eq!(
            (&lines[0]["event"], &lines[0]["id"], &lines[0]["tasks"]),
            (&json!("run_started"), &json!("0123"), &json!(6))
        );
        let last = lines.last().unwrap();
        assert_eq!(last["event"], "run_ended");
        assert_eq!(last["counts"], json!({"completed": 2, "failed": 3, "skipped": 1, "cancelled": 0}));
        assert!(last.get("cancelled").is_none() && last.get("lost").is_none());
    }

    #[test]
    fn attempts_and_waits_have_their_fields() {
        let lines = lines();
        let [started, _] = find(&lines, "attempt_started", "flaky")[..] else { panic!("{lines:#?}") };
        assert_eq!(
            (&started["backend"], &started["worker"], &started["attempt"]),
            (&json!("flaky"), &json!(0), &json!(1))
        );
        let [first, second] = find(&lines, "attempt_ended", "flaky")[..] else { panic!("{lines:#?}") };
        assert_eq!(
            (&first["result"], &first["error"], &first["delay_s"]),
            (&json!("transient"), &json!("busy"), &json!(0.001))
        );
        assert_eq!(
            (&second["result"], &second["attempt"], second.get("delay_s")),
            (&json!("success"), &json!(2), None)
        );
        for event in ["task_parked", "task_resumed"] {
            let [line] = find(&lines, event, "flaky")[..] else { panic!("{lines:#?}") };
            assert!(line["why"] == "backoff" && line["until_s"].as_f64() > first["t_s"].as_f64(), "{line}");
        }
    }

    #[test]
    fn ends_have_the_failure_of_the_report_and_circuits_their_states() {
        let lines = lines();
        let [below] = find(&lines, "task_ended", "below")[..] else { panic!("{lines:#?}") };
        assert_eq!((&below["status"], &below["failure"]["root"]), (&json!("skipped"), &json!("bad")));
        let changed: Vec<&Value> = lines.iter().filter(|line| line["event"] == "breaker_changed").collect();
        let states = (&changed[0]["backend"], &changed[0]["from"], &changed[0]["to"]);
        assert_eq!((changed.len(), states), (1, (&json!("down"), &json!("closed"), &json!("open"))));
    }
}
