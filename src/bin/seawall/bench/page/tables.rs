//! What the charts show, in numbers.

use super::axes::{Drawn, count, round};
use super::bands::{word, worst};
use crate::bench::summary::{human, percent, short};
use crate::html::Escaped;
use seawall::load::Latencies;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A head and its rows; the first cell of a row names it.
fn table(caption: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut html = format!("<div class=\"wide\"><table><caption>{}</caption><thead><tr>", Escaped(caption));
    for cell in head {
        let _ = write!(html, "<th scope=\"col\">{cell}</th>");
    }
    html.push_str("</tr></thead><tbody>");
    for row in rows {
        let _ = write!(html, "<tr><th scope=\"row\">{}</th>", Escaped(&row[0]));
        for cell in &row[1..] {
            let _ = write!(html, "<td>{}</td>", Escaped(cell));
        }
        html.push_str("</tr>");
    }
    html + "</tbody></table></div>"
}

pub(super) fn percentiles(drawn: &[Drawn<'_>]) -> String {
    let row = |name: String, latencies: &Latencies| {
        let cells =
            [latencies.p50(), latencies.p90(), latencies.p99(), latencies.p999(), latencies.max(), latencies.mean()];
        [name].into_iter().chain(cells.map(|cell| cell.map_or("–".to_owned(), human))).collect()
    };
    let rows = drawn.iter().flat_map(|drawn| {
        let name = if drawn.shown.name.is_empty() { String::new() } else { format!("{}: ", drawn.shown.name) };
        let result = drawn.shown.result;
        [
            row(format!("{name}from when due"), result.corrected()),
            row(format!("{name}from the real start"), result.actual()),
        ]
    });
    table("Latencies of all calls", &["", "p50", "p90", "p99", "p99.9", "max", "mean"], rows)
}

pub(super) fn errors(drawn: &[Drawn<'_>], examples: &BTreeMap<&'static str, String>) -> String {
    let rows: Vec<Vec<String>> = drawn
        .iter()
        .flat_map(|drawn| {
            drawn.shown.result.errors().iter().map(|(class, count)| {
                let example = examples.get(class).cloned().unwrap_or_default();
                vec![(*class).to_owned(), drawn.shown.name.clone(), count.to_string(), example]
            })
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let table = table("What failed", &["class", "load", "calls", "the first one"], rows.into_iter());
    format!("<section class=\"card errors\">{table}</section>")
}

/// One table a load, its rows those of the charts.
pub(super) fn intervals(drawn: &[Drawn<'_>]) -> String {
    const HEAD: [&str; 10] =
        ["from", "due", "ended", "failed", "attempts", "refused", "p50", "p99", "waiting, under way", "circuit"];
    let mut html = String::new();
    for (load, drawn) in drawn.iter().enumerate() {
        let queues = drawn.queues();
        let row = |(nth, (part, queue)): (u64, (&seawall::load::Interval, &(u64, u64)))| {
            let from = count(nth) * drawn.length;
            let failed = part.calls() - part.ok();
            let share = if failed == 0 {
                "0".to_owned()
            } else {
                format!("{failed} ({})", percent(count(failed) / count(part.calls())))
            };
            let latency = |share| part.quantile(share).map_or("–".to_owned(), human);
            let state = worst(&drawn.bands, from, from + drawn.length).map_or("–", word);
            let counts = [part.attempts().to_string(), part.rejected().to_string(), latency(0.5), latency(0.99)];
            let rates = [format!("{} s", round(from)), part.due().to_string(), part.calls().to_string(), share];
            let ends = [format!("{}, {}", queue.0, queue.1), state.to_owned()];
            rates.into_iter().chain(counts).chain(ends).collect()
        };
        let rows = (0..).zip(drawn.parts.iter().zip(&queues)).map(row);
        let name = if drawn.shown.name.is_empty() { String::new() } else { format!(": {}", drawn.shown.name) };
        let caption = format!("Parts of {} s each", short(drawn.length));
        let table = table(&caption, &HEAD, rows);
        let summary = format!("All charts as a table{name}");
        let _ = write!(
            html,
            "<details class=\"card parts\" data-parts=\"{load}\"><summary>{}</summary>{table}</details>",
            Escaped(&summary)
        );
    }
    html
}
