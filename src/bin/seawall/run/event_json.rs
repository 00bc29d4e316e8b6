//! Events as lines of JSON.

use super::json::{Counts, FailureRow, Text, error_of, seconds};
use super::words;
use schemars::JsonSchema;
use seawall::{Event, EventKind, Status, TaskId, Wait};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

/// One line of the events.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Line<'a> {
    /// 0, 1, 2, … without a gap.
    seq: u64,
    /// Since the run began.
    t_s: f64,
    #[serde(flatten)]
    event: Row<'a>,
}

/// What happened; what has nothing to say is absent.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Row<'a> {
    RunStarted {
        id: &'a str,
        tasks: usize,
    },
    RunEnded {
        counts: Counts,
        #[serde(skip_serializing_if = "Option::is_none")]
        cancelled: Option<&'a str>,
        /// How many events were lost, if any were.
        #[serde(skip_serializing_if = "Option::is_none")]
        lost: Option<u64>,
    },
    WaveStarted {
        wave: usize,
        tasks: usize,
    },
    WaveEnded {
        wave: usize,
        tasks: usize,
    },
    TaskStarted {
        task: &'a str,
        backend: &'a str,
        wave: usize,
    },
    TaskEnded {
        task: &'a str,
        #[schemars(schema_with = "words::statuses")]
        status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<FailureRow<'a>>,
        /// Only of a task that was taken over from an earlier run.
        #[serde(skip_serializing_if = "Option::is_none")]
        resumed: Option<bool>,
    },
    AttemptStarted {
        task: &'a str,
        backend: &'a str,
        worker: usize,
        /// 1, 2, …: the place in the report's `attempts`.
        attempt: usize,
    },
    AttemptEnded {
        task: &'a str,
        backend: &'a str,
        worker: usize,
        /// 1, 2, …: the place in the report's `attempts`.
        attempt: usize,
        #[schemars(schema_with = "words::results")]
        result: &'static str,
        #[schemars(with = "Option<String>")]
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<Text<&'a dyn Display>>,
        elapsed_s: f64,
        /// The wait that was drawn for after it.
        #[serde(skip_serializing_if = "Option::is_none")]
        delay_s: Option<f64>,
    },
    TaskParked(WaitRow<'a>),
    TaskResumed(WaitRow<'a>),
    BreakerChanged {
        backend: &'a str,
        #[schemars(schema_with = "words::states")]
        from: &'static str,
        #[schemars(schema_with = "words::states")]
        to: &'static str,
    },
}

#[derive(Serialize, JsonSchema)]
struct WaitRow<'a> {
    task: &'a str,
    /// Until when at the latest, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    until_s: Option<f64>,
    #[schemars(schema_with = "words::waits")]
    why: &'static str,
}

/// Appends `event`, which belongs to `run`, and a line's end.
pub(crate) fn write_line(into: &mut Vec<u8>, event: &Event, run: &str) -> io::Result<()> {
    let Some(row) = row(&event.kind, run) else { return Ok(()) };
    serde_json::to_writer(&mut *into, &Line { seq: event.seq, t_s: seconds(event.at), event: row })?;
    into.write_all(b"\n")
}

/// `None` for a kind of event that is not known here.
fn row<'a>(kind: &'a EventKind, run: &'a str) -> Option<Row<'a>> {
    Some(match kind {
        EventKind::RunStarted { tasks, .. } => Row::RunStarted { id: run, tasks: *tasks },
        EventKind::RunEnded { counts, cancelled, lost, .. } => Row::RunEnded {
            counts: Counts::new(|status: Status| counts[status as usize]),
            cancelled: cancelled.as_deref(),
            lost: (*lost > 0).then_some(*lost),
        },
        EventKind::WaveStarted { wave, tasks, .. } => Row::WaveStarted { wave: *wave, tasks: *tasks },
        EventKind::WaveEnded { wave, tasks, .. } => Row::WaveEnded { wave: *wave, tasks: *tasks },
        EventKind::BreakerChanged { backend, change, .. } => {
            Row::BreakerChanged { backend, from: change.from.as_str(), to: change.to.as_str() }
        }
        other => return row_of_task(other),
    })
}

fn row_of_task(kind: &EventKind) -> Option<Row<'_>> {
    Some(match kind {
        EventKind::TaskStarted { task, backend, wave, .. } => {
            Row::TaskStarted { task: task.as_str(), backend, wave: *wave }
        }
        EventKind::TaskEnded { task, status, failure, resumed, .. } => Row::TaskEnded {
            task: task.as_str(),
            status: status.as_str(),
            failure: failure.as_ref().map(FailureRow::new),
            resumed: resumed.then_some(true),
        },
        EventKind::TaskParked { task, until, why, .. } => Row::TaskParked(WaitRow::new(task, *until, *why)),
        EventKind::TaskResumed { task, until, why, .. } => Row::TaskResumed(WaitRow::new(task, *until, *why)),
        other => return row_of_attempt(other),
    })
}

impl<'a> WaitRow<'a> {
    fn new(task: &'a TaskId, until: Option<Duration>, why: Wait) -> Self {
        Self { task: task.as_str(), until_s: until.map(seconds), why: why.as_str() }
    }
}

fn row_of_attempt(kind: &EventKind) -> Option<Row<'_>> {
    Some(match kind {
        EventKind::AttemptStarted { task, backend, worker, attempt, .. } => {
            Row::AttemptStarted { task: task.as_str(), backend, worker: *worker, attempt: *attempt }
        }
        EventKind::AttemptEnded { task, backend, worker, attempt, result, elapsed, delay, .. } => Row::AttemptEnded {
            task: task.as_str(),
            backend,
            worker: *worker,
            attempt: *attempt,
            result: result.as_str(),
            error: error_of(result),
            elapsed_s: seconds(*elapsed),
            delay_s: delay.map(seconds),
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
