//! The report as JSON. It borrows from the report, and is written as a stream.

use super::json::{Counts, FailureRow, Text, error_of, seconds};
use super::words;
use schemars::JsonSchema;
use seawall::{Attempt, CircuitBreaker, CircuitState, Outcome, Report, Session, Usage, Why};
use serde::{Serialize, Serializer};
use std::fmt::Display;
use std::sync::Arc;

/// The version of the form.
const SCHEMA: u32 = 1;

/// What a report says of its run beside what became of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Run<'a> {
    pub(crate) id: &'a str,
    pub(crate) plan: &'a str,
    /// Wall time, UTC.
    pub(crate) started: String,
    pub(crate) elapsed_s: f64,
    pub(crate) concurrency: usize,
    #[schemars(schema_with = "words::schedules")]
    pub(crate) schedule: &'static str,
    pub(crate) seed: u64,
    pub(crate) cancelled: Option<&'a str>,
    /// The sums over the tasks that have some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<UsageRow>,
}

/// A whole report.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Document<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    schema: u32,
    run: Run<'a>,
    counts: Counts,
    /// Every task of the plan once, in plan order.
    #[schemars(with = "Vec<TaskRow<'static>>")]
    tasks: Tasks<'a>,
    breakers: Vec<BreakerRow<'a>>,
    why: WhyRow,
}

impl<'a> Document<'a> {
    pub(crate) fn new(run: Run<'a>, report: &'a Report, breakers: &[(&'a str, Arc<CircuitBreaker>)]) -> Self {
        let row = |(backend, breaker): &(&'a str, Arc<CircuitBreaker>)| (*backend, breaker.state(), breaker.trips());
        Self::of_past(run, report, breakers.iter().map(row))
    }

    /// `breakers`: each by its backend, where it stands, and how often it tripped.
    pub(crate) fn of_past(
        run: Run<'a>,
        report: &'a Report,
        breakers: impl Iterator<Item = (&'a str, CircuitState, u64)>,
    ) -> Self {
        let row = |(backend, state, trips): (&'a str, CircuitState, u64)| BreakerRow {
            backend,
            state: state.as_str(),
            trips,
        };
        let breakers = breakers.map(row).collect();
        let counts = Counts::new(|status| report.count(status));
        let why = WhyRow::new(&report.why());
        Self { schema: SCHEMA, run, counts, tasks: Tasks(report), breakers, why }
    }
}

struct Tasks<'a>(&'a Report);

impl Serialize for Tasks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(TaskRow::new))
    }
}

#[derive(Serialize, JsonSchema)]
struct TaskRow<'a> {
    id: &'a str,
    backend: &'a str,
    #[schemars(schema_with = "words::statuses")]
    status: &'static str,
    wave: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_s: Option<f64>,
    #[schemars(with = "Vec<AttemptRow<'static>>")]
    attempts: Attempts<'a>,
    /// Only of a task that was taken over from an earlier run.
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageRow>,
    #[serde(flatten)]
    end: EndRow<'a>,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum EndRow<'a> {
    Response { response: &'a str, truncated: bool, lossy: bool },
    Failure { failure: FailureRow<'a> },
}

impl<'a> TaskRow<'a> {
    fn new(outcome: &'a Outcome) -> Self {
        let end = match outcome.result() {
            Ok(response) => EndRow::Response {
                response: response.text(),
                truncated: response.is_truncated(),
                lossy: response.is_lossy(),
            },
            Err(failure) => EndRow::Failure { failure: FailureRow::new(failure) },
        };
        Self {
            id: outcome.task().as_str(),
            backend: outcome.backend(),
            status: outcome.status().as_str(),
            wave: outcome.wave(),
            started_s: outcome.started().map(seconds),
            elapsed_s: outcome.started().map(|_| seconds(outcome.elapsed())),
            attempts: Attempts(outcome),
            resumed: outcome.is_resumed().then_some(true),
            session: outcome.session().map(Session::id),
            usage: outcome.usage().map(UsageRow::new),
            end,
        }
    }
}

/// What was used up; what is not known is absent.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct UsageRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_usd: Option<f64>,
}

impl UsageRow {
    pub(crate) fn new(usage: Usage) -> Self {
        let Usage { input_tokens, output_tokens, cost_usd, .. } = usage;
        Self { input_tokens, output_tokens, cost_usd }
    }
}

struct Attempts<'a>(&'a Outcome);

impl Serialize for Attempts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let home = self.0.backend();
        serializer.collect_seq(self.0.attempts().iter().map(|attempt| AttemptRow::new(attempt, home)))
    }
}

#[derive(Serialize, JsonSchema)]
struct AttemptRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    backend: Option<&'a str>,
    worker: usize,
    started_s: f64,
    elapsed_s: f64,
    #[schemars(schema_with = "words::results")]
    result: &'static str,
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Text<&'a dyn Display>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_s: Option<f64>,
}

impl<'a> AttemptRow<'a> {
    fn new(attempt: &'a Attempt, home: &str) -> Self {
        Self {
            backend: (*attempt.backend != *home).then_some(&*attempt.backend),
            worker: attempt.worker,
            started_s: seconds(attempt.started),
            elapsed_s: seconds(attempt.elapsed),
            result: attempt.result.as_str(),
            error: error_of(&attempt.result),
            delay_s: attempt.delay.map(seconds),
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct BreakerRow<'a> {
    backend: &'a str,
    #[schemars(schema_with = "words::states")]
    state: &'static str,
    trips: u64,
}

/// Where the time went: all keys always.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WhyRow {
    critical_path: Vec<String>,
    critical_path_s: f64,
    barrier_s: f64,
    failed_attempts_s: f64,
    backoff_s: f64,
    circuit_s: f64,
    resource_s: f64,
    place_s: f64,
}

impl WhyRow {
    pub(crate) fn new(why: &Why) -> Self {
        Self {
            critical_path: why.critical_path.iter().map(ToString::to_string).collect(),
            critical_path_s: seconds(why.critical_path_time),
            barrier_s: seconds(why.barrier),
            failed_attempts_s: seconds(why.failed_attempts),
            backoff_s: seconds(why.backoff),
            circuit_s: seconds(why.circuit),
            resource_s: seconds(why.resource),
            place_s: seconds(why.place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rehearsal::rehearse;
    use super::*;
    use serde_json::{Value, json};

    fn document() -> Value {
        let rehearsal = rehearse();
        let breakers = [("down", rehearsal.breakers.get("down")), ("good", rehearsal.breakers.get("good"))];
        let started = "2026-01-31T12:00:00.000Z".to_owned();
        let run = Run {
            id: "0123",
            plan: "plan.toml",
            started,
            elapsed_s: 0.5,
            concurrency: 1,
            schedule: "waves",
            seed: u64::MAX >> 1,
            cancelled: None,
            usage: None,
        };
        serde_json::to_value(Document::new(run, &rehearsal.report, &breakers)).unwrap()
    }

    #[test]
    fn it_has_the_run_the_counts_and_the_breakers() {
        let document = document();
        assert_eq!(document["schema"], 1);
        assert_eq!(document["run"]["seed"], json!(9_223_372_036_854_775_807_u64));
        assert_eq!(document["run"]["cancelled"], Value::Null);
        assert_eq!(document["counts"], json!({"completed": 2, "failed": 3, "skipped": 1, "cancelled": 0}));
        let down = json!({"backend": "down", "state": "open", "trips": 1});
        assert_eq!(document["breakers"], json!([down, {"backend": "good", "state": "closed", "trips": 0}]));
    }

    #[test]
    fn it_says_where_the_time_went() {
        let document = document();
        let why = document["why"].as_object().unwrap();
        let keys = "backoff_s barrier_s circuit_s critical_path critical_path_s failed_attempts_s place_s resource_s";
        assert_eq!(why.keys().map(String::as_str).collect::<Vec<_>>().join(" "), keys);
        assert!(why["critical_path"].as_array().is_some_and(|path| path.len() == 1), "{why:?}");
        assert!(why["backoff_s"].as_f64().unwrap() >= 0.001, "{why:?}");
    }

    #[test]
    fn a_completed_task_has_its_response_and_its_attempts() {
        let flaky = &document()["tasks"][1];
        assert_eq!((&flaky["id"], &flaky["status"], &flaky["wave"]), (&json!("flaky"), &json!("completed"), &json!(0)));
        assert_eq!((&flaky["response"], &flaky["truncated"]), (&json!("at last"), &json!(false)));
        let [first, second] = &flaky["attempts"].as_array().unwrap()[..] else { panic!("{flaky}") };
        assert_eq!((&first["result"], &first["error"]), (&json!("transient"), &json!("busy")));
        assert_eq!((&first["delay_s"], &first["worker"]), (&json!(0.001), &json!(0)));
        assert_eq!(second["result"], "success");
        assert!(second.get("error").is_none() && second.get("delay_s").is_none() && second.get("backend").is_none());
        assert!(flaky.get("failure").is_none());
    }

    #[test]
    fn a_skipped_task_has_its_root_and_no_times() {
        let below = &document()["tasks"][3];
        let failure = json!({"kind": "skipped", "message": "skipped, since `bad` failed", "root": "bad"});
        assert_eq!((&below["failure"], &below["attempts"]), (&failure, &json!([])));
        assert!(
            below.get("started_s").is_none() && below.get("elapsed_s").is_none() && below.get("response").is_none()
        );
    }

    #[test]
    fn a_failed_task_says_why() {
        let document = document();
        let failure = |place: usize| {
            (&document["tasks"][place]["failure"]["kind"], &document["tasks"][place]["failure"]["message"])
        };
        assert_eq!(failure(4), (&json!("exhausted"), &json!("gone")));
        assert_eq!(failure(5), (&json!("panicked"), &json!("the backend panicked: oh no")));
        assert_eq!(document["tasks"][5]["attempts"][0]["error"], "oh no");
    }
}
