//! How many at once: of the run, of a backend, of a resource.

use crate::support::{SECOND, attempts, lines, plan, statuses, virtual_runner, with_events};
use seawall::{
    BackendConfig, CancelToken, Context, Plan, Response, RetryConfig, RunOptions, Runner, RunnerBuilder, Schedule,
    SendError, Task,
};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How many are in it now, and how many there were at most.
#[derive(Default)]
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Crowd {
    fn stay(&self, cx: &Context<'_>) -> Result<Response, SendError> {
        self.most.fetch_max(self.now.fetch_add(1, Ordering::AcqRel) + 1, Ordering::AcqRel);
        cx.sleep(SECOND)?;
        self.now.fetch_sub(1, Ordering::AcqRel);
        Ok("ok".into())
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::Acquire)
    }
}

fn tasks(backend: &str, tasks: usize) -> Vec<Task> {
    (0..tasks).map(|n| Task::new(format!("{backend}-{n}"), backend, "")).collect()
}

fn both_schedules<'a>(builder: impl Fn() -> RunnerBuilder<'a>, check: impl Fn(&Runner<'_>)) {
    for schedule in [Schedule::Waves, Schedule::Eager] {
        check(&builder().schedule(schedule).build().unwrap());
    }
}

#[test]
fn never_more_than_the_concurrency_and_as_many_if_there_is_work() {
    for concurrency in [1, 2, 7, 100] {
        let crowd = Crowd::default();
        both_schedules(
            || virtual_runner().backend_fn("x", |_, cx| crowd.stay(cx)).concurrency(concurrency),
            |runner| {
                let plan = Plan::builder().tasks(tasks("x", 20)).build().unwrap();
                let report = runner.run(&plan, &CancelToken::new()).unwrap();
                assert!(report.is_success());
                assert_eq!(crowd.most(), concurrency.min(20));
                assert_eq!(report.elapsed(), u32::try_from(20_usize.div_ceil(concurrency)).unwrap() * SECOND);
                let workers: BTreeSet<_> = report.iter().map(|outcome| outcome.attempts()[0].worker).collect();
                assert_eq!(workers, (0..concurrency.min(20)).collect());
            },
        );
    }
}

#[test]
fn the_default_is_eight_at_once() {
    let crowd = Crowd::default();
    let runner = virtual_runner().backend_fn("x", |_, cx| crowd.stay(cx)).build().unwrap();
    runner.run(&Plan::builder().tasks(tasks("x", 20)).build().unwrap(), &CancelToken::new()).unwrap();
    assert_eq!(crowd.most(), 8);
}

#[test]
fn a_backends_own_concurrency_holds_and_does_not_hold_up_others() {
    let (narrow, wide) = (Crowd::default(), Crowd::default());
    both_schedules(
        || {
            virtual_runner()
                .backend_fn("narrow", |_, cx| narrow.stay(cx))
                .backend_fn("wide", |_, cx| wide.stay(cx))
                .configure("narrow", BackendConfig::new().with_concurrency(2))
                .concurrency(8)
        },
        |runner| {
            let all = tasks("narrow", 10).into_iter().chain(tasks("wide", 30));
            let report = runner.run(&Plan::builder().tasks(all).build().unwrap(), &CancelToken::new()).unwrap();
            assert!(report.is_success());
            assert_eq!((narrow.most(), report.elapsed()), (2, 5 * SECOND), "the wide one used the other six places");
            assert!(wide.most() >= 6);
        },
    );
}

#[test]
fn two_that_write_the_same_never_overlap_whatever_the_spelling() {
    let crowd = Crowd::default();
    both_schedules(
        || virtual_runner().backend_fn("x", |_, cx| crowd.stay(cx)),
        |runner| {
            let spellings = ["target", "./target", "target/", "a/../target", ".//target"];
            let writers = spellings.map(|spelling| Task::new(spelling, "x", "").writes([spelling]));
            let report = runner.run(&plan(writers), &CancelToken::new()).unwrap();
            assert_eq!((crowd.most(), report.elapsed()), (1, 5 * SECOND));
        },
    );
}

#[test]
fn writers_of_different_things_do_overlap() {
    let crowd = Crowd::default();
    let runner = virtual_runner().backend_fn("x", |_, cx| crowd.stay(cx)).build().unwrap();
    let writers = ["/target", "target", "../target", "other"].map(|name| Task::new(name, "x", "").writes([name]));
    let report = runner.run(&plan(writers), &CancelToken::new()).unwrap();
    assert_eq!((crowd.most(), report.elapsed()), (4, SECOND));
}

#[test]
fn naming_a_resource_twice_does_not_lock_a_task_out() {
    let runner = virtual_runner().backend_fn("x", |_, _| Ok("ok".into())).build().unwrap();
    let task = Task::new("a", "x", "").writes(["f", "f", "./f"]).writes(["f"]);
    let report = runner.run(&plan([task, Task::new("b", "x", "").writes(["f"])]), &CancelToken::new()).unwrap();
    assert_eq!(statuses(&report), "a completed, b completed");
}

#[test]
fn philosophers_who_take_their_forks_in_any_order_all_eat() {
    let crowd = Crowd::default();
    both_schedules(
        || virtual_runner().backend_fn("x", |_, cx| crowd.stay(cx)),
        |runner| {
            let forks = |n: usize| [format!("fork{n}"), format!("fork{}", (n + 1) % 5)];
            let tasks = (0..5).map(|n| Task::new(format!("p{n}"), "x", "").writes(forks(n)));
            let report = runner.run(&Plan::builder().tasks(tasks).build().unwrap(), &CancelToken::new()).unwrap();
            assert!(report.is_success());
            assert_eq!((crowd.most(), report.elapsed()), (2, 3 * SECOND));
        },
    );
}

#[test]
fn a_task_in_backoff_holds_neither_place_nor_resource() {
    let calls = Mutex::new(Vec::new());
    let runner = virtual_runner()
        .backend_fn("x", |request, cx| {
            calls.lock().unwrap().push(request.prompt().to_owned());
            match (request.prompt(), cx.attempt()) {
                ("flaky", 1) => Err(SendError::transient("not yet")),
                _ => Ok("ok".into()),
            }
        })
        .configure("x", BackendConfig::new().with_concurrency(1))
        .build()
        .unwrap();
    let tasks = [Task::new("flaky", "x", "flaky").writes(["f"]), Task::new("other", "x", "other").writes(["f"])];
    let report = runner.run(&plan(tasks), &CancelToken::new()).unwrap();
    assert_eq!(statuses(&report), "flaky completed, other completed");
    let calls = calls.lock().unwrap();
    assert!(calls[..] == ["flaky", "other", "flaky"] || calls[..] == ["other", "flaky", "flaky"], "{calls:?}");
}

#[test]
fn who_waits_for_a_place_or_a_resource_is_parked_before_it_has_started() {
    let runner = virtual_runner()
        .backend_fn("narrow", |_, cx| Crowd::default().stay(cx))
        .backend_fn("wide", |_, cx| Crowd::default().stay(cx))
        .configure("narrow", BackendConfig::new().with_concurrency(1))
        .build()
        .unwrap();
    let of = |events: &[String], task: &str| -> Vec<String> {
        events.iter().filter(|line| line.split(' ').nth(1) == Some(task)).cloned().collect()
    };
    let pairs = [
        (plan(["a", "b"].map(|id| Task::new(id, "narrow", ""))), "backend"),
        (plan(["a", "b"].map(|id| Task::new(id, "wide", "").writes(["f"]))), "resource"),
        // Who waits for both waits for the resource.
        (plan(["a", "b"].map(|id| Task::new(id, "narrow", "").writes(["f"]))), "resource"),
    ];
    for (plan, why) in pairs {
        let (report, events) = with_events(|options| runner.run_with(&plan, &CancelToken::new(), options).unwrap());
        let second = if report.get("a").unwrap().started() == Some(Duration::ZERO) { "b" } else { "a" };
        assert_eq!(report.get(second).unwrap().started(), Some(SECOND));
        let begins = [
            format!("task_parked {second} {why}"),
            format!("task_resumed {second} {why}"),
            format!("task_started {second}"),
        ];
        assert_eq!(of(&lines(&events), second)[..3], begins);
    }
}

#[test]
fn who_still_waits_for_a_place_when_the_run_is_stopped_keeps_the_attempts_that_it_made() {
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| {
            if cx.task().unwrap().as_str() != "holds" {
                return Err(SendError::transient("not yet"));
            }
            cx.sleep(SECOND * 10)?;
            Ok("late".into())
        })
        .configure("x", BackendConfig::new().with_concurrency(1))
        .retry(RetryConfig::new().with_initial_interval(SECOND))
        .build()
        .unwrap();
    // Once the two have failed the third one has the only place, and longer than the run lasts.
    let tasks = ["a", "b", "holds"].map(|id| Task::new(id, "x", ""));
    let options = RunOptions::new().with_time_limit(SECOND * 5);
    let report = runner.run_with(&plan(tasks), &CancelToken::new(), options).unwrap();
    assert_eq!(statuses(&report), "a cancelled, b cancelled, holds cancelled");
    assert_eq!(["a", "b"].map(|task| attempts(&report, task)), ["transient", "transient"]);
}

#[test]
fn who_is_idle_takes_what_is_freed_and_somebody_watches_the_clock() {
    let runner = virtual_runner()
        .backend_fn("sleep", |request, cx| {
            cx.sleep(request.prompt().parse::<u32>().unwrap() * SECOND / 10)?;
            Ok("ok".into())
        })
        .backend_fn("flaky", |_, cx| {
            cx.sleep(SECOND / 10)?;
            if cx.attempt() == 1 { Err(SendError::transient("not yet")) } else { Ok("ok".into()) }
        })
        .retry(RetryConfig::new().with_initial_interval(SECOND).with_randomization_factor(0.0))
        .schedule(Schedule::Eager)
        .concurrency(3)
        .build()
        .unwrap();
    // Two wait at half a second, one of them for the flaky task's second attempt, when two long ones are freed.
    let tasks = [
        Task::new("flaky", "flaky", ""),
        Task::new("short", "sleep", "2"),
        Task::new("first", "sleep", "5"),
        Task::new("long", "sleep", "100").after(["first"]),
        Task::new("longer", "sleep", "200").after(["first"]),
    ];
    let report = runner.run(&plan(tasks), &CancelToken::new()).unwrap();
    let started = |task: &str| report.get(task).unwrap().attempts().last().unwrap().started;
    assert_eq!([started("long"), started("longer")], [SECOND / 2; 2], "both are taken at once");
    assert_eq!(started("flaky"), SECOND + SECOND / 10, "and the third still wakes up in time");
}

#[test]
fn threads_are_as_many_as_the_widest_wave_needs_and_no_more() {
    let names = Mutex::new(BTreeSet::new());
    let runner = Runner::builder()
        .backend_fn("x", |_, _| {
            names.lock().unwrap().insert(std::thread::current().name().map(str::to_owned));
            Ok(rayon_threads().into())
        })
        .concurrency(64)
        .build()
        .unwrap();
    let chain =
        plan([Task::new("a", "x", ""), Task::new("b", "x", "").after(["a"]), Task::new("c", "x", "").after(["a"])]);
    let report = runner.run(&chain, &CancelToken::new()).unwrap();
    assert!(report.iter().all(|outcome| outcome.result().unwrap().text() == "2"), "{report:?}");
    let possible = [Some("seawall-0".to_owned()), Some("seawall-1".to_owned())];
    assert!(names.lock().unwrap().iter().all(|name| possible.contains(name)));
}

fn rayon_threads() -> String {
    rayon::current_num_threads().to_string()
}
