//! What the program gets from whoever starts it: limits, and signals that are ignored.

use crate::program::{Ended, Folder, Running};
use std::fmt::Write as _;
use std::process::Command;

/// Runs `plan.toml` after what a shell does first.
fn after(folder: &Folder, shell: &str, options: &str) -> Ended {
    let mut command = Command::new("bash");
    let script = format!("{shell}; exec \"$0\" run plan.toml --report-json report.json {options}");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_seawall")]);
    folder.end(Running::start(folder.prepared(command)))
}

fn limit_task(more: &str) -> String {
    format!("{more}[[tasks]]\nid = 'limit'\nrun = 'ulimit -Sn > limit'\n")
}

#[test]
fn a_wide_run_has_room_for_its_open_files() {
    let mut plan = limit_task("[run]\nconcurrency = 120\n");
    for n in 0..120 {
        write!(plan, "[[tasks]]\nid = 't{n}'\nrun = 'sleep 0.3'\n").unwrap();
    }
    let folder = Folder::with_plan(&plan);
    let ended = after(&folder, "ulimit -Sn 256", "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.err.contains("warning"), "{ended:?}");
    let folder = Folder::with_plan(&plan);
    let ended = after(&folder, "ulimit -n 1024", "");
    assert!(ended.err.contains("120 calls at a time may need 1504 open files, and 1024 are allowed"), "{ended:?}");
}

#[test]
fn a_run_with_room_enough_leaves_the_limit_of_what_it_starts_alone() {
    let folder = Folder::with_plan(&limit_task(""));
    assert_eq!(after(&folder, "ulimit -Sn 256", "").code, Some(0));
    assert_eq!(folder.read("limit"), "256\n");
}

#[test]
fn a_file_that_may_not_grow_so_large_is_a_loss_and_ends_nothing() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'head -c 100000 /dev/zero'\n");
    let ended = after(&folder, "ulimit -f 16", "--events e.jsonl");
    let said = ended.err.lines().find(|line| line.starts_with("error")).unwrap();
    assert_eq!((ended.code, said.contains("report.json`: File too large")), (Some(3), true), "{said}");
    assert_eq!(folder.names("."), ["e.jsonl", "plan.toml"]);
}

#[test]
fn what_is_started_may_not_let_a_file_grow_so_large_either() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'exec head -c 100000 /dev/zero > large'\n");
    assert_eq!(after(&folder, "ulimit -f 16", "").code, Some(1));
    assert!(folder.read("report.json").contains("SIGXFSZ"), "{}", folder.read("report.json"));
}

#[test]
fn an_ignored_end_of_children_loses_no_exit_code() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'exit 7'\n");
    let ended = after(&folder, "trap '' CHLD", "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(folder.read("report.json").contains("exit code 7"));
}
