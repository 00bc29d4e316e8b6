//! What came of a load, for people.

use super::compare::{self, Variant};
use super::document::{Document, SloRow};
use crate::args::BenchArgs;
use crate::run::style::{Palette, Surroundings, styled};
use crate::visible::visible;
use anstyle::Style;
use seawall::load::{Latencies, LoadResult};
use std::fmt::{Display, Write as _};
use std::time::Duration;

/// All of it, with a line's end after each line.
pub(super) fn text(args: &BenchArgs, document: &Document<'_>, result: &LoadResult, variants: &[Variant]) -> String {
    let surroundings = Surroundings::of_this_process();
    Summary { document, result, variants, palette: Palette::new(surroundings.wants_colour(args.color)) }.text()
}

struct Summary<'a> {
    document: &'a Document<'a>,
    result: &'a LoadResult,
    variants: &'a [Variant],
    palette: Palette,
}

impl Summary<'_> {
    fn text(&self) -> String {
        let mut text = String::new();
        self.calls(&mut text);
        self.latencies(&mut text);
        self.errors(&mut text);
        self.resilience(&mut text);
        self.generator(&mut text);
        self.comparison(&mut text);
        self.capacity(&mut text);
        self.judgement(&mut text);
        text
    }

    fn calls(&self, text: &mut String) {
        let result = self.result;
        let failed = result.calls() - result.ok();
        let style = if failed == 0 { self.palette.good } else { self.palette.bad };
        let cancelled = result.cancelled().map(|reason| format!(", ended by {reason}")).unwrap_or_default();
        let elapsed = result.elapsed().as_secs_f64();
        let calls = counted(result.calls(), "call");
        let said = format!("{calls} in {elapsed:.2}s, {}/s, {}{cancelled}", short(result.rate()), self.share_of_ok());
        line(text, style, "load", said);
    }

    fn share_of_ok(&self) -> String {
        match self.result.error_share() {
            None => "none ended".to_owned(),
            Some(0.0) => "all ok".to_owned(),
            Some(share) => format!("{} failed ({})", self.result.calls() - self.result.ok(), percent(share)),
        }
    }

    fn latencies(&self, text: &mut String) {
        let (corrected, actual) = (self.result.corrected(), self.result.actual());
        let Some(row) = row(corrected) else {
            return line(text, self.palette.quiet, "latency", "p50 –, p99 –");
        };
        line(text, self.palette.strong, "latency", row.clone());
        if let Some(actual) = self::row(actual).filter(|actual| *actual != row) {
            line(text, self.palette.quiet, "unqueued", format!("{actual} from the real start"));
        }
    }

    fn errors(&self, text: &mut String) {
        for (class, count) in self.result.errors() {
            let example = self.document.examples.get(class).map(|example| first_line(example)).unwrap_or_default();
            line(text, self.palette.bad, class, format!("{count}: {example}"));
        }
    }

    fn resilience(&self, text: &mut String) {
        let result = self.result;
        if result.attempts() > result.calls() || result.saved() > 0 {
            let attempts = counted(result.attempts(), "attempt");
            let saved = counted(result.saved(), "call");
            let backoff = human(result.backoff());
            let said = format!("{attempts}; {saved} ok only because of a retry; {backoff} in backoff");
            line(text, self.palette.notable, "retries", said);
        }
        if result.rejected() > 0 || !self.document.circuit.is_empty() {
            let opened = self.document.circuit.iter().filter(|change| change.to == "open").count();
            let first = self.document.circuit.iter().find(|change| change.to == "open");
            let first = first.map(|change| format!(", first `{}` at {:.1}s", visible(change.backend), change.t_s));
            let said = format!(
                "{} refused; opened {}{}",
                counted(result.rejected(), "ask"),
                counted(opened as u64, "time"),
                first.unwrap_or_default()
            );
            line(text, self.palette.notable, "circuit", said);
        }
    }

    fn generator(&self, text: &mut String) {
        let late = self.result.late();
        if !self.result.is_limited() {
            return;
        }
        let (p99, missed) = (human(late.p99().unwrap_or_default()), self.result.missed());
        let missed = if missed == 0 { String::new() } else { format!(", {} never began", counted(missed, "call")) };
        let said = format!("the generator was the limit: one call in a hundred began {p99} late or more{missed}");
        line(text, self.palette.notable, "warning", said);
    }

    /// The combinations under one another.
    fn comparison(&self, text: &mut String) {
        if !self.variants.is_empty() {
            let rows = compare::table(self.variants).join("\n            ");
            line(text, self.palette.strong, "compared", rows);
        }
    }

    fn capacity(&self, text: &mut String) {
        let Some(capacity) = &self.document.capacity else { return };
        let steps = counted(capacity.steps.len() as u64, "step");
        match capacity.rate {
            Some(rate) => {
                let held = if capacity.confirmed { "held twice" } else { "held once" };
                let too_high =
                    capacity.too_high.map_or(String::new(), |rate| format!(" and {}/s did not", short(rate)));
                let said = format!("{}/s, after {steps}: it {held}{too_high}", short(rate));
                line(text, self.palette.good, "capacity", said);
            }
            None => line(text, self.palette.bad, "capacity", format!("no rate held, after {steps}")),
        }
    }

    fn judgement(&self, text: &mut String) {
        for row in &self.document.slo {
            let (style, word) = if row.met { (self.palette.good, "met") } else { (self.palette.bad, "missed") };
            line(text, style, word, format!("{}{}", visible(row.text), value_of(row)));
        }
        if let Some(baseline) = &self.document.baseline {
            let times = |ratio: Option<f64>| ratio.map_or("–".to_owned(), |ratio| format!("×{ratio:.2}"));
            let said =
                format!("{} than before: p50 {}, p99 {}", baseline.verdict, times(baseline.p50), times(baseline.p99));
            let said = said.replace("same than before", "same as before");
            let test = baseline.p_value.map_or(String::new(), |p| format!(" (rank test over the seconds: p = {p:.4})"));
            let style = if baseline.verdict == "slower" { self.palette.bad } else { self.palette.good };
            line(text, style, "baseline", said + &test);
        }
    }
}

fn line(text: &mut String, style: Style, word: &str, said: impl Display) {
    let _ = writeln!(text, "{:>10}  {said}", styled(style, word));
}

fn row(latencies: &Latencies) -> Option<String> {
    let human = |latency: Option<Duration>| latency.map(self::human);
    let (p50, p90, p99) = (human(latencies.p50())?, human(latencies.p90())?, human(latencies.p99())?);
    let (p999, max, mean) = (human(latencies.p999())?, human(latencies.max())?, human(latencies.mean())?);
    Some(format!("p50 {p50}, p90 {p90}, p99 {p99}, p99.9 {p999}, max {max}, mean {mean}"))
}

fn value_of(row: &SloRow<'_>) -> String {
    let Some(value) = row.value else { return ": nothing was measured".to_owned() };
    if row.text.contains("errors") {
        format!(": {}", percent(value))
    } else if row.text.contains("rate") {
        format!(": {}/s", short(value))
    } else {
        format!(": {}", human(Duration::try_from_secs_f64(value).unwrap_or_default()))
    }
}

fn first_line(text: &str) -> String {
    const MOST: usize = 200;
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(MOST).collect();
    let dots = if cut.len() < line.len() { "…" } else { "" };
    format!("{}{dots}", visible(&cut))
}

pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

pub(super) fn percent(share: f64) -> String {
    format!("{} %", short(share * 100.0))
}

/// Three digits.
pub(super) fn short(number: f64) -> String {
    let digits = match number.abs() {
        0.0..1.0 => 3,
        1.0..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A latency as people say it, in three digits.
pub(super) fn human(latency: Duration) -> String {
    let seconds = latency.as_secs_f64();
    match seconds {
        0.0..1e-6 => format!("{}ns", latency.as_nanos()),
        1e-6..1e-3 => format!("{}µs", short(seconds * 1e6)),
        1e-3..1.0 => format!("{}ms", short(seconds * 1e3)),
        _ => format!("{}s", short(seconds)),
    }
}
