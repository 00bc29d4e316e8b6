//! Signals to one command that is run with retries, and the terminal that it has.

use crate::processes::{FAMILY, STUBBORN, send, stands_still, state_of, wait_until_gone};
use crate::program::{Folder, Running, wait_until};
use crate::terminal::Terminal;
use rustix::process::Signal;
use std::time::{Duration, Instant};

fn start(folder: &Folder, options: &[&str], script: &str) -> Running {
    let mut command = folder.program(&[&["exec"], options, &["--", "sh", "-c", script]].concat());
    command.env("XDG_STATE_HOME", folder.path("state"));
    Running::start(command)
}

#[test]
fn each_signal_ends_it_with_its_code_and_is_no_failure_of_the_command() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let folder = Folder::new();
        let mut running = start(&folder, &["--retries", "5", "--breaker", "api"], FAMILY);
        wait_until("the command", || folder.has("up"));
        send(&running, signal);
        assert_eq!(running.code(), Some(code));
        wait_until_gone(&folder.read("pids"));
        assert_eq!(folder.json("state/seawall/breakers/api.json")["failures"], 0);
        assert_eq!(folder.read("pids").lines().count(), 1, "it was tried again");
    }
}

#[test]
fn what_hears_nothing_is_killed_by_the_second_signal() {
    let folder = Folder::new();
    let mut running = start(&folder, &["--grace", "1h"], STUBBORN);
    wait_until("the command", || folder.has("up"));
    send(&running, Signal::TERM);
    send(&running, Signal::INT);
    // Two that come at once may be heard in either order.
    assert!(matches!(running.code(), Some(143 | 130)));
    wait_until_gone(&folder.read("pids"));
}

#[test]
fn a_wait_between_attempts_is_over_at_once() {
    let folder = Folder::new();
    let options = ["--retries", "5", "--initial-interval", "1min", "--randomization-factor", "0"];
    let running = start(&folder, &options, "touch up; exit 1");
    wait_until("the wait", || folder.written("err").contains("attempt 1: exit code 1"));
    let sent = Instant::now();
    send(&running, Signal::INT);
    assert_eq!(folder.end(running).code, Some(130));
    assert!(sent.elapsed() < Duration::from_secs(10));
}

#[test]
fn while_standard_input_is_read_one_signal_is_enough() {
    let folder = Folder::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = folder.program(&["exec", "--retries", "1", "--", "touch", "ran"]);
    command.stdin(reader);
    let mut running = Running::start(command);
    let status = format!("/proc/{}/status", running.child.id());
    let is_listening = |line: &str| {
        line.strip_prefix("SigCgt:").is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 2 != 0)
    };
    wait_until("the program to listen", || std::fs::read_to_string(&status).unwrap().lines().any(is_listening));
    send(&running, Signal::INT);
    assert_eq!(running.code(), Some(130));
    assert!(!folder.has("ran"));
    drop(writer);
}

#[test]
fn at_a_terminal_the_command_reads_what_is_typed() {
    let folder = Folder::new();
    let script = "echo ready; read x; echo \"got $x\"; exit 3";
    let mut terminal =
        Terminal::start(&folder, (80, 24), &["exec", "--retries", "1", "--quiet", "--", "sh", "-c", script], &[]);
    terminal.wait_for("ready");
    terminal.press(b"zebra\n");
    terminal.wait_for("got zebra");
    // The second attempt has the terminal too.
    terminal.press(b"okapi\n");
    let (code, screen, _) = terminal.end();
    assert_eq!(code, Some(3));
    assert!(screen.shows("got okapi"), "{screen:?}");
}

#[test]
fn ctrl_c_at_a_terminal_reaches_the_command_and_ends_the_retries() {
    let folder = Folder::new();
    // A shell that waits for a child which ends as usual would go on after Ctrl-C: it has none.
    let args = ["exec", "--retries", "5", "--", "sh", "-c", "echo x >> n; echo > up; exec sleep 60"];
    let mut terminal = Terminal::start(&folder, (80, 24), &args, &[]);
    wait_until("the command", || folder.has("up"));
    terminal.press(b"\x03");
    assert_eq!(terminal.end().0, Some(130));
    assert_eq!(folder.read("n").lines().count(), 1);
}

#[test]
fn both_stop_and_go_on_and_the_time_between_counts_against_no_limit() {
    let folder = Folder::new();
    let script = "echo $$ > pid; while [ ! -e go ]; do sleep 0.02; done";
    let mut running = start(&folder, &["--timeout", "1s"], script);
    wait_until("the command", || folder.has("pid") && folder.read("pid").ends_with('\n'));
    let (ours, child) = (running.child.id().to_string(), folder.read("pid").trim().to_owned());
    send(&running, Signal::TSTP);
    wait_until("both to stop", || state_of(&ours) == 'T' && stands_still(&child));
    let stopped = Instant::now();
    wait_until("longer than the limit", || stopped.elapsed() > Duration::from_millis(1300));
    folder.write("go", "");
    send(&running, Signal::CONT);
    assert_eq!(running.code(), Some(0));
}
