//! What is kept of a run as it goes on.

use crate::support::{SECOND, attempts, lines, plan, statuses, virtual_runner, with_events};
use seawall::{
    Attempt, AttemptResult, BackendConfig, CancelToken, EventKind, Journal, Outcome, Plan, Recalled, Response,
    RetryConfig, RunOptions, Runner, Schedule, SendError, Status, Task, TaskId, crossbeam_channel,
};
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Keeps a line an outcome, and does what it is told at the one after so many.
struct Lines {
    kept: Mutex<Vec<String>>,
    asked: AtomicUsize,
    good: usize,
    then: fn() -> io::Result<()>,
}

impl Lines {
    fn all() -> Self {
        Self::until(usize::MAX, || Ok(()))
    }

    fn until(good: usize, then: fn() -> io::Result<()>) -> Self {
        Self { kept: Mutex::default(), asked: AtomicUsize::new(0), good, then }
    }

    fn kept(&self) -> String {
        self.kept.lock().unwrap().join(", ")
    }
}

impl<R> Journal<R> for Lines {
    fn record(&self, outcome: &Outcome<R>) -> io::Result<()> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut kept = self.kept.lock().unwrap();
        if kept.len() >= self.good {
            drop(kept);
            return (self.then)();
        }
        kept.push(format!("{} {}", outcome.task(), outcome.status()));
        Ok(())
    }
}

fn runner<'a>() -> Runner<'a> {
    virtual_runner()
        .backend_fn("x", |request, cx| {
            cx.sleep(SECOND)?;
            if request.prompt() == "fail" { Err(SendError::permanent("no")) } else { Ok("ok".into()) }
        })
        .concurrency(1)
        .build()
        .unwrap()
}

fn five() -> Plan {
    plan([
        Task::new("a", "x", ""),
        Task::new("b", "x", "fail"),
        Task::new("c", "x", "").after(["b"]),
        Task::new("d", "x", "").after(["a"]),
        Task::new("e", "x", "").after(["d"]),
    ])
}

#[test]
fn each_outcome_is_recorded_once_skipped_ones_too() {
    let journal = Lines::all();
    let options = RunOptions::new().with_journal(&journal);
    let report = runner().run_with(&five(), &CancelToken::new(), options).unwrap();
    assert_eq!(journal.kept(), "a completed, b failed, c skipped, d completed, e completed");
    assert!(report.journal_error().is_none());
}

#[test]
fn cancelled_ones_are_recorded_too() {
    let journal = Lines::all();
    let options = RunOptions::new().with_journal(&journal).with_time_limit(SECOND + SECOND / 2);
    let report = runner().run_with(&five(), &CancelToken::new(), options).unwrap();
    assert_eq!(journal.kept(), "a completed, b cancelled, c cancelled, d cancelled, e cancelled");
    assert_eq!(journal.kept(), statuses(&report));
}

struct Before<'c>(crossbeam_channel::Receiver<seawall::Event>, &'c AtomicUsize);

impl<R> Journal<R> for Before<'_> {
    fn record(&self, outcome: &Outcome<R>) -> io::Result<()> {
        let told = |kind: EventKind| matches!(kind, EventKind::TaskEnded { task, .. } if task == *outcome.task());
        assert!(!self.0.try_iter().any(|event| told(event.kind)));
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn nobody_hears_of_what_is_not_recorded() {
    let (sender, receiver) = crossbeam_channel::unbounded();
    let recorded = AtomicUsize::new(0);
    let journal = Before(receiver, &recorded);
    let options = RunOptions::new().with_events(sender).with_journal(&journal);
    let report = runner().run_with(&five(), &CancelToken::new(), options).unwrap();
    assert!(report.journal_error().is_none());
    assert_eq!(recorded.load(Ordering::Relaxed), 5);
}

#[test]
fn a_dependent_starts_only_after_what_it_depends_on_is_recorded() {
    let journal = Lines::all();
    let runner = Runner::builder()
        .backend_fn("x", |_, cx| {
            let kept = journal.kept();
            let ancestors = cx.ancestors().map(|(task, status, _)| format!("{task} {status}"));
            Ok(ancestors.into_iter().all(|ancestor| kept.contains(&ancestor)).to_string().into())
        })
        .build()
        .unwrap();
    let tasks = (0..40_u32).map(|n| Task::new(format!("t{n}"), "x", "").after((n > 3).then(|| format!("t{}", n - 4))));
    let plan = Plan::builder().tasks(tasks).build().unwrap();
    let report = runner.run_with(&plan, &CancelToken::new(), RunOptions::new().with_journal(&journal)).unwrap();
    assert!(report.iter().all(|outcome| outcome.result().unwrap().text() == "true"));
}

#[test]
fn a_journal_that_fails_ends_the_run_and_stands_in_the_report() {
    let full: fn() -> io::Result<()> = || Err(io::Error::from(io::ErrorKind::StorageFull));
    let panics: fn() -> io::Result<()> = || std::panic::resume_unwind(Box::new("in the journal"));
    for (then, sentence) in [(full, "no storage space"), (panics, "the journal panicked")] {
        let (journal, cancel) = (Lines::until(1, then), CancelToken::new());
        let (report, events) =
            with_events(|options| runner().run_with(&five(), &cancel, options.with_journal(&journal)).unwrap());
        let asked = journal.asked.load(Ordering::Relaxed);
        assert_eq!((journal.kept().as_str(), asked), ("a completed", 2), "after the error nothing more is recorded");
        assert_eq!(report.journal_error().unwrap().to_string(), sentence);
        assert_eq!((report.cancelled(), report.count(Status::Cancelled)), (Some("journal"), 4));
        assert_eq!(statuses(&report), "a completed, b cancelled, c cancelled, d cancelled, e cancelled");
        assert!(lines(&events).last().unwrap().starts_with("run_ended"));
        assert!(!cancel.is_cancelled());
    }
}

#[test]
fn what_could_not_be_recorded_is_cancelled_and_an_attempt_that_failed_stays_one() {
    let full: fn() -> io::Result<()> = || Err(io::Error::from(io::ErrorKind::StorageFull));
    for (prompt, result) in [("", "cancelled"), ("fail", "permanent")] {
        let journal = Lines::until(0, full);
        let options = RunOptions::new().with_journal(&journal);
        let report = runner().run_with(&plan([Task::new("a", "x", prompt)]), &CancelToken::new(), options).unwrap();
        assert_eq!((statuses(&report).as_str(), attempts(&report, "a").as_str()), ("a cancelled", result));
        let failure = report.get("a").unwrap().result().unwrap_err();
        assert_eq!(failure.last_error().is_some(), prompt == "fail", "{failure}");
    }
}

/// Keeps attempts as words, and gives back the responses that it was given.
#[derive(Default)]
struct Store {
    kept: Mutex<Vec<String>>,
    known: Vec<&'static str>,
    asked: Mutex<Vec<String>>,
}

impl Journal<Response> for Store {
    fn record(&self, outcome: &Outcome) -> io::Result<()> {
        let resumed = if outcome.is_resumed() { " again" } else { "" };
        self.kept.lock().unwrap().push(format!("{} {}{resumed}", outcome.task(), outcome.status()));
        Ok(())
    }

    fn record_attempt(&self, task: &TaskId, number: usize, attempt: &Attempt) -> io::Result<()> {
        self.kept.lock().unwrap().push(format!("{task} {number} {}", attempt.result.as_str()));
        Ok(())
    }

    fn recall(&self, task: &TaskId) -> io::Result<Option<Recalled>> {
        let first = || Attempt::new("x", 0, SECOND, SECOND, AttemptResult::Panicked("no".into())).with_delay(SECOND);
        let last = || Attempt::new("x", 1, SECOND * 3, SECOND, AttemptResult::Success);
        let recalled = || Recalled::new("kept".into()).with_attempts([first(), last()]).with_times(SECOND, SECOND * 2);
        self.asked.lock().unwrap().push(task.to_string());
        Ok(self.known.contains(&task.as_str()).then(recalled))
    }
}

#[test]
fn an_attempt_is_recorded_when_its_task_goes_on_and_with_the_outcome_when_it_ends() {
    let (store, calls) = (Store::default(), AtomicUsize::new(0));
    let runner = virtual_runner()
        .backend_fn("x", |_, _| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Err(SendError::transient("no")),
            _ => Ok("ok".into()),
        })
        .build()
        .unwrap();
    let plan = plan([Task::new("a", "x", "").retry(RetryConfig::new().with_max_attempts(2))]);
    let (_, events) =
        with_events(|options| runner.run_with(&plan, &CancelToken::new(), options.with_journal(&store)).unwrap());
    assert_eq!(*store.kept.lock().unwrap(), ["a 1 transient", "a completed"]);
    let attempts = events.iter().filter(|event| matches!(event.kind, EventKind::AttemptEnded { .. })).count();
    assert_eq!(attempts, 2);
}

#[test]
fn what_was_done_before_is_taken_over_and_told_once_and_needs_no_place_and_no_resource() {
    let store = Store { known: vec!["a", "b", "d"], ..Store::default() };
    for schedule in [Schedule::Waves, Schedule::Eager] {
        let runner = virtual_runner()
            .backend_fn("x", |_, _| Ok("new".into()))
            .configure("x", BackendConfig::new().with_concurrency(1))
            .schedule(schedule)
            .build()
            .unwrap();
        let plan = plan([
            Task::new("a", "x", "").writes(["r"]),
            Task::new("b", "x", "").writes(["r"]).after(["a"]),
            Task::new("c", "x", "").writes(["r"]),
            Task::new("d", "x", "").writes(["r"]).after(["c"]),
            Task::new("e", "x", "").writes(["r"]).after(["c"]),
        ]);
        let (report, events) = with_events(|options| {
            runner.run_with(&plan, &CancelToken::new(), options.with_journal(&store).with_resume()).unwrap()
        });
        let resumed: Vec<_> = report.iter().filter(|outcome| outcome.is_resumed()).map(Outcome::task).collect();
        assert_eq!(resumed, ["a", "b", "d"]);
        assert_eq!(report.get("b").unwrap().elapsed(), SECOND * 2);
        let attempts = report.get("b").unwrap().attempts().iter();
        assert_eq!(attempts.map(|attempt| attempt.delay).collect::<Vec<_>>(), [Some(SECOND), None]);
        assert_eq!((report.response("d").unwrap().text(), report.response("e").unwrap().text()), ("kept", "new"));
        for task in ["a", "b", "d"] {
            let told: Vec<_> = lines(&events).into_iter().filter(|line| line.contains(&format!(" {task}"))).collect();
            assert!(told.len() == 1 && told[0].starts_with("task_ended"), "{schedule:?}: {told:?}");
        }
        let kept = std::mem::take(&mut *store.kept.lock().unwrap());
        assert_eq!(kept[..2], ["a completed again", "b completed again"], "before anything starts");
        assert_eq!(kept.len(), 5);
        let mut asked = std::mem::take(&mut *store.asked.lock().unwrap());
        asked.sort();
        assert_eq!(asked, ["a", "b", "c", "d", "e"], "once each, also those that it does not know");
        assert_eq!(report.why().failed_attempts + report.why().place + report.why().barrier, std::time::Duration::ZERO);
    }
}

#[test]
fn without_the_word_nothing_is_taken_over() {
    let store = Store { known: vec!["a"], ..Store::default() };
    let runner = virtual_runner().backend_fn("x", |_, _| Ok("new".into())).build().unwrap();
    let options = RunOptions::new().with_journal(&store);
    let report = runner.run_with(&plan([Task::new("a", "x", "")]), &CancelToken::new(), options).unwrap();
    assert_eq!(report.response("a").unwrap().text(), "new");
}
