//! The run as Chrome trace events, for <https://ui.perfetto.dev> and `chrome://tracing`.
//!
//! The form: <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>. Attempts are slices on the
//! tracks of the workers that made them; arrows lead along dependencies. Waits are asynchronous slices of a process of their
//! own, since any number of them overlap; circuits have a track each. What was taken over from an earlier run is no part of it.

use super::account::{Account, error_of, made_now};
use super::record::{Band, Change, Waited};
use seawall::{Attempt, Outcome, Task};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Duration;

const WORKERS: u32 = 1;
const WAITS: u32 = 2;
const CIRCUITS: u32 = 3;

/// A trace event; what it does not have is absent.
#[derive(Default, Serialize)]
struct Row<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    cat: &'static str,
    ph: &'static str,
    /// In microseconds.
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: u32,
    tid: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    /// One that counts within its process alone: by `id` a reader puts what is asynchronous outside of every process.
    #[serde(skip_serializing_if = "Option::is_none")]
    id2: Option<Local>,
    /// Of an arrow's end: the slice that it is within.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    /// Of an instant: how much of the picture it concerns, here its track.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    #[serde(skip_serializing_if = "Args::is_empty")]
    args: Args<'a>,
}

#[derive(Serialize)]
struct Local {
    local: String,
}

type Args<'a> = BTreeMap<&'static str, Cow<'a, str>>;

/// The whole trace, as a stream.
pub(crate) fn write(account: &Account<'_>, writer: &mut dyn Write) -> io::Result<()> {
    write!(writer, "{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")?;
    let circuits = Circuits::of(account);
    let rows = names(account, &circuits).chain(attempts(account)).chain(waits(account)).chain(circuits.rows());
    for (place, row) in rows.chain(arrows(account)).enumerate() {
        writer.write_all(if place == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *writer, &row)?;
    }
    writer.write_all(b"\n]}\n")
}

/// With what is below a microsecond as its decimals, and nothing behind them.
#[expect(clippy::cast_precision_loss, reason = "a hundred days of nanoseconds are exact")]
fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}

/// The track of the n-th worker or circuit. Readers take a 0 for the number of the process, and to be the process's main thread
/// what has its number.
fn track(n: usize) -> usize {
    100 + n
}

/// What processes and tracks are called.
fn names<'a>(account: &'a Account<'_>, circuits: &Circuits<'a>) -> impl Iterator<Item = Row<'a>> {
    let workers: BTreeSet<usize> =
        account.report.iter().flat_map(made_attempts).map(|attempt| attempt.worker).collect();
    let processes = [(WORKERS, format!("workers: {}", account.run.plan)), (WAITS, "waits".into())];
    let processes = processes.into_iter().chain([(CIRCUITS, "circuits".into())]);
    let processes = processes.map(|(pid, name)| name_of("process_name", pid, 0, name.into()));
    let workers = workers
        .into_iter()
        .map(|worker| name_of("thread_name", WORKERS, track(worker), format!("worker {worker}").into()));
    let waits = [name_of("thread_name", WAITS, track(0), "waits".into())];
    let circuits = circuits.backends.clone().into_iter().zip(0..);
    let circuits = circuits.map(|(backend, place)| name_of("thread_name", CIRCUITS, track(place), backend.into()));
    processes.chain(workers).chain(waits).chain(circuits)
}

fn name_of<'a>(what: &'static str, pid: u32, tid: usize, name: Cow<'a, str>) -> Row<'a> {
    Row { name: what.into(), ph: "M", pid, tid, args: Args::from([("name", name)]), ..Row::default() }
}

fn made_attempts(outcome: &Outcome) -> impl Iterator<Item = &Attempt> {
    made_now(outcome).map(|(_, attempt)| attempt)
}

fn attempts<'a>(account: &'a Account<'_>) -> impl Iterator<Item = Row<'a>> {
    account
        .report
        .iter()
        .flat_map(|outcome| made_now(outcome).map(move |(number, attempt)| slice(outcome, number, attempt)))
}

fn slice<'a>(outcome: &'a Outcome, number: usize, attempt: &'a Attempt) -> Row<'a> {
    let task = outcome.task().as_str();
    let name = if number > 1 { format!("{task} (attempt {number})").into() } else { task.into() };
    let mut args = Args::from([
        ("task", task.into()),
        ("backend", (&*attempt.backend).into()),
        ("attempt", number.to_string().into()),
        ("result", attempt.result.as_str().into()),
    ]);
    args.extend(error_of(&attempt.result).map(|error| ("error", error)));
    let (ts, dur) = (micros(attempt.started), Some(micros(attempt.elapsed)));
    Row { name, cat: "attempt", ph: "X", ts, dur, pid: WORKERS, tid: track(attempt.worker), args, ..Row::default() }
}

/// Each wait begins and ends: asynchronous slices need not nest.
fn waits<'a>(account: &'a Account<'_>) -> impl Iterator<Item = Row<'a>> {
    account.record.waits().iter().zip(1..).flat_map(|(wait, id)| {
        let Waited { task, why, from, to } = wait;
        [("b", from), ("e", to)].map(|(ph, at)| Row {
            name: why.as_str().into(),
            cat: "wait",
            ph,
            ts: micros(*at),
            pid: WAITS,
            tid: track(0),
            id2: Some(Local { local: format!("{id:#x}") }),
            args: Args::from([("task", task.as_str().into())]),
            ..Row::default()
        })
    })
}

/// The circuits that changed, each with its track.
struct Circuits<'a> {
    backends: Vec<&'a str>,
    bands: Vec<Band>,
    changes: &'a [Change],
}

impl<'a> Circuits<'a> {
    fn of(account: &Account<'a>) -> Self {
        let changes = account.record.changes();
        let backends: BTreeSet<&str> = changes.iter().map(|change| &*change.backend).collect();
        let bands = account.record.bands(account.report.elapsed());
        Self { backends: backends.into_iter().collect(), bands, changes }
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.bands.iter().map(|band| self.band(band)).chain(self.changes.iter().map(|change| self.instant(change)))
    }

    fn track(&self, backend: &str) -> usize {
        track(self.backends.partition_point(|other| *other < backend))
    }

    fn band<'b>(&self, band: &'b Band) -> Row<'b> {
        let (ts, dur) = (micros(band.from), Some(micros(band.to.saturating_sub(band.from))));
        let name = band.state.as_str().into();
        let args = Args::from([("backend", (&*band.backend).into())]);
        Row {
            name,
            cat: "breaker",
            ph: "X",
            ts,
            dur,
            pid: CIRCUITS,
            tid: self.track(&band.backend),
            args,
            ..Row::default()
        }
    }

    fn instant<'b>(&self, change: &'b Change) -> Row<'b> {
        let state = change.to.as_str();
        Row {
            name: format!("{} is {state}", change.backend).into(),
            cat: "breaker",
            ph: "i",
            ts: micros(change.at),
            pid: CIRCUITS,
            tid: self.track(&change.backend),
            s: Some("t"),
            args: Args::from([("backend", (&*change.backend).into()), ("state", state.into())]),
            ..Row::default()
        }
    }
}

/// From the end of each dependency to the beginning of what depends on it.
fn arrows<'a>(account: &'a Account<'_>) -> impl Iterator<Item = Row<'a>> {
    let ends = move |task: &'a Task| {
        let first = made_attempts(account.report.get(task.id().as_str())?).next()?;
        let last = |id: &seawall::TaskId| made_attempts(account.report.get(id.as_str())?).last();
        Some(task.dependencies().iter().filter_map(last).map(move |last| (last, first)))
    };
    account.plan.tasks().iter().filter_map(ends).flatten().zip(1..).flat_map(|((last, first), id)| {
        // Within its slice, or it would belong to the next one on that track.
        let from = micros((last.started + last.elapsed).saturating_sub(Duration::from_nanos(1)).max(last.started));
        let arrow = |ph, ts, attempt: &Attempt| Row {
            name: "dependency".into(),
            cat: "dependency",
            ph,
            ts,
            pid: WORKERS,
            tid: track(attempt.worker),
            id: Some(id),
            ..Row::default()
        };
        [arrow("s", from, last), Row { bp: Some("e"), ..arrow("f", micros(first.started), first) }]
    })
}
