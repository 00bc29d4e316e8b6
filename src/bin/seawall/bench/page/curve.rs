//! The percentile curve, on the scale that tools around `HdrHistogram` use: each nine is as wide as the one before.

use super::axes::{Axes, Drawn, count, round};
use super::charts::Chart;
use std::fmt::Write as _;

pub(super) fn figure(drawn: &[Drawn<'_>], axes: &Axes) -> String {
    const HEIGHT: f64 = 100.0;
    let mut marks = String::new();
    for (load, drawn) in drawn.iter().enumerate() {
        let corrected = drawn.shown.result.corrected();
        let end = count(corrected.count().max(1)).log10();
        let mut path = String::new();
        for (share, latency) in corrected.curve() {
            let x = -(1.0 - share).max(1e-12).log10();
            let (x, y) = (x.min(end) / axes.nines * 1000.0, (1.0 - axes.height_of(latency)) * HEIGHT);
            let _ = write!(path, "{}{} {}", if path.is_empty() { 'M' } else { 'L' }, round(x), round(y));
        }
        let _ = write!(marks, "<path class=\"line l{load}\" d=\"{path}\"/>");
    }
    let names = drawn.iter().enumerate().filter(|(_, drawn)| !drawn.shown.name.is_empty());
    let legend: Vec<_> = names.map(|(load, drawn)| (format!("l{load}"), drawn.shown.name.clone())).collect();
    let label = "Percentiles of the latency from when calls were due. The table beside it says the same.".to_owned();
    let across: Vec<(f64, String)> = ["0", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %"]
        .into_iter()
        .zip(0..)
        .map(|(word, nines)| (f64::from(nines) / axes.nines, word.to_owned()))
        .filter(|(at, _)| *at <= 1.0)
        .collect();
    let up = axes.latency_ticks();
    let title = "Percentiles".to_owned();
    Chart {
        kind: "curve",
        title,
        label,
        legend: &legend,
        width: 1000.0,
        height: HEIGHT,
        across: &across,
        up: &up,
        marks,
    }
    .html()
}
