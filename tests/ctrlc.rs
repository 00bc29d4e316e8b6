//! Ctrl-C, which is of the whole process: each sentence is tried in a process of its own.
#![cfg(unix)]

use seawall::{CancelToken, Cancelled, Stage};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
const CASE: &str = "SEAWALL_CTRLC_CASE";

/// Runs `body` in a process of its own: this test once more, alone. `None`: this is that process, and it has done its part.
fn apart(case: &str, ignored: bool, body: impl FnOnce()) -> Option<Output> {
    if std::env::var(CASE).is_ok_and(|own| own == case) {
        body();
        return None;
    }
    let program = std::env::current_exe().unwrap();
    let (program, case_of_test) = (program.to_str().unwrap(), ["--exact", case, "--test-threads=1"]);
    let mut command = if ignored {
        let mut command = Command::new("sh");
        command.args(["-c", r#"trap "" INT; exec "$0" "$@""#, program]);
        command
    } else if is_ignored_here() {
        let mut command = Command::new("env");
        command.args(["--default-signal=INT", program]);
        command
    } else {
        Command::new(program)
    };
    Some(command.args(case_of_test).env(CASE, case).output().unwrap())
}

fn assert_code(output: Option<Output>, code: i32) {
    let Some(Output { status, stdout, stderr }) = output else { return };
    let said = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert_eq!(status.code(), Some(code), "{}{}", said[0], said[1]);
}

/// As in a shell's background job: then a child would ignore it too.
fn is_ignored_here() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 0b10 != 0)
}

fn press_ctrlc() {
    let pid = std::process::id().to_string();
    assert!(Command::new("sh").args(["-c", r#"kill -INT "$0""#, &pid]).status().unwrap().success());
}

fn reaches(token: &CancelToken, stage: Stage) -> bool {
    let began = Instant::now();
    while token.stage() < stage && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
    token.stage() == stage
}

#[test]
fn the_first_ctrlc_cancels_and_the_second_kills_any_number_of_tokens() {
    let output = apart("the_first_ctrlc_cancels_and_the_second_kills_any_number_of_tokens", false, || {
        let (first, second, other) = (CancelToken::new(), CancelToken::new(), CancelToken::new());
        first.cancel_on_ctrlc().unwrap();
        second.cancel_on_ctrlc().unwrap();
        press_ctrlc();
        assert_eq!(first.sleep(PATIENCE), Err(Cancelled));
        assert!(reaches(&first, Stage::Cancelled) && reaches(&second, Stage::Cancelled));
        let late = CancelToken::new();
        late.cancel_on_ctrlc().unwrap();
        press_ctrlc();
        assert!(reaches(&first, Stage::Killed) && reaches(&second, Stage::Killed));
        assert!(reaches(&late, Stage::Cancelled), "each token counts for itself");
        assert_eq!(other.stage(), Stage::Running, "only those that asked");
    });
    assert_code(output, 0);
}

#[test]
fn an_ignored_signal_stays_ignored_and_that_is_no_error() {
    let output = apart("an_ignored_signal_stays_ignored_and_that_is_no_error", true, || {
        let token = CancelToken::new();
        token.cancel_on_ctrlc().unwrap();
        press_ctrlc();
        assert_eq!(token.sleep(Duration::from_millis(50)), Ok(()));
        assert!(is_ignored_here());
    });
    assert_code(output, 0);
}

#[test]
fn a_foreign_handler_is_never_replaced() {
    let output = apart("a_foreign_handler_is_never_replaced", false, || {
        let (heard, has_heard) = std::sync::mpsc::channel();
        ctrlc::set_handler(move || heard.send(()).unwrap()).unwrap();
        let token = CancelToken::new();
        let error = token.cancel_on_ctrlc().unwrap_err();
        assert_eq!(error.to_string(), "failed to listen for Ctrl-C");
        assert!(std::error::Error::source(&error).is_some() && error.faults().next().is_none());
        press_ctrlc();
        has_heard.recv_timeout(PATIENCE).unwrap();
        assert_eq!(token.stage(), Stage::Running);
    });
    assert_code(output, 0);
}

#[test]
fn when_no_token_that_asked_is_alive_ctrlc_ends_the_process() {
    let output = apart("when_no_token_that_asked_is_alive_ctrlc_ends_the_process", false, || {
        let token = CancelToken::new();
        token.cancel_on_ctrlc().unwrap();
        drop(token);
        press_ctrlc();
        std::thread::sleep(PATIENCE);
    });
    assert_code(output, 130);
}

#[test]
fn ctrlc_ends_a_run() {
    let output = apart("ctrlc_ends_a_run", false, || {
        let cancel = CancelToken::new();
        cancel.cancel_on_ctrlc().unwrap();
        let runner = seawall::Runner::builder()
            .backend_fn("x", |_, cx| {
                press_ctrlc();
                cx.sleep(PATIENCE)?;
                Ok("late".into())
            })
            .build()
            .unwrap();
        let plan = seawall::Plan::builder().task(seawall::Task::new("a", "x", "")).build().unwrap();
        let report = runner.run(&plan, &cancel).unwrap();
        assert_eq!(report.count(seawall::Status::Cancelled), 1);
    });
    assert_code(output, 0);
}
