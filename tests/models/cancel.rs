//! A token that is cancelled while others sleep on it, listen to it, and stop listening.

use crate::check;
use seawall::{CancelToken, Cancelled, Stage};
use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use shuttle::thread;
use std::sync::Arc;
use std::time::Duration;

/// Does it on another thread.
fn aside(cancel: &CancelToken, act: impl FnOnce(&CancelToken) + Send + 'static) -> thread::JoinHandle<()> {
    let cancel = cancel.clone();
    thread::spawn(move || act(&cancel))
}

#[test]
fn no_sleeper_misses_a_cancel() {
    check(|| {
        let cancel = CancelToken::new();
        let sleep = |cancel: &CancelToken| assert_eq!(cancel.sleep(Duration::MAX), Err(Cancelled));
        let sleepers = [aside(&cancel, sleep), aside(&cancel, sleep)];
        cancel.cancel();
        sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
    });
}

#[test]
fn a_drain_wakes_no_sleeper_and_the_cancel_after_it_wakes_each() {
    check(|| {
        let cancel = CancelToken::new();
        let sleeper = aside(&cancel, |cancel| {
            assert_eq!(cancel.sleep(Duration::MAX), Err(Cancelled));
            assert!(cancel.stage() >= Stage::Cancelled);
        });
        cancel.drain("enough");
        cancel.kill();
        sleeper.join().unwrap();
    });
}

#[test]
fn each_listener_hears_each_stage_once_whenever_it_comes() {
    check(|| {
        let cancel = CancelToken::new();
        let cancelling = [aside(&cancel, CancelToken::cancel), aside(&cancel, CancelToken::kill)];
        let heard: Arc<[AtomicUsize; 4]> = Arc::default();
        let notes = Arc::clone(&heard);
        let guard = cancel.on_cancel(move |stage| {
            notes[stage as usize].fetch_add(1, SeqCst);
        });
        if cancel.is_cancelled() {
            thread::yield_now();
        }
        cancelling.into_iter().for_each(|thread| thread.join().unwrap());
        let count = |stage: Stage| heard[stage as usize].load(SeqCst);
        assert_eq!(count(Stage::Killed), 1);
        assert!(count(Stage::Cancelled) <= 1);
        drop(guard);
    });
}

#[test]
fn what_is_cancelled_already_calls_at_once() {
    check(|| {
        let cancel = CancelToken::new();
        let cancelling = aside(&cancel, CancelToken::cancel);
        let was_cancelled = cancel.is_cancelled();
        let is_heard = Arc::new(AtomicBool::new(false));
        let note = Arc::clone(&is_heard);
        let guard = cancel.on_cancel(move |_| note.store(true, SeqCst));
        assert!(!was_cancelled || is_heard.load(SeqCst) || cancel.stage() == Stage::Cancelled);
        cancelling.join().unwrap();
        assert!(is_heard.load(SeqCst), "it is cancelled, and nobody called");
        drop(guard);
    });
}

#[test]
fn after_the_guard_is_dropped_nothing_is_called_or_still_running() {
    check(|| {
        let cancel = CancelToken::new();
        let cancelling = aside(&cancel, CancelToken::cancel);
        let [is_dropped, is_late]: [Arc<AtomicBool>; 2] = Default::default();
        let (end, late) = (Arc::clone(&is_dropped), Arc::clone(&is_late));
        let guard = cancel.on_cancel(move |_| {
            let began_late = end.load(SeqCst);
            thread::yield_now();
            late.store(began_late || end.load(SeqCst), SeqCst);
        });
        drop(guard);
        is_dropped.store(true, SeqCst);
        cancelling.join().unwrap();
        assert!(!is_late.load(SeqCst), "it ran after the guard was dropped");
    });
}

#[test]
fn a_listener_may_drop_its_own_guard() {
    check(|| {
        let cancel = CancelToken::new();
        let cancelling = aside(&cancel, CancelToken::cancel);
        let slot = Arc::new(shuttle::sync::Mutex::new(None));
        let own = Arc::clone(&slot);
        let guard = cancel.on_cancel(move |_| {
            let guard = own.lock().unwrap().take();
            drop(guard);
        });
        *slot.lock().unwrap() = Some(guard);
        cancelling.join().unwrap();
    });
}
