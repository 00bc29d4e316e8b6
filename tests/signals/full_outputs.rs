//! A full disk for each of the outputs: what does not fit is named, and nothing that is there is half.

use crate::program::{Ended, Folder, Running};
use serde_json::Value;
use std::fmt::Write as _;
use std::process::Command;

const MOUNT: &str = "mkdir disk && mount -t tmpfs -o size=8k none disk";

/// Runs a plan of a hundred tasks with `option disk/o` on a disk of two pages, where `o` holds one already if `is_there`. The disk is
/// gone afterwards, so the shell copies what is on it.
fn run_on_a_full_disk(folder: &Folder, option: &str, is_there: bool) -> Ended {
    let old = if is_there { "echo old > disk/o" } else { "true" };
    let program = env!("CARGO_BIN_EXE_seawall");
    let script =
        format!("{MOUNT} && {old}; '{program}' run plan.toml {option} disk/o; code=$?; cp -r disk kept; exit $code");
    folder.end(Running::start(with_mounts_of_its_own(folder, &script)))
}

fn with_mounts_of_its_own(folder: &Folder, script: &str) -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount", "sh", "-c", script]);
    folder.prepared(unshare)
}

fn can_mount() -> bool {
    let folder = Folder::new();
    let can = with_mounts_of_its_own(&folder, MOUNT).status().is_ok_and(|status| status.success());
    if !can {
        eprintln!("without mounts in a namespace of its own there is no disk that could be filled");
    }
    can
}

fn hundred_tasks() -> String {
    (0..100).fold("[run]\nconcurrency = 2\n".to_owned(), |mut plan, n| {
        write!(plan, "[[tasks]]\nid = 'task-{n}'\nrun = 'echo {n}; exit {}'\n", n % 2).unwrap();
        plan
    })
}

#[test]
fn each_output_that_a_full_disk_does_not_take_is_named_and_what_was_there_stays() {
    if !can_mount() {
        return;
    }
    for option in ["--report-json", "--junit", "--trace", "--timeline", "--markdown"] {
        let folder = Folder::with_plan(&hundred_tasks());
        let ended = run_on_a_full_disk(&folder, option, true);
        assert_eq!(ended.code, Some(3), "{option}: {ended:?}");
        let lost = ended.err.lines().find(|line| line.starts_with("error: failed to write"));
        let says = |line: &str| line.contains("`disk/o`") && line.contains("No space left");
        assert!(lost.is_some_and(says) && ended.err.contains("100 tasks: 50 completed, 50 failed"), "{ended:?}");
        assert_eq!(folder.read("kept/o"), "old\n", "{option}");
        assert_eq!(folder.names("kept"), ["o"], "{option}");
    }
}

#[test]
fn events_on_a_full_disk_end_with_a_whole_line() {
    if !can_mount() {
        return;
    }
    let folder = Folder::with_plan(&hundred_tasks());
    let ended = run_on_a_full_disk(&folder, "--events", true);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.contains("failed to write the events to `disk/o`: No space left"), "{ended:?}");
    let events = folder.read("kept/o");
    assert!(events.ends_with('\n') && events.len() > 4096, "{events}");
    events.lines().for_each(|line| drop(serde_json::from_str::<Value>(line).unwrap()));
}

#[test]
fn answers_on_a_full_disk_are_whole_or_absent_and_those_that_are_lost_are_named_and_counted() {
    if !can_mount() {
        return;
    }
    let folder = Folder::with_plan(&hundred_tasks());
    let ended = run_on_a_full_disk(&folder, "--output", false);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let kept = folder.names("kept/o");
    for name in &kept {
        let (number, kind) = name.trim_start_matches("task-").split_once('.').unwrap();
        let whole = if kind == "out" { format!("{number}\n") } else { "exit code 1\n".into() };
        assert_eq!(folder.read(&format!("kept/o/{name}")), whole);
    }
    let named = ended.err.lines().filter(|line| line.contains("failed to write an answer to `disk/o/task-")).count();
    let more = format!("failed to write the answers to `disk/o`: {} more are lost", 100 - kept.len() - named);
    assert!(named > 0 && ended.err.contains(&more), "{ended:?}");
}
