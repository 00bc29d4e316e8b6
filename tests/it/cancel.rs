//! The token that stops things.

use crate::support::{PATIENCE, until};
use seawall::{CancelGuard, CancelToken, Cancelled, Clock, Stage};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

/// Notes every stage that a token tells.
fn noting(token: &CancelToken) -> (Arc<Mutex<Vec<Stage>>>, CancelGuard) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&heard);
    let guard = token.on_cancel(move |stage| notes.lock().unwrap().push(stage));
    (heard, guard)
}

#[test]
fn a_stage_only_ever_grows() {
    let token = CancelToken::new();
    assert_eq!((token.stage(), token.is_cancelled(), token.check()), (Stage::Running, false, Ok(())));
    token.drain("enough");
    assert_eq!((token.stage(), token.is_cancelled(), token.check()), (Stage::Draining, false, Ok(())));
    token.cancel();
    assert_eq!((token.stage(), token.is_cancelled(), token.check()), (Stage::Cancelled, true, Err(Cancelled)));
    token.drain("too late");
    assert_eq!(token.stage(), Stage::Cancelled);
    token.kill();
    token.cancel();
    assert_eq!(token.stage(), Stage::Killed);
    assert_eq!(token.reason().as_deref(), Some("enough"), "neither the cancel nor the kill gave another");
}

#[test]
fn clones_are_one_token() {
    let token = CancelToken::new();
    let clone = token.clone();
    clone.cancel_because("operator");
    assert_eq!((token.stage(), token.reason().as_deref()), (Stage::Cancelled, Some("operator")));
    assert_eq!(
        format!("{token:?}"),
        r#"CancelToken { stage: Cancelled, reason: Some("operator"), deadline: None, .. }"#
    );
    assert_eq!(CancelToken::default().stage(), Stage::Running);
}

#[test]
fn the_first_reason_of_a_stage_stays_and_the_later_stage_wins() {
    let token = CancelToken::new();
    assert_eq!(token.reason(), None);
    token.drain("budget");
    token.drain("another");
    assert_eq!(token.reason().as_deref(), Some("budget"));
    token.cancel_because("SIGINT");
    token.cancel_because("SIGTERM");
    assert_eq!(token.reason().as_deref(), Some("SIGINT"));
    token.kill();
    assert_eq!(token.reason().as_deref(), Some("SIGINT"));
}

#[test]
fn a_cancel_wakes_every_sleeper_at_once_and_a_drain_wakes_none() {
    const SLEEPERS: usize = 32;
    let (token, asleep) = (CancelToken::new(), Barrier::new(SLEEPERS + 1));
    let cancelled_at = thread::scope(|scope| {
        let sleepers: Vec<_> = (0..SLEEPERS)
            .map(|_| {
                scope.spawn(|| {
                    asleep.wait();
                    (token.sleep(MINUTE), Instant::now())
                })
            })
            .collect();
        asleep.wait();
        token.drain("later");
        assert!(sleepers.iter().all(|sleeper| !sleeper.is_finished()));
        let cancelled_at = Instant::now();
        token.cancel();
        for sleeper in sleepers {
            let (slept, back) = sleeper.join().unwrap();
            assert_eq!(slept, Err(Cancelled));
            assert!(back.saturating_duration_since(cancelled_at) < MINUTE / 20);
        }
        cancelled_at
    });
    assert!(cancelled_at.elapsed() < MINUTE / 20);
}

#[test]
fn a_sleep_that_nobody_cancels_takes_its_time() {
    let (token, began) = (CancelToken::new(), Instant::now());
    assert_eq!(token.sleep(Duration::from_millis(20)), Ok(()));
    assert!(began.elapsed() >= Duration::from_millis(20));
    assert_eq!(token.sleep(Duration::ZERO), Ok(()));
}

#[test]
fn a_cancelled_token_does_not_sleep_at_all() {
    let token = CancelToken::new();
    token.kill();
    for duration in [Duration::ZERO, MINUTE, Duration::MAX] {
        assert_eq!(token.sleep(duration), Err(Cancelled));
    }
}

#[test]
fn a_sleep_of_any_length_ends_with_the_cancel() {
    let token = CancelToken::new();
    let canceller = token.clone();
    let thread = thread::spawn(move || canceller.cancel());
    assert_eq!(token.sleep(Duration::MAX), Err(Cancelled));
    thread.join().unwrap();
}

#[test]
fn a_deadline_cancels_its_own_handle_and_not_the_token() {
    let token = CancelToken::new();
    let at = Instant::now() + Duration::from_millis(10);
    let (limited, earlier) = (token.with_deadline(at), Instant::now());
    assert_eq!((limited.deadline(), token.deadline()), (Some(at), None));
    assert_eq!(limited.with_deadline(at + MINUTE).deadline(), Some(at), "an earlier one stays");
    assert_eq!(limited.with_deadline(earlier).deadline(), Some(earlier.min(at)));

    assert_eq!(limited.sleep(MINUTE), Err(Cancelled));
    assert!(Instant::now() >= at);
    assert_eq!((limited.stage(), limited.reason().as_deref()), (Stage::Cancelled, Some("deadline")));
    assert_eq!((token.stage(), token.reason(), token.check()), (Stage::Running, None, Ok(())));

    token.cancel_because("operator");
    assert_eq!(limited.reason().as_deref(), Some("operator"), "it is the same token after all");
}

#[test]
fn a_foreign_flag_cancels_and_is_set_by_a_cancel() {
    let flag = Arc::new(AtomicBool::new(false));
    let token = CancelToken::from_flag(Arc::clone(&flag));
    assert_eq!(token.stage(), Stage::Running);
    token.drain("not yet");
    assert!(!flag.load(Ordering::Acquire));

    let setter = Arc::clone(&flag);
    let thread = thread::spawn(move || setter.store(true, Ordering::Release));
    assert_eq!(token.sleep(MINUTE), Err(Cancelled), "a sleep sees it without being woken");
    thread.join().unwrap();
    assert_eq!(token.stage(), Stage::Cancelled);
    token.kill();
    assert_eq!(token.stage(), Stage::Killed);

    let flag = Arc::new(AtomicBool::new(false));
    CancelToken::from_flag(Arc::clone(&flag)).cancel();
    assert!(flag.load(Ordering::Acquire));
}

#[test]
fn what_is_given_runs_on_the_thread_that_cancels_before_the_cancel_returns() {
    let token = CancelToken::new();
    let ran_on = Arc::new(Mutex::new(None));
    let note = Arc::clone(&ran_on);
    let _guard = token.on_cancel(move |_| *note.lock().unwrap() = Some(thread::current().id()));
    let canceller = thread::spawn({
        let (token, ran_on) = (token.clone(), Arc::clone(&ran_on));
        move || {
            token.cancel();
            assert_eq!(*ran_on.lock().unwrap(), Some(thread::current().id()));
        }
    });
    canceller.join().unwrap();
}

#[test]
fn what_is_given_after_the_cancel_runs_here_before_on_cancel_returns() {
    let token = CancelToken::new();
    token.cancel();
    let ran_on = Arc::new(Mutex::new(None));
    let note = Arc::clone(&ran_on);
    let _guard = token.on_cancel(move |stage| *note.lock().unwrap() = Some((stage, thread::current().id())));
    assert_eq!(*ran_on.lock().unwrap(), Some((Stage::Cancelled, thread::current().id())));
}

#[test]
fn it_runs_once_at_the_cancel_and_once_more_at_the_kill() {
    let token = CancelToken::new();
    let (heard, _guard) = noting(&token);
    token.drain("enough");
    assert!(heard.lock().unwrap().is_empty(), "a drain interrupts nothing");
    token.cancel();
    token.cancel_because("again");
    assert_eq!(*heard.lock().unwrap(), [Stage::Cancelled]);
    token.kill();
    token.kill();
    assert_eq!(*heard.lock().unwrap(), [Stage::Cancelled, Stage::Killed]);

    let token = CancelToken::new();
    let (heard, _guard) = noting(&token);
    token.kill();
    assert_eq!(*heard.lock().unwrap(), [Stage::Killed], "killed at once: once");
    assert_eq!(*noting(&token).0.lock().unwrap(), [Stage::Killed]);
}

#[test]
fn a_dropped_guard_takes_the_function_back() {
    let token = CancelToken::new();
    let ((first, guard), (second, kept)) = (noting(&token), noting(&token));
    drop(guard);
    token.cancel();
    assert!(first.lock().unwrap().is_empty());
    drop(kept);
    token.kill();
    assert_eq!(*second.lock().unwrap(), [Stage::Cancelled]);
    assert_eq!(Arc::strong_count(&first), 1, "what it held is let go");
}

#[test]
fn dropping_the_guard_waits_while_the_function_runs_on_another_thread() {
    let (token, is_over) = (CancelToken::new(), Arc::new(AtomicBool::new(false)));
    let (begun, has_begun) = mpsc::channel();
    let over = Arc::clone(&is_over);
    let guard = token.on_cancel(move |_| {
        begun.send(()).unwrap();
        thread::sleep(Duration::from_millis(30)); // the work that must not be left behind
        over.store(true, Ordering::Release);
    });
    let canceller = thread::spawn(move || token.cancel());
    has_begun.recv_timeout(PATIENCE).unwrap();
    drop(guard);
    assert!(is_over.load(Ordering::Acquire));
    canceller.join().unwrap();
}

#[test]
fn within_the_function_itself_the_drop_does_not_wait() {
    let token = CancelToken::new();
    let own: Arc<Mutex<Option<CancelGuard>>> = Arc::default();
    let (place, calls) = (Arc::clone(&own), Arc::new(AtomicU32::new(0)));
    let count = Arc::clone(&calls);
    let guard = token.on_cancel(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        drop(place.lock().unwrap().take());
    });
    *own.lock().unwrap() = Some(guard);
    token.cancel();
    token.kill();
    assert_eq!(calls.load(Ordering::Relaxed), 1, "it took itself back at the cancel, before the kill");
}

#[test]
fn a_panic_in_one_function_does_not_keep_the_others_from_hearing() {
    let token = CancelToken::new();
    let (before, _before) = noting(&token);
    let _panics = token.on_cancel(|_| std::panic::resume_unwind(Box::new("in a listener")));
    let (after, _after) = noting(&token);
    token.cancel();
    assert_eq!((before.lock().unwrap().len(), after.lock().unwrap().len()), (1, 1));
    token.kill();
    assert_eq!((before.lock().unwrap().len(), after.lock().unwrap().len()), (2, 2));
}

#[test]
fn a_function_may_use_the_token_that_it_listens_to() {
    let token = CancelToken::new();
    let own = token.clone();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&heard);
    let _guard = token.on_cancel(move |stage| {
        assert!(own.is_cancelled() && own.sleep(MINUTE).is_err());
        let inner = Arc::clone(&notes);
        drop(own.on_cancel(move |stage| inner.lock().unwrap().push(stage)));
        notes.lock().unwrap().push(stage);
        own.kill();
    });
    token.cancel();
    // The kill is heard within the call that heard the cancel, and so ends first.
    assert_eq!(*heard.lock().unwrap(), [Stage::Cancelled, Stage::Cancelled, Stage::Killed, Stage::Killed]);
}

#[test]
fn a_flag_or_deadline_that_was_over_when_the_function_was_given_is_heard() {
    let token = CancelToken::from_flag(Arc::new(AtomicBool::new(true)));
    assert_eq!(*noting(&token).0.lock().unwrap(), [Stage::Cancelled]);
    let token = CancelToken::new().with_deadline(Instant::now());
    assert_eq!(*noting(&token).0.lock().unwrap(), [Stage::Cancelled]);
}

#[test]
fn a_token_may_be_dropped_before_its_guard() {
    let token = CancelToken::new();
    let (heard, guard) = noting(&token);
    drop(token);
    assert_eq!(format!("{guard:?}"), "CancelGuard { .. }");
    drop(guard);
    assert!(heard.lock().unwrap().is_empty());
}

#[test]
fn a_sleep_on_the_system_clock_hears_the_token_too() {
    let (clock, token) = (Clock::system(), CancelToken::new());
    let canceller = token.clone();
    let thread = thread::spawn(move || canceller.cancel());
    assert_eq!(clock.sleep(MINUTE, &token), Err(Cancelled));
    thread.join().unwrap();
    until("the cancel", || token.is_cancelled());
    assert_eq!(Cancelled.to_string(), "cancelled");
    assert_eq!(format!("{Cancelled:>10}|"), " cancelled|");
}
