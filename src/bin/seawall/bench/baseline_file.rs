//! The results of an earlier load, read again.

use crate::visible::visible;
use seawall::load::{Baseline, Window};
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;

/// As much of it as a comparison needs.
#[derive(Deserialize)]
struct Earlier {
    schema: u32,
    latency_s: Latencies,
    series: Vec<Second>,
}

#[derive(Deserialize)]
struct Latencies {
    corrected: Percentiles,
}

#[derive(Deserialize)]
struct Percentiles {
    p50: Option<f64>,
    p99: Option<f64>,
}

#[derive(Deserialize)]
struct Second {
    calls: u64,
    p50_s: Option<f64>,
}

/// The error is the sentence that says why not.
pub(super) fn read(path: &Path) -> Result<Baseline, String> {
    let name = path.display().to_string();
    let text =
        std::fs::read(path).map_err(|error| format!("failed to read the baseline {}: {error}", visible(&name)))?;
    let earlier: Earlier = serde_json::from_slice(&text)
        .map_err(|error| format!("the baseline {} is no result of a load: {error}", visible(&name)))?;
    if earlier.schema != 1 {
        return Err(format!("the baseline {} is of the schema {}, which is not known", visible(&name), earlier.schema));
    }
    let Percentiles { p50, p99 } = earlier.latency_s.corrected;
    let window = |second: &Second| Window { calls: second.calls, p50: duration(second.p50_s) };
    Ok(Baseline { p50: duration(p50), p99: duration(p99), windows: earlier.series.iter().map(window).collect() })
}

fn duration(seconds: Option<f64>) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds?).ok()
}
