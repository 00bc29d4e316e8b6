//! The second signal kills, the third leaves at once.

use crate::processes::{STUBBORN, send, wait_until_gone};
use crate::program::{Folder, Running, task, wait_until};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// A run of a task that hears no signal, with an hour of grace, after its first signal.
fn cancelled_in_vain(folder: &Folder, first: Signal) -> Running {
    let args = ["run", "plan.toml", "--report-json", "report.json", "--grace", "1h"];
    let running = Running::start(folder.program(&args));
    wait_until("the task to start", || folder.has("up"));
    send(&running, first);
    wait_until("the signal to be heard", || folder.written("err").contains("asked to end"));
    running
}

fn stubborn() -> Folder {
    Folder::with_plan(&format!("[[tasks]]\nid = 'a'\nrun = '''{STUBBORN}'''\n"))
}

#[test]
fn the_second_kills_and_the_report_is_whole() {
    let folder = stubborn();
    let running = cancelled_in_vain(&folder, Signal::TERM);
    send(&running, Signal::INT);
    assert_eq!(folder.end(running).code, Some(143), "the first signal gives the code");
    let report = folder.json("report.json");
    assert_eq!((&report["run"]["cancelled"], &task(&report, "a")["status"]), (&"SIGTERM".into(), &"cancelled".into()));
    wait_until_gone(&folder.read("pids"));
}

#[test]
fn three_signals_leave_nothing_behind() {
    let folder = stubborn();
    let running = cancelled_in_vain(&folder, Signal::INT);
    let sent = Instant::now();
    send(&running, Signal::INT);
    send(&running, Signal::INT);
    assert_eq!(folder.end(running).code, Some(130));
    assert!(sent.elapsed() < Duration::from_secs(10));
    wait_until_gone(&folder.read("pids"));
    assert!(folder.names(".").iter().all(|name| !name.starts_with(".seawall")), "{:?}", folder.names("."));
}

#[test]
fn a_signal_that_just_ends_the_program_leaves_nothing_behind_either() {
    for signal in [Signal::QUIT, Signal::USR1] {
        let folder = stubborn();
        let mut command = std::process::Command::new("sh");
        let script = "ulimit -c 0; exec \"$0\" run plan.toml --report-json report.json";
        command.args(["-c", script, env!("CARGO_BIN_EXE_seawall")]);
        let mut running = Running::start(folder.prepared(command));
        wait_until("the task to start", || folder.has("up"));
        send(&running, signal);
        assert_eq!(running.code(), None, "the signal ended it");
        wait_until_gone(&folder.read("pids"));
        assert_eq!(folder.names("."), ["pids", "plan.toml", "up"]);
    }
}

#[test]
fn what_hears_nothing_is_killed_when_the_grace_is_over() {
    let folder = stubborn();
    let running =
        Running::start(folder.program(&["run", "plan.toml", "--report-json", "report.json", "--grace", "300ms"]));
    wait_until("the task to start", || folder.has("up"));
    let sent = Instant::now();
    send(&running, Signal::INT);
    assert_eq!(folder.end(running).code, Some(130));
    assert!(sent.elapsed() >= Duration::from_millis(300), "{:?}", sent.elapsed());
    wait_until_gone(&folder.read("pids"));
}
