//! The report of a run that a journal has.

use super::report_json::{Document, Run, UsageRow};
use super::wording::Message;
use seawall::{Failure, PastRun};
use std::time::SystemTime;

/// An instant as reports have it, in UTC.
pub(crate) fn timestamp(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map(timestamp_of).unwrap_or_default()
}

pub(super) fn timestamp_of(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Why a task has no response, as reports say it.
pub(crate) fn sentence(failure: &Failure) -> String {
    Message(failure).to_string()
}

/// The report as JSON, as the run wrote it, or would have.
pub(crate) fn past_report(past: &PastRun) -> String {
    let (run, report) = (&past.run, &past.report);
    let facts = Run {
        id: &run.id,
        plan: &run.plan,
        started: timestamp(run.started),
        elapsed_s: report.elapsed().as_secs_f64(),
        concurrency: run.concurrency,
        schedule: run.schedule.as_str(),
        seed: run.seed,
        cancelled: report.cancelled(),
        usage: report.usage().map(UsageRow::new),
    };
    let breakers = past.breakers.iter().map(|(backend, state, trips)| (&**backend, *state, *trips));
    serde_json::to_string_pretty(&Document::of_past(facts, report, breakers)).unwrap_or_default() + "\n"
}
