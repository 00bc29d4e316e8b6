//! The results as JSON.

use super::circuit::Change;
use super::compare::{Variant, VariantRow};
use super::objective::Slo;
use super::summary::short;
use seawall::load::{Capacity, Comparison, Judgement, Latencies, LoadResult, Rate, Second};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// An objective, and whether it was met.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    pub(super) slo: &'a Slo,
    pub(super) judgement: Judgement,
}

#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    schema: u32,
    pub(super) cancelled: Option<&'a str>,
    #[serde(flatten)]
    figures: Figures<'a>,
    /// Of each class the message of the first one, shortened.
    pub(super) examples: BTreeMap<&'static str, String>,
    latency_s: LatencyRows,
    pub(super) generator: GeneratorRow,
    series: Vec<SecondRow<'a>>,
    pub(super) slo: Vec<SloRow<'a>>,
    pub(super) circuit: Vec<ChangeRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) baseline: Option<BaselineRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) capacity: Option<CapacityRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compare: Vec<VariantRow<'a>>,
}

/// What every load has, however its latencies are told.
#[derive(Debug, Serialize)]
pub(super) struct Figures<'a> {
    calls: u64,
    ok: u64,
    errors: &'a BTreeMap<&'static str, u64>,
    attempts: u64,
    rejected: u64,
    /// Calls that were ok only because of a retry.
    saved: u64,
    backoff_s: f64,
    elapsed_s: f64,
    rate: f64,
}

impl<'a> From<&'a LoadResult> for Figures<'a> {
    fn from(result: &'a LoadResult) -> Self {
        Self {
            calls: result.calls(),
            ok: result.ok(),
            errors: result.errors(),
            attempts: result.attempts(),
            rejected: result.rejected(),
            saved: result.saved(),
            backoff_s: result.backoff().as_secs_f64(),
            elapsed_s: result.elapsed().as_secs_f64(),
            rate: result.rate(),
        }
    }
}

#[derive(Debug, Serialize)]
struct LatencyRows {
    corrected: LatencyRow,
    actual: LatencyRow,
}

#[derive(Debug, Serialize)]
pub(super) struct LatencyRow {
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
    #[serde(rename = "p99.9")]
    p999: Option<f64>,
    #[serde(rename = "p99.99")]
    p9999: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
    count: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct GeneratorRow {
    pub(super) late_p99_s: f64,
    pub(super) late_max_s: f64,
    pub(super) missed: u64,
    pub(super) limited: bool,
}

#[derive(Debug, Serialize)]
struct SecondRow<'a> {
    t_s: usize,
    calls: u64,
    ok: u64,
    errors: u64,
    p50_s: Option<f64>,
    p99_s: Option<f64>,
    classes: &'a BTreeMap<&'static str, u64>,
    attempts: u64,
    rejected: u64,
    late_max_s: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct SloRow<'a> {
    pub(super) text: &'a str,
    pub(super) value: Option<f64>,
    pub(super) met: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct ChangeRow<'a> {
    pub(super) t_s: f64,
    pub(super) backend: &'a str,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct BaselineRow {
    pub(super) verdict: &'static str,
    pub(super) p50: Option<f64>,
    pub(super) p99: Option<f64>,
    /// Of the rank test over the seconds of both.
    pub(super) p_value: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct CapacityRow {
    pub(super) rate: Option<f64>,
    pub(super) confirmed: bool,
    pub(super) too_high: Option<f64>,
    pub(super) steps: Vec<StepRow>,
}

#[derive(Debug, Serialize)]
pub(super) struct StepRow {
    rate: f64,
    met: bool,
}

impl<'a> Document<'a> {
    pub(super) fn new(
        result: &'a LoadResult,
        judged: &[Judged<'a>],
        comparison: Option<&Comparison>,
        capacity: Option<&Capacity>,
        circuit: &'a [Change],
        secrets: &[String],
    ) -> Self {
        Self {
            schema: 1,
            cancelled: result.cancelled(),
            figures: result.into(),
            examples: result.examples().iter().map(|(class, text)| (*class, example(text, secrets))).collect(),
            latency_s: LatencyRows { corrected: row_of(result.corrected()), actual: row_of(result.actual()) },
            generator: GeneratorRow {
                late_p99_s: seconds(result.late().p99()).unwrap_or_default(),
                late_max_s: seconds(result.late().max()).unwrap_or_default(),
                missed: result.missed(),
                limited: result.is_limited(),
            },
            series: result.series().iter().enumerate().map(|(second, calls)| second_row(second, calls)).collect(),
            slo: judged.iter().map(slo_row).collect(),
            circuit: changes_of(circuit),
            baseline: comparison.map(|comparison| BaselineRow {
                verdict: comparison.verdict.as_str(),
                p50: comparison.p50,
                p99: comparison.p99,
                p_value: comparison.p_value,
            }),
            capacity: capacity.map(capacity_row),
            compare: Vec::new(),
        }
    }

    /// With the combinations that the same load was put on.
    pub(super) fn beside(self, variants: &'a [Variant]) -> Self {
        Self { compare: variants.iter().map(VariantRow::from).collect(), ..self }
    }

    /// What was judged, in words, and whether it is good.
    pub(super) fn judged(&self) -> Vec<(bool, String)> {
        let word = |is_met: bool| if is_met { "met" } else { "missed" };
        let mut judged: Vec<_> =
            self.slo.iter().map(|slo| (slo.met, format!("{}: {}", slo.text, word(slo.met)))).collect();
        if let Some(baseline) = &self.baseline {
            let than = if baseline.verdict == "same" { "as fast as" } else { "than" };
            let verdict = baseline.verdict.trim_start_matches("same");
            judged.push((baseline.verdict != "slower", format!("{verdict} {than} before").trim().to_owned()));
        }
        if let Some(capacity) = &self.capacity {
            let rate = capacity.rate.map_or("no rate held".to_owned(), |rate| format!("capacity {}/s", short(rate)));
            judged.push((capacity.rate.is_some(), rate));
        }
        judged
    }
}

/// Whoever answers may repeat what it was sent.
fn example(text: &str, secrets: &[String]) -> String {
    const MOST: usize = 500;
    // What is shorter is no secret, and is a part of many words.
    let secrets = secrets.iter().filter(|secret| secret.len() > 3);
    let text = secrets.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "[redacted]"));
    let cut: String = text.chars().take(MOST).collect();
    if cut.len() < text.len() { cut + "…" } else { cut }
}

pub(super) fn row_of(latencies: &Latencies) -> LatencyRow {
    LatencyRow {
        p50: seconds(latencies.p50()),
        p90: seconds(latencies.p90()),
        p99: seconds(latencies.p99()),
        p999: seconds(latencies.p999()),
        p9999: seconds(latencies.quantile(0.9999)),
        max: seconds(latencies.max()),
        mean: seconds(latencies.mean()),
        count: latencies.count(),
    }
}

fn second_row(second: usize, calls: &Second) -> SecondRow<'_> {
    SecondRow {
        t_s: second,
        calls: calls.calls(),
        ok: calls.ok(),
        errors: calls.calls() - calls.ok(),
        p50_s: seconds(calls.quantile(0.5)),
        p99_s: seconds(calls.quantile(0.99)),
        classes: calls.errors(),
        attempts: calls.attempts(),
        rejected: calls.rejected(),
        late_max_s: calls.late_max().as_secs_f64(),
    }
}

fn slo_row<'a>(judged: &Judged<'a>) -> SloRow<'a> {
    SloRow { text: &judged.slo.text, value: judged.judgement.value, met: judged.judgement.is_met }
}

pub(super) fn changes_of(circuit: &[Change]) -> Vec<ChangeRow<'_>> {
    circuit.iter().map(change_row).collect()
}

fn change_row(change: &Change) -> ChangeRow<'_> {
    let Change { at, backend, from, to } = change;
    ChangeRow { t_s: at.as_secs_f64(), backend, from: from.as_str(), to: to.as_str() }
}

fn capacity_row(capacity: &Capacity) -> CapacityRow {
    let steps = capacity.steps.iter().map(|step| StepRow { rate: step.rate.as_per_second(), met: step.is_met });
    CapacityRow {
        rate: capacity.rate.map(Rate::as_per_second),
        confirmed: capacity.is_confirmed,
        too_high: capacity.too_high.map(Rate::as_per_second),
        steps: steps.collect(),
    }
}

fn seconds(latency: Option<Duration>) -> Option<f64> {
    latency.map(|latency| latency.as_secs_f64())
}
