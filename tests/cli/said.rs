//! What people are told behind a pipe.

use crate::program::{Ended, Folder, Running};
use crate::runs::Runs;
use std::io::pipe;
use std::process::Command;

const MIXED: &str = r#"
[run]
concurrency = 4
[retry]
initial_interval = "5ms"
[backends.s]
kind = "simulated"
latency = "1ms"
fail_first = 1
[backends.c]
kind = "command"
argv = ["sh", "-c", "{prompt}"]
input = "arg"
retry = { max_attempts = 1 }
breaker = { failure_threshold = 1 }
[[tasks]]
id = "oryx"
run = "echo fine"
[[tasks]]
id = "ibex"
backend = "s"
prompt = "x"
[[tasks]]
id = "zebra"
run = "echo stripes-tail >&2; exit 3"
[[tasks]]
id = "below"
run = "true"
after = ["zebra"]
[[tasks]]
id = "down"
backend = "c"
prompt = "exit 1"
"#;

fn run(options: &[&str]) -> Ended {
    let ended = Folder::with_plan(MIXED).run_plan(options);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.is_empty(), "{ended:?}");
    ended
}

fn has(ended: &Ended, words: &[&str]) {
    let is_said = |line: &&str| words.iter().all(|word| line.contains(word));
    assert!(ended.err.lines().any(|line| is_said(&line)), "{words:?} are not on one line: {ended:?}");
}

#[test]
fn each_thing_that_matters_has_a_line() {
    let ended = run(&[]);
    has(&ended, &["completed", "oryx"]);
    has(&ended, &["retry", "ibex", "goes on in"]);
    has(&ended, &["completed", "ibex"]);
    has(&ended, &["circuit", "c", "open"]);
    has(&ended, &["failed", "zebra", "exit code 3", "stripes-tail"]);
    has(&ended, &["skipped", "below", "zebra"]);
    let last = ended.err.lines().last().unwrap();
    assert!(last.contains("5 tasks: 2 completed (1 after a retry), 2 failed, 1 skipped"), "{last}");
    assert!(!ended.err.contains('\x1b'), "{ended:?}");
}

#[test]
fn quiet_speaks_of_failures_alone_and_verbose_of_every_attempt() {
    let (quiet, plain, verbose) = (run(&["--quiet"]), run(&[]), run(&["--verbose"]));
    assert!(!quiet.err.contains("oryx") && !quiet.err.contains("ibex"), "{quiet:?}");
    has(&quiet, &["failed", "zebra", "stripes-tail"]);
    has(&quiet, &["skipped", "below", "zebra"]);
    has(&quiet, &["5 tasks"]);
    has(&verbose, &["attempt", "oryx", "success", "(on sh)"]);
    has(&verbose, &["attempt", "ibex", "2", "success"]);
    let count = |ended: &Ended| ended.err.lines().count();
    assert!(count(&verbose) > count(&plain) && count(&plain) > count(&quiet));
}

#[test]
fn colours_are_there_when_they_are_asked_for() {
    let folder = Folder::with_plan(MIXED);
    let mut command = folder.program(&["run", "plan.toml", "--color", "always"]);
    command.env("NO_COLOR", "1");
    let ended = folder.end(Running::start(command));
    assert!(
        ended.err.contains("\x1b[31m") && !ended.err.contains("\x1b[K") && !ended.err.contains("\x1b[J"),
        "{ended:?}"
    );
}

#[test]
fn what_a_program_wrote_cannot_command_a_terminal() {
    let script = r"printf 'red-\033[31mtail\033[0m \033]0;TITLE\007\033[?25l\302\2335A\007the-end' >&2; exit 3";
    let folder = Folder::new();
    folder.write("plan.toml", &format!("[[tasks]]\nid = 'a'\nrun = '''{script}'''\n"));
    let ended = folder.run_plan(&["--verbose"]);
    assert!(
        ended.err.contains("red-tail") && ended.err.contains("the-end") && !ended.err.contains("TITLE"),
        "{ended:?}"
    );
    assert!(ended.err.chars().all(|c| !c.is_control() || c == '\n'), "{ended:?}");
}

#[test]
fn a_panic_of_a_backend_is_a_failure_and_no_noise() {
    let folder = Folder::with_plan(
        "[backends.p]\nkind = 'simulated'\nlatency = '1ms'\npanic_rate = 1.0\n[[tasks]]\nid = 'a'\nbackend = 'p'\nprompt = 'x'\n",
    );
    let ended = folder.run_plan(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(&ended, &["failed", "a", "panicked"]);
    assert!(!ended.err.contains("thread") && !ended.err.contains("RUST_BACKTRACE"), "{ended:?}");
}

#[test]
fn a_run_goes_on_when_nobody_listens() {
    let folder = Folder::with_plan(MIXED);
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut command = folder.program(&["run", "plan.toml", "--report-json", "report.json"]);
    command.stderr(writer);
    assert_eq!(Running::start(command).code(), Some(1));
    assert_eq!(folder.json("report.json")["counts"]["completed"], 2);
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" run plan.toml --report-json closed.json 2>&-", env!("CARGO_BIN_EXE_seawall")]);
    assert_eq!(Running::start(folder.prepared(shell)).code(), Some(1));
    assert_eq!(folder.json("closed.json")["counts"]["completed"], 2);
}

#[test]
fn ten_thousand_skipped_tasks_are_all_named_on_few_lines() {
    let tasks = (0..10_000).map(|n| format!("[[tasks]]\nid = 'task-{n}'\nrun = 'true'\nafter = ['bad']\n"));
    let folder = Folder::with_plan(&format!("[[tasks]]\nid = 'bad'\nrun = 'exit 1'\n{}", tasks.collect::<String>()));
    let ended = folder.run_plan(&[]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.err.matches("task-").count(), 10_000);
    assert!(ended.err.lines().count() < 2_000, "{} lines", ended.err.lines().count());
}
