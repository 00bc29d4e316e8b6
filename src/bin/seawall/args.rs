//! The command line.

mod bench;
mod exec;
mod explain;
mod help;
mod values;

pub(crate) use bench::{BenchArgs, Gaps, ResilienceArgs};
pub(crate) use exec::ExecArgs;

use crate::exit_code::ExitCode;
use crate::streams;
use clap::{ColorChoice, CommandFactory as _, FromArgMatches as _};
use clap_complete::Shell;
use seawall::Schedule;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, ffi::OsString};

/// Runs plans of failure-prone commands, wave by wave: with retries, circuit breakers and prompt cancellation.
#[derive(Debug, clap::Parser)]
#[command(version, max_term_width = 100, after_help = help::SHORT, after_long_help = help::LONG, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    /// When to use colour
    ///
    /// `auto`: on a terminal, unless `NO_COLOR` or `CI` is set to something.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Run a plan file
    ///
    /// Runs the tasks of a plan file, wave by wave, and says what became of them. Exits 0 if all went well, 1 if a task
    /// failed or was skipped, 2 if the plan has faults (then nothing is run), 3 if seawall itself could not do its job,
    /// and 130, 143 or 129 if it was ended by SIGINT, SIGTERM or SIGHUP.
    #[command(after_long_help = help::RUN)]
    Run(Box<RunArgs>),
    /// Say every fault of a plan file, run nothing
    ///
    /// Says every fault of a plan file at once, each at its line and column, on standard error, and runs nothing. Exits 0
    /// if there is none, else 2.
    #[command(after_long_help = help::CHECK)]
    Check(CheckArgs),
    /// Show a plan's waves, as text or as a graph
    ///
    /// Shows what runs when: the tasks wave by wave, and what each waits for. Runs nothing.
    #[command(after_long_help = help::GRAPH)]
    Graph(GraphArgs),
    /// Write a commented starter plan
    ///
    /// Writes a plan file that says what can be in one, and that runs as it is. Never writes over a file that is there.
    #[command(after_long_help = help::INIT)]
    Init(InitArgs),
    /// Run one command, with time-out, retries and a circuit that remembers between calls
    ///
    /// Runs the command with its own standard streams, and exits as its last attempt did, with 128 + n if signal n ended
    /// it. Exits 124 if the last attempt timed out, 125 if the usage is bad or seawall itself failed, 126 if the command
    /// cannot be executed, 127 if it is not found, 75 if the circuit was open and nothing was run, and 130, 143 or 129 if
    /// it was ended by SIGINT, SIGTERM or SIGHUP.
    #[command(after_long_help = help::EXEC)]
    Exec(Box<ExecArgs>),
    /// See it at work on simulated backends, in a few seconds
    ///
    /// Runs a built-in plan on simulated backends: a retry that saves a task, a circuit that opens and closes again, a
    /// failure that leaves its neighbours alone, and a task that is skipped. Exits 0 if all went as foretold.
    #[command(after_long_help = help::DEMO)]
    Demo(DemoArgs),
    /// Print the JSON Schema of what is written or read
    ///
    /// Prints a JSON Schema: of reports, of events (one line of them), or of plan files, with which editors complete those.
    #[command(after_long_help = help::SCHEMA)]
    Schema(SchemaArgs),
    /// Load a backend and tell the truth about it
    ///
    /// Puts load on a command, an address, a backend of a plan or a whole plan, and says how many calls a second it takes, how
    /// long they take, and what retries and circuit breakers make of it. Latencies run from when a call was due. Exits 0, or 1
    /// if an --slo was missed or not one call was ok, 2 for bad usage, 3 if a file cannot be written, and 130, 143 or 129 if it
    /// was ended by SIGINT, SIGTERM or SIGHUP; then the results so far are written.
    #[command(
        override_usage = "seawall bench [OPTIONS] -- COMMAND…\n       seawall bench [OPTIONS] PLAN --backend NAME --prompt TEXT\n       seawall bench [OPTIONS] PLAN\n       seawall bench [OPTIONS] --url URL"
    )]
    Bench(Box<BenchArgs>),
    /// List the runs of a journal
    ///
    /// Lists the runs of a journal that `seawall run --journal` writes, the oldest first. Changes nothing, also while a run holds
    /// it. Exits 3 if it cannot be read.
    Runs(RunsArgs),
    /// Show what became of a run of a journal
    ///
    /// Shows the newest run of a journal, or the one that is named. Exits 2 if there is no such run, 3 if the journal cannot be
    /// read.
    Show(ShowArgs),
    /// Drop old runs from a journal
    ///
    /// Keeps the newest runs whole, with what they took over from those that go. Exits 3 if the journal cannot be written, or if
    /// a run holds it.
    Prune(PruneArgs),
    /// Print completions for a shell
    ///
    /// Prints a script that lets a shell complete the commands and options of seawall.
    #[command(after_long_help = help::COMPLETIONS)]
    Completions(CompletionsArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The plan file; `-` is standard input
    pub(crate) plan: PathBuf,
    /// Run this task and what it needs, nothing else; may be repeated
    ///
    /// The name of a `for_each` stands for all of its tasks.
    #[arg(long, value_name = "ID")]
    pub(crate) only: Vec<String>,
    /// Run this task and what depends on it, nothing else; may be repeated
    ///
    /// What else they wait for is taken as done; its responses are empty. The name of a `for_each` stands for all of its tasks.
    #[arg(long, value_name = "ID", conflicts_with = "only")]
    pub(crate) from: Vec<String>,
    /// Tasks in progress at once, from 1 to 10000
    ///
    /// In place of the plan's; the default there is 8.
    #[arg(long, value_name = "N", value_parser = values::concurrency(), allow_negative_numbers = true)]
    pub(crate) concurrency: Option<usize>,
    /// When a task may start
    ///
    /// In place of the plan's; the default there is `waves`.
    #[arg(long, value_name = "HOW", value_parser = values::schedule())]
    pub(crate) schedule: Option<Schedule>,
    /// Seeds simulated backends and jitter, from 0 to 2⁶³−1
    ///
    /// In place of the plan's; by default each run has its own.
    #[arg(long, value_name = "N", value_parser = values::seed(), allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// Write the report to FILE, as JSON; `-` is standard output
    ///
    /// The report has every task, also after a cancel. FILE is replaced as a whole.
    #[arg(long, value_name = "FILE")]
    pub(crate) report_json: Option<PathBuf>,
    /// Write each event to FILE as it happens, as a line of JSON; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    /// Write each response to DIR/<id>.out
    ///
    /// And the last error of a task to DIR/<id>.err, each as the task ends. What is unsafe in a file's name is
    /// percent-encoded.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) pictures: PictureArgs,
    #[command(flatten)]
    pub(crate) journaling: JournalArgs,
    /// How long what was started may take to end, once it is told to; such as 500ms, 30s
    ///
    /// The time between SIGTERM and SIGKILL, for time-outs and after Ctrl-C. A number with a unit, such as `500ms`, `30s` or
    /// `2min`.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = crate::duration::parse, allow_hyphen_values = true)]
    pub(crate) grace: Duration,
    /// Start nothing new after the first failed task
    ///
    /// What is in progress ends as it will. A failure with `failure_mode = "skip"` is none.
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Show failures and the summary, nothing else
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show every attempt
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// The choice of [`Args`], told to the command too.
    #[arg(skip)]
    pub(crate) color: ColorChoice,
}

/// What a run writes down for later ones, and takes over from earlier ones.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct JournalArgs {
    /// Write each attempt and each outcome to the journal FILE, before they are reported
    ///
    /// A later run can go on from there. One run at a time holds a journal.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Go on with the last run of this plan in the journal
    ///
    /// What it completed is taken over, unless what decides the answer has changed. All else is run.
    #[arg(long, requires = "journal")]
    pub(crate) resume: bool,
    /// Say of each task whether it would be taken over, and what has changed; run nothing
    #[arg(long, requires = "resume")]
    pub(crate) explain: bool,
    /// Let every circuit begin closed, whatever the last run left
    #[arg(long, requires = "resume")]
    pub(crate) fresh_breakers: bool,
}

/// What a run can also write, each also after failures and signals, with every task in it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct PictureArgs {
    /// Write the report to FILE as JUnit XML, with flaky tasks and reruns; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write a trace to FILE, to be opened in Perfetto or `chrome://tracing`; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Write a timeline to FILE: one page of HTML that needs nothing beside itself; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) timeline: Option<PathBuf>,
    /// Write a summary to FILE as Markdown, as for `$GITHUB_STEP_SUMMARY`; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunsArgs {
    /// The journal
    pub(crate) file: PathBuf,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The journal
    pub(crate) file: PathBuf,
    /// The run's id, or how only one id begins; by default the newest run
    pub(crate) run: Option<String>,
    /// The whole report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PruneArgs {
    /// The journal
    pub(crate) file: PathBuf,
    /// How many of the newest runs stay
    #[arg(long, value_name = "N")]
    pub(crate) keep: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The plan file; `-` is standard input
    pub(crate) plan: PathBuf,
    /// Print the plan with all defaults filled in
    ///
    /// As TOML, on standard output. It is a plan that means the same, wherever it is put.
    #[arg(long)]
    pub(crate) effective: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GraphArgs {
    /// The plan file; `-` is standard input
    pub(crate) plan: PathBuf,
    /// What to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: GraphFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum GraphFormat {
    /// The waves, for people
    Text,
    /// For graphviz
    Dot,
    /// For mermaid, as in Markdown
    Mermaid,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// Where to write it; `-` is standard output
    #[arg(default_value = "seawall.toml")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// What is shown instead of the plan
    #[arg(value_name = "WHAT", conflicts_with = "print")]
    pub(crate) of: Option<DemoOf>,
    /// Print the demo's plan, and run nothing
    #[arg(long)]
    pub(crate) print: bool,
    /// Of the load: write one self-contained page to FILE that shows the three side by side
    #[arg(long, value_name = "FILE", requires = "of")]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DemoOf {
    /// A spike that retries turn into a lasting collapse, and what helps
    Load,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// Of what
    #[arg(value_name = "WHAT")]
    pub(crate) of: SchemaOf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SchemaOf {
    /// What `run --report-json` writes
    Report,
    /// Each line that `run --events` writes
    Events,
    /// What `run` reads
    Plan,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    pub(crate) shell: Shell,
}

/// Reads the command line, and sets the colours of all that is written from here on. The error: it asked for help, or for
/// what there is not; then that has been said.
pub(crate) fn parse() -> Result<Args, ExitCode> {
    let words: Vec<OsString> = env::args_os().collect();
    set_colors(asked_color(words.iter().skip(1).cloned()));
    let matches = Args::command().try_get_matches_from(&words);
    let args = matches.and_then(|matches| Args::from_arg_matches(&matches)).map_err(|error| tell(error, &words))?;
    set_colors(args.color);
    Ok(args)
}

fn tell(error: clap::Error, words: &[OsString]) -> ExitCode {
    if error.use_stderr() {
        let mut command = Args::command();
        command.build();
        streams::say(explain::explanation(error, &command, words).trim_end());
        return refusal(words);
    }
    streams::print_styled(&format!("{}\n", error.render().ansi().to_string().trim_end()))
}

/// How the program ends if it cannot do what these words want. The codes below 124 are those of the command that `exec` runs.
fn refusal(words: &[OsString]) -> ExitCode {
    let is_option = |word: &&OsString| word.as_encoded_bytes().starts_with(b"-");
    let mut words = words.iter().skip(1).skip_while(|word| *word != "--color" && is_option(word)).peekable();
    if words.next_if(|word| *word == "--color").is_some() {
        words.next();
    }
    let command = words.find(|word| !is_option(word));
    if command.is_some_and(|word| word == "exec") { ExitCode::NOT_EXECUTED } else { ExitCode::BadInput }
}

/// What `--color` says on a command line that may be wrong in other places.
fn asked_color(args: impl Iterator<Item = OsString>) -> ColorChoice {
    let args: Vec<String> = args.map_while(|arg| arg.into_string().ok()).take_while(|arg| arg != "--").collect();
    let after = args.windows(2).filter(|pair| pair[0] == "--color").map(|pair| pair[1].as_str());
    let within = args.iter().filter_map(|arg| arg.strip_prefix("--color="));
    let choice = |word: &str| word.parse().ok();
    after.chain(within).filter_map(choice).next_back().unwrap_or(ColorChoice::Auto)
}

fn set_colors(color: ColorChoice) {
    let color = match color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    };
    color.write_global();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_wrong_command_line_of_exec_has_a_code_of_its_own() {
        let code = |args: &[&str]| refusal(&args.iter().map(OsString::from).collect::<Vec<_>>()).number();
        assert_eq!(code(&["seawall", "exec", "--oops"]), 125);
        assert_eq!(code(&["seawall", "--color", "never", "exec"]), 125);
        assert_eq!(code(&["seawall", "--color=exec", "run", "exec"]), 2);
        assert_eq!(code(&["seawall"]), 2);
    }

    #[test]
    fn the_colour_is_known_before_the_rest_is_understood() {
        let asked = |args: &[&str]| asked_color(args.iter().map(OsString::from));
        assert_eq!(asked(&["chekc", "--color", "never"]), ColorChoice::Never);
        assert_eq!(asked(&["--color=always", "x"]), ColorChoice::Always);
        assert_eq!(asked(&["x", "--", "--color=always"]), ColorChoice::Auto);
        assert_eq!(asked(&["--color", "sometimes"]), ColorChoice::Auto);
    }
}
