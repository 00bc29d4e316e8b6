//! Stopped and continued, as a shell does with Ctrl-Z and `fg`.

use crate::processes::{send, stands_still, state_of};
use crate::program::{Folder, Running, task, wait_until};
use crate::terminal::Terminal;
use rustix::process::Signal;

const COUNTS: &str = "echo $$ > pid; while [ ! -e go ]; do sleep 0.02; done";

#[test]
fn what_was_started_stops_too_and_goes_on() {
    let folder = Folder::with_plan(&format!("[[tasks]]\nid = 'a'\nrun = '{COUNTS}'\ntimeout = '1min'\n"));
    let running = Running::start(folder.program(&["run", "plan.toml", "--report-json", "report.json"]));
    wait_until("the task to start", || folder.has("pid") && folder.read("pid").ends_with('\n'));
    let (ours, child) = (running.child.id().to_string(), folder.read("pid").trim().to_owned());
    send(&running, Signal::TSTP);
    wait_until("both to stop", || state_of(&ours) == 'T' && stands_still(&child));
    send(&running, Signal::CONT);
    wait_until("both to go on", || [&ours, &child].iter().all(|pid| state_of(pid) != 'T'));
    folder.write("go", "");
    assert_eq!(folder.end(running).code, Some(0));
}

#[test]
fn the_time_spent_stopped_counts_against_no_timeout() {
    let folder = Folder::with_plan(&format!("[[tasks]]\nid = 'a'\nrun = '{COUNTS}'\ntimeout = '1s'\n"));
    let running = Running::start(folder.program(&["run", "plan.toml", "--report-json", "report.json"]));
    wait_until("the task to start", || folder.has("pid"));
    send(&running, Signal::TSTP);
    wait_until("the program to stop", || state_of(&running.child.id().to_string()) == 'T');
    let stopped = std::time::Instant::now();
    wait_until("longer than the limit", || stopped.elapsed().as_millis() > 1500);
    folder.write("go", "");
    send(&running, Signal::CONT);
    assert_eq!(folder.end(running).code, Some(0));
    let report = folder.json("report.json");
    assert_eq!(task(&report, "a")["status"], "completed");
}

#[test]
fn the_display_goes_while_it_is_stopped_and_comes_back() {
    let folder = Folder::with_plan(&format!("[[tasks]]\nid = 'okapi'\nrun = '{COUNTS}'\n"));
    let terminal = Terminal::start(&folder, (80, 24), &["run", "plan.toml"], &[]);
    terminal.wait_for("s okapi");
    send(&terminal.running, Signal::TSTP);
    wait_until("the display to go", || !terminal.screen().shows("okapi"));
    wait_until("the program to stop", || state_of(&terminal.running.child.id().to_string()) == 'T');
    assert!(terminal.screen().is_settled(), "{:?}", terminal.screen());
    send(&terminal.running, Signal::CONT);
    terminal.wait_for("s okapi");
    folder.write("go", "");
    let (code, screen, _) = terminal.end();
    assert_eq!(code, Some(0));
    assert!(screen.is_settled() && !screen.shows("0/1"), "{screen:?}");
}
