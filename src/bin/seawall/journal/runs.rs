//! `seawall runs`: what runs a journal has.

use super::refuse;
use crate::args::RunsArgs;
use crate::exit_code::ExitCode;
use crate::run::{Counts, timestamp};
use crate::streams;
use crate::visible::visible;
use seawall::{JournalReader, JournaledRun, Status};
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct RunRow<'a> {
    id: &'a str,
    plan: &'a str,
    started: String,
    state: &'static str,
    cancelled: Option<&'a str>,
    counts: Counts,
    resumed_from: Option<&'a str>,
}

/// Lists them, the oldest first.
pub(crate) fn runs(args: &RunsArgs) -> ExitCode {
    match JournalReader::open(&args.file).and_then(|journal| journal.runs()) {
        Ok(runs) if args.json => streams::print(&json(&runs)),
        Ok(runs) => streams::print(&table(&runs)),
        Err(error) => refuse(&args.file, "read", &error),
    }
}

fn json(runs: &[JournaledRun]) -> String {
    let rows: Vec<RunRow<'_>> = runs.iter().map(row_of).collect();
    serde_json::to_string_pretty(&rows).unwrap_or_default() + "\n"
}

fn row_of(run: &JournaledRun) -> RunRow<'_> {
    RunRow {
        id: &run.id,
        plan: &run.plan,
        started: timestamp(run.started),
        state: run.state.as_str(),
        cancelled: run.cancelled.as_deref(),
        counts: Counts::new(|status| run.counts[status as usize]),
        resumed_from: run.resumed_from.as_deref(),
    }
}

fn table(runs: &[JournaledRun]) -> String {
    let mut table = String::new();
    for run in runs {
        let counts = Status::ALL.iter().filter(|status| run.counts[**status as usize] > 0);
        let counts: Vec<String> = counts.map(|status| format!("{} {status}", run.counts[*status as usize])).collect();
        let (plan, state) = (visible(&run.plan), run.state.as_str());
        let cancelled = run.cancelled.as_ref().map(|reason| format!(" by {}", visible(reason))).unwrap_or_default();
        let from = run.resumed_from.as_ref().map(|id| format!(", resumed from {id}")).unwrap_or_default();
        let (id, started) = (&run.id, timestamp(run.started));
        let _ = writeln!(table, "{id}  {started}  {plan}  {state}{cancelled}: {}{from}", counts.join(", "));
    }
    table
}
