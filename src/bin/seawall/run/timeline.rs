//! The run as one page of HTML, which needs nothing beside itself.

mod data;

use super::account::{Account, reason};
use super::wording::{Spoken, counted};
use crate::html::{Escaped, script_safe};
use data::Data;
use seawall::{CircuitState, Outcome, Status};
use std::io::{self, Write};

const PAGE: &str = include_str!("timeline/page.html");
const STYLE: &str = include_str!("timeline/style.css");
const SCRIPT: &str = include_str!("timeline/script.js");

/// The page.
pub(crate) fn write(account: &Account<'_>, writer: &mut dyn Write) -> io::Result<()> {
    for (place, part) in PAGE.split("@@").enumerate() {
        if place % 2 == 0 {
            writer.write_all(part.as_bytes())?;
        } else {
            fill(part, account, writer)?;
        }
    }
    Ok(())
}

/// What stands in the place of a name in the page.
fn fill(name: &str, account: &Account<'_>, writer: &mut dyn Write) -> io::Result<()> {
    let Account { run, .. } = account;
    match name {
        // An id is drawn anew for each run, and known to nobody who could write into this one.
        "nonce" => writer.write_all(run.id.as_bytes()),
        "style" => writer.write_all(STYLE.as_bytes()),
        "script" => writer.write_all(SCRIPT.as_bytes()),
        "title" => write!(writer, "{}: {} – seawall", Escaped(run.plan), verdict(account)),
        "plan" => write!(writer, "{}", Escaped(run.plan)),
        "verdict" => writer.write_all(verdict(account).as_bytes()),
        "facts" => facts(account, writer),
        "counts" => counts(account, writer),
        "circuits" => circuits(account, writer),
        "rows" => account.report.iter().try_for_each(|outcome| row(account, outcome, writer)),
        "data" => writer.write_all(script_safe(&serde_json::to_string(&Data::of(account))?).as_bytes()),
        other => unreachable!("the page has a place for {other}"),
    }
}

fn verdict(account: &Account<'_>) -> &'static str {
    match (account.report.cancelled(), account.report.is_success()) {
        (Some(_), _) => "cancelled",
        (None, true) => "completed",
        (None, false) => "failed",
    }
}

fn facts(account: &Account<'_>, writer: &mut dyn Write) -> io::Result<()> {
    let Account { run, report, .. } = account;
    let tasks = counted(report.outcomes().len(), "task");
    let took = Spoken(report.elapsed());
    write!(writer, "{tasks} in {took}, {} at a time, {}", run.concurrency, Escaped(run.schedule))?;
    if let Some(why) = report.cancelled() {
        write!(writer, ", cancelled by {}", Escaped(why))?;
    }
    write!(writer, " · <time datetime=\"{0}\">{0}</time> · run {1} · seed {2}", run.started, run.id, run.seed)
}

fn counts(account: &Account<'_>, writer: &mut dyn Write) -> io::Result<()> {
    Status::ALL.into_iter().try_for_each(|status| {
        let count = account.report.count(status);
        write!(
            writer,
            "<button type=\"button\" data-count=\"{status}\" aria-pressed=\"false\"><b>{count}</b><span>{status}</span></button>"
        )
    })
}

/// Each circuit that opened, in words.
fn circuits(account: &Account<'_>, writer: &mut dyn Write) -> io::Result<()> {
    let opened = || account.breakers.iter().filter(|(_, breaker)| breaker.trips() > 0);
    if opened().next().is_none() {
        return Ok(());
    }
    write!(writer, "<section class=\"circuits\"><h2>Circuits that opened</h2><ul>")?;
    for (backend, breaker) in opened() {
        let (backend, state, trips) = (Escaped(backend), breaker.state(), times(breaker.trips()));
        let now = if state == CircuitState::Closed { "closed again" } else { super::wording::of_circuit(state) };
        let state = state.as_str();
        write!(
            writer,
            "<li data-breaker=\"{backend}\" data-state=\"{state}\"><b>{backend}</b> opened {trips}, {now}</li>"
        )?;
    }
    writer.write_all(b"</ul></section>")
}

fn times(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

fn row(account: &Account<'_>, outcome: &Outcome, writer: &mut dyn Write) -> io::Result<()> {
    let (id, status, attempts) = (Escaped(outcome.task().as_str()), outcome.status(), outcome.attempts().len());
    write!(writer, "<tr data-task=\"{id}\" data-status=\"{status}\" data-attempts=\"{attempts}\">")?;
    let why = outcome.result().err().map(|failure| reason(failure, account.report.cancelled())).unwrap_or_default();
    let (start, time) = match outcome.started().filter(|_| !outcome.is_resumed()) {
        Some(started) => (Spoken(started).to_string(), Spoken(outcome.elapsed()).to_string()),
        None => Default::default(),
    };
    let (wave, backend) = (outcome.wave(), Escaped(outcome.backend()));
    let why = if outcome.is_resumed() { "completed by an earlier run" } else { why.lines().next().unwrap_or_default() };
    let why: String = why.chars().take(200).collect();
    write!(writer, "<td>{id}</td><td>{status}</td><td>{wave}</td><td>{backend}</td><td>{attempts}</td>")?;
    writeln!(writer, "<td>{start}</td><td>{time}</td><td>{}</td></tr>", Escaped(&why))
}
