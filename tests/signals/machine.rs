//! A machine that has too little of something, and a signal at any instant.

use crate::processes::send;
use crate::program::{Ended, Folder, Running, wait_until};
use rustix::process::Signal;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::thread;
use std::time::Duration;

const RUN: &str = "run plan.toml --report-json report.json";

fn tasks(count: usize, run: &str) -> String {
    (0..count).fold(String::new(), |mut plan, n| {
        write!(plan, "[[tasks]]\nid = \"t{n}\"\nrun = \"{run}\"\n").unwrap();
        plan
    })
}

/// Runs the plan from a shell that does `before`, and with `after` behind the command.
fn run(folder: &Folder, before: &str, options: &str, after: &str) -> Ended {
    let mut shell = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_seawall");
    shell.args(["-c", &format!("{before}; exec '{program}' {RUN} {options} {after}")]);
    folder.end(Running::start(folder.prepared(shell)))
}

/// Runs the plan as a user that limits and permissions bind, behind `before`; `None`, with a word, if that cannot be.
fn run_as_nobody(folder: &Folder, mode: u32, before: &[&str]) -> Option<Ended> {
    const NOBODY: [&str; 4] = ["setpriv", "--reuid=64321", "--regid=64321", "--clear-groups"];
    let program = env!("CARGO_BIN_EXE_seawall");
    fs::set_permissions(folder.path(""), Permissions::from_mode(mode)).unwrap();
    let user: &[&str] = if rustix::process::geteuid().is_root() { &NOBODY } else { &["env"] };
    let words = |more: &[&str]| {
        let words = [user, before, more].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command
    };
    if !words(&["test", "-x", program]).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: no program can be run as another user, or none with {before:?}");
        return None;
    }
    let command = words(&[&[program][..], &RUN.split(' ').collect::<Vec<_>>()].concat());
    let ended = folder.end(Running::start(folder.prepared(command)));
    fs::set_permissions(folder.path(""), Permissions::from_mode(0o755)).unwrap(); // so that it can be removed
    Some(ended)
}

fn statuses(folder: &Folder) -> Vec<String> {
    let report = folder.json("report.json");
    let tasks = report["tasks"].as_array().unwrap().iter();
    tasks.map(|task| task["status"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn with_too_few_descriptors_each_task_ends_and_says_why() {
    let folder = Folder::with_plan(&tasks(200, "true"));
    let ended = run(&folder, "ulimit -n 64", "--concurrency 64", "");
    assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
    let (statuses, report) = (statuses(&folder), folder.read("report.json"));
    assert_eq!(statuses.len(), 200);
    assert!(statuses.iter().all(|status| status == "completed" || status == "failed"), "{statuses:?}");
    let has_failed = statuses.iter().any(|status| status == "failed");
    assert_eq!(has_failed, report.contains("Too many open files"), "{report}");
    assert!(!ended.err.contains("panicked"), "{ended:?}");
}

#[test]
fn threads_that_cannot_start_are_an_error_before_anything_runs() {
    let folder = Folder::with_plan(&tasks(200, "touch ran"));
    // Room for some stacks of 2 GB, not for a hundred; what is left over is enough for everything else.
    let small = "ulimit -v 41000000; export RUST_MIN_STACK=2000000000";
    for places in [60, 200] {
        let ended = run(&folder, small, &format!("--concurrency {places}"), "");
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.err.contains("failed to start the run's threads: Resource temporarily unavailable"), "{ended:?}");
        assert!(!folder.has("ran") && !ended.err.contains("panicked"), "{ended:?}");
    }
}

#[test]
fn with_too_few_processes_each_task_ends_and_says_why_or_nothing_runs() {
    for limit in [2, 8, 14, 20] {
        let folder = Folder::with_plan(&tasks(60, "true"));
        let Some(ended) = run_as_nobody(&folder, 0o777, &["prlimit", &format!("--nproc={limit}")]) else { return };
        assert!(!ended.err.contains("panicked"), "{limit}: {ended:?}");
        if ended.code == Some(3) {
            let is_told =
                ["failed to start", "Resource temporarily unavailable"].iter().any(|why| ended.err.contains(why));
            assert!(is_told && !folder.has("report.json"), "{limit}: {ended:?}");
            continue;
        }
        assert!(matches!(ended.code, Some(0 | 1)), "{limit}: {ended:?}");
        let (statuses, report) = (statuses(&folder), folder.read("report.json"));
        assert_eq!(statuses.len(), 60);
        assert!(statuses.iter().all(|status| status == "completed" || status == "failed"), "{statuses:?}");
        let has_failed = statuses.iter().any(|status| status == "failed");
        assert_eq!(has_failed, report.contains("Resource temporarily unavailable"), "{limit}: {report}");
    }
}

#[test]
fn in_a_folder_that_cannot_be_written_nothing_runs() {
    let folder = Folder::with_plan(&tasks(3, "kill -9 $PPID"));
    let Some(ended) = run_as_nobody(&folder, 0o555, &["env"]) else { return };
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.contains("`report.json`") && ended.err.contains("Permission denied"), "{ended:?}");
    assert!(!folder.has("report.json"), "{ended:?}");
}

#[test]
fn closed_standard_streams_change_nothing() {
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let folder = Folder::with_plan(&tasks(20, "cat; echo out; echo err >&2"));
        let ended = run(&folder, "true", "--output out", closed);
        assert_eq!((ended.code, statuses(&folder)), (Some(0), vec!["completed".to_owned(); 20]), "{closed}: {ended:?}");
        assert_eq!(folder.read("out/t7.out"), "out\n", "{closed}");
    }
}

#[test]
fn a_child_that_somebody_else_kills_is_a_failure_of_its_own_task() {
    let folder = Folder::with_plan(
        &(tasks(8, "true") + "[[tasks]]\nid = 'victim'\nrun = 'kill -9 $$'\nretry = { max_attempts = 1 }\n"),
    );
    assert_eq!(run(&folder, "true", "", "").code, Some(1));
    assert_eq!(statuses(&folder), [vec!["completed"; 8], vec!["failed"]].concat());
}

#[test]
fn a_signal_at_any_instant_leaves_a_whole_report_and_nobody_behind() {
    let runs = std::env::var("SEAWALL_SIGNALLED_RUNS").map_or(40, |runs| runs.parse().expect("a count"));
    let signals = [Signal::TERM, Signal::INT, Signal::HUP].into_iter().cycle();
    for (n, signal) in (0_u64..runs).zip(signals) {
        let folder = Folder::with_plan(&tasks(30, "echo $$ >> pids; sleep 0.01"));
        let mut running = Running::start(folder.program(&RUN.split(' ').collect::<Vec<_>>()));
        wait_until("the handlers to be there", || folder.has("pids") || running.child.try_wait().unwrap().is_some());
        thread::sleep(Duration::from_micros(n * 1_700 % 60_000)); // any instant of the run, another one each time
        if running.child.try_wait().unwrap().is_none() {
            send(&running, signal);
        }
        let ended = folder.end(running);
        assert!(matches!(ended.code, Some(0 | 129 | 130 | 143)), "{n}: {ended:?}");
        let statuses = statuses(&folder);
        assert_eq!(statuses.len(), 30, "{n}");
        assert!(statuses.iter().all(|status| status == "completed" || status == "cancelled"), "{n}: {statuses:?}");
        crate::processes::wait_until_gone(&folder.read("pids"));
    }
}
