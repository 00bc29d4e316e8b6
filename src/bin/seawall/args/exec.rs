//! The options of `seawall exec`.

use super::values;
use clap::builder::NonEmptyStringValueParser;
use std::ffi::OsString;
use std::time::Duration;

#[derive(Debug, clap::Args)]
pub(crate) struct ExecArgs {
    /// Try again so many times if it fails
    ///
    /// At most N + 1 attempts. Without it, one.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) retries: u32,
    /// How long one attempt may take
    ///
    /// Then it gets SIGTERM, with its process group, and SIGKILL when the grace is over. Without it, there is no limit.
    #[arg(long, value_name = "DURATION", value_parser = crate::duration::parse, allow_hyphen_values = true)]
    pub(crate) timeout: Option<Duration>,
    /// Refuse to run it while this circuit is open
    ///
    /// Its state is kept between calls, in `$XDG_STATE_HOME/seawall` (else `~/.local/state/seawall`), and shared by all that
    /// name it. Give each call that shares it the same settings.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) breaker: Option<String>,
    #[command(flatten)]
    pub(crate) retry: RetryArgs,
    #[command(flatten)]
    pub(crate) circuit: CircuitArgs,
    /// Exit codes that are not tried again, and do not count against the circuit
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = values::exit_code(), allow_negative_numbers = true)]
    pub(crate) permanent_exit: Vec<i32>,
    /// How long an attempt may take to end, once it is told to
    ///
    /// The time between SIGTERM and SIGKILL, for time-outs and after Ctrl-C.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = crate::duration::parse, allow_hyphen_values = true)]
    pub(crate) grace: Duration,
    /// Say nothing of failed attempts
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// How long it waits between attempts.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Between attempts")]
pub(crate) struct RetryArgs {
    /// The first wait [default: 100ms]
    #[arg(long, value_name = "DURATION", value_parser = values::interval, allow_hyphen_values = true)]
    pub(crate) initial_interval: Option<Duration>,
    /// What no wait exceeds, but for its jitter [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = values::interval, allow_hyphen_values = true)]
    pub(crate) max_interval: Option<Duration>,
    /// How long after the beginning of the first attempt the last wait may end [default: 2min]
    ///
    /// An attempt that takes longer gets no second one.
    #[arg(long, value_name = "DURATION", value_parser = crate::duration::parse, allow_hyphen_values = true)]
    pub(crate) max_elapsed_time: Option<Duration>,
    /// By how much each wait exceeds the one before [default: 2]
    #[arg(long, value_name = "NUMBER", value_parser = values::multiplier, allow_negative_numbers = true)]
    pub(crate) multiplier: Option<f64>,
    /// How far a wait may be from that, as a share of it, from 0 to 1 [default: 0.5]
    #[arg(long, value_name = "NUMBER", value_parser = values::randomization_factor, allow_negative_numbers = true)]
    pub(crate) randomization_factor: Option<f64>,
}

/// What the circuit does; without `--breaker` there is none.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The circuit")]
pub(crate) struct CircuitArgs {
    /// How many failures in a row open it [default: 5]
    #[arg(long, value_name = "N", value_parser = values::at_least_one(), allow_negative_numbers = true)]
    pub(crate) failure_threshold: Option<u32>,
    /// How long it stays open before it is tried again [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = crate::duration::parse, allow_hyphen_values = true)]
    pub(crate) open_for: Option<Duration>,
    /// How many calls are tried then, and how many have to go well to close it [default: 3]
    #[arg(long, value_name = "N", value_parser = values::at_least_one(), allow_negative_numbers = true)]
    pub(crate) half_open_requests: Option<u32>,
}
