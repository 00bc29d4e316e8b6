//! What several files of tests need.

use seawall::{Clock, Event, EventKind, Plan, Report, RunOptions, Runner, RunnerBuilder, Task, crossbeam_channel};
use std::time::{Duration, Instant};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Longer than anything here takes, on a machine that does something else as well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn plan<const N: usize>(tasks: [Task; N]) -> Plan {
    Plan::builder().tasks(tasks).build().unwrap()
}

/// A runner on virtual time, so that no test has to wait.
pub(crate) fn virtual_runner<'a>() -> RunnerBuilder<'a> {
    Runner::builder().clock(Clock::simulated()).seed(1)
}

/// What a run tells, beside its report.
pub(crate) fn with_events<R>(run: impl FnOnce(RunOptions<'_, R>) -> Report<R>) -> (Report<R>, Vec<Event>) {
    let (sender, receiver) = crossbeam_channel::unbounded();
    let report = run(RunOptions::new().with_events(sender));
    (report, receiver.into_iter().collect())
}

/// Waits for what another thread does.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Each task with its status: `a completed, b failed`.
pub(crate) fn statuses<R>(report: &Report<R>) -> String {
    let each = report.iter().map(|outcome| format!("{} {}", outcome.task(), outcome.status()));
    each.collect::<Vec<_>>().join(", ")
}

/// Each attempt of a task in its word: `transient success`.
pub(crate) fn attempts<R>(report: &Report<R>, task: &str) -> String {
    let words = report.get(task).unwrap().attempts().iter().map(|attempt| attempt.result.as_str());
    words.collect::<Vec<_>>().join(" ")
}

/// An event in a few words.
pub(crate) fn line(event: &Event) -> String {
    match &event.kind {
        EventKind::RunStarted { tasks, .. } => format!("run_started {tasks}"),
        EventKind::RunEnded { counts, cancelled, .. } => format!("run_ended {counts:?} {cancelled:?}"),
        EventKind::WaveStarted { wave, tasks, .. } => format!("wave_started {wave} {tasks}"),
        EventKind::WaveEnded { wave, tasks, .. } => format!("wave_ended {wave} {tasks}"),
        EventKind::TaskStarted { task, .. } => format!("task_started {task}"),
        EventKind::TaskEnded { task, status, .. } => format!("task_ended {task} {status}"),
        EventKind::AttemptStarted { task, backend, attempt, .. } => {
            format!("attempt_started {task} {backend} {attempt}")
        }
        EventKind::AttemptEnded { task, backend, attempt, result, .. } => {
            format!("attempt_ended {task} {backend} {attempt} {}", result.as_str())
        }
        EventKind::TaskParked { task, why, .. } => format!("task_parked {task} {}", why.as_str()),
        EventKind::TaskResumed { task, why, .. } => format!("task_resumed {task} {}", why.as_str()),
        EventKind::BreakerChanged { backend, change, .. } => {
            format!("breaker_changed {backend} {} {}", change.from, change.to)
        }
        other => panic!("an event of a kind that the tests do not know: {other:?}"),
    }
}

pub(crate) fn lines(events: &[Event]) -> Vec<String> {
    events.iter().map(line).collect()
}
