//! How long a run may still take, as far as that can be said.

use super::progress::{Now, Progress};
use std::time::Duration;

/// Before so many tasks have ended, or so long, it would be a guess.
const LEAST_TASKS: usize = 10;
const LEAST_TIME: Duration = Duration::from_secs(2);

/// In words, `about 40s left`; `None` if nobody knows.
///
/// What is left is taken to go on as fast as it went so far, and no wait is over before its time. That says nothing any more
/// when a task has been at its attempt for longer: then what is left is up to that one.
pub(crate) fn estimate(progress: &Progress, now: Duration) -> Option<String> {
    let (worked, left) = (progress.worked(), progress.tasks().saturating_sub(progress.done()));
    if worked < LEAST_TASKS || now < LEAST_TIME || left == 0 || progress.is_cancelled() {
        return None;
    }
    let waits = progress.under_way().filter_map(|(_, task)| match task.now {
        Now::Waiting(_, Some(until)) => Some(until.saturating_sub(now)),
        _ => None,
    });
    let longest_wait = waits.max().unwrap_or_default();
    let ages = progress.under_way().filter_map(|(_, task)| match task.now {
        Now::Running(since) => Some(now.saturating_sub(since)),
        _ => None,
    });
    let oldest = ages.max().unwrap_or_default();
    let share = f64::from(u32::try_from(left).ok()?) / f64::from(u32::try_from(worked).ok()?);
    let time = Duration::try_from_secs_f64(now.as_secs_f64() * share).ok()?.max(longest_wait);
    (time >= oldest).then(|| format!("about {} left", rough(time)))
}

/// No more of it than is known.
fn rough(time: Duration) -> String {
    let to = |step: u64| (time.as_secs() + step / 2) / step * step;
    match time.as_secs() {
        0..55 => format!("{}s", to(5).max(5)),
        55..570 => match to(30) {
            seconds if seconds % 60 == 0 => format!("{}min", seconds / 60),
            seconds => format!("{}min 30s", seconds / 60),
        },
        570..7200 => format!("{}min", to(60) / 60),
        _ => format!("{}h", to(3600) / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall::{
        CancelToken, Clock, Event, Plan, RetryConfig, RunOptions, Runner, SendError, Task, crossbeam_channel,
    };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The events of a run of so many tasks, a second each but for one of the first that takes `long`, two at a time.
    fn events(count: usize, long: u64) -> Vec<Event> {
        let runner = Runner::builder()
            .backend_fn("x", move |message, cx| {
                let is_long = message.prompt() == "0";
                cx.sleep(seconds(if is_long { long } else { 1 }))?;
                if is_long && cx.attempt() == 1 && long == 1 {
                    Err(SendError::transient("busy"))
                } else {
                    Ok("".into())
                }
            })
            .retry(
                RetryConfig::new()
                    .with_initial_interval(seconds(100))
                    .with_max_interval(seconds(100))
                    .with_randomization_factor(0.0),
            )
            .clock(Clock::simulated())
            .concurrency(2)
            .build()
            .unwrap();
        let plan = Plan::builder().tasks((0..count).map(|n| Task::new(n.to_string(), "x", n.to_string()))).build();
        let (sender, receiver) = crossbeam_channel::unbounded();
        let options = RunOptions::new().with_events(sender);
        runner.run_with(&plan.unwrap(), &CancelToken::new(), options).unwrap();
        receiver.iter().collect()
    }

    /// What is said at that second of the run.
    fn at(second: u64, events: &[Event]) -> Option<String> {
        let mut progress = Progress::default();
        let half = seconds(second) + Duration::from_millis(500);
        events.iter().filter(|event| event.at <= half).for_each(|event| progress.take(event));
        estimate(&progress, half)
    }

    #[test]
    fn what_is_left_goes_on_as_fast_as_it_went() {
        let events = events(200, 2);
        assert_eq!(at(1, &events), None);
        assert_eq!(at(50, &events).unwrap(), "about 50s left");
        assert_eq!(at(80, &events).unwrap(), "about 20s left");
        assert_eq!(at(200, &events), None);
    }

    #[test]
    fn nothing_is_said_when_it_is_up_to_one_that_takes_long() {
        let events = events(50, 1000);
        assert!(at(20, &events).is_some());
        assert_eq!(at(40, &events), None);
        assert_eq!(at(500, &events), None);
    }

    #[test]
    fn no_wait_is_over_before_its_time() {
        assert_eq!(at(11, &events(30, 1)).unwrap(), "about 1min 30s left");
    }

    #[test]
    fn no_more_is_said_than_is_known() {
        let said = |time| rough(seconds(time));
        assert_eq!(
            [0, 12, 54, 55, 100, 569, 3000, 9000].map(said),
            ["5s", "10s", "55s", "1min", "1min 30s", "9min 30s", "50min", "3h"]
        );
    }
}
