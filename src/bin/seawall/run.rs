//! `seawall run`, and `seawall demo`: the whole way of a run on one page.

mod account;
mod advice;
mod clash;
mod demo;
mod estimate;
mod event_file;
mod event_json;
mod frame;
mod journal;
mod json;
mod junit;
mod lines;
mod markdown;
mod open_files;
mod output_dir;
mod outputs;
mod part;
mod past;
mod pictures;
pub(crate) mod place;
mod printable;
mod progress;
mod record;
#[cfg(test)]
mod rehearsal;
mod replay;
pub(crate) mod report_file;
mod report_json;
mod schema;
pub(crate) mod screen;
pub(crate) mod signals;
pub(crate) mod stream;
pub(crate) mod style;
mod summary;
mod time;
mod timeline;
mod trace;
mod voice;
mod watch;
pub(crate) mod whole_file;
pub(crate) mod wording;
mod words;

pub(crate) use demo::demo;
pub(crate) use json::Counts;
pub(crate) use past::{past_report, sentence, timestamp};
pub(crate) use schema::{of_events as schema_of_events, of_report as schema_of_report};
pub(crate) use whole_file::{Entry, Temporaries};
pub(crate) use wording::counted;

use crate::args::RunArgs;
use crate::exit_code::ExitCode;
use crate::plan_file::{PlanFaults, PlanFile, RunSettings};
use crate::response_files;
use crate::streams;
use crate::visible::visible;
use account::Account;
use event_file::EventFile;
use journal::Kept;
use outputs::Outputs;
use place::Lost;
use record::Record;
use replay::Replay;
use report_file::ReportFile;
use report_json::Document;
use seawall::crossbeam_channel::unbounded;
use seawall::{CircuitBreaker, NewRun, Report, RunOptions, Runner, SqliteJournal, SqliteRun};
use signals::Session;
use std::fmt::Display;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{io, thread};
use voice::Voice;
use watch::Watch;

/// Runs a plan file.
pub(crate) fn run(args: &RunArgs) -> ExitCode {
    launch(args, Voice::new(args), || PlanFile::load(&args.plan)).map_or_else(Refusal::tell, |done| done.code)
}

/// Why nothing was run.
enum Refusal {
    Usage(String),
    Plan(PlanFaults),
    Places(Vec<Lost>),
    Start(String),
    /// It was only to be explained.
    Explained(ExitCode),
    Unable(seawall::Error),
}

/// A run that is over, and told of.
struct Done {
    report: Report,
    runner: Runner<'static>,
    code: ExitCode,
}

/// Reads the plan, tries every place, runs, writes, tells.
fn launch(args: &RunArgs, voice: Voice, plan: impl FnOnce() -> Result<PlanFile, PlanFaults>) -> Result<Done, Refusal> {
    outputs::misuse(args).map_or(Ok(()), |misuse| Err(Refusal::Usage(misuse)))?;
    let session = Arc::new(Session::new());
    session.listen().map_err(|error| Refusal::Start(format!("failed to listen for signals: {error}")))?;
    let plan_file = part::part(args, plan().map_err(Refusal::Plan)?).map_err(Refusal::Usage)?;
    if args.journaling.explain {
        return Err(Refusal::Explained(journal::explain(&args.journaling, &plan_file)));
    }
    outputs::misuse_with(args, &plan_file.plan).map_or(Ok(()), |misuse| Err(Refusal::Usage(misuse)))?;
    session.begin();
    let outputs = Outputs::prepare(args, &plan_file.plan, &session.temporaries, &session.patience);
    let outputs = outputs.map_err(Refusal::Places)?;
    let journal = journal::open(&args.journaling).map_err(|lost| Refusal::Places(vec![lost]))?;
    let responses = plan_file.response_files(&session.temporaries);
    let responses =
        responses.map_err(|error| Refusal::Start(format!("failed to make a folder for responses: {error}")))?;
    if responses.is_some() {
        response_files::remove_abandoned();
    }
    let settings = RunSettings { responses, ..settings(args, &plan_file, &session) };
    let calls = settings.concurrency.min(plan_file.plan.len());
    open_files::make_room(calls).iter().for_each(streams::say_warning);
    let runner = plan_file.runner(&settings).map_err(Refusal::Unable)?;
    Performance { args, voice, plan_file, settings, session, id: fresh_id() }.carry_out(runner, outputs, journal)
}

fn settings(args: &RunArgs, plan_file: &PlanFile, session: &Session) -> RunSettings {
    RunSettings {
        concurrency: args.concurrency.unwrap_or(plan_file.concurrency),
        schedule: args.schedule.unwrap_or(plan_file.schedule),
        seed: args.seed.or(plan_file.seed).unwrap_or_else(fresh_seed),
        grace: args.grace,
        groups: session.groups.clone(),
        responses: None,
    }
}

/// From 0 to 2⁶³ − 1, as in a plan file.
fn fresh_seed() -> u64 {
    RandomState::new().hash_one(()) >> 1
}

/// 128 bits, from the entropy that the standard library draws for its hash maps.
fn fresh_id() -> String {
    let entropy = RandomState::new();
    format!("{:016x}{:016x}", entropy.hash_one(0), entropy.hash_one(1))
}

/// One run, with all that belongs to it.
struct Performance<'a> {
    args: &'a RunArgs,
    voice: Voice,
    plan_file: PlanFile,
    settings: RunSettings,
    session: Arc<Session>,
    id: String,
}

impl Performance<'_> {
    fn carry_out(
        self,
        runner: Runner<'static>,
        mut outputs: Outputs,
        journal: Option<SqliteJournal>,
    ) -> Result<Done, Refusal> {
        let started = jiff::Timestamp::now();
        self.voice.announce(&self.session.screen, &self.plan_file, &self.settings);
        let file = outputs.report.take_if(|file| file.is_regular());
        // Before anybody is waited for who reads slowly, or not at all.
        let save = |report: &Report| file.map(|file| self.save(file, started, &runner, report));
        let mut record = Record::default();
        let journal =
            journal.map(|journal| journal::begin(journal, self.new_run(started), &self.args.journaling, &runner));
        let journal = journal.transpose().map_err(|lost| Refusal::Places(vec![lost]))?;
        let mut kept = Ok(());
        let when_over = |report: &Report| {
            kept = self.end_journal(journal.as_ref(), report);
            save(report)
        };
        let (report, saved) = self.run(&runner, &mut outputs, &mut record, journal.as_ref(), when_over)?;
        let breakers = self.breakers(&runner);
        let run = self.facts(started, &report);
        let document = Document::new(run.clone(), &report, &breakers);
        let plan = &self.plan_file.plan;
        let account = Account { run: &run, plan, report: &report, breakers: &breakers, record: &record };
        let mut lost = write(outputs, &document, &account);
        lost.extend(saved.and_then(Result::err).into_iter().chain(kept.err()));
        let Session { screen, patience, .. } = &*self.session;
        self.voice.sum_up(screen, &report, &breakers, self.plan_again(), || advice::advice(&self.replay(&report)));
        lost.iter().for_each(|lost| self.voice.complain(screen, lost));
        if lost.iter().any(Lost::is_report) {
            // Nobody is left to be told if this fails, too.
            let stream = stream::Stream::of(io::stderr(), patience);
            let _ = stream.and_then(|stream| report_file::write_to(stream, report_file::json(&document)));
        }
        let code = exit_code(&report, lost.is_empty());
        drop((document, run));
        drop(breakers);
        Ok(Done { report, runner, code })
    }

    /// The run once more, with the settings that it had.
    fn replay<'a>(&'a self, report: &'a Report) -> Replay<'a> {
        Replay {
            plan: &self.plan_file.plan,
            report,
            backends: self.plan_file.backend_limits(),
            concurrency: self.settings.concurrency,
            schedule: self.settings.schedule,
            is_without_retries: false,
        }
    }

    /// The plan's file, if there is one that can be read again.
    fn plan_again(&self) -> Option<&Path> {
        let is_there = self.args.plan.as_os_str() != "-" && self.args.plan.is_file();
        is_there.then_some(&*self.args.plan)
    }

    fn save(
        &self,
        file: ReportFile,
        started: jiff::Timestamp,
        runner: &Runner<'_>,
        report: &Report,
    ) -> Result<(), Lost> {
        let breakers = self.breakers(runner);
        file.write(report_file::json(&Document::new(self.facts(started, report), report, &breakers)))
    }

    /// Runs the plan, and does what is to be done as soon as it is over. Without anybody to tell, there are no events.
    fn run<T>(
        &self,
        runner: &Runner<'_>,
        outputs: &mut Outputs,
        record: &mut Record,
        journal: Option<&SqliteRun<'_>>,
        when_over: impl FnOnce(&Report) -> T,
    ) -> Result<(Report, T), Refusal> {
        let record = outputs.needs_record().then_some(record);
        let Outputs { events, dir, .. } = outputs;
        let mut options = RunOptions::new();
        if self.args.fail_fast {
            options = options.with_fail_fast();
        }
        if let Some(dollars) = self.plan_file.max_cost {
            options = options.with_max_cost(dollars);
        }
        let kept = Kept { run: journal, dir: dir.as_ref() };
        if kept.run.is_some() || kept.dir.is_some() {
            options = options.with_journal(&kept);
        }
        if kept.run.is_some() {
            options = options.with_resume();
        }
        let is_shared = events.as_ref().is_some_and(EventFile::is_terminal);
        let voice = if is_shared { self.voice.without_display() } else { self.voice };
        let people = voice.people(&self.session.screen, runner);
        if people.is_none() && events.is_none() && record.is_none() {
            let report = self.run_with(runner, options)?;
            let done = when_over(&report);
            return Ok((report, done));
        }
        let (sender, receiver) = unbounded();
        let watch = Watch { run: &self.id, file: events.as_mut(), record, people };
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("watch".into());
            thread
                .spawn_scoped(scope, || watch.until_over(&receiver, &self.session.heard))
                .map_err(|error| Refusal::Start(format!("failed to start a thread: {error}")))?;
            let report = self.run_with(runner, options.with_events(sender))?;
            let done = when_over(&report);
            Ok((report, done))
        })
    }

    fn run_with(&self, runner: &Runner<'_>, options: RunOptions<'_>) -> Result<Report, Refusal> {
        runner.run_with(&self.plan_file.plan, &self.session.cancel, options).map_err(Refusal::Unable)
    }

    fn new_run(&self, started: jiff::Timestamp) -> NewRun<'_> {
        let PlanFile { place, plan, name, .. } = &self.plan_file;
        let RunSettings { concurrency, schedule, seed, .. } = self.settings;
        let run = NewRun::new(&self.id, place, plan);
        let is_whole = self.args.only.is_empty() && self.args.from.is_empty();
        let run = if is_whole { run } else { run.of_part() };
        run.named(name)
            .started(SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(started.as_nanosecond()).unwrap_or(0)))
            .with_settings(concurrency, schedule, seed)
            .with_breakers(self.plan_file.breaker_kinds())
            .with_fingerprints(|task| {
                Ok(self.plan_file.fingerprint(task, |what| self.voice.warn(&self.session.screen, what)))
            })
    }

    /// A run whose journal failed has not ended for those who go on with it.
    fn end_journal(&self, journal: Option<&SqliteRun<'_>>, report: &Report) -> Result<(), Lost> {
        let Some(journal) = journal else { return Ok(()) };
        let ended = match report.journal_error() {
            Some(error) => Err(io::Error::other(error.to_string())),
            None => journal.end(report),
        };
        ended.map_err(journal::lost(&self.args.journaling))
    }

    fn breakers(&self, runner: &Runner<'_>) -> Vec<(&str, Arc<CircuitBreaker>)> {
        let breaker = |kind| (kind, runner.circuit_breakers().get(kind));
        self.plan_file.breaker_kinds().into_iter().map(breaker).collect()
    }

    fn facts<'a>(&'a self, started: jiff::Timestamp, report: &'a Report) -> report_json::Run<'a> {
        report_json::Run {
            id: &self.id,
            plan: &self.plan_file.name,
            started: past::timestamp_of(started),
            elapsed_s: report.elapsed().as_secs_f64(),
            concurrency: self.settings.concurrency,
            schedule: self.settings.schedule.as_str(),
            seed: self.settings.seed,
            cancelled: report.cancelled(),
            usage: report.usage().map(report_json::UsageRow::new),
        }
    }
}

/// Each output for itself: one that is lost takes none of the others with it.
fn write(outputs: Outputs, document: &Document<'_>, account: &Account<'_>) -> Vec<Lost> {
    let Outputs { report, events, dir, pictures } = outputs;
    let written = [events.map(EventFile::finish), report.map(|file| file.write(report_file::json(document)))];
    let pictures = pictures.into_iter().map(|file| file.write(account));
    let lost = written.into_iter().flatten().chain(pictures).filter_map(Result::err);
    lost.chain(dir.map(output_dir::OutputDir::finish).into_iter().flatten()).collect()
}

/// A signal before everything else, and what was lost before what became of the tasks.
fn exit_code(report: &Report, is_all_written: bool) -> ExitCode {
    match report.cancelled().and_then(signals::exit_code_of) {
        Some(signal) => signal,
        None if !is_all_written => ExitCode::CouldNot,
        None if report.is_success() => ExitCode::Success,
        None => ExitCode::TasksFailed,
    }
}

impl Refusal {
    /// Says why, and gives the exit code.
    fn tell(self) -> ExitCode {
        match self {
            Self::Plan(faults) => return faults.print(),
            Self::Explained(code) => return code,
            Self::Usage(misuse) => {
                complain(misuse);
                return ExitCode::BadInput;
            }
            Self::Places(lost) => lost.iter().for_each(complain),
            Self::Start(reason) => complain(reason),
            Self::Unable(error) => complain(streams::with_reason(&error)),
        }
        ExitCode::CouldNot
    }
}

/// Says what went wrong with the program itself.
fn complain(what: impl Display) {
    streams::say_error(visible(&what.to_string()));
}
