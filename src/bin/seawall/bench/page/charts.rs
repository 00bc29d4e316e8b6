//! One load over time: latency, circuits, rates, errors and queues.

use super::axes::{Axes, Drawn, count, round, ticks};
use super::bands::word;
use crate::html::Escaped;
use seawall::CircuitState;
use seawall::load::Interval;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What stands around marks, which are in a field of `width` times `height`, stretched to what room there is.
pub(super) struct Chart<'a> {
    pub(super) kind: &'static str,
    pub(super) title: String,
    /// In words, for who does not see it.
    pub(super) label: String,
    /// Classes and words.
    pub(super) legend: &'a [(String, String)],
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) across: &'a [(f64, String)],
    pub(super) up: &'a [(f64, String)],
    pub(super) marks: String,
}

impl Chart<'_> {
    pub(super) fn html(&self) -> String {
        let Self { kind, title, width, height, marks, .. } = self;
        let label = Escaped(&self.label).to_string();
        let (mut grid, mut up, mut across, mut legend) = <(String, String, String, String)>::default();
        for (at, word) in self.up {
            let _ = write!(grid, "M0 {}H{}", round((1.0 - at) * height), round(*width));
            let _ = write!(up, "<text x=\"100%\" y=\"{}%\">{word}</text>", round((1.0 - at) * 100.0));
        }
        for (at, word) in self.across {
            let _ = write!(across, "<text x=\"{}%\" y=\"14\">{word}</text>", round(at * 100.0));
        }
        for (class, word) in self.legend {
            let _ = write!(legend, "<span class=\"{class}\">{}</span>", Escaped(word));
        }
        format!(
            "<figure class=\"chart\" data-chart=\"{kind}\"><figcaption><b>{title}</b><span class=\"legend\">{legend}</span></figcaption>\
             <div class=\"frame {kind}\"><svg class=\"up\" aria-hidden=\"true\">{up}</svg>\
             <svg class=\"plot\" role=\"img\" tabindex=\"0\" aria-label=\"{label}\" viewBox=\"0 0 {w} {h}\" preserveAspectRatio=\"none\">\
             <path class=\"grid\" d=\"{grid}\"/>{marks}<path class=\"cross\" d=\"\"/></svg>\
             <svg class=\"across\" aria-hidden=\"true\">{across}</svg></div></figure>",
            w = round(*width),
            h = round(*height),
        )
    }
}

/// All of them, one under the other.
pub(super) fn all(drawn: &Drawn<'_>, axes: &Axes) -> String {
    let time = axes.time_ticks();
    let mut html = heat(drawn, axes, &time);
    if !axes.backends.is_empty() {
        html += &circuits(drawn, axes, &time);
    }
    html += &rates(drawn, axes, &time);
    if let Some(most) = axes.attempts {
        html += &attempts(drawn, axes, most, &time);
    }
    if !axes.classes.is_empty() {
        html += &failures(drawn, axes, &time);
    }
    html + &queues(drawn, axes, &time)
}

/// Of what is measured a part: so many fit on the axis of time.
fn width(drawn: &Drawn<'_>, axes: &Axes) -> f64 {
    axes.span / drawn.length
}

const ROWS: f64 = 40.0;
const SHADES: usize = 8;

fn heat(drawn: &Drawn<'_>, axes: &Axes, time: &[(f64, String)]) -> String {
    let cells = cells(drawn, axes);
    let most = count(cells.values().copied().max().unwrap_or(1)).ln_1p();
    let mut shades = vec![String::new(); SHADES];
    for ((x, row), calls) in cells {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 7")]
        let shade = ((count(calls).ln_1p() / most * 8.0).ceil() as usize).clamp(1, SHADES) - 1;
        let _ = write!(shades[shade], "M{x} {}h1v1h-1z", round(ROWS - 1.0 - count(row)));
    }
    let mut marks = String::new();
    for (shade, path) in shades.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        let _ = write!(marks, "<path class=\"heat{shade}\" d=\"{path}\"/>");
    }
    for (class, share) in [("p50", 0.5), ("p99", 0.99)] {
        let height = |part: &Interval| part.quantile(share).map(|latency| (1.0 - axes.height_of(latency)) * ROWS);
        let _ = write!(marks, "<path class=\"line {class}\" d=\"{}\"/>", line(drawn.parts.iter().map(height)));
    }
    let legend = [("p50", "p50"), ("p99", "p99"), ("many", "many calls")];
    let legend = legend.map(|(class, word)| (class.to_owned(), word.to_owned()));
    let label =
        "Latency over time, from when calls were due. The table below says the same. Arrow keys move.".to_owned();
    let title = "Latency".to_owned();
    let up = axes.latency_ticks();
    let (width, height) = (width(drawn, axes), ROWS);
    Chart { kind: "heat", title, label, legend: &legend, width, height, across: time, up: &up, marks }.html()
}

/// How many calls are in each column and row.
fn cells(drawn: &Drawn<'_>, axes: &Axes) -> BTreeMap<(usize, u64), u64> {
    let mut cells = BTreeMap::new();
    for (x, part) in drawn.parts.iter().enumerate() {
        for (latency, calls) in part.latencies() {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 39")]
            let row = (axes.height_of(latency) * (ROWS - 1.0)).floor() as u64;
            *cells.entry((x, row)).or_default() += calls;
        }
    }
    cells
}

fn circuits(drawn: &Drawn<'_>, axes: &Axes, time: &[(f64, String)]) -> String {
    const MOST: usize = 6;
    let (mut marks, mut rows) = (String::new(), 0.0);
    let shown = &axes.backends[..axes.backends.len().min(MOST)];
    for backend in shown {
        for state in CircuitState::ALL {
            let own = drawn.bands.iter().filter(|band| band.backend == *backend && band.state == state);
            let mut path = String::new();
            for band in own {
                let width = round((band.to - band.from) * 1000.0);
                let _ = write!(path, "M{} {}h{width}v.8h-{width}z", round(band.from * 1000.0), round(rows + 0.1));
            }
            let _ = write!(marks, "<path class=\"{}\" d=\"{path}\"/>", word(state));
        }
        rows += 1.0;
    }
    let names: Vec<String> = shown.iter().map(|name| name.chars().take(24).collect()).collect();
    let left = axes.backends.len() - shown.len();
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    let title = format!("Circuit <small>{}{more}</small>", Escaped(&names.join(", ")));
    let label = if drawn.bands.is_empty() {
        "The circuit never opened.".to_owned()
    } else {
        "The state of each circuit over time; the table below says the same.".to_owned()
    };
    let legend = CircuitState::ALL.map(|state| (word(state).to_owned(), word(state).to_owned()));
    let (width, height) = (axes.span * 1000.0, rows);
    Chart { kind: "circuit", title, label, legend: &legend, width, height, across: time, up: &[], marks }.html()
}

fn rates(drawn: &Drawn<'_>, axes: &Axes, time: &[(f64, String)]) -> String {
    let rate = |of: fn(&Interval) -> u64| -> Vec<f64> {
        drawn.parts.iter().map(|part| drawn.rate(of(part)) / axes.rate).collect()
    };
    let (none, ok, ended) = (vec![0.0; drawn.parts.len()], rate(Interval::ok), rate(Interval::calls));
    let mut marks = format!(
        "<path class=\"area ok\" d=\"{}\"/><path class=\"area failed\" d=\"{}\"/>",
        area(&none, &ok),
        area(&ok, &ended)
    );
    let _ = write!(marks, "<path class=\"line due\" d=\"{}\"/>", line(heights(rate(Interval::due))));
    let legend = [("ok", "ok"), ("failed", "failed"), ("due", "due")];
    let legend = legend.map(|(class, word)| (class.to_owned(), word.to_owned()));
    let label = "Calls a second: due, ok and failed. The table below says the same.".to_owned();
    let up = ticks(axes.rate);
    let (title, width, height) = ("Calls a second".to_owned(), width(drawn, axes), 100.0);
    Chart { kind: "rate", title, label, legend: &legend, width, height, across: time, up: &up, marks }.html()
}

fn attempts(drawn: &Drawn<'_>, axes: &Axes, most: f64, time: &[(f64, String)]) -> String {
    let values: Vec<f64> = drawn.parts.iter().map(|part| drawn.rate(part.attempts()) / most).collect();
    let marks = format!("<path class=\"area attempts\" d=\"{}\"/>", area(&vec![0.0; values.len()], &values));
    let legend = [("attempts".to_owned(), "of the calls that ended".to_owned())];
    let label = "Attempts a second, of the calls that ended. The table below says the same.".to_owned();
    let up = ticks(most);
    let (title, width, height) = ("Attempts a second".to_owned(), width(drawn, axes), 100.0);
    Chart { kind: "attempts", title, label, legend: &legend, width, height, across: time, up: &up, marks }.html()
}

fn failures(drawn: &Drawn<'_>, axes: &Axes, time: &[(f64, String)]) -> String {
    let mut below = vec![0.0; drawn.parts.len()];
    let (mut marks, mut legend) = (String::new(), Vec::new());
    for (nth, class) in axes.classes.iter().enumerate() {
        let of = |part: &Interval| drawn.rate(part.errors().get(class).copied().unwrap_or_default()) / axes.failed;
        let above: Vec<f64> = drawn.parts.iter().zip(&below).map(|(part, below)| below + of(part)).collect();
        let colour = nth % 8;
        let _ = write!(marks, "<path class=\"area e{colour}\" d=\"{}\"/>", area(&below, &above));
        legend.push((format!("e{colour}"), (*class).replace('_', " ")));
        below = above;
    }
    let label = "Failed calls a second, by class. The tables below say the same.".to_owned();
    let up = ticks(axes.failed);
    let (title, width, height) = ("Failed a second".to_owned(), width(drawn, axes), 100.0);
    Chart { kind: "errors", title, label, legend: &legend, width, height, across: time, up: &up, marks }.html()
}

fn queues(drawn: &Drawn<'_>, axes: &Axes, time: &[(f64, String)]) -> String {
    let queues = drawn.queues();
    let share =
        |of: fn(&(u64, u64)) -> u64| -> Vec<f64> { queues.iter().map(|queue| count(of(queue)) / axes.queue).collect() };
    let (none, busy, all) = (vec![0.0; queues.len()], share(|queue| queue.1), share(|queue| queue.0 + queue.1));
    let marks = format!(
        "<path class=\"area busy\" d=\"{}\"/><path class=\"area late\" d=\"{}\"/>",
        area(&none, &busy),
        area(&busy, &all)
    );
    let legend = [("busy", "under way"), ("late", "due and not begun")];
    let legend = legend.map(|(class, word)| (class.to_owned(), word.to_owned()));
    let label = "Calls under way, and calls that were due and had not begun. The table below says the same.".to_owned();
    let up = ticks(axes.queue);
    let (title, width, height) = ("Calls at once".to_owned(), width(drawn, axes), 100.0);
    Chart { kind: "queue", title, label, legend: &legend, width, height, across: time, up: &up, marks }.html()
}

fn heights(values: Vec<f64>) -> impl Iterator<Item = Option<f64>> {
    values.into_iter().map(|value| Some((1.0 - value) * 100.0))
}

/// A step for each value.
fn line(values: impl Iterator<Item = Option<f64>>) -> String {
    let (mut path, mut is_down) = (String::new(), false);
    for (x, value) in values.enumerate() {
        if let Some(y) = value {
            let _ = if is_down { write!(path, "V{}", round(y)) } else { write!(path, "M{x} {}", round(y)) };
            let _ = write!(path, "H{}", x + 1);
        }
        is_down = value.is_some();
    }
    path
}

/// What is between two lines.
fn area(below: &[f64], above: &[f64]) -> String {
    let mut path = String::new();
    for (x, (below, above)) in below.iter().zip(above).enumerate().filter(|(_, (below, above))| above > below) {
        let (low, high) = (round((1.0 - below) * 100.0), round((1.0 - above) * 100.0));
        let _ = write!(path, "M{x} {low}V{high}h1V{low}z");
    }
    path
}
