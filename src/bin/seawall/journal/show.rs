//! `seawall show`: the report of a run of a journal.

use super::refuse;
use crate::args::ShowArgs;
use crate::exit_code::ExitCode;
use crate::run::past_report;
use crate::streams;
use crate::visible::visible;
use seawall::{JournalReader, PastRun};
use std::fmt::Write as _;
use std::io;

/// Prints it, for people or as JSON.
pub(crate) fn show(args: &ShowArgs) -> ExitCode {
    match read(args) {
        Ok(Some(past)) if args.json => streams::print(&past_report(&past)),
        Ok(Some(past)) => streams::print_styled(&page(&past)),
        Ok(None) => {
            streams::say_error(unknown(args));
            ExitCode::BadInput
        }
        Err(error) => refuse(&args.file, "read", &error),
    }
}

fn read(args: &ShowArgs) -> io::Result<Option<PastRun>> {
    let journal = JournalReader::open(&args.file)?;
    match &args.run {
        Some(id) => journal.run(id),
        None => journal.newest(),
    }
}

fn unknown(args: &ShowArgs) -> String {
    let file = args.file.to_string_lossy();
    let file = visible(&file);
    match &args.run {
        Some(id) => format!("no run of `{file}`, or more than one, has an id that begins with `{}`", visible(id)),
        None => format!("there is no run in `{file}`"),
    }
}

fn page(past: &PastRun) -> String {
    let run = &past.run;
    let cancelled = past.report.cancelled().map(|reason| format!(", cancelled: {}", visible(reason)));
    let mut page = format!(
        "run {} of {}, {}{}\n\n",
        run.id,
        visible(&run.plan),
        run.state.as_str(),
        cancelled.unwrap_or_default()
    );
    for outcome in &past.report {
        let (id, status) = (visible(outcome.task().as_str()), outcome.status());
        let resumed = if outcome.is_resumed() { ", resumed" } else { "" };
        let cause = outcome.result().err().map(|failure| format!(": {}", visible(&crate::run::sentence(failure))));
        let _ = writeln!(page, "{status:>9}  {id}{resumed}{}", cause.unwrap_or_default());
    }
    for (backend, state, trips) in past.breakers.iter().filter(|(_, _, trips)| *trips > 0) {
        let _ = writeln!(page, "\ncircuit of {}: {}, tripped {trips}×", visible(backend), state.as_str());
    }
    page
}
