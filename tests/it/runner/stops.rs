//! How a run ends before its tasks do.

use crate::support::{HOUR, PATIENCE, SECOND, attempts, lines, plan, statuses, until, virtual_runner, with_events};
use seawall::{
    CancelToken, Plan, Report, RetryConfig, RunOptions, Runner, Schedule, SendError, Stage, Status, Task, backend_fn,
};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

type Act = fn(&CancelToken);

/// Two that hang, one that cannot start for want of a worker, one that depends.
fn four() -> Plan {
    plan([
        Task::new("a", "hang", ""),
        Task::new("b", "hang", ""),
        Task::new("c", "hang", ""),
        Task::new("d", "hang", "").after(["a"]),
    ])
}

/// Counts each call, which then hangs until it is interrupted.
fn hanging(calls: &AtomicU32) -> Runner<'_> {
    let hang = move |_: &_, cx: &seawall::Context<'_>| {
        calls.fetch_add(1, Ordering::AcqRel);
        cx.sleep(Duration::MAX)?;
        Ok("never".into())
    };
    Runner::builder().backend("hang", backend_fn(hang)).concurrency(2).build().unwrap()
}

fn assert_all_cancelled(report: &Report) {
    assert_eq!(statuses(report), "a cancelled, b cancelled, c cancelled, d cancelled");
    assert_eq!(["a", "b", "c", "d"].map(|task| attempts(report, task)), ["cancelled", "cancelled", "", ""]);
    assert!(!report.is_success());
}

#[test]
fn a_cancel_from_any_thread_ends_the_run_and_every_task_is_in_the_report() {
    let acts: [(Act, &str); 3] = [
        (CancelToken::cancel, "cancelled"),
        (|token| token.cancel_because("SIGINT"), "SIGINT"),
        (CancelToken::kill, "cancelled"),
    ];
    for (act, reason) in acts {
        let (cancel, calls) = (CancelToken::new(), AtomicU32::new(0));
        let runner = hanging(&calls);
        let began = Instant::now();
        let report = thread::scope(|scope| {
            scope.spawn(|| {
                until("both calls", || calls.load(Ordering::Acquire) == 2);
                act(&cancel);
            });
            runner.run(&four(), &cancel).unwrap()
        });
        assert_all_cancelled(&report);
        assert_eq!(report.cancelled(), Some(reason));
        assert!(began.elapsed() < PATIENCE);
    }
}

#[test]
fn a_token_that_was_cancelled_before_lets_nothing_start() {
    for schedule in [Schedule::Waves, Schedule::Eager] {
        let cancel = CancelToken::new();
        cancel.cancel_because("too late");
        let runner =
            virtual_runner().backend_fn("hang", |_, _| panic!("it started")).schedule(schedule).build().unwrap();
        let (report, events) = with_events(|options| runner.run_with(&four(), &cancel, options).unwrap());
        assert_eq!((report.count(Status::Cancelled), report.cancelled()), (4, Some("too late")));
        let expected = [
            "run_started 4",
            "task_ended a cancelled",
            "task_ended b cancelled",
            "task_ended c cancelled",
            "task_ended d cancelled",
            r#"run_ended [0, 0, 0, 4] Some("too late")"#,
        ];
        assert_eq!(lines(&events), expected);
    }
}

#[test]
fn a_deadline_and_a_foreign_flag_are_heard_by_on_cancel_too() {
    let flag = Arc::new(AtomicBool::new(false));
    let foreign = CancelToken::from_flag(Arc::clone(&flag));
    let limited = CancelToken::new().with_deadline(Instant::now() + Duration::from_millis(40));
    for (cancel, reason) in [(foreign, "cancelled"), (limited, "deadline")] {
        // A call that blocks in something that knows no token.
        let runner = Runner::builder()
            .backend_fn("hang", |_, cx| {
                let (interrupt, interrupted) = mpsc::channel();
                let _guard = cx.cancel_token().on_cancel(move |stage| interrupt.send(stage).unwrap());
                flag.store(true, Ordering::Release);
                let stage = interrupted.recv_timeout(PATIENCE).map_err(SendError::permanent)?;
                assert_eq!(stage, Stage::Cancelled);
                Ok(cx.check().map(|()| "not cancelled".into())?)
            })
            .concurrency(2)
            .build()
            .unwrap();
        let report = runner.run(&four(), &cancel).unwrap();
        assert_all_cancelled(&report);
        assert_eq!(report.cancelled(), Some(reason));
    }
}

#[test]
fn a_kill_after_a_cancel_is_heard_in_the_calls() {
    let (cancel, heard) = (CancelToken::new(), Arc::new(Mutex::new(Vec::new())));
    let is_listening = AtomicBool::new(false);
    let runner = Runner::builder()
        .backend_fn("stubborn", |_, cx| {
            let (killed, is_killed) = mpsc::channel();
            let notes = Arc::clone(&heard);
            let _guard = cx.cancel_token().on_cancel(move |stage| {
                notes.lock().unwrap().push(stage);
                if stage == Stage::Killed {
                    killed.send(()).unwrap();
                }
            });
            is_listening.store(true, Ordering::Release);
            is_killed.recv_timeout(PATIENCE).map_err(SendError::permanent)?;
            Err(SendError::transient("killed"))
        })
        .build()
        .unwrap();
    let report = thread::scope(|scope| {
        scope.spawn(|| {
            until("the call", || is_listening.load(Ordering::Acquire));
            cancel.cancel();
            cancel.kill();
        });
        runner.run(&plan([Task::new("a", "stubborn", "")]), &cancel).unwrap()
    });
    assert_eq!(statuses(&report), "a cancelled");
    assert_eq!(*heard.lock().unwrap(), [Stage::Cancelled, Stage::Killed]);
}

#[test]
fn a_drain_lets_what_is_under_way_end_and_starts_no_task_and_no_retry() {
    let cancel = CancelToken::new();
    let runner = virtual_runner()
        .backend_fn("x", |request, cx| match request.prompt() {
            "drain" => {
                cx.sleep(SECOND)?;
                cancel.drain("budget");
                Ok("last".into())
            }
            "flaky" => Err(SendError::transient("not yet")),
            "slow flaky" => {
                cx.sleep(2 * SECOND)?;
                Err(SendError::transient("not yet"))
            }
            _ => {
                cx.sleep(3 * SECOND)?;
                Ok("under way".into())
            }
        })
        .retry(
            RetryConfig::new().with_initial_interval(HOUR / 60).with_max_interval(HOUR).with_randomization_factor(0.0),
        )
        .concurrency(4)
        .build()
        .unwrap();
    let tasks = [
        Task::new("drains", "x", "drain"),
        Task::new("under-way", "x", "slow"),
        Task::new("waits", "x", "flaky"),
        Task::new("fails", "x", "slow flaky"),
        Task::new("next", "x", "slow").after(["drains"]),
        Task::new("barred", "x", "slow").after(["fails"]),
    ];
    let report = runner.run(&plan(tasks), &cancel).unwrap();
    let expected =
        "drains completed, under-way completed, waits cancelled, fails failed, next cancelled, barred skipped";
    assert_eq!(statuses(&report), expected);
    assert_eq!((report.cancelled(), report.elapsed()), (Some("budget"), 3 * SECOND));
    let waits = report.get("waits").unwrap();
    assert_eq!((attempts(&report, "waits").as_str(), waits.elapsed()), ("transient", 3 * SECOND));
    assert_eq!(waits.result().unwrap_err().last_error().unwrap().to_string(), "not yet");
    assert_eq!(report.get("fails").unwrap().result().unwrap_err().kind(), "exhausted");
    assert_eq!(cancel.stage(), Stage::Draining);
}

#[test]
fn a_drain_that_came_when_all_was_done_cancelled_nothing() {
    let cancel = CancelToken::new();
    let runner = virtual_runner()
        .backend_fn("x", |_, _| {
            cancel.drain("budget");
            Ok("ok".into())
        })
        .build()
        .unwrap();
    let report = runner.run(&plan([Task::new("a", "x", "")]), &cancel).unwrap();
    assert_eq!((statuses(&report).as_str(), report.cancelled(), report.is_success()), ("a completed", None, true));
}

#[test]
fn a_time_limit_is_of_the_runs_own_clock_and_leaves_the_token_alone() {
    let runner = virtual_runner()
        .backend_fn("x", |request, cx| {
            cx.sleep(request.prompt().parse::<u32>().unwrap() * SECOND)?;
            Ok(format!("{:?}", cx.remaining().unwrap()).into())
        })
        .concurrency(2)
        .build()
        .unwrap();
    let tasks =
        [Task::new("quick", "x", "2"), Task::new("slow", "x", "20"), Task::new("late", "x", "0").after(["slow"])];
    let cancel = CancelToken::new();
    let report = runner.run_with(&plan(tasks), &cancel, RunOptions::new().with_time_limit(10 * SECOND)).unwrap();
    assert_eq!(statuses(&report), "quick completed, slow cancelled, late cancelled");
    assert_eq!(report.response("quick").unwrap().text(), "8s");
    assert_eq!((report.cancelled(), report.elapsed()), (Some("time-limit"), 10 * SECOND));
    assert_eq!(cancel.stage(), Stage::Running);
}

#[test]
fn a_time_limit_of_nothing_starts_nothing_and_one_without_end_is_none() {
    let runner = virtual_runner().backend_fn("x", |_, cx| Ok(format!("{:?}", cx.remaining()).into())).build().unwrap();
    let one = plan([Task::new("a", "x", "")]);
    let run = |limit| runner.run_with(&one, &CancelToken::new(), RunOptions::new().with_time_limit(limit)).unwrap();
    let none = run(Duration::ZERO);
    assert_eq!((statuses(&none).as_str(), none.cancelled()), ("a cancelled", Some("time-limit")));
    assert_eq!(attempts(&none, "a"), "");
    assert_eq!(run(Duration::MAX).response("a").unwrap().text(), "None");
}

#[test]
fn a_time_limit_ends_a_backoff_and_a_wait_for_a_circuit() {
    let breakers = Arc::new(seawall::CircuitBreakerRegistry::new());
    breakers.get("open").force_open();
    let wait = seawall::BackendConfig::new().with_when_open(seawall::WhenOpen::Wait);
    let runner = virtual_runner()
        .backend_fn("flaky", |_, _| Err(SendError::transient("down")))
        .backend_fn("open", |_, _| Ok("up".into()))
        .configure("open", wait.with_retry(RetryConfig::new().with_max_elapsed_time(Duration::MAX)))
        .circuit_breakers(breakers)
        .retry(
            RetryConfig::new().with_initial_interval(HOUR).with_max_interval(HOUR).with_max_elapsed_time(Duration::MAX),
        )
        .build()
        .unwrap();
    let tasks = [Task::new("backoff", "flaky", ""), Task::new("circuit", "open", "")];
    let report = runner.run_with(&plan(tasks), &CancelToken::new(), RunOptions::new().with_time_limit(SECOND)).unwrap();
    assert_eq!((statuses(&report).as_str(), report.elapsed()), ("backoff cancelled, circuit cancelled", SECOND));
    assert_eq!(report.get("backoff").unwrap().result().unwrap_err().last_error().unwrap().to_string(), "down");
}

#[test]
fn after_a_cancel_a_dependent_of_a_failed_task_is_cancelled_and_not_skipped() {
    let cancel = CancelToken::new();
    let runner = virtual_runner()
        .backend_fn("x", |request, _| {
            if request.prompt() == "cancel" {
                cancel.cancel();
            }
            Err(SendError::permanent("no"))
        })
        .concurrency(1)
        .build()
        .unwrap();
    let tasks = [Task::new("a", "x", ""), Task::new("b", "x", "cancel"), Task::new("c", "x", "").after(["a"])];
    let report = runner.run(&plan(tasks), &cancel).unwrap();
    assert_eq!(statuses(&report), "a failed, b cancelled, c cancelled");
    assert_eq!(report.get("b").unwrap().result().unwrap_err().last_error().unwrap().to_string(), "no");
}

#[test]
fn an_answer_that_came_after_the_cancel_is_an_answer() {
    let cancel = CancelToken::new();
    let runner = virtual_runner()
        .backend_fn("x", |_, _| {
            cancel.cancel();
            Ok("in spite of it".into())
        })
        .concurrency(1)
        .build()
        .unwrap();
    let report = runner.run(&plan([Task::new("a", "x", ""), Task::new("b", "x", "")]), &cancel).unwrap();
    assert_eq!(statuses(&report), "a completed, b cancelled");
    assert_eq!(report.cancelled(), Some("cancelled"));
}

#[test]
fn what_is_done_to_the_token_of_a_run_stays_within_the_run() {
    let cancel = CancelToken::new();
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| {
            cx.cancel_token().cancel_because("from within");
            Ok("ok".into())
        })
        .concurrency(1)
        .build()
        .unwrap();
    let report = runner.run(&plan([Task::new("a", "x", ""), Task::new("b", "x", "")]), &cancel).unwrap();
    assert_eq!((statuses(&report).as_str(), report.cancelled()), ("a completed, b cancelled", Some("from within")));
    assert_eq!((cancel.stage(), cancel.reason()), (Stage::Running, None));
}

#[test]
fn one_token_stops_several_runs() {
    let (cancel, calls) = (CancelToken::new(), AtomicU32::new(0));
    let runner = hanging(&calls);
    thread::scope(|scope| {
        let runs = [(); 3].map(|()| scope.spawn(|| runner.run(&four(), &cancel).unwrap()));
        until("all calls", || calls.load(Ordering::Acquire) == 6);
        cancel.cancel();
        runs.into_iter().for_each(|run| assert_all_cancelled(&run.join().unwrap()));
    });
}
