//! The two models on real threads.

use super::{ms, takes};
use seawall::load::{Arrivals, Load, Rate};
use seawall::{CancelToken, SendError};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

#[test]
fn a_fixed_latency_is_measured_and_both_latencies_are_the_same_in_the_closed_model() {
    let result = Load::closed(2).with_count(10).run(&CancelToken::new(), |_| takes(ms(10)));
    assert_eq!((result.calls(), result.ok(), result.attempts(), result.missed()), (10, 10, 10, 0));
    assert!(result.corrected().p50().unwrap() >= ms(10));
    assert_eq!(result.corrected().max(), result.actual().max());
    assert_eq!(result.late().max(), Some(Duration::ZERO));
    assert!(result.elapsed() >= ms(50));
}

#[test]
fn calls_begin_when_they_are_due_whatever_the_answers_do() {
    let load = Load::open(Rate::per_second(100.0)).with_count(30);
    let result = load.run(&CancelToken::new(), |_| takes(ms(200)));
    assert_eq!((result.calls(), result.missed()), (30, 0));
    // One after the other they would take six seconds.
    assert!(result.elapsed() < Duration::from_secs(4), "{result:?}");
    assert!(result.actual().p50().unwrap() >= ms(200));
}

#[test]
fn what_is_due_beyond_the_limit_waits_and_is_never_dropped() {
    let (underway, most) = (AtomicU64::new(0), AtomicU64::new(0));
    let load = Load::open(Rate::per_second(1000.0)).with_count(20).with_max_in_flight(2);
    let result = load.run(&CancelToken::new(), |_| {
        most.fetch_max(underway.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        sleep(ms(10));
        underway.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    });
    assert_eq!((result.calls(), result.missed(), most.into_inner()), (20, 0, 2));
    assert!(result.corrected().max().unwrap() >= ms(80), "{result:?}");
    assert!(result.late().max().unwrap() >= ms(60) && result.is_limited(), "{result:?}");
}

#[test]
fn what_never_began_before_the_end_is_missed() {
    let load = Load::open(Rate::per_second(1000.0)).with_duration(ms(100)).with_max_in_flight(1);
    let result = load.run(&CancelToken::new(), |_| takes(ms(20)));
    assert_eq!(result.calls() + result.missed(), 100);
    assert!(result.missed() > 50 && result.is_limited(), "{result:?}");
}

#[test]
fn a_stall_shows_in_the_open_model_of_real_threads_too() {
    let began = Instant::now();
    let stalls = |_: &seawall::load::Call<'_>| {
        let at = began.elapsed();
        takes(if (ms(200)..ms(500)).contains(&at) { ms(500).saturating_sub(at) } else { ms(1) })
    };
    let result = Load::open(Rate::per_second(200.0)).with_duration(ms(800)).run(&CancelToken::new(), stalls);
    assert!(result.corrected().p90().unwrap() > ms(150), "{result:?}");
    assert_eq!(result.calls(), 160);
}

#[test]
fn a_warm_up_is_sent_and_counted_nowhere() {
    for load in [Load::closed(1), Load::open(Rate::per_second(200.0))] {
        let sent = AtomicU64::new(0);
        let load = load.with_warmup(ms(100)).with_count(5);
        let result = load.run(&CancelToken::new(), |call| {
            sent.fetch_add(1, Ordering::SeqCst);
            sleep(ms(5));
            if call.is_counted() { Ok(()) } else { Err(SendError::transient("cold")) }
        });
        assert_eq!((result.calls(), result.ok(), result.attempts()), (5, 5, 5));
        assert!(sent.into_inner() > 7, "{result:?}");
    }
}

#[test]
fn counted_calls_are_numbered_from_nought_each_once() {
    for load in [Load::closed(4), Load::open(Rate::per_second(5000.0))] {
        let numbers = Mutex::new(Vec::new());
        load.with_count(200).run(&CancelToken::new(), |call| {
            numbers.lock().unwrap().push(call.number());
            Ok(())
        });
        let mut numbers = numbers.into_inner().unwrap();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..200));
    }
}

#[test]
fn stages_are_steps_and_end_the_load() {
    let stages = Arrivals::stages([(Rate::per_second(50.0), ms(200)), (Rate::per_second(200.0), ms(100))]);
    let result = Load::open(stages).run(&CancelToken::new(), |_| Ok(()));
    assert_eq!(result.calls(), 30);
    assert!(result.elapsed() >= ms(300) && result.elapsed() < Duration::from_secs(5));
}

#[test]
fn the_end_waits_for_what_is_under_way_and_then_cuts_it_off_as_timed_out() {
    let load = Load::closed(2).with_duration(ms(50)).with_grace(ms(100));
    let result = load.run(&CancelToken::new(), |call| Ok(call.cancel_token().sleep(Duration::from_secs(60))?));
    assert_eq!((result.calls(), result.errors()["timed_out"]), (2, 2));
    let had = result.corrected().max().unwrap();
    assert!((ms(100)..Duration::from_secs(20)).contains(&had), "{had:?}");
    assert_eq!(result.cancelled(), None);

    let load = Load::closed(1).with_duration(ms(20)).with_grace(Duration::from_secs(60));
    let result = load.run(&CancelToken::new(), |_| takes(ms(100)));
    assert_eq!((result.calls(), result.ok()), (1, 1));
    assert!(result.elapsed() >= ms(100));
}

#[test]
fn a_count_alone_has_no_limit_of_time() {
    let load = Load::closed(1).with_count(1).with_grace(ms(1));
    let result = load.run(&CancelToken::new(), |_| takes(ms(50)));
    assert_eq!((result.calls(), result.ok()), (1, 1));
}

#[test]
fn a_cancel_ends_it_at_once_and_keeps_the_results_so_far() {
    for load in [Load::closed(3), Load::open(Rate::per_second(100.0))] {
        let (cancel, ended) = (CancelToken::new(), AtomicU64::new(0));
        let result = load.with_duration(Duration::from_secs(600)).run(&cancel, |call| {
            if call.number() > 10 {
                cancel.cancel_because("enough");
                call.cancel_token().sleep(Duration::from_secs(600))?;
            }
            ended.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        assert_eq!((result.cancelled(), result.ok()), (Some("enough"), ended.into_inner()));
        assert_eq!(result.errors().keys().copied().collect::<Vec<_>>(), ["cancelled"]);
        assert_eq!(result.corrected().count(), result.ok());
        assert!(result.elapsed() < Duration::from_secs(60));
    }
}

#[test]
fn a_drain_lets_calls_end() {
    let cancel = CancelToken::new();
    let result = Load::closed(1).with_duration(Duration::from_secs(600)).run(&cancel, |_| {
        cancel.drain("enough");
        takes(ms(10))
    });
    assert_eq!((result.calls(), result.ok(), result.cancelled()), (1, 1, None));
}

#[test]
fn panics_and_errors_are_counted_by_class_with_an_example() {
    let result = Load::closed(2).with_count(12).run(&CancelToken::new(), |call| match call.number() % 3 {
        0 => std::panic::resume_unwind(Box::new("boom")),
        1 => Err(SendError::rate_limited("slow down")),
        _ => Ok(()),
    });
    let errors: Vec<_> = result.errors().iter().map(|(class, count)| (*class, *count)).collect();
    assert_eq!(errors, [("panicked", 4), ("rate_limited", 4)]);
    assert_eq!((&*result.examples()["panicked"], &*result.examples()["rate_limited"]), ("boom", "slow down"));
    assert_eq!((result.error_share(), result.corrected().count()), (Some(8.0 / 12.0), 12));
}

#[test]
fn somebody_who_watches_is_told_how_it_goes_on() {
    let mut told = Vec::new();
    let load = Load::open(Rate::per_second(200.0)).with_duration(ms(300));
    let target = seawall::load::fn_target(|_| Ok(()));
    let result = load.run_watched(&CancelToken::new(), &target, ms(20), |progress| told.push(progress.calls));
    assert!(told.len() >= 3 && told.is_sorted() && told.iter().all(|calls| *calls <= result.calls()), "{told:?}");
}
