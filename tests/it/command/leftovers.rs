//! What a program leaves behind.

use super::{Folder, LONG, is_alive, send, sh, until};
use seawall::{Backend, CancelToken, Context, ErrorClass};
use std::process::Command;
use std::thread;
use std::time::Instant;

fn kill(pid: &str) {
    assert!(Command::new("kill").args(["-KILL", "--", pid]).status().unwrap().success());
}

#[test]
fn what_a_program_leaves_in_its_group_is_killed_when_it_has_ended() {
    let began = Instant::now();
    let response = send(&sh("sleep 600 & echo $!"), "").unwrap();
    let pid = response.text().trim();
    until("the end of what was left", || (!is_alive(pid)).then_some(()));
    assert!(began.elapsed() < LONG);
}

#[test]
fn a_child_that_ignores_sigterm_does_not_outlive_a_leader_that_obeys() {
    let folder = Folder::new();
    let script = "sh -c \"trap '' TERM; echo \\$\\$ > up; while :; do sleep 0.01; done\" & sleep 600";
    let backend = sh(script).with_current_dir(folder.path()).with_grace(LONG);
    let (cancel, began) = (CancelToken::new(), Instant::now());
    let error = thread::scope(|scope| {
        let call = scope.spawn(|| backend.send(&"".into(), &Context::new(&cancel)));
        folder.line("up");
        cancel.cancel();
        call.join().unwrap().unwrap_err()
    });
    assert_eq!(error.class(), ErrorClass::Cancelled);
    let pid = folder.line("up");
    until("the end of the child", || (!is_alive(&pid)).then_some(()));
    assert!(began.elapsed() < LONG);
}

#[test]
#[cfg(target_os = "linux")]
fn who_leaves_the_group_lives_on_and_its_hold_on_the_pipes_does_not_hold_up_the_answer() {
    let folder = Folder::new();
    let began = Instant::now();
    // It is in its own session before the program ends, or it would be killed with the group.
    let script = "setsid sh -c 'echo $$ > up; exec sleep 600' & until test -s up; do sleep 0.01; done; echo fine";
    assert_eq!(send(&sh(script).with_current_dir(folder.path()), "").unwrap().text(), "fine\n");
    assert!(began.elapsed() < LONG);
    let pid = folder.line("up");
    assert!(is_alive(&pid));
    kill(&format!("-{pid}"));
}

#[test]
#[cfg(target_os = "linux")]
fn who_leaves_the_group_and_goes_on_talking_is_listened_to_for_a_while_only() {
    let folder = Folder::new();
    let began = Instant::now();
    let script = "setsid sh -c 'echo $$ > up; while :; do echo still here; sleep 0.02; done' &
        until test -s up; do sleep 0.01; done";
    let response = send(&sh(script).with_current_dir(folder.path()), "").unwrap();
    assert!(response.text().starts_with("still here\nstill here\n"));
    assert!(began.elapsed() < LONG);
    kill(&format!("-{}", folder.line("up")));
}
