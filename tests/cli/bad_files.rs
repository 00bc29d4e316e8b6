//! Files that are no plans at all.

use crate::program::Folder;
use crate::runs::Runs as _;
use crate::verdicts::{Inputs as _, Verdicts as _};
use std::fs::File;

const TASK: &str = "[[tasks]]\nid = \"mark\"\nrun = \"touch ran\"\n";

#[track_caller]
fn refused(plan: impl AsRef<[u8]>, words: &[&str]) {
    let folder = Folder::with_bytes(plan.as_ref());
    for command in ["check", "run"] {
        folder.run(&[command, "plan.toml"]).is_refused(words);
        folder
            .run_with_input(&[command, "-"], plan.as_ref())
            .is_refused(&words.join("\n").replace("plan.toml", "<stdin>").split('\n').collect::<Vec<_>>());
    }
    assert!(!folder.has("ran"), "something was run");
}

#[test]
fn an_empty_file_has_no_tasks() {
    refused("", &["there are no tasks", "plan.toml: 1 fault"]);
    refused("tasks = []\n", &["there are no tasks"]);
    refused("# nothing but a comment\n[run]\nseed = 1\n", &["there are no tasks"]);
}

#[test]
fn broken_toml_is_shown_at_its_line() {
    refused(format!("{TASK}[run\nconcurrency = 1\n"), &["plan.toml:4:1", "[run", "this header is not closed"]);
    refused(format!("x = \n{TASK}"), &["plan.toml:1:5", "a value is missing"]);
    refused(format!("{TASK}timeout = soon\n"), &["plan.toml:4:11", "a string must be in quotes"]);
}

#[test]
fn what_is_there_twice_is_named() {
    refused(format!("[run]\nseed = 1\nseed = 2\n{TASK}"), &["plan.toml:3:1", "`seed` is there twice"]);
    refused(format!("[run]\nseed = 1\n[run]\nconcurrency = 2\n{TASK}"), &["plan.toml:3:2", "`run` is there twice"]);
}

#[test]
fn each_place_that_is_not_utf_8_is_shown_and_the_rest_is_judged() {
    let plan = [TASK.as_bytes(), b"# \xff\n[run]\nsed = 1\nseed = \"\xe2\x82\"\n"].concat();
    refused(
        plan,
        &["plan.toml:4:3", "this is not UTF-8", "0xff", "plan.toml:6:1", "`sed`", "plan.toml:7:9", "0xe2 0x82"],
    );
}

#[test]
fn binary_files_and_utf_16_are_told_apart_from_text() {
    refused((0..=255).cycle().take(4096).collect::<Vec<u8>>(), &["it is not UTF-8, and no text at all"]);
    let utf_16: Vec<u8> = std::iter::once(0xfeff).chain(TASK.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    refused(utf_16, &["seems to be UTF-16"]);
}

#[test]
fn nesting_without_end_is_refused_and_does_no_harm() {
    refused(
        format!("{TASK}x = {}{}\n", "[".repeat(20_000), "]".repeat(20_000)),
        &["plan.toml:4:", "this is nested too deeply"],
    );
    refused(format!("{TASK}x = {}", "{a=".repeat(20_000)), &["plan.toml:4:", "this is nested too deeply"]);
    refused(format!("{}b = 1\n{TASK}", "a.".repeat(20_000)), &["plan.toml:1:1", "this is nested too deeply"]);
}

#[test]
fn more_than_64_mib_are_refused_before_they_are_read() {
    let folder = Folder::new();
    File::create(folder.path("plan.toml")).unwrap().set_len(100_000_000).unwrap();
    folder.run(&["check", "plan.toml"]).is_refused(&["failed to read plan.toml: it has more than 64 MiB"]);
    folder
        .run_with_input(&["check", "-"], &vec![b'#'; 70_000_000])
        .is_refused(&["standard input: it has more than 64 MiB"]);
}

#[test]
fn what_is_no_file_is_refused_by_its_name() {
    let folder = Folder::new();
    folder.run(&["check", "."]).is_refused(&["failed to read .: it is a folder"]);
    folder.run(&["run", "no-such.toml"]).is_refused(&["failed to read no-such.toml"]);
    folder.run(&["check", "a\u{1b}[31m"]).is_refused(&["failed to read a\\u{1b}[31m"]);
}

#[test]
fn a_long_line_is_cut_around_the_fault() {
    let tasks: Vec<String> = (0..1000).map(|n| format!("{{ id = \"t{n}\", run = \"true\" }}")).collect();
    let ran = Folder::with_plan(&format!("tasks = [{}, {{ id = 'x', rum = 'y' }}]\n", tasks.join(", ")))
        .run(&["check", "plan.toml"]);
    ran.is_refused(&["unknown key `rum` in task `x`", "plan.toml:1:30912"]);
    assert!(ran.err.lines().all(|line| line.chars().count() < 150), "{}", ran.err);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_fine() {
    let plan = format!("\u{feff}{}", TASK.replace('\n', "\r\n"));
    assert_eq!(Folder::with_plan(&plan).run(&["check", "plan.toml"]).code, Some(0));
}

#[test]
fn ten_megabytes_of_comments_are_fine() {
    let plan = format!("{TASK}{}", "# padding\n".repeat(1_000_000));
    assert_eq!(Folder::with_plan(&plan).run(&["check", "plan.toml"]).code, Some(0));
}
