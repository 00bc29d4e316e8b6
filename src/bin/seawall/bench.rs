//! `seawall bench`: the whole way of a load on one page.

mod baseline_file;
pub(crate) mod circuit;
mod compare;
mod document;
mod files;
mod live;
pub(crate) mod objective;
pub(crate) mod page;
mod summary;
mod target;

use crate::args::{BenchArgs, Gaps};
use crate::exit_code::ExitCode;
use crate::plan_file::PlanFaults;
use crate::run::place::Lost;
use crate::run::signals::{self, Session};
use crate::streams;
use crate::visible::visible;
use circuit::{Change, CircuitLog};
use compare::Variant;
use document::{Document, Judged};
use files::Files;
use live::Live;
use page::{Page, Shown};
use seawall::load::{Arrivals, Baseline, Capacity, Load, LoadResult, Rate, find_capacity};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use target::Aim;

/// How often the live display is told.
const INTERVAL: Duration = Duration::from_millis(100);

/// Puts load on something, and tells of it.
pub(crate) fn bench(args: &BenchArgs) -> ExitCode {
    launch(args).unwrap_or_else(Refusal::tell)
}

/// Why nothing was sent.
enum Refusal {
    Usage(String),
    Plan(PlanFaults),
    Places(Vec<Lost>),
    Unable(String),
}

/// A load that is over.
struct Done {
    result: LoadResult,
    capacity: Option<Capacity>,
    /// The end of the warm-up, by the wall clock.
    began: SystemTime,
}

/// What stands beside a result.
struct Beside<'a> {
    baseline: Option<&'a Baseline>,
    /// The plan's own combination first; empty where nothing is compared.
    variants: &'a [Variant],
    secrets: &'a [String],
}

fn launch(args: &BenchArgs) -> Result<ExitCode, Refusal> {
    files::misuse(args).or_else(|| compare::misuse(args)).map_or(Ok(()), |misuse| Err(Refusal::Usage(misuse)))?;
    let session = Arc::new(Session::new());
    session.listen().map_err(|error| Refusal::Unable(format!("failed to listen for signals: {error}")))?;
    let baseline = args.baseline.as_deref().map(baseline_file::read).transpose().map_err(Refusal::Usage)?;
    let circuit = Arc::new(CircuitLog::new());
    let aim = Aim::take(args, &session, &circuit)?;
    let files = Files::prepare(args, &session.temporaries, &session.patience).map_err(Refusal::Places)?;
    session.begin();
    let done = put_load_on(args, &aim, &session, &circuit)?;
    let variants =
        if args.resilience.compare { variants(args, aim.seed, &done, &circuit, &session)? } else { Vec::new() };
    let beside = Beside { baseline: baseline.as_ref(), variants: &variants, secrets: &aim.secrets };
    Ok(tell(args, &session, files, &done, &circuit, &beside))
}

fn put_load_on(args: &BenchArgs, aim: &Aim, session: &Session, circuit: &CircuitLog) -> Result<Done, Refusal> {
    let target = aim.target().map_err(|error| Refusal::Unable(streams::with_reason(&error)))?;
    let load = load(args, aim.seed);
    let began = SystemTime::now() + args.warmup;
    circuit.begin(Instant::now() + args.warmup);
    let mut live = Live::new(&session.screen, circuit, args, session.heard.clone());
    if !args.find_capacity {
        let result = load.run_watched(&session.cancel, &*target, INTERVAL, |progress| live.show(None, progress));
        return Ok(Done { result, capacity: None, began });
    }
    let objectives: Vec<_> = args.slo.iter().map(|slo| slo.objective).collect();
    let watch = |rate, progress: &seawall::load::Progress| live.show(Some(rate), progress);
    let capacity = find_capacity(&load, &objectives, &session.cancel, &*target, watch);
    Ok(Done { result: capacity.result.clone(), capacity: Some(capacity), began })
}

/// The plan's own combination, and the others.
fn variants(
    args: &BenchArgs,
    seed: u64,
    done: &Done,
    circuit: &CircuitLog,
    session: &Session,
) -> Result<Vec<Variant>, Refusal> {
    let result = done.result.clone();
    let own = Variant { has_retry: true, has_breaker: true, result, changes: circuit.changes() };
    Ok(std::iter::once(own).chain(compare::others(args, seed, session)?).collect())
}

fn load(args: &BenchArgs, seed: u64) -> Load {
    let spread = |arrivals: Arrivals| match args.arrivals {
        Gaps::Constant => arrivals,
        Gaps::Poisson => arrivals.with_poisson(seed),
    };
    let load = match (&args.rate, &args.stages) {
        (Some(rate), _) => Load::open(spread(Arrivals::constant(*rate))),
        (None, Some(stages)) => Load::open(spread(Arrivals::stages(stages.0.iter().copied()))),
        // The rate is replaced by those that are tried.
        (None, None) if args.find_capacity => Load::open(spread(Arrivals::constant(Rate::per_second(1.0)))),
        (None, None) => Load::closed(args.concurrency.unwrap_or(1)),
    };
    let load = load.with_max_in_flight(args.max_in_flight).with_warmup(args.warmup).with_grace(args.grace);
    let load = args.count.into_iter().fold(load, Load::with_count);
    args.duration.into_iter().fold(load, Load::with_duration)
}

/// Judges, writes, and says what came of it.
fn tell(
    args: &BenchArgs,
    session: &Session,
    files: Files,
    done: &Done,
    circuit: &CircuitLog,
    beside: &Beside<'_>,
) -> ExitCode {
    let Done { result, capacity, began } = done;
    let judged: Vec<Judged<'_>> =
        args.slo.iter().map(|slo| Judged { slo, judgement: slo.objective.judge(result) }).collect();
    let comparison = beside.baseline.map(|baseline| baseline.compare(&Baseline::of(result)));
    let circuit = circuit.changes();
    let document = Document::new(result, &judged, comparison.as_ref(), capacity.as_ref(), &circuit, beside.secrets)
        .beside(beside.variants);
    let page = page_of(args, &document, result, &circuit, beside.variants);
    let lost = files.write(&document, &page, result, *began);
    session.screen.say(&summary::text(args, &document, result, beside.variants));
    lost.iter().for_each(|lost| streams::say_error(visible(&lost.to_string())));
    exit_code(result, &judged, capacity.as_ref(), lost.is_empty())
}

/// What `--html` shows: the load, or those that are compared.
fn page_of<'a>(
    args: &BenchArgs,
    document: &Document<'a>,
    result: &'a LoadResult,
    circuit: &'a [Change],
    variants: &'a [Variant],
) -> Page<'a> {
    let one = Shown { name: String::new(), result, changes: circuit };
    let compared = variants.iter().map(|variant| Shown {
        name: variant.name(),
        result: &variant.result,
        changes: &variant.changes,
    });
    Page {
        title: target::title(args),
        facts: target::facts(args),
        loads: if variants.is_empty() { vec![one] } else { compared.collect() },
        judged: document.judged(),
        examples: document.examples.clone(),
    }
}

/// A signal before everything else, and what was lost before what was missed.
fn exit_code(result: &LoadResult, judged: &[Judged<'_>], capacity: Option<&Capacity>, is_written: bool) -> ExitCode {
    let is_found = capacity.is_none_or(|capacity| capacity.rate.is_some());
    let is_met = judged.iter().all(|judged| judged.judgement.is_met);
    match result.cancelled().and_then(signals::exit_code_of) {
        Some(signal) => signal,
        None if !is_written => ExitCode::CouldNot,
        None if !is_met || !is_found || (result.calls() > 0 && result.ok() == 0) => ExitCode::TasksFailed,
        None => ExitCode::Success,
    }
}

impl Refusal {
    /// Says why, and gives the exit code.
    fn tell(self) -> ExitCode {
        match self {
            Self::Plan(faults) => return faults.print(),
            Self::Usage(misuse) => {
                streams::say_error(visible(&misuse));
                return ExitCode::BadInput;
            }
            Self::Places(lost) => lost.iter().for_each(|lost| streams::say_error(visible(&lost.to_string()))),
            Self::Unable(reason) => streams::say_error(visible(&reason)),
        }
        ExitCode::CouldNot
    }
}
