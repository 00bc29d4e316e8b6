//! A run that is written down, and one that goes on with another.

use super::output_dir::OutputDir;
use super::place::Lost;
use crate::args::JournalArgs;
use crate::exit_code::ExitCode;
use crate::plan_file::PlanFile;
use crate::streams;
use crate::visible::visible;
use seawall::{
    Attempt, Journal, JournalReader, NewRun, Outcome, Prospect, Recalled, Response, Runner, SqliteJournal, SqliteRun,
    TaskId,
};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::path::Path;

const WHAT: &str = "the journal";

/// Takes the journal for this run, or says why it cannot be had.
pub(super) fn open(args: &JournalArgs) -> Result<Option<SqliteJournal>, Lost> {
    let Some(path) = &args.journal else { return Ok(None) };
    SqliteJournal::open(path).map(Some).map_err(Lost::of(WHAT, path))
}

/// Begins a run in it.
pub(super) fn begin<'p>(
    journal: SqliteJournal,
    run: NewRun<'p>,
    args: &JournalArgs,
    runner: &Runner<'_>,
) -> Result<SqliteRun<'p>, Lost> {
    let run = if args.resume { run.resuming() } else { run };
    let run = if args.fresh_breakers { run.with_fresh_breakers() } else { run };
    journal.begin(run, runner.circuit_breakers()).map_err(lost(args))
}

/// An error of the journal, with its place.
pub(super) fn lost(args: &JournalArgs) -> impl FnOnce(io::Error) -> Lost {
    Lost::of(WHAT, args.journal.as_deref().unwrap_or(Path::new("")))
}

/// All that is told of each outcome as it comes.
pub(super) struct Kept<'k, 'p> {
    pub(super) run: Option<&'k SqliteRun<'p>>,
    pub(super) dir: Option<&'k OutputDir>,
}

impl Journal<Response> for Kept<'_, '_> {
    fn record(&self, outcome: &Outcome) -> io::Result<()> {
        self.run.map_or(Ok(()), |run| run.record(outcome))?;
        self.dir.map_or(Ok(()), |dir| dir.record(outcome))
    }

    fn record_attempt(&self, task: &TaskId, number: usize, attempt: &Attempt) -> io::Result<()> {
        self.run.map_or(Ok(()), |run| run.record_attempt(task, number, attempt))
    }

    fn recall(&self, task: &TaskId) -> io::Result<Option<Recalled>> {
        self.run.map_or(Ok(None), |run| run.recall(task))
    }
}

/// Says of each task whether it would be taken over, and runs nothing.
pub(super) fn explain(args: &JournalArgs, plan_file: &PlanFile) -> ExitCode {
    let Some(path) = &args.journal else { return ExitCode::BadInput };
    // A task may be asked for more than once.
    let mut warnings = BTreeSet::new();
    let prospects = match JournalReader::open(path) {
        // There is nothing to go on with, and nothing is made.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(vec![Prospect::NotCompleted; plan_file.plan.len()]),
        reader => reader.and_then(|reader| {
            let fingerprint = |task: &_| Ok(plan_file.fingerprint(task, |what| warnings.extend([what])));
            reader.prospects(&plan_file.place, &plan_file.plan, fingerprint)
        }),
    };
    warnings.iter().for_each(|what| streams::say_warning(visible(what)));
    match prospects {
        Ok(prospects) => streams::print(&lines(plan_file, &prospects)),
        Err(error) => {
            let path = path.to_string_lossy();
            let path = visible(&path);
            streams::say_error(format_args!("failed to read the journal `{path}`: {error}"));
            ExitCode::CouldNot
        }
    }
}

fn lines(plan_file: &PlanFile, prospects: &[Prospect]) -> String {
    let mut text = String::new();
    for (task, prospect) in plan_file.plan.tasks().iter().zip(prospects) {
        let _ = writeln!(text, "{}: {}", visible(task.id().as_str()), sentence(prospect));
    }
    text
}

fn sentence(prospect: &Prospect) -> String {
    match prospect {
        Prospect::TakenOver => "resumed".into(),
        Prospect::Changed(parts) => format!("run again, changed: {}", parts.join(", ")),
        Prospect::OtherAncestors => "run again, changed: the answers of its ancestors".into(),
        Prospect::Depends(ancestor) => {
            format!(
                "resumed if its ancestors answer as before, else run again; `{}` is run",
                visible(ancestor.as_str())
            )
        }
        _ => "run, since no run before completed it".into(),
    }
}
