//! The options of `seawall bench`.

use super::{help, values};
use crate::bench::objective::Slo;
use clap::ColorChoice;
use seawall::load::Rate;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::doc_markdown, reason = "help for people, and no Markdown")]
#[command(after_long_help = help::BENCH)]
#[command(group(clap::ArgGroup::new("target").args(["plan", "url", "command"]).required(true)))]
#[command(group(clap::ArgGroup::new("model").args(["concurrency", "rate", "stages", "find_capacity"])))]
#[command(group(clap::ArgGroup::new("open").args(["rate", "stages", "find_capacity"]).multiple(true)))]
pub(crate) struct BenchArgs {
    /// A plan file: the whole plan is run over and over, or one backend of it is called; `-` is standard input
    pub(crate) plan: Option<PathBuf>,
    /// The backend of the plan that is called, with its retries and its circuit breaker
    ///
    /// The plan needs no tasks then.
    #[arg(long, value_name = "NAME", requires_all = ["plan", "prompt"], conflicts_with_all = ["url", "command"], help_heading = "Target")]
    pub(crate) backend: Option<String>,
    /// What the backend is sent
    #[arg(long, value_name = "TEXT", requires = "backend", conflicts_with_all = ["url", "command"], help_heading = "Target")]
    pub(crate) prompt: Option<String>,
    /// An address that is asked: one attempt a call, no circuit breaker
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub(crate) url: Option<String>,
    /// The request's method; GET, or POST with a body
    #[arg(long, value_name = "M", requires = "url", conflicts_with_all = ["plan", "command"], help_heading = "Target")]
    pub(crate) method: Option<String>,
    /// A header of the request; may be repeated, and its value is never shown
    #[arg(long = "header", value_name = "K: V", requires = "url", conflicts_with_all = ["plan", "command"], help_heading = "Target")]
    pub(crate) headers: Vec<String>,
    /// The request's body
    #[arg(long, value_name = "TEXT", requires = "url", conflicts_with_all = ["plan", "command"], help_heading = "Target")]
    pub(crate) body: Option<String>,
    /// A command that is started: one attempt a call, no circuit breaker
    ///
    /// Its output is swallowed, and its standard input is empty.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,

    /// Closed model: so many callers, each of which calls again when it has its answer; 1 by default
    #[arg(long, value_name = "N", value_parser = values::concurrency(), allow_negative_numbers = true, help_heading = "Load")]
    pub(crate) concurrency: Option<usize>,
    /// Open model: calls start on time whatever the answers do; such as 200/s, 90/min, 10/h
    #[arg(long, value_name = "RATE", allow_hyphen_values = true, help_heading = "Load")]
    pub(crate) rate: Option<Rate>,
    /// Open model in steps: such as 10/s:30s,50/s:1min
    #[arg(long, value_name = "STAGES", value_parser = values::stages, allow_hyphen_values = true, help_heading = "Load")]
    pub(crate) stages: Option<Stages>,
    /// Search the highest rate at which every --slo holds
    ///
    /// `--duration` and `--warmup` are of one step then. It ends when the highest rate that held and the lowest that did not
    /// are within a tenth.
    #[arg(long, requires = "slo", help_heading = "Load")]
    pub(crate) find_capacity: bool,
    /// Open model: the gaps between calls
    #[arg(
        long,
        value_name = "HOW",
        default_value = "constant",
        requires = "open",
        conflicts_with = "concurrency",
        help_heading = "Load"
    )]
    pub(crate) arrivals: Gaps,
    /// Open model: calls under way at once at most; what is due beyond it waits, and is late
    #[arg(long, value_name = "N", default_value = "1000", value_parser = values::in_flight(), requires = "open", conflicts_with = "concurrency", allow_negative_numbers = true, help_heading = "Load")]
    pub(crate) max_in_flight: usize,
    /// End after so many calls
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), allow_negative_numbers = true, help_heading = "Load")]
    pub(crate) count: Option<u64>,
    /// End after so long; 10s by default, and no limit with --count alone
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration, allow_hyphen_values = true, help_heading = "Load")]
    pub(crate) duration: Option<Duration>,
    /// For so long before, calls are made that are counted nowhere
    #[arg(long, value_name = "DURATION", default_value = "0s", hide_default_value = true, value_parser = crate::duration::parse, allow_hyphen_values = true, help_heading = "Load")]
    pub(crate) warmup: Duration,

    /// The time limit of one attempt; none by default
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration, allow_hyphen_values = true, help_heading = "Calls")]
    pub(crate) timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) resilience: ResilienceArgs,
    /// How long what is under way may take to end, once the load is over or it is told to; such as 500ms, 30s
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = crate::duration::parse, allow_hyphen_values = true, help_heading = "Calls")]
    pub(crate) grace: Duration,
    /// Seeds poisson arrivals, jitter and simulated backends, from 0 to 2⁶³−1
    #[arg(long, value_name = "N", value_parser = values::seed(), allow_negative_numbers = true, help_heading = "Calls")]
    pub(crate) seed: Option<u64>,

    /// What the load must reach, such as 'p99<200ms', 'errors<1%', 'rate>100/s'; may be repeated
    ///
    /// `p50`, `p90`, `p99`, `p99.9`, `max`, `mean`: corrected latencies. Exit code 1 if one is missed.
    #[arg(long, value_name = "OBJECTIVE", help_heading = "Judgement")]
    pub(crate) slo: Vec<Slo>,
    /// Compare with the --json of an earlier load
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write the results to FILE, as JSON; `-` is standard output
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) json: Option<PathBuf>,
    /// Write an HdrHistogram log to FILE; `-` is standard output
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) hdr: Option<PathBuf>,
    /// Write the results to FILE, as one self-contained page; `-` is standard output
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) html: Option<PathBuf>,
    /// The choice of [`Args`](super::Args), told to the command too.
    #[arg(skip)]
    pub(crate) color: ColorChoice,
}

/// What of retries and circuit breakers is part of the load.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct ResilienceArgs {
    /// Make one attempt a call, whatever the plan says
    #[arg(long, help_heading = "Calls")]
    pub(crate) no_retry: bool,
    /// Without circuit breakers, whatever the plan says
    #[arg(long, help_heading = "Calls")]
    pub(crate) no_breaker: bool,
    /// Put the same load on the four combinations of retries and circuit breakers, one after the other
    ///
    /// Each with the same arrivals and the same seed. What is judged and written is the backend as the plan has it; the four
    /// stand side by side in the summary and in the results (`compare`).
    #[arg(long, conflicts_with_all = ["url", "command", "find_capacity", "no_retry", "no_breaker"], help_heading = "Calls")]
    pub(crate) compare: bool,
}

/// How calls are spread in the open model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Gaps {
    /// Even gaps
    Constant,
    /// Drawn gaps, as independent people make them
    Poisson,
}

/// Rates, each with its time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stages(pub(crate) Vec<(Rate, Duration)>);
