//! `seawall demo load`: a spike that retries turn into a collapse, which lasts when the spike is over, and what helps.

use super::saturating::Saturating;
use crate::bench::circuit::{Change, CircuitLog};
use crate::bench::page::{self, Page, Shown};
use crate::exit_code::ExitCode;
use crate::run::report_file::ReportFile;
use crate::run::signals::{self, Session};
use crate::streams;
use crate::visible::visible;
use seawall::load::{Arrivals, BackendTarget, Load, LoadResult, Rate, Second};
use seawall::{BackendConfig, CancelToken, CircuitBreakerConfig, CircuitBreakerRegistry, Error, RetryConfig, Runner};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const LANES: usize = 4;
const SERVICE: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(300);
/// How long a caller waits for one attempt.
const PATIENCE: Duration = Duration::from_millis(60);
const CALM: f64 = 150.0;
const SPIKE: f64 = 800.0;
/// The spike is the second one of them.
const SECONDS: u64 = 7;
const BACKEND: &str = "server";

const FORETOLD: &str = "\
A server that can answer 400 calls a second is asked 150 times a second, for one second 800 times, and then 150 times
again. Its callers wait 60 ms for an answer and then ask again; it works on what they no longer wait for. Three kinds of
callers, each with such a server for itself, for seven seconds.
";

/// One kind of callers.
struct Callers {
    name: &'static str,
    attempts: u32,
    breaker: CircuitBreakerConfig,
    /// Whether calls are answered again when the spike is over.
    recovers: bool,
}

fn kinds() -> [Callers; 3] {
    let off = CircuitBreakerConfig::disabled;
    let breaker = CircuitBreakerConfig::new().with_failure_threshold(10).with_open_for(Duration::from_millis(250));
    [
        Callers { name: "6 attempts", attempts: 6, breaker: off(), recovers: false },
        Callers { name: "6 attempts, circuit breaker", attempts: 6, breaker, recovers: true },
        Callers { name: "2 attempts", attempts: 2, breaker: off(), recovers: true },
    ]
}

/// Puts the load on, and tells of it. It went well if all that it foretells has happened.
pub(crate) fn load(html: Option<&Path>) -> ExitCode {
    let session = Arc::new(Session::new());
    if let Err(error) = session.listen() {
        streams::say_error(format_args!("failed to listen for signals: {error}"));
        return ExitCode::CouldNot;
    }
    let prepare = |path| ReportFile::prepare("the page", path, &session.temporaries, &session.patience);
    let file = match html.map(prepare).transpose() {
        Ok(file) => file,
        Err(lost) => {
            streams::say_error(visible(&lost.to_string()));
            return ExitCode::CouldNot;
        }
    };
    session.begin();
    streams::say(FORETOLD);
    let kinds = kinds();
    let results: Result<Vec<(LoadResult, Vec<Change>)>, Error> = thread::scope(|scope| {
        let loads: Vec<_> = kinds.iter().map(|kind| scope.spawn(|| kind.load(&session.cancel))).collect();
        loads.into_iter().map(|load| load.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let (results, changes): (Vec<LoadResult>, Vec<Vec<Change>>) = match results {
        Ok(results) => results.into_iter().unzip(),
        Err(error) => {
            streams::say_error(error);
            return ExitCode::CouldNot;
        }
    };
    if let Some(signal) = results.iter().find_map(LoadResult::cancelled).and_then(signals::exit_code_of) {
        return signal;
    }
    streams::say(table(&kinds, &results));
    let written =
        file.map(|file| file.write(|out: &mut dyn Write| page::write(out, &shown(&kinds, &results, &changes))));
    let verdict = judge(&kinds, &results);
    match written {
        Some(Err(lost)) => {
            streams::say_error(visible(&lost.to_string()));
            ExitCode::CouldNot
        }
        _ => verdict,
    }
}

fn shown<'a>(kinds: &[Callers], results: &'a [LoadResult], changes: &'a [Vec<Change>]) -> Page<'a> {
    let load = |((kind, result), changes): ((&Callers, &'a LoadResult), &'a Vec<Change>)| Shown {
        name: kind.name.to_owned(),
        result,
        changes,
    };
    let mut examples = BTreeMap::new();
    results.iter().for_each(|result| examples.extend(result.examples().clone()));
    Page {
        title: "A spike, and what retries make of it".to_owned(),
        facts: format!(
            "{CALM} calls a second, for one second {SPIKE}, then {CALM} again, on a server that can answer 400; callers \
             wait 60 ms and ask again"
        ),
        loads: kinds.iter().zip(results).zip(changes).map(load).collect(),
        judged: Vec::new(),
        examples,
    }
}

impl Callers {
    fn load(&self, cancel: &CancelToken) -> Result<(LoadResult, Vec<Change>), Error> {
        let circuit = Arc::new(CircuitLog::new());
        let log = Arc::clone(&circuit);
        let retry = RetryConfig::new()
            .with_initial_interval(Duration::from_millis(20))
            .with_multiplier(1.5)
            .with_max_attempts(self.attempts);
        let breakers = CircuitBreakerRegistry::new()
            .with_config(BACKEND, self.breaker)
            .with_hook(move |backend, change| log.add(backend, change));
        let runner = Runner::builder()
            .circuit_breakers(Arc::new(breakers))
            .configure(BACKEND, BackendConfig::new().with_retry(retry).with_timeout(PATIENCE))
            .backend(BACKEND, Saturating::new(LANES, SERVICE, LONGEST_WAIT))
            .build()?;
        let after = Duration::from_secs(SECONDS - 2);
        let second = Duration::from_secs(1);
        let rate = Rate::per_second;
        let arrivals = Arrivals::stages([(rate(CALM), second), (rate(SPIKE), second), (rate(CALM), after)]);
        let load = Load::open(arrivals).with_max_in_flight(2000).with_grace(second);
        let target = BackendTarget::new(&runner, BACKEND, "")?;
        circuit.begin(Instant::now());
        let result = load.with_duration(2 * second + after).run_on(cancel, &target);
        Ok((result, circuit.changes()))
    }
}

/// Of each second: how many calls were answered, and how often the server was asked.
fn table(kinds: &[Callers], results: &[LoadResult]) -> String {
    let cell = |cell: String| format!("{cell:>8}");
    let row = |name: &str, cells: &mut dyn Iterator<Item = String>| {
        format!("{name:>28}{}\n", cells.map(cell).collect::<String>())
    };
    let mut text = row("second", &mut (0..SECONDS).map(|second| second.to_string()));
    for (kind, result) in kinds.iter().zip(results) {
        let seconds = || result.series().iter().take(SECONDS.try_into().unwrap_or(usize::MAX));
        text += &row(kind.name, &mut seconds().map(|second| percent(share_of_ok(second))));
        text += &row("attempts", &mut seconds().map(|second| second.attempts().to_string()));
    }
    text
}

fn judge(kinds: &[Callers], results: &[LoadResult]) -> ExitCode {
    const WELL: f64 = 0.9;
    const BADLY: f64 = 0.5;
    let last = usize::try_from(SECONDS - 1).unwrap_or(usize::MAX);
    let is_foretold = |(kind, result): (&Callers, &LoadResult)| {
        let share = result.series().get(last).and_then(share_of_ok);
        share.is_some_and(|share| if kind.recovers { share > WELL } else { share < BADLY })
    };
    if kinds.iter().zip(results).all(is_foretold) {
        streams::say(
            "The spike was over after second 1. With six attempts a call the server stayed down: 150 calls a second were \
             more\nthan 400 attempts, nearly all for callers who had gone. The circuit breaker let its queue drain, and two \
             attempts never\nfilled it again. `seawall bench --compare` shows the same of a backend of yours.",
        );
        return ExitCode::Success;
    }
    streams::say_error("the load did not go as foretold; on a busy machine it may not: try again");
    ExitCode::TasksFailed
}

#[expect(clippy::cast_precision_loss, reason = "no second has 2^53 calls")]
fn share_of_ok(second: &Second) -> Option<f64> {
    (second.calls() > 0).then(|| second.ok() as f64 / second.calls() as f64)
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |share| format!("{:.0} %", share * 100.0))
}
