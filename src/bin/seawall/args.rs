//! The command line.

use clap::ColorChoice;
use seawall::Schedule;
use std::path::PathBuf;
use std::time::Duration;

/// Run plans of failure-prone commands.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub(crate) struct Args {
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Run a plan file.
    Run(RunArgs),
    /// See it work.
    Demo(DemoArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The plan file; `-` is standard input.
    pub(crate) plan: PathBuf,
    /// Tasks in progress at once, over the plan's `[run]`.
    #[arg(long, value_name = "N")]
    pub(crate) concurrency: Option<usize>,
    /// When a task may start, over the plan's `[run]`.
    #[arg(long, value_name = "HOW", value_parser = schedule)]
    pub(crate) schedule: Option<Schedule>,
    /// Seeds simulated backends and jitter, over the plan's `[run]`.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Write the report here; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) report_json: Option<PathBuf>,
    /// Write each event here as a line of JSON, as it happens; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    /// Write each response to `DIR/<id>.out`, and the last error to `DIR/<id>.err`.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// How long what was started may take to end after SIGTERM.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) grace: Duration,
    /// Start nothing new after the first failed task.
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Show only failures and the summary.
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show every attempt.
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// The choice of [`Args`], told to the command too.
    #[arg(skip)]
    pub(crate) color: ColorChoice,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Print the demo's plan, and run nothing.
    #[arg(long)]
    pub(crate) print: bool,
}

fn schedule(word: &str) -> Result<Schedule, String> {
    match word {
        "waves" => Ok(Schedule::Waves),
        "eager" => Ok(Schedule::Eager),
        _ => Err(format!("{word} is no schedule")),
    }
}
