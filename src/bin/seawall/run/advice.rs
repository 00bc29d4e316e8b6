//! What would have made a run quicker, found out by doing it again under the virtual clock.

use super::replay::Replay;
use super::wording::{Spoken, counted};
use seawall::{Report, Schedule, Status, Why};
use std::time::{Duration, Instant};

/// Of more tasks, and on more workers, it costs more than it is worth.
const MOST_TASKS: usize = 10_000;
const MOST_WORKERS: usize = 256;
/// What saves less is not worth a word.
const LEAST: Duration = Duration::from_secs(1);
const LEAST_SHARE: u32 = 10;
/// How much of a run's time may be spent on advice about it.
const COST_SHARE: u32 = 50;
const LEAST_COST: Duration = Duration::from_millis(100);
const MOST_COST: Duration = Duration::from_secs(1);

/// What to say of a run that was made with these settings. Nothing of one that was cancelled, and nothing if the same run
/// with the same settings does not take as long again: then something else decided.
pub(crate) fn advice(run: &Replay<'_>) -> Vec<String> {
    let cost = (run.report.elapsed() / COST_SHARE).clamp(LEAST_COST, MOST_COST);
    advice_by(Instant::now() + cost, run)
}

fn advice_by(deadline: Instant, run: &Replay<'_>) -> Vec<String> {
    let elapsed = run.report.elapsed();
    let is_small = run.plan.len() <= MOST_TASKS && run.concurrency <= MOST_WORKERS;
    if run.report.cancelled().is_some() || !is_small || elapsed < LEAST {
        return Vec::new();
    }
    let candidates = candidates(run, &run.report.why(), worth_a_word(elapsed));
    if candidates.is_empty() {
        return Vec::new();
    }
    match run.run(deadline) {
        Some(again) if is_alike(again.elapsed(), elapsed) => {}
        _ => return Vec::new(),
    }
    let said = candidates.iter().filter_map(|(replay, what)| {
        let other = replay.run(deadline)?;
        let saved = elapsed.saturating_sub(other.elapsed());
        (saved >= worth_a_word(elapsed)).then(|| sentence(what, run.report, &other))
    });
    said.collect()
}

fn worth_a_word(elapsed: Duration) -> Duration {
    LEAST.max(elapsed / LEAST_SHARE)
}

/// Whether the replay of a run tells anything about it.
fn is_alike(replayed: Duration, elapsed: Duration) -> bool {
    replayed.abs_diff(elapsed) <= Duration::from_millis(100).max(elapsed / 20)
}

/// The settings to try, each with its name: what nothing was lost to cannot save anything.
fn candidates<'a>(run: &Replay<'a>, why: &Why, least: Duration) -> Vec<(Replay<'a>, String)> {
    let mut candidates = Vec::new();
    if run.schedule == Schedule::Waves && why.barrier >= least {
        let eager = Replay { schedule: Schedule::Eager, ..run.clone() };
        candidates.push((eager, "with schedule = \"eager\"".to_owned()));
    }
    if why.place >= least {
        let concurrency = run.concurrency + 1;
        candidates.push((Replay { concurrency, ..run.clone() }, format!("with concurrency = {concurrency}")));
    }
    if why.failed_attempts + why.backoff >= least {
        candidates.push((Replay { is_without_retries: true, ..run.clone() }, "without retries".to_owned()));
    }
    candidates
}

fn sentence(what: &str, report: &Report, other: &Report) -> String {
    let fewer = report.count(Status::Completed).saturating_sub(other.count(Status::Completed));
    let price =
        if fewer > 0 { format!(", and {} fewer would have completed", counted(fewer, "task")) } else { String::new() };
    format!("{what} this run would have taken about {}{price}", Spoken(other.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::super::replay::tests::{Trial, seconds, soon};
    use super::advice_by;
    use seawall::Task;

    fn advice(trial: &Trial) -> Vec<String> {
        advice_by(soon(), &trial.replay(&trial.report()))
    }

    /// `a` and `b` are quick, each before a slow one; `c` is slow and needed by nobody.
    fn barrier() -> Trial {
        Trial::new([Task::new("a", "x", "1"), Task::new("c", "x", "30"), Task::new("after-a", "x", "30").after(["a"])])
    }

    #[test]
    fn what_a_barrier_cost_is_told_to_the_second() {
        let trial = barrier();
        assert_eq!(trial.report().elapsed(), seconds(60));
        let said = advice(&trial);
        assert_eq!(said, ["with schedule = \"eager\" this run would have taken about 31s"]);
        assert_eq!(trial.eager().report().elapsed(), seconds(31));
    }

    #[test]
    fn what_one_more_place_would_have_saved_is_told() {
        let trial = Trial::new((0..4).map(|n| Task::new(format!("t{n}"), "x", "10"))).on(3);
        assert_eq!(trial.report().elapsed(), seconds(20));
        assert_eq!(advice(&trial), ["with concurrency = 4 this run would have taken about 10s"]);
        let in_vain = Trial::new((0..8).map(|n| Task::new(format!("t{n}"), "x", "10"))).on(5);
        assert_eq!((in_vain.report().elapsed(), advice(&in_vain).len()), (seconds(20), 0));
    }

    #[test]
    fn what_retries_cost_is_told_with_what_they_bought() {
        let trial = Trial::new([Task::new("a", "flaky", "5"), Task::new("b", "x", "1").after(["a"])]);
        assert_eq!(trial.report().elapsed(), seconds(12));
        assert_eq!(
            advice(&trial),
            ["without retries this run would have taken about 5.0s, and 2 tasks fewer would have completed"]
        );
    }

    #[test]
    fn what_saves_next_to_nothing_is_not_told() {
        let tasks = [Task::new("a", "x", "1"), Task::new("c", "x", "2"), Task::new("after-a", "x", "300").after(["a"])];
        let trial = Trial::new(tasks);
        assert_eq!((trial.report().elapsed(), advice(&trial).len()), (seconds(302), 0));
    }
}
