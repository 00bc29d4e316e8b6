//! The files of responses, when a run is ended by signals.

use crate::processes::{STUBBORN, end_all, send, wait_until_gone};
use crate::program::{Folder, Running, wait_until};
use rustix::process::Signal;
use std::fs;

/// A run of a script that has read a response and hears no signal, with its temporary folders in `tmp`.
fn start(folder: &Folder) -> Running {
    fs::create_dir_all(folder.path("tmp")).unwrap();
    let mut program = folder.program(&["run", "plan.toml", "--grace", "100ms"]);
    program.env("TMPDIR", folder.path("tmp"));
    let running = Running::start(program);
    wait_until("the script to start", || folder.has("up"));
    assert_eq!((folder.read("seen").as_str(), folder.names("tmp").len()), ("x", 1));
    running
}

fn reading() -> Folder {
    let script = format!("cat $SEAWALL_RESPONSES/a > seen; {STUBBORN}");
    Folder::with_plan(&format!(
        "[[tasks]]\nid = 'a'\nrun = 'printf x'\n[[tasks]]\nid = 'b'\nrun = \"\"\"{script}\"\"\"\nafter = ['a']\n"
    ))
}

#[test]
fn nothing_is_left_of_them_after_a_signal() {
    let folder = reading();
    let running = start(&folder);
    send(&running, Signal::TERM);
    assert_eq!(folder.end(running).code, Some(143));
    assert!(folder.names("tmp").is_empty(), "{:?}", folder.names("tmp"));
    wait_until_gone(&folder.read("pids"));
}

#[test]
fn nothing_is_left_of_them_after_three() {
    let folder = reading();
    let mut running = start(&folder);
    wait_until("the program to end", || {
        send(&running, Signal::INT);
        running.child.try_wait().unwrap().is_some()
    });
    assert_eq!(running.code(), Some(130));
    assert!(folder.names("tmp").is_empty(), "{:?}", folder.names("tmp"));
    wait_until_gone(&folder.read("pids"));
}

#[test]
fn the_next_run_that_has_some_removes_those_of_a_killed_one() {
    let folder = reading();
    let mut killed = start(&folder);
    killed.child.kill().unwrap();
    killed.code();
    assert_eq!(folder.names("tmp").len(), 1);
    end_all(&folder.read("pids"));
    fs::remove_file(folder.path("up")).unwrap();
    let next = start(&folder); // with a folder of its own, and only that
    send(&next, Signal::TERM);
    assert_eq!(folder.end(next).code, Some(143));
    assert!(folder.names("tmp").is_empty(), "{:?}", folder.names("tmp"));
    wait_until_gone(&folder.read("pids"));
}
