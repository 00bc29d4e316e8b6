//! Virtual time.

use crate::support::{HOUR, PATIENCE, SECOND, plan, statuses, until, virtual_runner};
use seawall::{CancelToken, Cancelled, Clock, Runner, Stage, Task};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn a_sleep_takes_exactly_its_time_and_none_of_ours() {
    let (clock, cancel, real) = (Clock::simulated(), CancelToken::new(), Instant::now());
    let start = clock.now();
    clock.sleep(1000 * HOUR, &cancel).unwrap();
    clock.sleep(Duration::ZERO, &cancel).unwrap();
    clock.sleep(Duration::from_nanos(1), &cancel).unwrap();
    assert_eq!(clock.now() - start, 1000 * HOUR + Duration::from_nanos(1));
    assert!(real.elapsed() < PATIENCE);
    assert_eq!(
        (format!("{clock:?}"), format!("{:?}", Clock::default())),
        ("Clock::simulated()".into(), "Clock::system()".into())
    );
}

#[test]
fn clones_are_one_clock_and_two_clocks_are_two() {
    let (clock, other) = (Clock::simulated(), Clock::simulated());
    let (start, elsewhere) = (clock.now(), other.now());
    clock.clone().sleep(HOUR, &CancelToken::new()).unwrap();
    assert_eq!((clock.now() - start, other.now() - elsewhere), (HOUR, Duration::ZERO));
}

#[test]
fn a_cancelled_sleep_takes_no_time() {
    let (clock, cancel) = (Clock::simulated(), CancelToken::new());
    let start = clock.now();
    cancel.cancel();
    assert_eq!(clock.sleep(HOUR, &cancel), Err(Cancelled));
    assert_eq!(clock.now(), start);
}

#[test]
fn a_cancel_from_outside_ends_a_sleep_that_has_no_end() {
    let (clock, cancel) = (Clock::simulated(), CancelToken::new());
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| clock.sleep(Duration::MAX, &cancel));
        cancel.cancel();
        assert_eq!(sleeper.join().unwrap(), Err(Cancelled));
    });
    let flag = Arc::new(AtomicBool::new(false));
    let cancel = CancelToken::from_flag(Arc::clone(&flag));
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| clock.sleep(Duration::MAX, &cancel));
        flag.store(true, Ordering::Release);
        assert_eq!(sleeper.join().unwrap(), Err(Cancelled));
    });
    let limited = CancelToken::new().with_deadline(Instant::now() + Duration::from_millis(10));
    assert_eq!(clock.sleep(Duration::MAX, &limited), Err(Cancelled), "a deadline is of the system's clock");
}

#[test]
fn a_backend_may_sleep_on_the_clock_that_it_was_given() {
    let clock = Clock::simulated();
    let own = clock.clone();
    let runner = Runner::builder()
        .backend_fn("x", move |_, cx| {
            let before = own.now();
            own.sleep(HOUR, cx.cancel_token())?;
            assert_eq!((own.now() - before, cx.now()), (HOUR, own.now()));
            Ok(format!("{:?}", cx.elapsed()).into())
        })
        .clock(clock)
        .build()
        .unwrap();
    let report = runner.run(&plan(["a", "b", "c"].map(|id| Task::new(id, "x", ""))), &CancelToken::new()).unwrap();
    assert!(report.iter().all(|outcome| outcome.result().unwrap().text() == "3600s"));
    assert_eq!(report.elapsed(), HOUR);
}

#[test]
fn a_thread_that_is_no_worker_sees_time_move_and_may_cancel_at_an_instant() {
    let clock = Clock::simulated();
    let start = clock.now();
    let runner = Runner::builder()
        .backend_fn("x", |_, cx| {
            cx.sleep(10 * HOUR)?;
            Ok("late".into())
        })
        .clock(clock.clone())
        .build()
        .unwrap();
    let (cancel, begun) = (CancelToken::new(), AtomicBool::new(false));
    let plan = plan([Task::new("a", "x", ""), Task::new("b", "x", "")]);
    let report = thread::scope(|scope| {
        scope.spawn(|| {
            begun.store(true, Ordering::Release);
            clock.sleep(3 * HOUR, &CancelToken::new()).unwrap();
            cancel.cancel();
        });
        until("the outsider", || begun.load(Ordering::Acquire));
        runner.run(&plan, &cancel).unwrap()
    });
    assert!(clock.now() - start >= 3 * HOUR);
    // Time may have moved to the outsider's instant before the run began: then the run is cancelled all the same.
    assert_eq!(statuses(&report), "a cancelled, b cancelled");
}

#[test]
fn a_cancel_from_outside_wakes_a_run_on_virtual_time() {
    let (cancel, in_call) = (CancelToken::new(), AtomicBool::new(false));
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| {
            in_call.store(true, Ordering::Release);
            cx.sleep(Duration::MAX)?;
            Ok("never".into())
        })
        .build()
        .unwrap();
    let report = thread::scope(|scope| {
        scope.spawn(|| {
            until("the call", || in_call.load(Ordering::Acquire));
            cancel.cancel_because("outside");
        });
        runner.run(&plan([Task::new("a", "x", ""), Task::new("b", "x", "").after(["a"])]), &cancel).unwrap()
    });
    assert_eq!((statuses(&report).as_str(), report.cancelled()), ("a cancelled, b cancelled", Some("outside")));
    assert_eq!(report.elapsed(), Duration::ZERO, "time stood still, since nobody's wake-up came");
}

#[test]
fn a_run_within_a_backend_shares_its_clock() {
    let clock = Clock::simulated();
    let inner = Runner::builder()
        .backend_fn("sleep", |_, cx| {
            cx.sleep(HOUR)?;
            Ok("slept".into())
        })
        .clock(clock.clone())
        .concurrency(2)
        .build()
        .unwrap();
    let inner_plan = plan(["a", "b", "c", "d"].map(|id| Task::new(id, "sleep", "")));
    let outer = Runner::builder()
        .backend_fn("nest", |_, cx| {
            let report = inner.run(&inner_plan, cx.cancel_token()).unwrap();
            assert_eq!(report.elapsed(), 2 * HOUR);
            Ok(statuses(&report).into())
        })
        .clock(clock.clone())
        .build()
        .unwrap();
    let start = clock.now();
    let report =
        outer.run(&plan([Task::new("x", "nest", ""), Task::new("y", "nest", "")]), &CancelToken::new()).unwrap();
    assert_eq!(report.response("y").unwrap().text(), "a completed, b completed, c completed, d completed");
    assert_eq!((clock.now() - start, report.elapsed()), (2 * HOUR, 2 * HOUR));
}

#[test]
fn two_runs_and_an_outsider_on_one_clock_all_come_to_their_end() {
    for _ in 0..20 {
        let clock = Clock::simulated();
        let runner = Runner::builder()
            .backend_fn("x", |request, cx| {
                cx.sleep(request.prompt().parse::<u32>().unwrap() * SECOND)?;
                Ok("ok".into())
            })
            .clock(clock.clone())
            .build()
            .unwrap();
        let run = |seconds: &str| {
            let report = runner.run(&plan([Task::new("a", "x", seconds)]), &CancelToken::new()).unwrap();
            assert!(report.is_success());
        };
        thread::scope(|scope| {
            scope.spawn(|| run("1"));
            scope.spawn(|| run("2"));
            scope.spawn(|| clock.sleep(SECOND, &CancelToken::new()).unwrap());
        });
    }
}

#[test]
fn on_virtual_time_one_worker_at_a_time_has_the_turn() {
    let (busy, order) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let runner = virtual_runner()
        .backend_fn("x", |request, cx| {
            for _ in 0..5 {
                assert!(!busy.swap(true, Ordering::AcqRel));
                order.lock().unwrap().push(request.prompt().to_owned());
                thread::yield_now();
                busy.store(false, Ordering::Release);
                cx.sleep(SECOND)?;
            }
            Ok("ok".into())
        })
        .build()
        .unwrap();
    let report = runner.run(&plan(["a", "b", "c"].map(|id| Task::new(id, "x", id))), &CancelToken::new()).unwrap();
    assert!(report.is_success());
    assert_eq!(order.lock().unwrap().len(), 15);
    assert_eq!(CancelToken::new().stage(), Stage::Running);
}
