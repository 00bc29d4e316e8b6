//! What a run tells while it goes on.

use crate::support::{PATIENCE, SECOND, line, lines, plan, virtual_runner, with_events};
use seawall::testing::ScriptedBackend;
use seawall::{
    BackendConfig, CancelToken, CircuitBreakerConfig, CircuitBreakerRegistry, Event, EventKind, Plan, Response,
    RetryConfig, RunOptions, Runner, Schedule, SendError, Status, Task, WhenOpen, crossbeam_channel,
};
use std::sync::Arc;
use std::time::Duration;

const STEADY: RetryConfig = RetryConfig::new().with_initial_interval(SECOND).with_randomization_factor(0.0);

fn hundred() -> (Runner<'static>, Plan) {
    let tasks = (0..100).map(|n| Task::new(format!("t{n}"), "x", ""));
    let runner = Runner::builder().backend_fn("x", |_, _| Ok("ok".into())).concurrency(2).build().unwrap();
    (runner, Plan::builder().tasks(tasks).build().unwrap())
}

#[test]
fn a_run_is_told_from_its_first_to_its_last_event() {
    let script = [Err(SendError::transient("down")), Ok(Response::new("up")), Err(SendError::permanent("no"))];
    let backend = ScriptedBackend::new(script);
    let runner = virtual_runner().backend("x", &backend).retry(STEADY).build().unwrap();
    let tasks = [Task::new("a", "x", ""), Task::new("b", "x", "").after(["a"]), Task::new("c", "x", "").after(["b"])];
    let (_, events) = with_events(|options| runner.run_with(&plan(tasks), &CancelToken::new(), options).unwrap());
    let expected = [
        "run_started 3",
        "wave_started 0 1",
        "task_started a",
        "attempt_started a x 1",
        "attempt_ended a x 1 transient",
        "task_parked a backoff",
        "task_resumed a backoff",
        "attempt_started a x 2",
        "attempt_ended a x 2 success",
        "task_ended a completed",
        "wave_ended 0 1",
        "wave_started 1 1",
        "task_started b",
        "attempt_started b x 1",
        "attempt_ended b x 1 permanent",
        "task_ended b failed",
        "wave_ended 1 1",
        "wave_started 2 1",
        "task_ended c skipped",
        "wave_ended 2 1",
        "run_ended [1, 1, 1, 0] None",
    ];
    assert_eq!(lines(&events), expected);
    assert!(events.iter().zip(0..).all(|(event, seq)| event.seq == seq));
}

#[test]
fn an_event_carries_what_the_report_says() {
    let backend = ScriptedBackend::new([Err(SendError::transient("down")), Err(SendError::permanent("no"))]);
    let runner = virtual_runner().backend("x", &backend).retry(STEADY).build().unwrap();
    let one = plan([Task::new("a", "x", "")]);
    let (report, events) = with_events(|options| runner.run_with(&one, &CancelToken::new(), options).unwrap());
    let attempts = report.get("a").unwrap().attempts();
    let mut ended = 0;
    for event in &events {
        match &event.kind {
            EventKind::AttemptEnded { attempt, worker, elapsed, delay, .. } => {
                let told = &attempts[attempt - 1];
                assert_eq!((told.worker, told.elapsed, told.delay), (*worker, *elapsed, *delay));
                assert_eq!(event.at, told.started + told.elapsed);
                ended += 1;
            }
            EventKind::TaskParked { until, .. } | EventKind::TaskResumed { until, .. } => {
                assert_eq!(*until, Some(SECOND));
            }
            EventKind::TaskEnded { status, failure, .. } => {
                assert_eq!((*status, failure.as_ref().unwrap().to_string().as_str()), (Status::Failed, "no"));
            }
            EventKind::RunEnded { counts, cancelled, lost, .. } => {
                assert_eq!((*counts, cancelled, *lost), ([0, 1, 0, 0], &None, 0));
                assert_eq!(event.at, report.elapsed());
            }
            _ => {}
        }
    }
    assert_eq!(ended, 2);
}

#[test]
fn a_refused_attempt_has_an_end_and_no_start() {
    let breakers = Arc::new(CircuitBreakerRegistry::new());
    breakers.get("x").force_open();
    let runner = virtual_runner().backend_fn("x", |_, _| Ok("up".into())).circuit_breakers(breakers).build().unwrap();
    let one = plan([Task::new("a", "x", "")]);
    let (_, events) = with_events(|options| runner.run_with(&one, &CancelToken::new(), options).unwrap());
    assert_eq!(lines(&events)[2..5], ["task_started a", "attempt_ended a x 1 circuit_open", "task_ended a failed"]);
}

#[test]
fn a_fallback_is_told_under_the_name_of_the_backend_that_made_it() {
    let breakers = Arc::new(CircuitBreakerRegistry::new());
    breakers.get("main").force_open();
    let runner = virtual_runner()
        .backend_fn("main", |_, _| Ok("main".into()))
        .backend_fn("spare", |_, _| Ok("spare".into()))
        .configure("main", BackendConfig::new().with_when_open(WhenOpen::Fallback("spare".into())))
        .circuit_breakers(breakers)
        .build()
        .unwrap();
    let one = plan([Task::new("a", "main", "")]);
    let (_, events) = with_events(|options| runner.run_with(&one, &CancelToken::new(), options).unwrap());
    let expected = [
        "task_started a",
        "attempt_ended a main 1 circuit_open",
        "attempt_started a spare 2",
        "attempt_ended a spare 2 success",
        "task_ended a completed",
    ];
    assert_eq!(lines(&events)[2..7], expected);
}

#[test]
fn the_changes_of_circuits_that_a_runs_own_calls_caused_are_told() {
    let config = CircuitBreakerConfig::new().with_failure_threshold(1).with_half_open_requests(1).with_open_for(SECOND);
    let breakers = Arc::new(CircuitBreakerRegistry::new().with_default(config));
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| if cx.attempt() == 1 { Err(SendError::transient("down")) } else { Ok("up".into()) })
        .circuit_breakers(Arc::clone(&breakers))
        .retry(STEADY)
        .build()
        .unwrap();
    let one = plan([Task::new("a", "x", "")]);
    let (_, events) = with_events(|options| {
        breakers.get("x").force_open();
        breakers.get("x").reset();
        runner.run_with(&one, &CancelToken::new(), options).unwrap()
    });
    let changes: Vec<_> = lines(&events).into_iter().filter(|line| line.starts_with("breaker")).collect();
    let expected =
        ["breaker_changed x closed open", "breaker_changed x open half_open", "breaker_changed x half_open closed"];
    assert_eq!(changes, expected, "and not the operator's");
}

#[test]
fn without_barriers_a_wave_begins_with_its_first_task_and_ends_with_its_last() {
    let runner = virtual_runner()
        .backend_fn("x", |request, cx| {
            cx.sleep(request.prompt().parse::<u32>().unwrap() * SECOND)?;
            Ok("ok".into())
        })
        .schedule(Schedule::Eager)
        .build()
        .unwrap();
    let tasks =
        [Task::new("slow", "x", "9"), Task::new("quick", "x", "1"), Task::new("next", "x", "1").after(["quick"])];
    let (_, events) = with_events(|options| runner.run_with(&plan(tasks), &CancelToken::new(), options).unwrap());
    let waves: Vec<_> =
        events.iter().filter(|event| line(event).starts_with("wave")).map(|event| (event.at, line(event))).collect();
    let expected = [(0, "wave_started 0 2"), (1, "wave_started 1 1"), (2, "wave_ended 1 1"), (9, "wave_ended 0 2")];
    assert_eq!(waves, expected.map(|(at, line)| (at * SECOND, line.to_owned())));
}

#[test]
fn the_receiver_ends_by_itself_when_the_run_has_ended() {
    let (runner, plan) = hundred();
    let (sender, receiver) = crossbeam_channel::unbounded::<Event>();
    let ended = std::thread::scope(|scope| {
        let subscriber = scope.spawn(|| receiver.iter().filter(|event| line(event).starts_with("task_ended")).count());
        runner.run_with(&plan, &CancelToken::new(), RunOptions::new().with_events(sender)).unwrap();
        subscriber.join().unwrap()
    });
    assert_eq!(ended, 100);
}

#[test]
fn a_subscriber_that_leaves_changes_nothing() {
    let (runner, plan) = hundred();
    let (sender, receiver) = crossbeam_channel::unbounded::<Event>();
    drop(receiver);
    let report = runner.run_with(&plan, &CancelToken::new(), RunOptions::new().with_events(sender)).unwrap();
    assert_eq!((report.count(Status::Completed), report.events_lost()), (100, 0));

    let (sender, receiver) = crossbeam_channel::bounded::<Event>(1);
    let report = std::thread::scope(|scope| {
        scope.spawn(move || drop(receiver.recv_timeout(PATIENCE).unwrap()));
        runner.run_with(&plan, &CancelToken::new(), RunOptions::new().with_events(sender)).unwrap()
    });
    assert!(report.is_success());
}

#[test]
fn what_a_full_channel_does_not_take_is_counted_and_its_number_is_missing() {
    let (runner, plan) = hundred();
    let (sender, receiver) = crossbeam_channel::bounded::<Event>(10);
    let report = runner.run_with(&plan, &CancelToken::new(), RunOptions::new().with_events(sender)).unwrap();
    assert!(report.is_success());
    let taken: Vec<u64> = receiver.iter().map(|event| event.seq).collect();
    assert_eq!(taken, (0..10).collect::<Vec<_>>());
    // A run, a wave, and for each task two events of its own and two of its attempt.
    assert_eq!(report.events_lost(), 4 + 400 - 10);

    let (sender, receiver) = crossbeam_channel::bounded::<Event>(0);
    let report = runner.run_with(&plan, &CancelToken::new(), RunOptions::new().with_events(sender)).unwrap();
    assert_eq!((report.events_lost(), receiver.iter().count()), (404, 0), "a channel that holds nothing");
}

#[test]
fn a_slow_subscriber_does_not_stall_the_run() {
    let (runner, plan) = hundred();
    let (sender, receiver) = crossbeam_channel::bounded::<Event>(4);
    let (release, held) = crossbeam_channel::bounded::<()>(0);
    std::thread::scope(|scope| {
        let subscriber = scope.spawn(move || {
            let first = receiver.recv_timeout(PATIENCE).unwrap();
            held.recv_timeout(PATIENCE).unwrap();
            std::iter::once(first).chain(receiver.iter()).map(|event| event.seq).collect::<Vec<_>>()
        });
        let report = runner.run_with(&plan, &CancelToken::new(), RunOptions::new().with_events(sender)).unwrap();
        assert!(report.is_success());
        release.send_timeout((), PATIENCE).unwrap();
        let seen = subscriber.join().unwrap();
        assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
        assert_eq!(seen.len() as u64 + report.events_lost(), 404);
    });
}

#[test]
fn the_time_of_events_never_goes_back_also_with_many_workers() {
    let runner = Runner::builder()
        .backend_fn("x", |_, cx| if cx.attempt() < 3 { Err(SendError::rate_limited("again")) } else { Ok("ok".into()) })
        .retry(RetryConfig::new().with_initial_interval(Duration::from_micros(200)))
        .build()
        .unwrap();
    let plan = Plan::builder().tasks((0..200).map(|n| Task::new(n.to_string(), "x", ""))).build().unwrap();
    let (report, events) = with_events(|options| runner.run_with(&plan, &CancelToken::new(), options).unwrap());
    assert!(report.is_success());
    assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at && pair[0].seq + 1 == pair[1].seq));
    assert_eq!(report.elapsed(), events.last().unwrap().at);
}
