//! Real threads against what is shared.

use crate::support::PATIENCE;
use seawall::{
    BackendConfig, CancelToken, Cancelled, CircuitBreaker, CircuitBreakerConfig, CircuitBreakerRegistry, CircuitState,
    Clock, Plan, Rejected, RetryConfig, Runner, Schedule, SendError, Stage, Status, Task,
};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: usize = 4;

/// Fails where the work does not end, instead of waiting for ever.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, is_done) = mpsc::channel();
    let thread = thread::spawn(move || drop(done.send(work())));
    let result = is_done.recv_timeout(PATIENCE).expect("it ends");
    thread.join().unwrap();
    result
}

#[test]
fn of_many_threads_that_ask_a_half_open_circuit_at_once_three_are_admitted() {
    let breaker = CircuitBreaker::new(CircuitBreakerConfig::new().with_failure_threshold(1));
    let now = Instant::now();
    let at = now + breaker.config().open_for();
    for _ in 0..200 {
        breaker.admit(now).unwrap().failure(now);
        let (line, admitted, closed) = (Barrier::new(THREADS + 1), AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..=THREADS {
                scope.spawn(|| {
                    line.wait();
                    let permit = breaker.admit(at);
                    line.wait();
                    match permit {
                        Ok(permit) => {
                            admitted.fetch_add(1, Ordering::Relaxed);
                            closed.fetch_add(u32::from(permit.success(at).is_some()), Ordering::Relaxed);
                        }
                        Err(rejected) => assert_eq!(rejected, Rejected::TooManyRequests),
                    }
                });
            }
        });
        assert_eq!((admitted.into_inner(), closed.into_inner(), breaker.state()), (3, 1, CircuitState::Closed));
    }
    assert_eq!(breaker.trips(), 200);
}

#[test]
fn no_result_is_lost_or_counted_twice() {
    const CALLS: u32 = 20_000;
    let breaker = CircuitBreaker::new(CircuitBreakerConfig::disabled());
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let breaker = &breaker;
            scope.spawn(move || {
                for call in 0..CALLS {
                    let is_ok = (call as usize + thread).is_multiple_of(2);
                    let _ = breaker.call(|| if is_ok { Ok(()) } else { Err(()) });
                }
            });
        }
    });
    let counts = breaker.counts();
    let all = CALLS * u32::try_from(THREADS).unwrap();
    assert_eq!((counts.requests, counts.successes, counts.failures), (all, all / 2, all / 2));
}

#[test]
fn changes_of_state_by_many_threads_have_a_generation_each() {
    let generations = Arc::new(std::sync::Mutex::new(Vec::new()));
    let notes = Arc::clone(&generations);
    let config =
        CircuitBreakerConfig::new().with_failure_threshold(1).with_half_open_requests(1).with_open_for(Duration::ZERO);
    let breakers = CircuitBreakerRegistry::new()
        .with_default(config)
        .with_hook(move |_, change| notes.lock().unwrap().push((change.generation, change.from, change.to)));
    let breaker = breakers.get("x");
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let breaker = &breaker;
            scope.spawn(move || {
                for call in 0..2000_usize {
                    let now = Instant::now();
                    match (breaker.admit(now), (call + thread) % 3) {
                        (Ok(permit), 0) => drop(permit.failure(now)),
                        (Ok(permit), 1) => drop(permit.success(now)),
                        _ if call % 97 == 0 => breaker.reset(),
                        _ => {}
                    }
                }
            });
        }
    });
    let mut heard = std::mem::take(&mut *generations.lock().unwrap());
    heard.sort_by_key(|(generation, ..)| *generation);
    assert!(heard.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].2 == pair[1].1), "they follow on each other");
    assert!(heard.len() > 100);
}

#[test]
fn many_threads_that_ask_for_a_kind_get_one_breaker() {
    for round in 0..100 {
        let (breakers, line) = (CircuitBreakerRegistry::new(), Barrier::new(THREADS));
        let got: Vec<Arc<CircuitBreaker>> = thread::scope(|scope| {
            let ask = || {
                line.wait();
                breakers.get(&round.to_string())
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(got.iter().all(|breaker| Arc::ptr_eq(breaker, &got[0])));
        assert_eq!(breakers.breakers().len(), 1);
    }
}

#[test]
fn a_cancel_at_any_moment_ends_a_sleep() {
    in_time(|| {
        for round in 0..500 {
            let cancel = CancelToken::new();
            let sleeper = thread::spawn({
                let (cancel, clock) =
                    (cancel.clone(), if round % 2 == 0 { Clock::system() } else { Clock::simulated() });
                move || clock.sleep(Duration::MAX, &cancel)
            });
            (0..round % 50).for_each(|_| std::hint::spin_loop());
            cancel.cancel();
            assert_eq!(sleeper.join().unwrap(), Err(Cancelled));
        }
    });
}

#[test]
fn after_the_guard_is_gone_the_function_never_runs() {
    in_time(|| {
        let late_calls = Arc::new(AtomicU32::new(0));
        for round in 0..1000 {
            let (token, is_gone) = (CancelToken::new(), Arc::new(AtomicBool::new(false)));
            let (gone, late) = (Arc::clone(&is_gone), Arc::clone(&late_calls));
            let guard = token.on_cancel(move |_| {
                (0..10).for_each(|_| thread::yield_now());
                late.fetch_add(u32::from(gone.load(Ordering::Acquire)), Ordering::Relaxed);
            });
            let canceller = thread::spawn(move || if round % 2 == 0 { token.cancel() } else { token.kill() });
            (0..round % 100).for_each(|_| std::hint::spin_loop());
            drop(guard);
            is_gone.store(true, Ordering::Release);
            canceller.join().unwrap();
        }
        assert_eq!(late_calls.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn each_stage_is_heard_once_however_many_threads_cancel_and_kill() {
    for _ in 0..200 {
        let (token, line) = (CancelToken::new(), Barrier::new(THREADS));
        let heard: Arc<[AtomicUsize; 2]> = Arc::default();
        let notes = Arc::clone(&heard);
        let _guard = token.on_cancel(move |stage| {
            notes[usize::from(stage == Stage::Killed)].fetch_add(1, Ordering::Relaxed);
        });
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (token, line) = (&token, &line);
                scope.spawn(move || {
                    line.wait();
                    if thread % 2 == 0 { token.cancel() } else { token.kill() }
                });
            }
        });
        let [cancelled, killed] = [&heard[0], &heard[1]].map(|count| count.load(Ordering::Relaxed));
        assert!(cancelled <= 1 && killed == 1, "{cancelled} {killed}");
    }
}

#[test]
fn a_function_that_is_given_while_somebody_cancels_hears_it_once() {
    in_time(|| {
        for round in 0..1000 {
            let (token, line) = (CancelToken::new(), Arc::new(Barrier::new(2)));
            let canceller = thread::spawn({
                let (token, line) = (token.clone(), Arc::clone(&line));
                move || {
                    line.wait();
                    (0..round % 40).for_each(|_| std::hint::spin_loop());
                    token.cancel();
                }
            });
            let calls = Arc::new(AtomicU32::new(0));
            let count = Arc::clone(&calls);
            line.wait();
            let guard = token.on_cancel(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
            canceller.join().unwrap();
            drop(guard);
            assert_eq!(calls.load(Ordering::Relaxed), 1);
        }
    });
}

fn flaky_runner(schedule: Schedule) -> Runner<'static> {
    let retry = RetryConfig::new()
        .with_initial_interval(Duration::from_micros(30))
        .with_max_interval(Duration::from_micros(300));
    Runner::builder()
        .backend_fn(
            "free",
            |_, cx| if cx.attempt() < 4 { Err(SendError::rate_limited("again")) } else { Ok("ok".into()) },
        )
        .backend_fn(
            "narrow",
            |_, cx| if cx.attempt() < 2 { Err(SendError::rate_limited("again")) } else { Ok("ok".into()) },
        )
        .configure("narrow", BackendConfig::new().with_concurrency(2))
        .retry(retry)
        .schedule(schedule)
        .concurrency(THREADS)
        .build()
        .unwrap()
}

fn tangled(tasks: usize) -> Plan {
    let task = |n: usize| {
        let kind = if n.is_multiple_of(3) { "narrow" } else { "free" };
        let task = Task::new(n.to_string(), kind, "").after(n.checked_sub(40).map(|before| before.to_string()));
        if n.is_multiple_of(5) { task.writes([(n % 2).to_string()]) } else { task }
    };
    Plan::builder().tasks((0..tasks).map(task)).build().unwrap()
}

#[test]
fn parking_and_going_on_lose_no_wake_up() {
    for schedule in [Schedule::Waves, Schedule::Eager] {
        in_time(move || {
            let (runner, plan) = (flaky_runner(schedule), tangled(120));
            for _ in 0..15 {
                let report = runner.run(&plan, &CancelToken::new()).unwrap();
                assert_eq!(report.count(Status::Completed), 120);
            }
        });
    }
}

#[test]
fn a_cancel_at_any_moment_ends_a_run_with_every_task_in_the_report() {
    for schedule in [Schedule::Waves, Schedule::Eager] {
        in_time(move || {
            let (runner, plan) = (flaky_runner(schedule), tangled(120));
            for round in 0..40_u32 {
                let cancel = CancelToken::new();
                let acts: [fn(&CancelToken); 3] =
                    [CancelToken::cancel, |token| token.drain("enough"), CancelToken::kill];
                let report = thread::scope(|scope| {
                    let run = scope.spawn(|| runner.run(&plan, &cancel).unwrap());
                    thread::sleep(Duration::from_micros(u64::from(round) * 50));
                    acts[(round % 3) as usize](&cancel);
                    run.join().unwrap()
                });
                let counts: usize = Status::ALL.iter().map(|status| report.count(*status)).sum();
                assert_eq!((report.outcomes().len(), counts), (120, 120));
            }
        });
    }
}

#[test]
fn a_foreign_flag_set_at_any_moment_ends_a_run() {
    in_time(|| {
        let runner = Runner::builder()
            .backend_fn("x", |_, cx| {
                cx.sleep(Duration::MAX)?;
                Ok("never".into())
            })
            .build()
            .unwrap();
        let plan = Plan::builder().tasks((0..4).map(|n| Task::new(n.to_string(), "x", ""))).build().unwrap();
        for round in 0..10_u64 {
            let flag = Arc::new(AtomicBool::new(false));
            let cancel = CancelToken::from_flag(Arc::clone(&flag));
            let report = thread::scope(|scope| {
                let run = scope.spawn(|| runner.run(&plan, &cancel).unwrap());
                thread::sleep(Duration::from_micros(round * 100));
                flag.store(true, Ordering::Release);
                run.join().unwrap()
            });
            assert_eq!(report.count(Status::Cancelled), 4);
        }
    });
}
