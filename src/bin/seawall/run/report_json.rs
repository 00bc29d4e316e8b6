//! The report as JSON. It borrows from the report, and is written as a stream.

use super::json::{Counts, FailureRow, Text, error_of, seconds};
use seawall::{Attempt, CircuitBreaker, Outcome, Report};
use serde::{Serialize, Serializer};
use std::fmt::Display;
use std::sync::Arc;

/// The version of the form.
const SCHEMA: u32 = 1;

/// What a report says of its run beside what became of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Run<'a> {
    pub(crate) id: &'a str,
    pub(crate) plan: &'a str,
    /// Wall time, UTC.
    pub(crate) started: String,
    pub(crate) elapsed_s: f64,
    pub(crate) concurrency: usize,
    pub(crate) schedule: &'static str,
    pub(crate) seed: u64,
    pub(crate) cancelled: Option<&'a str>,
}

/// A whole report.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    schema: u32,
    run: Run<'a>,
    counts: Counts,
    tasks: Tasks<'a>,
    breakers: Vec<BreakerRow<'a>>,
}

impl<'a> Document<'a> {
    pub(crate) fn new(run: Run<'a>, report: &'a Report, breakers: &[(&'a str, Arc<CircuitBreaker>)]) -> Self {
        let breakers = breakers.iter().map(|(backend, breaker)| BreakerRow::new(backend, breaker)).collect();
        Self { schema: SCHEMA, run, counts: Counts::new(|status| report.count(status)), tasks: Tasks(report), breakers }
    }
}

struct Tasks<'a>(&'a Report);

impl Serialize for Tasks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(TaskRow::new))
    }
}

#[derive(Serialize)]
struct TaskRow<'a> {
    id: &'a str,
    backend: &'a str,
    status: &'static str,
    wave: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_s: Option<f64>,
    attempts: Attempts<'a>,
    #[serde(flatten)]
    end: EndRow<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum EndRow<'a> {
    Response { response: &'a str, truncated: bool, lossy: bool },
    Failure { failure: FailureRow<'a> },
}

impl<'a> TaskRow<'a> {
    fn new(outcome: &'a Outcome) -> Self {
        let end = match outcome.result() {
            Ok(response) => EndRow::Response {
                response: response.text(),
                truncated: response.is_truncated(),
                lossy: response.is_lossy(),
            },
            Err(failure) => EndRow::Failure { failure: FailureRow::new(failure) },
        };
        Self {
            id: outcome.task().as_str(),
            backend: outcome.backend(),
            status: outcome.status().as_str(),
            wave: outcome.wave(),
            started_s: outcome.started().map(seconds),
            elapsed_s: outcome.started().map(|_| seconds(outcome.elapsed())),
            attempts: Attempts(outcome),
            end,
        }
    }
}

struct Attempts<'a>(&'a Outcome);

impl Serialize for Attempts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let home = self.0.backend();
        serializer.collect_seq(self.0.attempts().iter().map(|attempt| AttemptRow::new(attempt, home)))
    }
}

#[derive(Serialize)]
struct AttemptRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    backend: Option<&'a str>,
    worker: usize,
    started_s: f64,
    elapsed_s: f64,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Text<&'a dyn Display>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_s: Option<f64>,
}

impl<'a> AttemptRow<'a> {
    fn new(attempt: &'a Attempt, home: &str) -> Self {
        Self {
            backend: (*attempt.backend != *home).then_some(&*attempt.backend),
            worker: attempt.worker,
            started_s: seconds(attempt.started),
            elapsed_s: seconds(attempt.elapsed),
            result: attempt.result.as_str(),
            error: error_of(&attempt.result),
            delay_s: attempt.delay.map(seconds),
        }
    }
}

#[derive(Serialize)]
struct BreakerRow<'a> {
    backend: &'a str,
    state: &'static str,
    trips: u64,
}

impl<'a> BreakerRow<'a> {
    fn new(backend: &'a str, breaker: &CircuitBreaker) -> Self {
        Self { backend, state: breaker.state().as_str(), trips: breaker.trips() }
    }
}
