//! The handle on what is running.

use super::{Folder, LONG, is_alive, send, sh, state_of, until, within};
use seawall::{Backend, CancelToken, CommandBackend, Context, ErrorClass, ProcessGroups};
use std::time::{Duration, Instant};
use std::{fs, thread};

fn until_state(pid: &str, wanted: impl Fn(&str) -> bool) {
    until("a state of a process", || state_of(pid).filter(|state| wanted(state)));
}

#[test]
fn what_is_suspended_stands_still_and_its_limit_with_it() {
    let (folder, groups) = (Folder::new(), ProcessGroups::new());
    let script = "echo $$ > up; until test -e go; do :; done; echo fine";
    let backend = sh(script).with_current_dir(folder.path()).with_groups(&groups);
    let limit = Duration::from_millis(1500);
    thread::scope(|scope| {
        let call = scope.spawn(|| within(limit, backend));
        let pid = folder.line("up");
        groups.suspend();
        until_state(&pid, |state| state == "T");
        // Not to wait for anything: it is the limit that passes.
        thread::sleep(limit + Duration::from_millis(100));
        assert_eq!(state_of(&pid).as_deref(), Some("T"));
        fs::write(folder.path().join("go"), "").unwrap();
        groups.resume();
        assert_eq!(call.join().unwrap(), Ok("fine\n".into()));
    });
}

#[test]
fn after_a_suspension_the_limit_still_ends_what_it_should() {
    let (folder, groups) = (Folder::new(), ProcessGroups::new());
    let backend = sh("echo $$ > up; exec sleep 600").with_current_dir(folder.path()).with_groups(&groups);
    thread::scope(|scope| {
        let call = scope.spawn(|| within(Duration::from_millis(500), backend));
        let pid = folder.line("up");
        groups.suspend();
        until_state(&pid, |state| state == "T");
        groups.resume();
        assert_eq!(call.join().unwrap().unwrap_err().0, ErrorClass::TimedOut);
        assert!(!is_alive(&pid));
    });
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_started_while_suspended_is_stopped_as_it_is() {
    let (folder, groups) = (Folder::new(), ProcessGroups::new());
    let mark = folder.path().to_str().unwrap();
    let script = "until test -e \"$0/go\"; do :; done; echo fine";
    let backend = CommandBackend::new(["sh", "-c", script, mark]).with_groups(&groups);
    groups.suspend();
    thread::scope(|scope| {
        let call = scope.spawn(|| send(&backend, ""));
        let pid = until("a program", || process_with_argument(mark));
        until_state(&pid, |state| state == "T");
        fs::write(folder.path().join("go"), "").unwrap();
        groups.resume();
        assert_eq!(call.join().unwrap().unwrap().text(), "fine\n");
    });
}

#[cfg(target_os = "linux")]
fn process_with_argument(wanted: &str) -> Option<String> {
    let is_it = |pid: &String| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == wanted.as_bytes())
    };
    let names = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).find(is_it)
}

#[test]
fn a_cancel_of_what_is_suspended_is_heard_when_it_goes_on_and_a_kill_at_once() {
    for is_kill in [false, true] {
        let (folder, groups, cancel) = (Folder::new(), ProcessGroups::new(), CancelToken::new());
        let script = "trap 'echo > bye; exit 0' TERM; echo $$ > up; while :; do :; done";
        let backend = sh(script).with_current_dir(folder.path()).with_groups(&groups).with_grace(LONG);
        thread::scope(|scope| {
            let call = scope.spawn(|| backend.send(&"".into(), &Context::new(&cancel)));
            let pid = folder.line("up");
            groups.suspend();
            until_state(&pid, |state| state == "T");
            if is_kill {
                cancel.kill();
            } else {
                cancel.cancel();
                assert_eq!(state_of(&pid).as_deref(), Some("T"));
                groups.resume();
            }
            assert_eq!(call.join().unwrap().unwrap_err().class(), ErrorClass::Cancelled);
            assert_eq!(folder.has("bye"), !is_kill);
        });
    }
}

#[test]
fn a_kill_of_all_groups_ends_what_runs_and_lets_nothing_start_any_more() {
    let (groups, began) = (ProcessGroups::new(), Instant::now());
    let folders: Vec<Folder> = (0..3).map(|_| Folder::new()).collect();
    thread::scope(|scope| {
        let calls: Vec<_> = folders
            .iter()
            .map(|folder| {
                let script = "trap '' TERM; echo $$ > up; while :; do sleep 0.01; done";
                let backend = sh(script).with_current_dir(folder.path()).with_groups(&groups).with_grace(LONG);
                scope.spawn(move || send(&backend, ""))
            })
            .collect();
        let pids: Vec<String> = folders.iter().map(|folder| folder.line("up")).collect();
        assert!(groups.kill(LONG));
        assert!(pids.iter().all(|pid| !is_alive(pid)));
        for call in calls {
            let error = call.join().unwrap().unwrap_err();
            assert_eq!((error.class(), error.to_string()), killed());
        }
    });
    let error = send(&CommandBackend::new(["true"]).with_groups(&groups), "").unwrap_err();
    assert_eq!((error.class(), error.to_string()), killed());
    assert!(began.elapsed() < LONG);
}

fn killed() -> (ErrorClass, String) {
    (ErrorClass::Cancelled, "cancelled: all process groups were killed".into())
}

#[test]
fn a_kill_in_the_midst_of_many_starts_leaves_nothing_behind() {
    let (groups, folder) = (ProcessGroups::new(), Folder::new());
    let backend = sh("echo x >> up; exec sleep 600").with_current_dir(folder.path()).with_groups(&groups);
    thread::scope(|scope| {
        let calls: Vec<_> = (0..16)
            .map(|n| {
                let backend = &backend;
                scope.spawn(move || {
                    thread::sleep(Duration::from_millis(n));
                    send(backend, "")
                })
            })
            .collect();
        folder.line("up");
        assert!(groups.kill(LONG));
        assert_eq!(format!("{groups:?}"), "ProcessGroups { running: 0, is_suspended: false, is_killed: true }");
        assert!(calls.into_iter().all(|call| call.join().unwrap().unwrap_err().class() == ErrorClass::Cancelled));
    });
}
