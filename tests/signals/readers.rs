//! Nobody reads what the program writes: that keeps no report from being written, and no run from ending.

use crate::processes::{FAMILY, send, wait_until_gone};
use crate::program::{Folder, Running, wait_until};
use crate::terminal::Terminal;
use rustix::process::Signal;
use std::io::{PipeReader, pipe};
use std::time::{Duration, Instant};

/// Three thousand tasks, of which more is told than a pipe takes, and one that does not end by itself.
fn talkative() -> Folder {
    let task = |n| format!("[[tasks]]\nid = 't{n}'\nbackend = 's'\nprompt = ''\n");
    let tasks = (0..3000).map(task).collect::<Vec<_>>().concat();
    let backend = "[run]\nconcurrency = 16\n[backends.s]\nkind = 'simulated'\nlatency = '0s'\n";
    let last = format!("[[tasks]]\nid = 'a'\nrun = '{FAMILY}'\nafter = ['t2999']\n");
    Folder::with_plan(&format!("{backend}{tasks}{last}"))
}

/// One signal ends it soon, with its code.
fn is_ended_by_one_signal(folder: &Folder, mut running: Running) {
    wait_until("the last task", || folder.has("up"));
    let sent = Instant::now();
    send(&running, Signal::TERM);
    assert_eq!(running.code(), Some(143));
    assert!(sent.elapsed() < Duration::from_secs(15), "{:?}", sent.elapsed());
    wait_until_gone(&folder.read("pids"));
}

fn started_with_a_full_pipe(folder: &Folder, options: &[&str], is_of_errors: bool) -> (Running, PipeReader) {
    let (reader, writer) = pipe().unwrap();
    let mut command = folder.program(&[&["run", "plan.toml"], options].concat());
    if is_of_errors {
        command.stderr(writer)
    } else {
        command.stdout(writer)
    };
    (Running::start(command), reader)
}

#[test]
fn a_full_pipe_for_people_keeps_no_report_from_its_file() {
    let folder = talkative();
    let (running, reader) = started_with_a_full_pipe(&folder, &["--verbose", "--report-json", "report.json"], true);
    is_ended_by_one_signal(&folder, running);
    assert_eq!(folder.json("report.json")["counts"]["completed"], 3000);
    drop(reader);
}

#[test]
fn a_full_pipe_for_events_keeps_no_report_from_its_file() {
    let folder = talkative();
    let (running, reader) =
        started_with_a_full_pipe(&folder, &["--events", "-", "--quiet", "--report-json", "report.json"], false);
    is_ended_by_one_signal(&folder, running);
    assert_eq!(folder.json("report.json")["counts"]["cancelled"], 1);
    assert!(folder.written("err").contains("failed to write the events to `-`: nobody reads it"));
    drop(reader);
}

#[test]
fn a_report_that_nobody_reads_needs_one_signal() {
    let folder = talkative();
    let (running, reader) = started_with_a_full_pipe(&folder, &["--quiet", "--report-json", "-"], false);
    is_ended_by_one_signal(&folder, running);
    let said = folder.written("err");
    assert!(said.contains("failed to write the report to `-`: nobody reads it") && said.contains("\"schema\": 1"));
    drop(reader);
}

#[test]
fn without_a_signal_a_slow_reader_gets_everything() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'head -c 300000 /dev/zero; touch up'\n");
    let (running, mut reader) = started_with_a_full_pipe(&folder, &["--report-json", "-"], false);
    wait_until("the task", || folder.written("err").contains("1 completed") || folder.has("up"));
    let report = std::io::read_to_string(&mut reader).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["counts"]["completed"], 1);
    assert_eq!(folder.end(running).code, Some(0));
}

#[test]
fn a_terminal_that_was_stopped_keeps_nothing() {
    let folder = talkative();
    let mut terminal = Terminal::start(&folder, (80, 24), &["run", "plan.toml", "--report-json", "report.json"], &[]);
    terminal.wait_for("running");
    terminal.press(b"\x13");
    wait_until("the last task", || folder.has("up"));
    send(&terminal.running, Signal::TERM);
    wait_until("the report", || folder.has("report.json"));
    assert_eq!(terminal.running.code(), Some(143));
    wait_until_gone(&folder.read("pids"));
    terminal.press(b"\x11");
}
