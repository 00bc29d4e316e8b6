//! What the page draws.

use crate::run::account::{Account, error_of, reason};
use crate::run::json::seconds;
use crate::run::report_json::WhyRow;
use seawall::{Attempt, Outcome, Task};
use serde::Serialize;
use std::collections::HashMap;

/// How much of an error or a response is in the page, in characters.
const MOST: usize = 1500;

#[derive(Serialize)]
pub(super) struct Data<'a> {
    elapsed: f64,
    tasks: Vec<TaskData<'a>>,
    /// The place of the task, why it waited, from, to.
    waits: Vec<(usize, &'static str, f64, f64)>,
    /// The backend, the state of its circuit, from, to.
    bands: Vec<(String, &'static str, f64, f64)>,
    why: WhyRow,
}

#[derive(Serialize)]
struct TaskData<'a> {
    id: &'a str,
    backend: &'a str,
    status: &'static str,
    /// Taken over from an earlier run, which made the attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed: Option<bool>,
    wave: usize,
    from: Option<f64>,
    took: f64,
    /// Places of tasks.
    after: Vec<usize>,
    attempts: Vec<AttemptData<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<String>,
}

#[derive(Serialize)]
struct AttemptData<'a> {
    worker: usize,
    from: f64,
    to: f64,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    backend: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<'a> Data<'a> {
    pub(super) fn of(account: &Account<'a>) -> Self {
        let Account { plan, report, record, .. } = *account;
        let places: HashMap<&str, usize> = plan.tasks().iter().map(|task| task.id().as_str()).zip(0..).collect();
        let task = |(outcome, task): (&'a Outcome, &Task)| TaskData::of(outcome, task, &places, report.cancelled());
        let waits = record
            .waits()
            .iter()
            .map(|wait| (places[wait.task.as_str()], wait.why.as_str(), seconds(wait.from), seconds(wait.to)));
        let bands = record.bands(report.elapsed()).into_iter();
        Self {
            elapsed: seconds(report.elapsed()),
            tasks: report.iter().zip(plan.tasks()).map(task).collect(),
            waits: waits.collect(),
            bands: bands
                .map(|band| (band.backend.to_string(), band.state.as_str(), seconds(band.from), seconds(band.to)))
                .collect(),
            why: WhyRow::new(&report.why()),
        }
    }
}

impl<'a> TaskData<'a> {
    fn of(outcome: &'a Outcome, task: &Task, places: &HashMap<&str, usize>, cancelled: Option<&str>) -> Self {
        let failure = outcome.result().err();
        let attempts = outcome.attempts().iter().filter(|_| !outcome.is_resumed());
        Self {
            id: outcome.task().as_str(),
            backend: outcome.backend(),
            status: outcome.status().as_str(),
            resumed: outcome.is_resumed().then_some(true),
            wave: outcome.wave(),
            from: outcome.started().filter(|_| !outcome.is_resumed()).map(seconds),
            took: seconds(outcome.elapsed()),
            after: task.dependencies().iter().map(|id| places[id.as_str()]).collect(),
            attempts: attempts.map(|attempt| AttemptData::of(attempt, outcome.backend())).collect(),
            why: failure.map(|failure| excerpt(&reason(failure, cancelled))),
            response: outcome.result().ok().map(|response| excerpt(response.text())).filter(|text| !text.is_empty()),
        }
    }
}

impl<'a> AttemptData<'a> {
    fn of(attempt: &'a Attempt, home: &str) -> Self {
        let from = seconds(attempt.started);
        Self {
            worker: attempt.worker,
            from,
            to: from + seconds(attempt.elapsed),
            result: attempt.result.as_str(),
            backend: (*attempt.backend != *home).then_some(&*attempt.backend),
            error: error_of(&attempt.result).map(|error| excerpt(&error)),
        }
    }
}

fn excerpt(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
