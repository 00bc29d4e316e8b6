//! `seawall demo`: the built-in plan, and the proof that what it foretells has happened.

use super::voice::Voice;
use super::{Done, complain, launch};
use crate::args::{JournalArgs, PictureArgs, RunArgs};
use crate::demo;
use crate::exit_code::ExitCode;
use crate::plan_file::PlanFile;
use crate::streams;
use clap::ColorChoice;
use seawall::{Report, Runner, Status};
use std::path::{Path, PathBuf};
use std::time::Duration;

const FORETOLD: &str = "\
A plan of simulated calls. Look for a task that fails and is tried again, a
circuit that opens because its backend is down, failures that leave their
neighbours alone, and tasks that are skipped because what they need failed.
";

/// Runs the built-in plan. It went well if all that it foretells has happened.
pub(crate) fn demo(color: ColorChoice) -> ExitCode {
    let args = arguments(color);
    streams::say(FORETOLD);
    let plan = || PlanFile::parse(demo::NAME, demo::PLAN, Path::new("."));
    match launch(&args, Voice::new(&args), plan) {
        Ok(done) if matches!(done.code, ExitCode::Signal(_)) => done.code,
        Ok(done) => judge(&done),
        Err(refusal) => refusal.tell(),
    }
}

fn arguments(color: ColorChoice) -> RunArgs {
    RunArgs {
        plan: PathBuf::from(demo::NAME),
        only: Vec::new(),
        from: Vec::new(),
        concurrency: None,
        schedule: None,
        seed: None,
        report_json: None,
        events: None,
        output: None,
        journaling: JournalArgs::default(),
        pictures: PictureArgs::default(),
        grace: Duration::from_secs(5),
        fail_fast: false,
        quiet: false,
        verbose: false,
        color,
    }
}

fn judge(Done { report, runner, .. }: &Done) -> ExitCode {
    let missing = missing(report, runner);
    if missing.is_empty() {
        streams::say(
            "\nAll of it happened. `seawall demo --print` shows the plan, `seawall init` writes one to begin with.",
        );
        return ExitCode::Success;
    }
    complain(format_args!("the demo did not show {}", missing.join(", ")));
    ExitCode::TasksFailed
}

/// What was foretold and did not happen.
fn missing(report: &Report, runner: &Runner<'_>) -> Vec<&'static str> {
    let has = |status| report.count(status) > 0;
    let is_saved = report.iter().any(|outcome| outcome.status() == Status::Completed && outcome.attempts().len() > 1);
    let is_opened = runner.circuit_breakers().breakers().iter().any(|(_, breaker)| breaker.trips() > 0);
    let foretold = [
        ("a retry that goes well", is_saved),
        ("a circuit that opens", is_opened),
        ("an isolated failure", has(Status::Failed) && has(Status::Completed)),
        ("a skip", has(Status::Skipped)),
    ];
    foretold.into_iter().filter(|(_, has_happened)| !has_happened).map(|(what, _)| what).collect()
}
