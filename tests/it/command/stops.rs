//! Limits and cancels.

use super::{Folder, LONG, is_alive, sh, until, within};
use seawall::{Backend, CancelToken, CommandBackend, Context, ErrorClass, SendError, Stage};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(100);

/// Ignores SIGTERM, and says when it does.
const STUBBORN: &str = "trap '' TERM; echo $$ > up; while :; do sleep 0.01; done";

/// Runs it in a folder, does `then` once it has written `up`, and gives what came of it.
fn stop(backend: CommandBackend, folder: &Folder, then: impl FnOnce(&CancelToken)) -> SendError {
    let cancel = CancelToken::new();
    let backend = backend.with_current_dir(folder.path());
    thread::scope(|scope| {
        let call = scope.spawn(|| backend.send(&"".into(), &Context::new(&cancel)));
        folder.line("up");
        then(&cancel);
        call.join().unwrap().unwrap_err()
    })
}

#[test]
fn a_program_that_runs_past_its_limit_is_ended() {
    let sleep = CommandBackend::new(["sleep", "600"]);
    let timed_out = (ErrorClass::TimedOut, "ran past its time limit of 100ms".into());
    assert_eq!(within(SHORT, sleep), Err(timed_out));
}

#[test]
fn it_is_asked_first_and_timed_out_whatever_it_makes_of_it() {
    let polite = sh("trap 'echo bye >&2; exit 0' TERM; sleep 600 & wait").with_grace(LONG);
    let limit = Duration::from_millis(500);
    assert_eq!(within(limit, polite), Err((ErrorClass::TimedOut, "ran past its time limit of 500ms: bye".into())));
}

#[test]
fn one_that_does_not_listen_is_killed_when_the_grace_is_over() {
    let folder = Folder::new();
    let grace = Duration::from_millis(300);
    let stubborn = sh(STUBBORN).with_current_dir(folder.path()).with_grace(grace);
    let limit = Duration::from_millis(500);
    let began = Instant::now();
    assert_eq!(within(limit, stubborn).unwrap_err().0, ErrorClass::TimedOut);
    assert!(began.elapsed() >= limit + grace);
    assert!(!is_alive(&folder.line("up")));
}

#[test]
fn a_program_that_ends_in_time_has_its_answer() {
    assert_eq!(within(LONG, sh("echo fine")), Ok("fine\n".into()));
}

#[test]
fn a_cancel_asks_the_program_to_end() {
    let folder = Folder::new();
    let polite = sh("trap 'echo bye > bye; exit 0' TERM; sleep 600 & echo > up; wait").with_grace(LONG);
    let error = stop(polite, &folder, CancelToken::cancel);
    assert_eq!((error.class(), error.to_string()), (ErrorClass::Cancelled, "cancelled".into()));
    assert!(folder.has("bye"));
}

#[test]
fn a_cancelled_program_that_does_not_listen_is_killed_when_the_grace_is_over() {
    let folder = Folder::new();
    let grace = Duration::from_millis(200);
    let began = Instant::now();
    assert_eq!(stop(sh(STUBBORN).with_grace(grace), &folder, CancelToken::cancel).class(), ErrorClass::Cancelled);
    assert!(began.elapsed() >= grace);
    assert!(!is_alive(&folder.line("up")));
}

#[test]
fn a_kill_gives_no_grace_at_once_or_after_a_cancel() {
    for has_cancelled in [false, true] {
        let folder = Folder::new();
        let began = Instant::now();
        let error = stop(sh(STUBBORN).with_grace(LONG), &folder, |cancel| {
            if has_cancelled {
                cancel.cancel();
            }
            cancel.kill();
            assert_eq!(cancel.stage(), Stage::Killed);
        });
        assert_eq!(error.class(), ErrorClass::Cancelled);
        assert!(began.elapsed() < LONG && !is_alive(&folder.line("up")));
    }
}

#[test]
fn a_program_that_stands_still_hears_the_cancel_without_waiting_for_the_grace() {
    let folder = Folder::new();
    let began = Instant::now();
    let error = stop(sh("echo $$ > up; kill -STOP $$").with_grace(LONG), &folder, |cancel| {
        let pid = folder.line("up");
        until("a stopped program", || super::state_of(&pid).filter(|state| state == "T"));
        cancel.cancel();
    });
    assert_eq!(error.class(), ErrorClass::Cancelled);
    assert!(began.elapsed() < LONG);
}

#[test]
fn nothing_is_started_for_a_token_that_is_cancelled_already() {
    let folder = Folder::new();
    let cancel = CancelToken::new();
    cancel.cancel();
    let backend = sh("echo > up").with_current_dir(folder.path());
    let error = backend.send(&"".into(), &Context::new(&cancel)).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Cancelled);
    assert!(!folder.has("up"));
}

#[test]
fn outside_of_a_run_a_foreign_flag_and_a_deadline_are_heard_too() {
    let flag = Arc::new(AtomicBool::new(false));
    let foreign = CancelToken::from_flag(Arc::clone(&flag));
    let (folder, began) = (Folder::new(), Instant::now());
    let backend = sh("echo > up; exec sleep 600").with_current_dir(folder.path()).with_grace(LONG);
    let error = thread::scope(|scope| {
        let call = scope.spawn(|| backend.send(&"".into(), &Context::new(&foreign)));
        folder.line("up");
        flag.store(true, Ordering::Release);
        call.join().unwrap().unwrap_err()
    });
    assert_eq!(error.class(), ErrorClass::Cancelled);

    let late = CancelToken::new().with_deadline(Instant::now() + SHORT);
    let error = backend.send(&"".into(), &Context::new(&late)).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Cancelled);
    assert!(began.elapsed() < LONG);
}
