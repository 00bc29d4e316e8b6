//! The same load on a backend with and without its retries and its circuit breaker, side by side.

use super::circuit::{Change, CircuitLog};
use super::document::{ChangeRow, Figures, LatencyRow, changes_of, row_of};
use super::summary::{human, percent, short};
use super::target::Aim;
use super::{Refusal, put_load_on};
use crate::args::{BenchArgs, ResilienceArgs};
use crate::run::signals::Session;
use seawall::load::LoadResult;
use serde::Serialize;
use std::sync::Arc;

/// The load on one of the combinations.
#[derive(Debug)]
pub(super) struct Variant {
    pub(super) has_retry: bool,
    pub(super) has_breaker: bool,
    pub(super) result: LoadResult,
    pub(super) changes: Vec<Change>,
}

#[derive(Debug, Serialize)]
pub(super) struct VariantRow<'a> {
    retry: bool,
    breaker: bool,
    #[serde(flatten)]
    figures: Figures<'a>,
    latency_s: LatencyRow,
    circuit: Vec<ChangeRow<'a>>,
}

/// Why there is nothing to compare, if so.
pub(super) fn misuse(args: &BenchArgs) -> Option<String> {
    let is_input = args.plan.as_ref().is_some_and(|plan| plan.as_os_str() == "-");
    (args.resilience.compare && is_input)
        .then(|| "--compare reads the plan again for each load: it must be a file".to_owned())
}

/// Puts the same load, with the same seed, on the three combinations that are not the plan's own, as long as nobody ends it.
pub(super) fn others(args: &BenchArgs, seed: u64, session: &Session) -> Result<Vec<Variant>, Refusal> {
    let mut variants = Vec::new();
    for (no_retry, no_breaker) in [(false, true), (true, false), (true, true)] {
        if session.cancel.is_cancelled() {
            break;
        }
        let resilience = ResilienceArgs { no_retry, no_breaker, compare: false };
        let args = BenchArgs { resilience, seed: Some(seed), ..args.clone() };
        let circuit = Arc::new(CircuitLog::new());
        let aim = Aim::take(&args, session, &circuit)?;
        let result = put_load_on(&args, &aim, session, &circuit)?.result;
        variants.push(Variant { has_retry: !no_retry, has_breaker: !no_breaker, result, changes: circuit.changes() });
    }
    Ok(variants)
}

impl Variant {
    /// For people.
    pub(super) fn name(&self) -> String {
        match (self.has_retry, self.has_breaker) {
            (true, true) => "retries and circuit breaker",
            (true, false) => "retries alone",
            (false, true) => "circuit breaker alone",
            (false, false) => "neither",
        }
        .to_owned()
    }
}

impl<'a> From<&'a Variant> for VariantRow<'a> {
    fn from(variant: &'a Variant) -> Self {
        let result = &variant.result;
        Self {
            retry: variant.has_retry,
            breaker: variant.has_breaker,
            figures: result.into(),
            latency_s: row_of(result.corrected()),
            circuit: changes_of(&variant.changes),
        }
    }
}

/// The columns of [`cells`].
pub(super) const COLUMNS: [&str; 7] = ["retry", "breaker", "ok", "attempts a call", "refused", "p50", "p99"];

/// What differs, in words.
pub(super) fn cells(variant: &Variant) -> [String; 7] {
    let result = &variant.result;
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let latency = |latency: Option<_>| latency.map_or("–".to_owned(), human);
    [
        yes(variant.has_retry),
        yes(variant.has_breaker),
        result.error_share().map_or("–".to_owned(), |share| percent(1.0 - share)),
        attempts_a_call(result),
        result.rejected().to_string(),
        latency(result.corrected().p50()),
        latency(result.corrected().p99()),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "no load has 2^53 calls")]
fn attempts_a_call(result: &LoadResult) -> String {
    if result.calls() == 0 { "–".to_owned() } else { short(result.attempts() as f64 / result.calls() as f64) }
}

/// Rows whose columns stand under one another, the heads first.
pub(super) fn table(variants: &[Variant]) -> Vec<String> {
    let rows: Vec<[String; 7]> =
        std::iter::once(COLUMNS.map(str::to_owned)).chain(variants.iter().map(cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 7] = std::array::from_fn(width);
    let padded = |row: &[String; 7]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        cells.join("  ")
    };
    rows.iter().map(padded).collect()
}
