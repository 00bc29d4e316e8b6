//! One command: its exit code, its streams, its attempts.

use crate::program::{Ended, Folder, Running, wait_until};
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

pub(crate) fn program(folder: &Folder, options: &[&str], script: &str) -> Command {
    let mut command = folder.program(&[&["exec"], options, &["--", "sh", "-c", script]].concat());
    command.env("XDG_STATE_HOME", folder.path("state"));
    command
}

pub(crate) fn exec(folder: &Folder, options: &[&str], script: &str) -> Ended {
    folder.end(Running::start(program(folder, options, script)))
}

/// Waits no longer than it has to.
const AT_ONCE: [&str; 4] = ["--initial-interval", "1ms", "--max-interval", "2ms"];

fn retried(folder: &Folder, retries: &str, more: &[&str], script: &str) -> Ended {
    exec(folder, &[&["--retries", retries], &AT_ONCE[..], more].concat(), script)
}

/// How many lines a file has.
pub(crate) fn count(folder: &Folder, name: &str) -> usize {
    if folder.has(name) { folder.read(name).lines().count() } else { 0 }
}

const COUNTED: &str = "echo x >> n; n=$(wc -l < n); ";

#[test]
fn without_options_it_runs_once_and_adds_nothing() {
    let folder = Folder::new();
    let ended = exec(&folder, &[], "echo out; echo err >&2; exit 42");
    assert_eq!((ended.code, &*ended.out, &*ended.err), (Some(42), "out\n", "err\n"));
    assert!(folder.names(".").is_empty(), "{:?}", folder.names("."));
}

#[test]
fn it_exits_as_the_last_attempt_did() {
    let folder = Folder::new();
    assert_eq!(exec(&folder, &[], "kill -9 $$").code, Some(137));
    assert_eq!(exec(&folder, &[], "exit 126").code, Some(126));
    let ended = retried(&folder, "2", &[], &format!("{COUNTED} exit $((n + 10))"));
    assert_eq!((ended.code, count(&folder, "n")), (Some(13), 3));
    assert_eq!(ended.err.matches("attempt ").count(), 3, "{ended:?}");
    assert_eq!(retried(&folder, "5", &["--quiet"], "[ -e well ] || { touch well; exit 1; }").err, "");
}

#[test]
fn what_cannot_be_executed_and_what_is_not_there_have_codes_of_their_own() {
    let folder = Folder::new();
    folder.write("plain", "no program");
    for (command, code) in [("./plain", 126), ("./absent", 127), ("no-such-program-anywhere", 127)] {
        let ended = folder.end(Running::start(folder.program(&["exec", "--retries", "3", "--", command])));
        assert_eq!(ended.code, Some(code), "{command}: {ended:?}");
        assert_eq!(ended.err.matches(command).count(), 1, "it is not tried again: {ended:?}");
    }
}

#[test]
fn what_takes_too_long_is_ended_with_its_group() {
    let folder = Folder::new();
    let ended = retried(&folder, "1", &["--timeout", "200ms"], "echo x >> n; sleep 60 & sleep 60");
    assert_eq!((ended.code, count(&folder, "n")), (Some(124), 2));
    let ended = retried(&folder, "1", &["--timeout", "300ms"], "[ -e again ] || { touch again; exec sleep 60; }");
    assert_eq!(ended.code, Some(0), "the limit is of one attempt: {ended:?}");
}

#[test]
fn permanent_exit_codes_are_not_tried_again() {
    let folder = Folder::new();
    let ended = retried(&folder, "5", &["--permanent-exit", "2,22"], "echo x >> n; exit 22");
    assert_eq!((ended.code, count(&folder, "n")), (Some(22), 1));
}

#[test]
fn a_command_line_that_is_wrong_runs_nothing() {
    let folder = Folder::new();
    for (options, named) in [
        (&["--retires", "2"][..], "--retries"),
        (&["--retries", "-1"], "-1"),
        (&["--timeout", "10 parsecs"], "parsecs"),
        (&["--initial-interval", "0s"], "it must be more than zero"),
        (&["--multiplier", "0.5"], "at least 1"),
        (&["--randomization-factor", "2"], "from 0 to 1"),
        (&["--permanent-exit", "2,300"], "300"),
        (&["--failure-threshold", "0"], "--failure-threshold"),
        (&["--half-open-requests", "0"], "--half-open-requests"),
        (&["--breaker", ""], "--breaker"),
    ] {
        let ended = exec(&folder, options, "touch ran");
        assert_eq!((ended.code, folder.has("ran")), (Some(125), false), "{options:?}: {ended:?}");
        assert!(ended.err.contains(named), "{options:?}: {ended:?}");
    }
    assert_eq!(folder.end(Running::start(folder.program(&["exec", "--"]))).code, Some(125));
    assert_eq!(folder.end(Running::start(folder.program(&["exec", "true"]))).code, Some(125));
}

/// Runs it with this on its standard input.
fn fed(folder: &Folder, options: &[&str], script: &str, input: &[u8]) -> Ended {
    let mut command = program(folder, options, script);
    command.stdin(Stdio::piped());
    let mut running = Running::start(command);
    let mut pipe = running.child.stdin.take().unwrap();
    // Whoever does not read it closes it.
    let _ = pipe.write_all(input);
    drop(pipe);
    folder.end(running)
}

#[test]
fn each_attempt_reads_the_whole_of_standard_input() {
    for length in [10, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5 << 20] {
        let folder = Folder::new();
        let input: Vec<u8> = (0..=255).cycle().take(length).collect();
        let options = [&["--retries", "3"], &AT_ONCE[..]].concat();
        let ended = fed(&folder, &options, &format!("{COUNTED} cat > in$n; [ $n = 3 ]"), &input);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        for name in ["in1", "in2", "in3"] {
            assert!(fs::read(folder.path(name)).unwrap() == input, "{length} bytes: {name}");
        }
    }
}

#[test]
fn who_reads_a_part_of_it_leaves_the_rest_to_nobody() {
    let folder = Folder::new();
    let options = [&["--retries", "3"], &AT_ONCE[..]].concat();
    let script = format!("{COUNTED} head -c 3 > in$n; [ $n = 2 ]");
    assert_eq!(fed(&folder, &options, &script, &vec![b'x'; 3 << 20]).code, Some(0));
    assert_eq!((folder.read("in1"), folder.read("in2")), ("xxx".into(), "xxx".into()));
}

#[test]
fn one_attempt_alone_reads_what_is_there_and_leaves_the_rest() {
    let folder = Folder::new();
    folder.write("lines", "one\ntwo\n");
    let mut shell = Command::new("bash");
    shell.args(["-c", "{ \"$0\" exec -- sh -c 'read x; echo $x'; cat; } < lines", env!("CARGO_BIN_EXE_seawall")]);
    assert_eq!(folder.end(Running::start(folder.prepared(shell))).out, "one\ntwo\n");
}

#[test]
fn what_it_started_does_not_outlive_it() {
    let folder = Folder::new();
    let ended = exec(&folder, &[], "sleep 60 & echo $! > pid");
    assert_eq!(ended.code, Some(0));
    let stat = format!("/proc/{}/stat", folder.read("pid").trim());
    wait_until("what it started to be gone", || {
        let stat = fs::read_to_string(&stat).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z")
    });
}
