//! A load while it goes on: two rows at a terminal, and one more once a circuit has changed.

use super::circuit::CircuitLog;
use super::summary::{human, short};
use crate::args::BenchArgs;
use crate::run::screen::Screen;
use crate::run::signals::News;
use crate::run::style::{Palette, Surroundings, styled};
use crate::visible::visible;
use seawall::crossbeam_channel::Receiver;
use seawall::load::{Progress, Rate, Second};
use std::time::Duration;

/// Shows how it goes on, where somebody looks.
pub(super) struct Live<'a> {
    screen: &'a Screen,
    circuit: &'a CircuitLog,
    palette: Palette,
    is_able: bool,
    signals: Receiver<News>,
}

impl<'a> Live<'a> {
    pub(super) fn new(screen: &'a Screen, circuit: &'a CircuitLog, args: &BenchArgs, signals: Receiver<News>) -> Self {
        let surroundings = Surroundings::of_this_process();
        let palette = Palette::new(surroundings.wants_colour(args.color));
        Self { screen, circuit, palette, is_able: surroundings.is_able(), signals }
    }

    /// `rate`: the one that is tried in a search.
    pub(super) fn show(&mut self, rate: Option<Rate>, progress: &Progress) {
        let line = |news: News| format!("{:>10}  {}\n", news.signal, news.effect);
        let said = self.signals.try_iter().map(line).collect::<Vec<_>>().concat();
        let is_shown = self.is_able && Screen::is_ours();
        let frame = if is_shown { self.frame(rate, progress, Screen::size().columns) } else { Vec::new() };
        self.screen.draw(&said, frame);
    }

    fn frame(&self, rate: Option<Rate>, progress: &Progress, columns: usize) -> Vec<String> {
        let over = progress.elapsed.saturating_sub(progress.warmup).as_secs_f64();
        let time = if progress.elapsed < progress.warmup { "warm-up".to_owned() } else { format!("{over:.0}s") };
        let trying = rate.map(|rate| format!(", trying {rate}")).unwrap_or_default();
        let errors = progress.calls - progress.ok;
        let first =
            format!("{time}{trying}, {} calls, {errors} failed, {} under way", progress.calls, progress.in_flight);
        let last = last_whole_second(&progress.recent);
        let latency = |share| last.and_then(|second| second.quantile(share)).map_or("–".to_owned(), human);
        let rate = last.map_or("–".to_owned(), |second| short_count(second.calls()));
        let second = format!("{rate}/s, p50 {}, p99 {}  {}", latency(0.5), latency(0.99), sparkline(&progress.recent));
        let row = |word: &str, text: String| {
            let text: String = text.chars().take(columns.saturating_sub(13)).collect();
            format!("{:>10}  {text}", styled(self.palette.strong, word))
        };
        let circuits = self.circuits(progress.rejected).map(|circuits| row("circuit", circuits));
        [row("load", first), row("last second", second)].into_iter().chain(circuits).collect()
    }

    /// `None` where all are closed and always were.
    fn circuits(&self, rejected: u64) -> Option<String> {
        let standing = self
            .circuit
            .standing()
            .into_iter()
            .map(|(backend, state, since)| format!("{} {state} for {}s", visible(&backend), since.as_secs()));
        let standing: Vec<String> = standing.collect();
        (!standing.is_empty()).then(|| format!("{}, {rejected} refused", standing.join(", ")))
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.screen.say("");
    }
}

/// The present one is not over.
fn last_whole_second(seconds: &[Second]) -> Option<&Second> {
    seconds.len().checked_sub(2).and_then(|place| seconds.get(place)).or(seconds.last())
}

#[expect(clippy::cast_precision_loss, reason = "no second has 2^53 calls")]
fn short_count(calls: u64) -> String {
    short(calls as f64)
}

/// The p99 of the last seconds.
fn sparkline(seconds: &[Second]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const MOST: usize = 30;
    let last = &seconds[seconds.len().saturating_sub(MOST)..];
    let p99: Vec<Option<Duration>> = last.iter().map(|second| second.quantile(0.99)).collect();
    let most = p99.iter().flatten().max().map_or(1.0, Duration::as_secs_f64);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 7")]
    let bar = |latency: Duration| BARS[((latency.as_secs_f64() / most * 7.0).round() as usize).min(7)];
    p99.into_iter().map(|latency| latency.map_or(' ', bar)).collect()
}
