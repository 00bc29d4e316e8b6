//! The first signal: everything ends in order.

use crate::processes::{FAMILY, send, wait_until_gone};
use crate::program::{Folder, Running, task, wait_until};
use crate::terminal::Terminal;
use rustix::process::Signal;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SIGNALS: [(Signal, &str, i32); 3] =
    [(Signal::INT, "SIGINT", 130), (Signal::TERM, "SIGTERM", 143), (Signal::HUP, "SIGHUP", 129)];

fn start(folder: &Folder, options: &[&str]) -> Running {
    let args = ["run", "plan.toml", "--report-json", "report.json"];
    let running = Running::start(folder.program(&[&args[..], options].concat()));
    wait_until("a task to start", || folder.has("up"));
    running
}

#[test]
fn each_signal_ends_the_run_with_its_code_and_a_whole_report() {
    for (signal, name, code) in SIGNALS {
        let plan = format!(
            "[[tasks]]\nid = 'done'\nrun = 'true'\n[[tasks]]\nid = 'a'\nrun = '{FAMILY}'\nafter = ['done']\n[[tasks]]\nid = 'b'\nrun = 'touch ran'\nafter = ['a']\n"
        );
        let folder = Folder::with_plan(&plan);
        let running = start(&folder, &["--events", "e.jsonl", "--output", "out"]);
        send(&running, signal);
        assert_eq!(folder.end(running).code, Some(code));
        let report = folder.json("report.json");
        assert_eq!(report["run"]["cancelled"], name);
        let status = |id| task(&report, id)["status"].as_str().unwrap();
        assert_eq!([status("done"), status("a"), status("b")], ["completed", "cancelled", "cancelled"]);
        assert_eq!(task(&report, "a")["attempts"][0]["result"], "cancelled");
        assert!(folder.read("e.jsonl").lines().last().unwrap().contains(&format!("\"cancelled\":\"{name}\"")));
        wait_until_gone(&folder.read("pids"));
        assert_eq!(folder.names("."), ["e.jsonl", "out", "pids", "plan.toml", "report.json", "up"]);
        assert_eq!(folder.names("out"), ["done.out"]);
    }
}

#[test]
fn what_was_started_may_tidy_up() {
    let script = r#"trap "echo bye > bye; exit 0" TERM; touch up; while :; do sleep 0.01; done"#;
    let folder = Folder::with_plan(&format!("[[tasks]]\nid = 'a'\nrun = '{script}'\n"));
    let running = start(&folder, &[]);
    send(&running, Signal::TERM);
    assert_eq!(folder.end(running).code, Some(143));
    assert_eq!(folder.read("bye"), "bye\n");
}

#[test]
fn a_backoff_of_ten_minutes_is_over_at_once() {
    let plan = r#"
[backends.c]
kind = "command"
argv = ["sh", "-c", "touch up; exit 1"]
retry = { initial_interval = "10min", max_interval = "10min", max_elapsed_time = "1h" }
[[tasks]]
id = "a"
backend = "c"
prompt = ""
"#;
    let folder = Folder::with_plan(plan);
    let running =
        Running::start(folder.program(&["run", "plan.toml", "--report-json", "report.json", "--events", "e.jsonl"]));
    wait_until("the backoff", || folder.has("e.jsonl") && folder.read("e.jsonl").contains("task_parked"));
    let sent = Instant::now();
    send(&running, Signal::INT);
    assert_eq!(folder.end(running).code, Some(130));
    assert!(sent.elapsed() < Duration::from_secs(10));
    let report = folder.json("report.json");
    let a = task(&report, "a");
    assert_eq!((&a["failure"]["kind"], &a["attempts"][0]["result"]), (&"cancelled".into(), &"transient".into()));
}

#[test]
fn the_report_on_standard_output_is_whole() {
    let folder = Folder::with_plan(&format!("[[tasks]]\nid = 'a'\nrun = '{FAMILY}'\n"));
    let running = Running::start(folder.program(&["run", "plan.toml", "--report-json", "-"]));
    wait_until("the task to start", || folder.has("up"));
    send(&running, Signal::TERM);
    let ended = folder.end(running);
    let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &report["counts"]["cancelled"]), (Some(143), &1.into()));
    assert!(ended.err.contains("SIGTERM") && ended.err.contains("1 task by SIGTERM"), "{ended:?}");
}

#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let plan = "[[tasks]]\nid = 'a'\nrun = 'touch up; while [ ! -e go ]; do sleep 0.01; done'\n";
    let folder = Folder::with_plan(plan);
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        "trap '' HUP INT; exec \"$0\" run plan.toml --report-json report.json",
        env!("CARGO_BIN_EXE_seawall"),
    ]);
    let running = Running::start(folder.prepared(shell));
    wait_until("the task to start", || folder.has("up"));
    send(&running, Signal::HUP);
    send(&running, Signal::INT);
    folder.write("go", "");
    assert_eq!(folder.end(running).code, Some(0));
    assert_eq!(folder.json("report.json")["run"]["cancelled"], serde_json::Value::Null);
}

#[test]
fn while_the_plan_is_read_a_signal_just_ends_the_program() {
    let folder = Folder::new();
    let mut command = folder.program(&["run", "-", "--report-json", "report.json"]);
    let (reader, writer) = std::io::pipe().unwrap();
    command.stdin(Stdio::from(reader));
    let running = Running::start(command);
    let status = format!("/proc/{}/status", running.child.id());
    // SIGINT is the second bit of the mask of caught signals.
    let is_listening = |line: &str| {
        line.strip_prefix("SigCgt:").is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 2 != 0)
    };
    wait_until("the program to listen", || std::fs::read_to_string(&status).unwrap().lines().any(is_listening));
    send(&running, Signal::INT);
    assert_eq!(folder.end(running).code, Some(130));
    assert!(!folder.has("report.json"));
    drop(writer);
}

#[test]
fn ctrl_c_at_a_terminal_leaves_it_as_it_was() {
    let folder = Folder::with_plan(&format!("[[tasks]]\nid = 'okapi'\nrun = '{FAMILY}'\n"));
    let mut terminal = Terminal::start(&folder, (80, 24), &["run", "plan.toml", "--report-json", "report.json"], &[]);
    terminal.wait_for("s okapi");
    terminal.resize((120, 24));
    terminal.press(b"\x03");
    let (code, screen, _) = terminal.end();
    assert_eq!(code, Some(130));
    assert!(screen.is_settled() && screen.rows().last().unwrap().contains("1 task by SIGINT"), "{screen:?}");
    assert!(!screen.shows("0/1"), "{screen:?}");
    assert_eq!(folder.json("report.json")["counts"]["cancelled"], 1);
    wait_until_gone(&folder.read("pids"));
}
