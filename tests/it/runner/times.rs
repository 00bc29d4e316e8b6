//! Retries, time-outs and clocks of a run, on virtual time and so to the nanosecond.

use crate::support::{HOUR, SECOND, attempts, plan, statuses, virtual_runner};
use seawall::testing::ScriptedBackend;
use seawall::{
    AttemptResult, BackendConfig, CancelToken, Cancelled, CircuitBreakerRegistry, Clock, ErrorClass, Failure, GaveUp,
    Outcome, Response, RetryConfig, RunOptions, Runner, SendError, Status, Task,
};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

const STEADY: RetryConfig = RetryConfig::new().with_initial_interval(SECOND).with_randomization_factor(0.0);

fn down() -> Result<Response, SendError> {
    Err(SendError::transient("down"))
}

#[test]
fn eight_one_hour_tasks_on_four_workers_take_exactly_two_hours_and_no_time() {
    let (clock, real) = (Clock::simulated(), Instant::now());
    let start = clock.now();
    let runner = Runner::builder()
        .backend_fn("x", |_, cx| {
            cx.sleep(HOUR)?;
            Ok("ok".into())
        })
        .concurrency(4)
        .clock(clock.clone())
        .build()
        .unwrap();
    let report =
        runner.run(&plan([1, 2, 3, 4, 5, 6, 7, 8].map(|n| Task::new(n.to_string(), "x", ""))), &CancelToken::new());
    let report = report.unwrap();
    assert_eq!((clock.now() - start, report.elapsed()), (2 * HOUR, 2 * HOUR));
    assert!(report.iter().all(|outcome| outcome.elapsed() == HOUR));
    let mut started: Vec<_> = report.iter().filter_map(Outcome::started).collect();
    started.sort();
    assert_eq!(started, [[Duration::ZERO; 4], [HOUR; 4]].concat());
    assert!(real.elapsed() < Duration::from_secs(10));
}

#[test]
fn each_delay_is_waited_for_exactly_and_stands_in_the_report() {
    let backend = ScriptedBackend::new([down(), down(), down(), Ok(Response::new("up"))]);
    let runner = virtual_runner().backend("x", &backend).retry(STEADY).build().unwrap();
    let report = runner.run(&plan([Task::new("a", "x", "")]), &CancelToken::new()).unwrap();
    assert_eq!(attempts(&report, "a"), "transient transient transient success");
    let outcome = report.get("a").unwrap();
    let times: Vec<_> = outcome.attempts().iter().map(|attempt| (attempt.started, attempt.delay)).collect();
    let expected = [(0, Some(1)), (1, Some(2)), (3, Some(4)), (7, None)];
    assert_eq!(times, expected.map(|(at, delay)| (at * SECOND, delay.map(|delay: u32| delay * SECOND))));
    assert_eq!((outcome.elapsed(), report.elapsed()), (7 * SECOND, 7 * SECOND));
}

#[test]
fn a_waiting_task_holds_no_worker() {
    let first = AtomicU32::new(0);
    let runner = virtual_runner()
        .backend_fn("flaky", |_, cx| if cx.attempt() == 1 { down() } else { Ok("up".into()) })
        .backend_fn("quick", |_, cx| {
            first.fetch_add(1, Ordering::Relaxed);
            cx.sleep(SECOND / 10)?;
            Ok("ok".into())
        })
        .retry(STEADY)
        .concurrency(1)
        .build()
        .unwrap();
    let tasks = [Task::new("flaky", "flaky", ""), Task::new("a", "quick", ""), Task::new("b", "quick", "")];
    let report = runner.run(&plan(tasks), &CancelToken::new()).unwrap();
    assert_eq!(statuses(&report), "flaky completed, a completed, b completed");
    assert_eq!(report.elapsed(), SECOND, "the two others ran on the one worker while the first waited");
}

#[test]
fn max_elapsed_time_counts_the_attempts_too() {
    let runner = |retry: RetryConfig| {
        virtual_runner()
            .backend_fn("agent", |_, cx| {
                cx.sleep(HOUR / 6)?;
                down()
            })
            .retry(retry)
            .build()
            .unwrap()
    };
    let report = runner(RetryConfig::new()).run(&plan([Task::new("a", "agent", "")]), &CancelToken::new()).unwrap();
    let failure = report.get("a").unwrap().result().unwrap_err();
    assert!(matches!(failure, Failure::Exhausted { attempts: 1, gave_up: GaveUp::MaxElapsedTime, .. }));
    assert_eq!(failure.to_string(), "gave up after 1 attempt, since another would begin after max_elapsed_time");

    let patient = STEADY.with_max_elapsed_time(HOUR / 6 + SECOND);
    let report = runner(patient).run(&plan([Task::new("a", "agent", "")]), &CancelToken::new()).unwrap();
    assert_eq!(attempts(&report, "a"), "transient transient", "a delay that ends just then is slept");
    let impatient = STEADY.with_max_elapsed_time(HOUR / 6 + Duration::from_nanos(999_999_999));
    let report = runner(impatient).run(&plan([Task::new("a", "agent", "")]), &CancelToken::new()).unwrap();
    assert_eq!(attempts(&report, "a"), "transient");
}

#[test]
fn a_delay_that_the_backend_names_is_waited_for_if_it_is_the_longer_one() {
    let wish = |seconds: u32| SendError::rate_limited("slow down").with_retry_after(seconds * SECOND);
    let backend = ScriptedBackend::new([Err(wish(30)), Err(wish(1)), Ok(Response::new("up"))]);
    let runner = virtual_runner().backend("x", &backend).retry(STEADY).build().unwrap();
    let report = runner.run(&plan([Task::new("a", "x", "")]), &CancelToken::new()).unwrap();
    let delays: Vec<_> = report.get("a").unwrap().attempts().iter().map(|attempt| attempt.delay).collect();
    assert_eq!(delays, [Some(30 * SECOND), Some(2 * SECOND), None]);
}

#[test]
fn a_delay_of_any_length_is_waited_for_and_not_cut() {
    let sends = AtomicU32::new(0);
    let (sent, has_sent) = mpsc::channel();
    let runner = Runner::builder()
        .backend_fn("x", |_, _| {
            sends.fetch_add(1, Ordering::Relaxed);
            sent.send(()).unwrap();
            Err(SendError::rate_limited("never").with_retry_after(Duration::MAX))
        })
        .retry(RetryConfig::new().with_max_elapsed_time(Duration::MAX))
        .build()
        .unwrap();
    let cancel = CancelToken::new();
    let report = std::thread::scope(|scope| {
        let cancel = &cancel;
        scope.spawn(move || {
            has_sent.recv().unwrap();
            let _ = has_sent.recv_timeout(Duration::from_millis(50));
            cancel.cancel();
        });
        runner.run(&plan([Task::new("a", "x", "")]), cancel).unwrap()
    });
    assert_eq!((statuses(&report).as_str(), sends.load(Ordering::Relaxed)), ("a cancelled", 1));
}

#[test]
fn the_task_then_its_backend_then_the_runner_says_how_often() {
    let runner = virtual_runner()
        .backend_fn("own", |_, _| down())
        .backend_fn("plain", |_, _| down())
        .configure("own", BackendConfig::new().with_retry(STEADY.with_max_attempts(2)))
        .retry(STEADY.with_max_attempts(3))
        .circuit_breakers(no_breakers())
        .build()
        .unwrap();
    let four = STEADY.with_max_attempts(4);
    let tasks = [Task::new("a", "own", "").retry(four), Task::new("b", "own", ""), Task::new("c", "plain", "")];
    let report = runner.run(&plan(tasks), &CancelToken::new()).unwrap();
    assert_eq!(["a", "b", "c"].map(|task| report.get(task).unwrap().attempts().len()), [4, 2, 3]);
}

fn no_breakers() -> Arc<CircuitBreakerRegistry> {
    CircuitBreakerRegistry::new().with_default(seawall::CircuitBreakerConfig::disabled()).into()
}

#[test]
fn no_two_tasks_have_the_same_jitter_and_a_seed_gives_it_again() {
    let delays = |seed: Option<u64>| {
        let builder =
            Runner::builder().clock(Clock::simulated()).backend_fn("x", |_, _| down()).circuit_breakers(no_breakers());
        let builder = builder.retry(RetryConfig::new().with_max_attempts(2));
        let runner = seed.into_iter().fold(builder, seawall::RunnerBuilder::seed).build().unwrap();
        let tasks: Vec<_> = (0..20).map(|n| Task::new(n.to_string(), "x", "")).collect();
        let plan = seawall::Plan::builder().tasks(tasks).build().unwrap();
        let report = runner.run(&plan, &CancelToken::new()).unwrap();
        report.iter().map(|outcome| outcome.attempts()[0].delay.unwrap()).collect::<Vec<_>>()
    };
    let seeded = delays(Some(7));
    let mut distinct = seeded.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 20);
    assert_eq!(seeded, delays(Some(7)));
    assert_ne!(seeded, delays(Some(8)));
    assert_ne!(delays(None), delays(None));
}

#[test]
fn of_many_runs_with_one_seed_each_number_has_delays_of_its_own() {
    let runner = virtual_runner().backend_fn("x", |_, _| down()).circuit_breakers(no_breakers()).build().unwrap();
    let plan = plan([Task::new("a", "x", "").retry(RetryConfig::new().with_max_attempts(2))]);
    let delay = |options: RunOptions<'_>| {
        let report = runner.run_with(&plan, &CancelToken::new(), options).unwrap();
        report.get("a").unwrap().attempts()[0].delay.unwrap()
    };
    let numbered = |number| delay(RunOptions::new().with_number(number));
    assert_eq!((numbered(1), numbered(2)), (numbered(1), numbered(2)));
    let all = [delay(RunOptions::new()), numbered(1), numbered(2)];
    assert!(all[0] != all[1] && all[1] != all[2] && all[2] != all[0], "{all:?}");
    let limited = delay(RunOptions::new().with_time_limit(HOUR).with_number(2));
    assert_eq!(limited, numbered(2), "the number comes beside what else is set");
}

#[test]
fn an_interruption_after_the_attempts_own_limit_is_a_time_out_counted_and_retried() {
    let breakers = Arc::new(CircuitBreakerRegistry::new());
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| {
            assert_eq!(cx.remaining(), Some(10 * SECOND));
            if cx.attempt() < 3 {
                assert_eq!(cx.sleep(HOUR), Err(Cancelled));
                assert_eq!((cx.check(), cx.remaining()), (Err(Cancelled), Some(Duration::ZERO)));
            }
            cx.check()?;
            Ok("at last".into())
        })
        .configure("x", BackendConfig::new().with_timeout(10 * SECOND))
        .circuit_breakers(Arc::clone(&breakers))
        .retry(STEADY)
        .build()
        .unwrap();
    let report = runner.run(&plan([Task::new("a", "x", "")]), &CancelToken::new()).unwrap();
    assert_eq!(attempts(&report, "a"), "timed_out timed_out success");
    let first = &report.get("a").unwrap().attempts()[0];
    assert_eq!(first.elapsed, 10 * SECOND);
    assert!(
        matches!(&first.result, AttemptResult::Error(error) if error.to_string() == "ran past its time limit of 10s")
    );
    assert_eq!(breakers.get("x").counts().failures, 2);
}

#[test]
fn a_response_after_the_limit_is_a_response_and_an_error_keeps_its_class() {
    let runner = virtual_runner()
        .backend_fn("x", |request, cx| {
            let _ = cx.sleep(HOUR);
            match request.prompt() {
                "answer" => Ok("late".into()),
                "transient" => Err(SendError::transient("late, and lost")),
                _ => Err(SendError::permanent("late, and wrong")),
            }
        })
        .build()
        .unwrap();
    let task = |id| Task::new(id, "x", id).timeout(SECOND).retry(RetryConfig::once());
    let tasks = ["answer", "error", "transient"].map(task);
    let report = runner.run(&plan(tasks), &CancelToken::new()).unwrap();
    assert_eq!(report.response("answer").unwrap().text(), "late");
    assert_eq!(report.get("error").unwrap().result().unwrap_err().kind(), "permanent");
    assert_eq!(attempts(&report, "transient"), "transient");
}

#[test]
fn after_a_cancel_it_does_not_matter_that_the_limit_is_over_too() {
    let cancel = CancelToken::new();
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| {
            assert_eq!(cx.sleep(HOUR), Err(Cancelled));
            cancel.cancel();
            Err(SendError::transient("torn down"))
        })
        .build()
        .unwrap();
    let report = runner.run(&plan([Task::new("a", "x", "").timeout(SECOND)]), &cancel).unwrap();
    assert_eq!((statuses(&report).as_str(), attempts(&report, "a").as_str()), ("a cancelled", "cancelled"));
    assert_eq!(runner.circuit_breakers().get("x").counts().failures, 0);
}

#[test]
fn an_interruption_before_any_limit_fails_the_task_as_cancelled() {
    let runner = virtual_runner().backend_fn("x", |_, _| Err(Cancelled.into())).build().unwrap();
    let report = runner.run(&plan([Task::new("a", "x", "").timeout(HOUR)]), &CancelToken::new()).unwrap();
    let outcome = report.get("a").unwrap();
    assert_eq!((outcome.status(), attempts(&report, "a").as_str()), (Status::Failed, "cancelled"));
    assert!(
        matches!(outcome.result(), Err(Failure::Permanent { error, .. }) if error.class() == ErrorClass::Cancelled)
    );
    assert_eq!((outcome.result().unwrap_err().kind(), report.cancelled()), ("cancelled", None));
}

#[test]
fn the_tasks_own_limit_wins_over_its_backends() {
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| Ok(format!("{:?}", cx.remaining().unwrap()).into()))
        .configure("x", BackendConfig::new().with_timeout(HOUR))
        .build()
        .unwrap();
    let tasks = [Task::new("a", "x", "").timeout(SECOND), Task::new("b", "x", "")];
    let report = runner.run(&plan(tasks), &CancelToken::new()).unwrap();
    assert_eq!(["a", "b"].map(|task| report.response(task).unwrap().text()), ["1s", "3600s"]);
}

#[test]
fn what_remains_is_the_earliest_of_all_limits() {
    let runner = Runner::builder()
        .backend_fn("x", |_, cx| Ok(format!("{}", cx.remaining().map_or(0, |left| left.as_secs())).into()))
        .build()
        .unwrap();
    let one = plan([Task::new("a", "x", "").timeout(100 * SECOND)]);
    let cancel = CancelToken::new();
    let seconds = |cancel: &CancelToken, options| -> u64 {
        let report = runner.run_with(&one, cancel, options).unwrap();
        report.response("a").unwrap().text().parse().unwrap()
    };
    let options = seawall::RunOptions::new;
    assert!((90..=100).contains(&seconds(&cancel, options())));
    assert!((70..=80).contains(&seconds(&cancel, options().with_time_limit(80 * SECOND))));
    let limited = cancel.with_deadline(Instant::now() + 60 * SECOND);
    assert!((50..=60).contains(&seconds(&limited, options().with_time_limit(80 * SECOND))), "the caller's deadline");
}

#[test]
fn the_same_seed_gives_the_same_run_attempt_for_attempt() {
    let run = |seed: u64| {
        let breakers = CircuitBreakerRegistry::new().with_default(seawall::CircuitBreakerConfig::disabled());
        let backend = seawall::SimulatedBackend::new()
            .with_latency(seawall::Latency::log_normal(SECOND, 10 * SECOND))
            .with_fail_rate(0.4)
            .with_panic_rate(0.1)
            .with_seed(3);
        let runner = virtual_runner().backend("x", backend).circuit_breakers(breakers.into()).seed(seed).concurrency(3);
        let tasks = (0..40_u32).map(|n| Task::new(n.to_string(), "x", "").after((n > 9).then(|| (n - 10).to_string())));
        let plan = seawall::Plan::builder().tasks(tasks).build().unwrap();
        let report = runner.build().unwrap().run(&plan, &CancelToken::new()).unwrap();
        format!("{:?} {:?}", report, report.iter().map(Outcome::started).collect::<Vec<_>>())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
