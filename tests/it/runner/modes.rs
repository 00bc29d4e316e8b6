//! What a failure means for those that come after.

use crate::support::{SECOND, attempts, statuses, virtual_runner, with_events};
use seawall::{
    CancelToken, Failure, FailureMode, Report, RetryConfig, RunOptions, Runner, Schedule, SendError, Status, Task,
};

/// Fails where the prompt says so.
fn obedient(schedule: Schedule) -> Runner<'static> {
    virtual_runner()
        .backend_fn("x", |request, _| match request.prompt() {
            "fail" => Err(SendError::permanent("as it was told")),
            _ => Ok("ok".into()),
        })
        .schedule(schedule)
        .build()
        .unwrap()
}

fn both_schedules(check: impl Fn(&Runner<'_>)) {
    for schedule in [Schedule::Waves, Schedule::Eager] {
        check(&obedient(schedule));
    }
}

fn run(runner: &Runner<'_>, tasks: impl IntoIterator<Item = Task>) -> Report {
    runner.run(&tasks.into_iter().collect::<seawall::PlanBuilder>().build().unwrap(), &CancelToken::new()).unwrap()
}

fn good(id: &str) -> Task {
    Task::new(id, "x", "")
}

fn bad(id: &str) -> Task {
    Task::new(id, "x", "fail")
}

fn root<'r>(report: &'r Report, task: &str) -> &'r str {
    match report.get(task).unwrap().result() {
        Err(Failure::Skipped { root, .. }) => root.as_str(),
        other => panic!("`{task}` was not skipped: {other:?}"),
    }
}

#[test]
fn a_hard_failure_skips_its_descendants_and_no_others() {
    both_schedules(|runner| {
        let report = run(
            runner,
            [
                bad("a"),
                good("b").after(["a"]),
                good("c").after(["b"]),
                good("neighbour"),
                good("d").after(["neighbour"]),
                good("e").after(["d", "c"]),
            ],
        );
        let expected = "a failed, b skipped, c skipped, neighbour completed, d completed, e skipped";
        assert_eq!(statuses(&report), expected);
        assert_eq!(["b", "c", "e"].map(|task| root(&report, task)), ["a"; 3]);
        assert!(!report.is_success());
        let skipped = report.get("c").unwrap();
        assert_eq!((skipped.attempts().len(), skipped.started(), skipped.wave()), (0, None, 2));
    });
}

#[test]
fn after_a_soft_failure_dependents_run_and_the_run_has_failed() {
    both_schedules(|runner| {
        let report = run(runner, [bad("a").failure_mode(FailureMode::Soft), good("b").after(["a"])]);
        assert_eq!((statuses(&report).as_str(), report.is_success()), ("a failed, b completed", false));
    });
}

#[test]
fn after_a_failure_of_mode_skip_dependents_run_and_the_run_has_succeeded() {
    both_schedules(|runner| {
        let report = run(runner, [bad("a").failure_mode(FailureMode::Skip), good("b").after(["a"])]);
        assert_eq!((statuses(&report).as_str(), report.is_success()), ("a failed, b completed", true));
        assert_eq!(report.get("a").unwrap().failure_mode(), FailureMode::Skip);
        assert_eq!(report.failures().count(), 1, "it is a failure all the same");
    });
}

#[test]
fn towards_its_dependents_a_skipped_task_is_a_failed_one() {
    both_schedules(|runner| {
        let report = run(
            runner,
            [
                bad("a"),
                good("hard").after(["a"]),
                good("soft").after(["a"]).failure_mode(FailureMode::Soft),
                good("skip").after(["a"]).failure_mode(FailureMode::Skip),
                good("after-hard").after(["hard"]),
                good("after-soft").after(["soft"]),
                good("after-skip").after(["skip"]),
                good("after-all").after(["soft", "hard"]),
            ],
        );
        let expected = "a failed, hard skipped, soft skipped, skip skipped, after-hard skipped, after-soft completed, \
                        after-skip completed, after-all skipped";
        assert_eq!(statuses(&report), expected);
        assert_eq!(root(&report, "after-all"), "a");
    });
}

#[test]
fn a_run_in_which_anything_was_skipped_has_failed() {
    both_schedules(|runner| {
        let root = bad("a").failure_mode(FailureMode::Hard);
        let report = run(runner, [root, good("b").after(["a"]).failure_mode(FailureMode::Skip)]);
        assert_eq!((statuses(&report).as_str(), report.is_success()), ("a failed, b skipped", false));
    });
}

#[test]
fn a_task_that_two_failures_bar_names_one_of_them() {
    both_schedules(|runner| {
        let report = run(runner, [bad("a"), bad("b"), good("c").after(["a", "b"]), good("d").after(["c"])]);
        assert!(["a", "b"].contains(&root(&report, "c")));
        assert_eq!(root(&report, "c"), root(&report, "d"));
    });
}

#[test]
fn a_task_that_two_failures_bar_names_the_one_that_came_first() {
    for (a, b, first) in [("1", "2", "a"), ("2", "1", "b")] {
        let runner = virtual_runner()
            .backend_fn("x", |request, cx| {
                cx.sleep(request.prompt().parse::<u32>().unwrap() * SECOND)?;
                Err(SendError::permanent("no"))
            })
            .build()
            .unwrap();
        let tasks =
            [Task::new("a", "x", a), Task::new("b", "x", b), good("c").after(["a", "b"]), good("d").after(["c"])];
        let report = run(&runner, tasks);
        assert_eq!([root(&report, "c"), root(&report, "d")], [first; 2]);
    }
}

#[test]
fn the_report_is_in_plan_order_and_its_counts_add_up() {
    both_schedules(|runner| {
        let tasks = [good("z").after(["a"]), bad("m"), good("a"), good("k").after(["m"])];
        let report = run(runner, tasks);
        assert_eq!(statuses(&report), "z completed, m failed, a completed, k skipped");
        assert_eq!(Status::ALL.map(|status| report.count(status)), [2, 1, 1, 0]);
        assert_eq!(report.outcomes().len(), 4);
        assert_eq!((report.get("m").unwrap().backend(), report.get("nobody").is_none()), ("x", true));
        assert_eq!((report.response("a").unwrap().text(), report.response("m").is_none()), ("ok", true));
        let borrowed: Vec<_> = (&report).into_iter().map(|outcome| outcome.task().clone()).collect();
        let owned: Vec<_> = report.into_iter().map(|outcome| outcome.task().clone()).collect();
        assert_eq!(borrowed, owned);
    });
}

/// `slow` takes four seconds, everything else one.
fn timed(schedule: Schedule) -> Report {
    let runner = virtual_runner()
        .backend_fn("x", |request, cx| {
            cx.sleep(if request.prompt() == "slow" { 4 * SECOND } else { SECOND })?;
            Ok("ok".into())
        })
        .schedule(schedule)
        .build()
        .unwrap();
    let slow = Task::new("slow", "x", "slow");
    run(
        &runner,
        [slow, good("quick"), good("after-quick").after(["quick"]), good("last").after(["after-quick", "slow"])],
    )
}

#[test]
fn a_wave_waits_for_the_wave_before() {
    let report = timed(Schedule::Waves);
    let started = |task: &str| report.get(task).unwrap().started().unwrap();
    assert_eq!((started("after-quick"), started("last"), report.elapsed()), (4 * SECOND, 5 * SECOND, 6 * SECOND));
    let waves: Vec<_> = report.iter().map(seawall::Outcome::wave).collect();
    assert_eq!(waves, [0, 0, 1, 2]);
}

#[test]
fn without_barriers_a_task_waits_for_its_own_dependencies_alone() {
    let report = timed(Schedule::Eager);
    let started = |task: &str| report.get(task).unwrap().started().unwrap();
    assert_eq!((started("after-quick"), started("last"), report.elapsed()), (SECOND, 4 * SECOND, 5 * SECOND));
    assert_eq!(report.get("after-quick").unwrap().wave(), 1, "it is of its wave all the same");
}

fn fail_fast(schedule: Schedule, tasks: impl IntoIterator<Item = Task>) -> Report {
    let runner = virtual_runner()
        .backend_fn("x", |request, cx| {
            let (what, seconds) = request.prompt().split_once(' ').unwrap_or((request.prompt(), "0"));
            cx.sleep(seconds.parse::<u32>().unwrap() * SECOND)?;
            match what {
                "fail" => Err(SendError::permanent("no")),
                "flaky" => Err(SendError::transient("not yet")),
                _ => Ok("ok".into()),
            }
        })
        .schedule(schedule)
        .concurrency(2)
        .build()
        .unwrap();
    let plan = tasks.into_iter().collect::<seawall::PlanBuilder>().build().unwrap();
    let cancel = CancelToken::new();
    let (report, _) = with_events(|options| runner.run_with(&plan, &cancel, options.with_fail_fast()).unwrap());
    assert_eq!(cancel.stage(), seawall::Stage::Running, "the caller's token is left alone");
    report
}

#[test]
fn fail_fast_lets_what_is_under_way_end_and_starts_nothing_more() {
    for schedule in [Schedule::Waves, Schedule::Eager] {
        let report = fail_fast(
            schedule,
            [
                Task::new("fails", "x", "fail 1"),
                Task::new("under-way", "x", "ok 5"),
                Task::new("unstarted", "x", "ok"),
                Task::new("dependent", "x", "ok").after(["fails"]),
                Task::new("its-dependent", "x", "ok").after(["dependent"]),
                Task::new("later", "x", "ok").after(["under-way"]),
            ],
        );
        let expected = "fails failed, under-way completed, unstarted cancelled, dependent skipped, \
                        its-dependent skipped, later cancelled";
        assert_eq!(statuses(&report), expected);
        assert_eq!((report.cancelled(), report.is_success()), (Some("fail-fast"), false));
        assert_eq!((root(&report, "its-dependent"), report.elapsed()), ("fails", 5 * SECOND));
    }
}

#[test]
fn fail_fast_neither_retries_what_is_under_way_nor_what_waits() {
    let tasks =
        [Task::new("flaky", "x", "flaky"), Task::new("slow-flaky", "x", "flaky 2"), Task::new("c", "x", "fail 1")];
    let report = fail_fast(Schedule::Waves, tasks);
    // `flaky` has failed before, and waits for an attempt when `c` fails: or is under way, and ends by that.
    let waiting = report.get("flaky").unwrap();
    assert!(matches!(waiting.status(), Status::Cancelled | Status::Failed));
    assert!(waiting.result().unwrap_err().last_error().is_some());
    let under_way = report.get("slow-flaky").unwrap();
    assert_eq!((under_way.status(), attempts(&report, "slow-flaky").as_str()), (Status::Failed, "transient"));
    assert_eq!(report.cancelled(), Some("fail-fast"), "retries were left to start");
}

#[test]
fn fail_fast_that_left_a_retry_says_so_and_one_that_left_none_does_not() {
    let runner = |attempts| {
        virtual_runner()
            .backend_fn("x", |_, cx| {
                cx.sleep(2 * SECOND)?;
                Err(SendError::transient("no"))
            })
            .backend_fn("y", |_, cx| {
                cx.sleep(SECOND)?;
                Err(SendError::permanent("no"))
            })
            .retry(RetryConfig::new().with_max_attempts(attempts))
            .build()
            .unwrap()
    };
    for (attempts, cancelled) in [(2, Some("fail-fast")), (1, None)] {
        let plan = [Task::new("a", "x", ""), Task::new("b", "y", "")];
        let plan = plan.into_iter().collect::<seawall::PlanBuilder>().build().unwrap();
        let report = runner(attempts).run_with(&plan, &CancelToken::new(), RunOptions::new().with_fail_fast()).unwrap();
        assert_eq!((statuses(&report).as_str(), report.cancelled()), ("a failed, b failed", cancelled));
    }
}

#[test]
fn a_failure_of_mode_skip_does_not_trigger_fail_fast_and_a_soft_one_does() {
    let after = |mode| {
        let bad = Task::new("bad", "x", "fail").failure_mode(mode);
        fail_fast(Schedule::Waves, [bad, Task::new("next", "x", "ok").after(["bad"])])
    };
    let report = after(FailureMode::Skip);
    assert_eq!((statuses(&report).as_str(), report.cancelled()), ("bad failed, next completed", None));
    let report = after(FailureMode::Soft);
    assert_eq!((statuses(&report).as_str(), report.cancelled()), ("bad failed, next cancelled", Some("fail-fast")));
}

#[test]
fn fail_fast_that_left_nothing_to_start_cancelled_nothing() {
    let report = fail_fast(Schedule::Waves, [Task::new("a", "x", "ok"), Task::new("b", "x", "fail 1")]);
    assert_eq!((statuses(&report).as_str(), report.cancelled()), ("a completed, b failed", None));
}
