//! The live display: what runs, what waits, which circuits are not closed, and how much is done. Pure.

use super::estimate::estimate;
use super::progress::{Now, Progress, Task};
use super::screen::Size;
use super::style::{Palette, styled};
use super::wording::{self, Ticking};
use crate::visible::visible;
use anstyle::Style;
use seawall::{CircuitState, Status, TaskId};
use std::time::Duration;
use unicode_width::UnicodeWidthChar;

/// A terminal that is narrower shows no frame.
const NARROWEST: usize = 12;
/// The most rows that a frame has, on the tallest terminal.
const TALLEST: usize = 16;
const WIDEST_BAR: usize = 30;

/// What a frame is made of, beside the progress itself.
pub(crate) struct View<'a> {
    /// Since the run began.
    pub(crate) now: Duration,
    pub(crate) size: Size,
    pub(crate) palette: Palette,
    /// How long until an open circuit may be tried again, if that is known.
    pub(crate) tried_in: &'a dyn Fn(&str) -> Option<Duration>,
}

impl View<'_> {
    /// The rows, each shorter than the terminal is wide and all of them fewer than it is high.
    pub(crate) fn frame(&self, progress: &Progress) -> Vec<String> {
        let rows = self.height();
        if rows == 0 || self.size.columns < NARROWEST {
            return Vec::new();
        }
        let [circuits, waiting, running] = shares(rows - 1, progress);
        let mut frame = vec![self.head(progress)];
        frame.extend(self.running(progress, running));
        frame.extend(self.waiting(progress, waiting));
        frame.extend(self.circuits(progress, circuits));
        frame
    }

    /// A frame leaves room for what is said above it, and a row for the cursor below it.
    fn height(&self) -> usize {
        let Size { rows, .. } = self.size;
        (rows / 2).clamp(3, TALLEST).min(rows.saturating_sub(1))
    }

    /// As much of it as there is room for: the tasks that are done above all, then how long it has taken.
    fn head(&self, progress: &Progress) -> String {
        let ended = [Status::Failed, Status::Skipped, Status::Cancelled].map(|status| match progress.ended(status) {
            0 => String::new(),
            count => format!(", {count} {status}"),
        });
        let done = format!("{}/{}", progress.done(), progress.tasks());
        let took = format!(", {}", Ticking(self.now));
        let left = estimate(progress, self.now).map(|left| format!(", {left}")).unwrap_or_default();
        let texts = [[&*ended.concat(), &*took, &*left], [&*ended.concat(), &*took, ""], ["", &*took, ""], [""; 3]];
        let mut texts = texts.iter().map(|parts| format!("{done}{}", parts.concat()));
        let text = texts.find(|text| self.left("running") > text.len()).unwrap_or(done);
        let room = self.room().saturating_sub(text.len() + 11).min(WIDEST_BAR);
        let bar = if room >= 10 { bar(progress.done(), progress.tasks(), room) } else { String::new() };
        self.row(self.palette.good, "running", &format!("{bar}{text}"), "")
    }

    fn running(&self, progress: &Progress, rows: usize) -> Vec<String> {
        let mut running: Vec<(Duration, &TaskId, usize)> = progress
            .under_way()
            .filter_map(|(id, task)| match task.now {
                Now::Running(since) => Some((since, id, task.attempt)),
                _ => None,
            })
            .collect();
        let more = first(&mut running, rows);
        let shown = running.iter().map(|(since, id, attempt)| {
            let attempt = if *attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
            let age = Ticking(self.now.saturating_sub(*since)).to_string();
            self.row(self.palette.quiet, &age, &visible(id.as_str()), &attempt)
        });
        shown.chain(self.more(more)).collect()
    }

    fn waiting(&self, progress: &Progress, rows: usize) -> Vec<String> {
        let mut waiting: Vec<(Duration, &TaskId, &str)> = progress
            .under_way()
            .filter_map(|(id, task)| match task.now {
                Now::Waiting(why, until) => Some((until.unwrap_or(Duration::MAX), id, why.as_str())),
                Now::Between => Some((self.now, id, "")),
                Now::Running(_) => None,
            })
            .collect();
        let more = first(&mut waiting, rows);
        let shown = waiting.iter().map(|(until, id, why)| {
            let left = begun(until.saturating_sub(self.now));
            let when = if *until == Duration::MAX { "waiting".to_owned() } else { format!("in {left}") };
            let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
            self.row(self.palette.notable, &when, &visible(id.as_str()), &why)
        });
        shown.chain(self.more(more)).collect()
    }

    fn circuits(&self, progress: &Progress, rows: usize) -> Vec<String> {
        let (kept, more) = kept(progress.circuits().len(), rows);
        let shown = progress.circuits().take(kept).map(|(backend, state)| {
            let tried = match (state, (self.tried_in)(backend)) {
                (CircuitState::Open, Some(left)) => format!(", tried in {}", begun(left)),
                _ => String::new(),
            };
            let state = wording::of_circuit(state);
            self.row(self.palette.bad, "circuit", &format!("{} is {state}", visible(backend)), &tried)
        });
        shown.chain(self.more(more)).collect()
    }

    fn more(&self, count: usize) -> Option<String> {
        (count > 0).then(|| self.row(self.palette.quiet, "", &format!("… and {count} more"), ""))
    }

    /// `rest` is left out where there is no room for all of it.
    fn row(&self, style: Style, word: &str, text: &str, rest: &str) -> String {
        let word = truncated(word, self.room());
        let (indent, left) = (self.indent(&word), self.left(&word));
        let rest = if width(text) + width(rest) < left { rest } else { "" };
        let text = if left > 1 { format!(" {}{rest}", truncated(text, left - 1)) } else { String::new() };
        format!("{:indent$}{}{text}", "", styled(style, word))
    }

    fn indent(&self, word: &str) -> usize {
        if self.size.columns < 40 { 0 } else { 9usize.saturating_sub(word.chars().count()) }
    }

    /// The columns behind a word, with the one that parts it from what follows.
    fn left(&self, word: &str) -> usize {
        self.room().saturating_sub(self.indent(word) + width(word))
    }

    /// One column stays free: a terminal that was filled to its last one would wrap.
    fn room(&self) -> usize {
        self.size.columns.saturating_sub(1)
    }
}

/// The seconds that have begun: nothing waits for 0 of them.
fn begun(left: Duration) -> Ticking {
    Ticking(Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0)))
}

/// How many rows circuits, waiting and running tasks get, of `rows`.
fn shares(rows: usize, progress: &Progress) -> [usize; 3] {
    let is_running = |task: &Task| matches!(task.now, Now::Running(_));
    let running = progress.under_way().filter(|(_, task)| is_running(task)).count();
    let waiting = progress.under_way().count() - running;
    let circuits = progress.circuits().len().min(rows / 3);
    let least_waiting = waiting.min((rows - circuits) / 3);
    let running = running.min(rows - circuits - least_waiting);
    [circuits, waiting.min(rows - circuits - running), running]
}

/// Keeps as many of the smallest `items` as `rows` hold, in order, and says how many more there are.
fn first<T: Ord>(items: &mut Vec<T>, rows: usize) -> usize {
    let (kept, more) = kept(items.len(), rows);
    if more > 0 && kept > 0 {
        items.select_nth_unstable(kept);
    }
    items.truncate(kept);
    items.sort_unstable();
    more
}

/// How many of `count` items are shown on `rows`, and how many more there are: the last row is for their number.
fn kept(count: usize, rows: usize) -> (usize, usize) {
    match rows {
        0 => (0, 0),
        rows if count > rows => (rows - 1, count - (rows - 1)),
        _ => (count, 0),
    }
}

fn bar(done: usize, of: usize, room: usize) -> String {
    let room = room.saturating_sub(3);
    let filled = room * done / of.max(1);
    format!("[{:=<filled$}{:rest$}] ", "", "", rest = room - filled)
}

fn width(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

/// As much of `text` as `columns` hold.
fn truncated(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |c: &char| {
        let taken = left.checked_sub(c.width().unwrap_or(0));
        left = taken.unwrap_or(left);
        taken.is_some()
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    if columns > 0 {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall::{
        BackendConfig, CancelToken, CircuitBreakerConfig, CircuitBreakerRegistry, Plan, RetryConfig, RunOptions,
        Runner, SendError, crossbeam_channel,
    };
    use std::sync::Arc;

    /// The progress of a run of `count` tasks in the moment in which all but the first wait for their second attempt, an
    /// hour long, and the circuit of the first one has opened.
    fn progress(count: usize) -> Progress {
        let breakers = CircuitBreakerRegistry::new()
            .with_default(CircuitBreakerConfig::disabled())
            .with_config("down", CircuitBreakerConfig::new().with_failure_threshold(1));
        let retry = RetryConfig::new().with_initial_interval(Duration::from_secs(3600)).with_randomization_factor(0.0);
        let cancel = CancelToken::new();
        let (sender, receiver) = crossbeam_channel::unbounded();
        let runner = Runner::builder()
            .backend_fn("slow", |_, _| Err(SendError::transient("busy")))
            .backend_fn("down", |_, _| Err(SendError::transient("gone")))
            .configure(
                "slow",
                BackendConfig::new().with_retry(
                    retry.with_max_interval(Duration::from_secs(3600)).with_max_elapsed_time(Duration::MAX),
                ),
            )
            .circuit_breakers(Arc::new(breakers))
            .build()
            .unwrap();
        let others = (1..count).map(|n| seawall::Task::new(format!("task-{n:05}"), "slow", ""));
        let plan = Plan::builder().task(seawall::Task::new("first", "down", "")).tasks(others).build().unwrap();
        let mut progress = Progress::default();
        std::thread::scope(|scope| {
            scope.spawn(|| runner.run_with(&plan, &cancel, RunOptions::new().with_events(sender)));
            while progress.under_way().filter(|(_, task)| matches!(task.now, Now::Waiting(..))).count() < count - 1
                || progress.done() == 0
            {
                progress.take(&receiver.recv().unwrap());
            }
            cancel.cancel();
        });
        progress
    }

    fn frame(progress: &Progress, columns: usize, rows: usize) -> Vec<String> {
        let view = View {
            now: Duration::from_secs(5),
            size: Size { columns, rows },
            palette: Palette::new(false),
            tried_in: &|_| Some(Duration::from_secs(25)),
        };
        view.frame(progress)
    }

    #[test]
    fn it_shows_what_waits_until_when_and_the_circuits() {
        let frame = frame(&progress(3), 80, 24);
        assert_eq!(frame.len(), 4, "{frame:#?}");
        assert!(frame[0].contains("running") && frame[0].contains("1/3, 1 failed, 5s"), "{frame:#?}");
        assert!(frame[1].contains("in 59min") && frame[1].contains("task-0000"), "{frame:#?}");
        assert_eq!(frame[3], "  circuit down is open, tried in 25s");
    }

    #[test]
    fn it_fits_any_terminal() {
        let progress = progress(200);
        for columns in [1, 2, 5, 12, 13, 20, 39, 40, 80, 300] {
            for rows in [1, 2, 3, 5, 24, 100] {
                let frame = frame(&progress, columns, rows);
                assert!(frame.len() < rows && frame.len() <= TALLEST, "{columns}x{rows}: {frame:#?}");
                assert!(frame.iter().all(|row| width(row) < columns), "{columns}x{rows}: {frame:#?}");
            }
        }
    }

    #[test]
    fn where_there_is_no_room_what_matters_less_is_left_out_whole() {
        let progress = progress(3);
        let rows = |columns| frame(&progress, columns, 24);
        assert!(rows(80)[1].ends_with("s task-00001 (backoff)") || rows(80)[1].ends_with("s task-00002 (backoff)"));
        assert!(rows(26)[1].contains("s task-0000") && !rows(26)[1].contains('('), "{:#?}", rows(26));
        assert_eq!([rows(26)[3].as_str(), rows(20)[3].as_str()], ["circuit down is open", "circuit down is op…"]);
        assert_eq!(
            [28, 20, 14].map(|columns| rows(columns)[0].clone()),
            ["running 1/3, 1 failed, 5s", "running 1/3, 5s", "running 1/3"]
        );
    }

    #[test]
    fn of_many_it_shows_the_next_ones_and_how_many_more_there_are() {
        let frame = frame(&progress(200), 80, 24);
        assert_eq!(frame.len(), 12);
        assert!(frame.iter().any(|row| row.contains("… and 190 more")), "{frame:#?}");
    }

    #[test]
    fn what_is_too_long_is_cut_at_its_width() {
        assert_eq!(truncated("okapi", 5), "okapi");
        assert_eq!(truncated("okapis", 5), "okap…");
        assert_eq!(truncated("日本語", 5), "日本…");
        assert_eq!(truncated("日本語", 4), "日…");
        assert_eq!(truncated("okapi", 0), "");
    }

    #[test]
    fn a_bar_grows_from_nothing_to_all() {
        assert_eq!(bar(0, 4, 7), "[    ] ");
        assert_eq!(bar(2, 4, 7), "[==  ] ");
        assert_eq!(bar(4, 4, 7), "[====] ");
        assert_eq!(bar(0, 0, 7), "[    ] ");
    }
}
