//! The results as one page that loads nothing from anywhere.

use super::document::Document;
use super::summary::{human, short};
use seawall::load::{LoadResult, Second};
use std::fmt::{Display, Write as _};
use std::io::{self, Write};
use std::time::Duration;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#222;background:#fff}\
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ddd}\
th:first-child,td:first-child{text-align:left}svg{width:100%;height:10rem;background:#f6f6f6}.bad{color:#b00020}.good{color:#00693e}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}svg{background:#222}td,th{border-color:#444}}";

/// Writes it.
pub(super) fn write(out: &mut dyn Write, document: &Document<'_>, result: &LoadResult) -> io::Result<()> {
    let mut page = String::new();
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>seawall bench</title><style>{STYLE}</style></head><body>\n<h1>seawall bench</h1>\n"
    );
    overview(&mut page, result);
    latencies(&mut page, result);
    errors(&mut page, document, result);
    judgement(&mut page, document);
    series(&mut page, result);
    page.push_str("</body></html>\n");
    out.write_all(page.as_bytes())
}

fn overview(page: &mut String, result: &LoadResult) {
    let failed = result.calls() - result.ok();
    let _ = writeln!(
        page,
        "<p>{} calls in {:.2} s, {}/s; {failed} failed; {} attempts; {} refused by a circuit.</p>",
        result.calls(),
        result.elapsed().as_secs_f64(),
        short(result.rate()),
        result.attempts(),
        result.rejected()
    );
    if result.is_limited() {
        let late = human(result.late().p99().unwrap_or_default());
        let missed = result.missed();
        let _ = writeln!(
            page,
            "<p class=\"bad\">The generator was the limit: p99 of the lateness {late}, {missed} calls never began.</p>"
        );
    }
}

fn latencies(page: &mut String, result: &LoadResult) {
    page.push_str("<h2>Latency</h2>\n<table><tr><th></th><th>p50</th><th>p90</th><th>p99</th><th>p99.9</th><th>max</th><th>mean</th></tr>\n");
    for (name, latencies) in [("from when it was due", result.corrected()), ("from the real start", result.actual())] {
        let cells =
            [latencies.p50(), latencies.p90(), latencies.p99(), latencies.p999(), latencies.max(), latencies.mean()];
        row(page, name, cells.map(|cell| cell.map_or("–".to_owned(), human)));
    }
    page.push_str("</table>\n");
}

fn errors(page: &mut String, document: &Document<'_>, result: &LoadResult) {
    if result.errors().is_empty() {
        return;
    }
    page.push_str("<h2>Errors</h2>\n<table><tr><th>class</th><th>calls</th><th>the first one</th></tr>\n");
    for (class, count) in result.errors() {
        row(page, class, [count.to_string(), document.examples.get(class).cloned().unwrap_or_default()]);
    }
    page.push_str("</table>\n");
}

fn judgement(page: &mut String, document: &Document<'_>) {
    for slo in &document.slo {
        let (class, word) = if slo.met { ("good", "met") } else { ("bad", "missed") };
        let _ = writeln!(page, "<p class=\"{class}\">{}: {word}</p>", Escaped(slo.text));
    }
    for change in &document.circuit {
        let _ = writeln!(page, "<p>{:.1} s: circuit {} is {}</p>", change.t_s, Escaped(change.backend), change.to);
    }
}

fn series(page: &mut String, result: &LoadResult) {
    let rate = |second: &Second| Duration::from_secs(second.calls());
    page.push_str("<h2>Calls a second</h2>\n");
    chart(page, result, rate);
    page.push_str("<h2>p99 of each second</h2>\n");
    chart(page, result, |second| second.quantile(0.99).unwrap_or_default());
    page.push_str("<table><tr><th>second</th><th>calls</th><th>failed</th><th>p50</th><th>p99</th></tr>\n");
    for (at, second) in result.series().iter().enumerate() {
        let latency = |share| second.quantile(share).map_or("–".to_owned(), human);
        let failed = second.calls() - second.ok();
        row(page, &at.to_string(), [second.calls().to_string(), failed.to_string(), latency(0.5), latency(0.99)]);
    }
    page.push_str("</table>\n");
}

#[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
fn chart(page: &mut String, result: &LoadResult, value: impl Fn(&Second) -> Duration) {
    let values: Vec<f64> = result.series().iter().map(|second| value(second).as_secs_f64()).collect();
    let most = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let width = 1000.0 / values.len().max(1) as f64;
    page.push_str("<svg viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\">");
    for (at, value) in values.iter().enumerate() {
        let height = value / most * 95.0;
        let (x, y) = (at as f64 * width, 100.0 - height);
        let width = width * 0.9;
        let _ = write!(
            page,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"#2a6fb0\"/>"
        );
    }
    page.push_str("</svg>\n");
}

fn row<const N: usize>(page: &mut String, name: &str, cells: [String; N]) {
    let _ = write!(page, "<tr><td>{}</td>", Escaped(name));
    for cell in cells {
        let _ = write!(page, "<td>{}</td>", Escaped(&cell));
    }
    page.push_str("</tr>\n");
}

/// Text as HTML.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
