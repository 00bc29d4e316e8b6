//! How agents are stopped, and what of all that they started is left: nothing.

use super::{Folder, PROGRAMS, agent, call, stand_in};
use crate::support::PATIENCE;
use seawall::{Backend, CancelToken, ClaudeBackend, CodexBackend, Context, ErrorClass, GooseBackend};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Whether a process runs; not what has ended and is only waited for.
fn is_alive(pid: &str) -> bool {
    let ps = Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
    let state = String::from_utf8(ps.stdout).unwrap();
    state.trim().chars().next().is_some_and(|state| !"ZX".contains(state))
}

#[track_caller]
fn assert_gone(pids: &str) {
    assert!(!pids.is_empty());
    for pid in pids.split_whitespace() {
        assert!(!is_alive(pid), "{pid} is alive");
    }
}

fn with_grace(program: &str, grace: Duration, script: &str) -> Box<dyn Backend> {
    match program {
        "claude" => Box::new(stand_in!(ClaudeBackend::new(), script).with_grace(grace)),
        "codex" => Box::new(stand_in!(CodexBackend::new(), script).with_grace(grace)),
        _ => Box::new(stand_in!(GooseBackend::new(), script).with_grace(grace)),
    }
}

/// Cancels as soon as the script has written its line; the class of what comes of it, and the line.
fn cancelled(backend: &dyn Backend, folder: &Folder) -> (ErrorClass, String) {
    let cancel = CancelToken::new();
    thread::scope(|scope| {
        let sent = scope.spawn(|| backend.send(&"hello".into(), &Context::new(&cancel)));
        let pids = folder.line("pids");
        cancel.cancel();
        (sent.join().unwrap().unwrap_err().class(), pids)
    })
}

#[test]
fn what_is_left_in_a_session_of_its_own_is_gone_after_a_success_too() {
    for program in PROGRAMS {
        let folder = Folder::new();
        let pids = folder.path("pids");
        let script = format!(
            "setsid sh -c 'sleep 60 & echo $$ $! > {0}.part; mv {0}.part {0}; wait' &
             until [ -e {0} ]; do sleep 0.01; done; replay {program}/ok",
            pids.display()
        );
        let began = Instant::now();
        let told = call(&*agent(program, &script), "hello", None);
        assert_eq!(told.text(), "Hello from the mock.", "{program}: they had its streams open");
        assert!(began.elapsed() < PATIENCE);
        assert_gone(&folder.line("pids"));
    }
}

#[test]
fn the_program_alone_is_asked_first_so_that_it_can_put_its_house_in_order() {
    for program in PROGRAMS {
        let folder = Folder::new();
        let [pids, hit, bye] = ["pids", "hit", "bye"].map(|name| folder.path(name).display().to_string());
        let script = format!(
            "sh -c 'trap \"touch {hit}\" TERM; while :; do sleep 0.01; done' & child=$!
             trap 'n=0; while [ $n -lt 20 ]; do sleep 0.01; n=$((n + 1)); done; [ -e {hit} ] || echo tidy > {bye}; exit 143' TERM
             echo $$ $child > {pids}; while :; do sleep 0.01; done"
        );
        let (class, pids) = cancelled(&*with_grace(program, Duration::from_secs(60), &script), &folder);
        assert_eq!(class, ErrorClass::Cancelled, "{program}");
        assert_eq!(folder.line("bye"), "tidy", "{program}: its group was hit while it was still at work");
        assert_gone(&pids);
    }
}

#[test]
fn what_hears_nothing_is_killed_with_all_that_it_started_when_the_grace_is_over() {
    for program in PROGRAMS {
        let folder = Folder::new();
        let pids = folder.path("pids").display().to_string();
        let script = format!(
            "trap '' TERM; setsid env -i sh -c 'trap \"\" TERM; while :; do sleep 0.05; done' & forgetful=$!
             setsid sh -c 'trap \"\" TERM; while :; do sleep 0.05; done' &
             echo $$ $forgetful $! > {pids}; while :; do sleep 0.05; done"
        );
        let (class, pids) = cancelled(&*with_grace(program, Duration::from_millis(50), &script), &folder);
        assert_eq!(class, ErrorClass::Cancelled, "{program}");
        assert_gone(&pids);
    }
}

#[test]
fn a_last_word_of_one_that_was_stopped_does_not_change_what_it_was_stopped_for() {
    for program in PROGRAMS {
        let folder = Folder::new();
        let pids = folder.path("pids").display().to_string();
        for last in ["ok", "sigint-mid-call"] {
            let script = format!("trap 'replay {program}/{last}' TERM; echo $$ > {pids}; while :; do sleep 0.01; done");
            let backend = with_grace(program, Duration::from_secs(60), &script);
            assert_eq!(cancelled(&*backend, &folder).0, ErrorClass::Cancelled, "{program}, {last}");
            std::fs::remove_file(&pids).unwrap();
        }
    }
}

#[test]
fn past_its_limit_it_timed_out_whatever_it_makes_of_it() {
    for (program, script) in [
        ("claude", "trap 'exit 143' TERM; while :; do sleep 0.01; done"),
        ("codex", "sleep 60"),
        ("goose", "trap 'replay goose/ok' TERM; while :; do sleep 0.01; done"),
    ] {
        let cancel = CancelToken::new();
        let cx = Context::new(&cancel).with_time_limit(Duration::from_millis(100));
        let error = agent(program, script).send(&"hello".into(), &cx).unwrap_err();
        assert_eq!(error.class(), ErrorClass::TimedOut, "{program}");
        assert!(error.to_string().starts_with("ran past its time limit of 100ms"), "{program}: {error}");
        assert_eq!(cx.own_session().is_some(), program != "codex", "{program}: a name that was sent may be known");
    }
}

#[test]
fn a_codex_that_waits_for_the_network_for_ever_is_not_waited_for() {
    let began = Instant::now();
    let told = call(&*agent("codex", "replay codex/refused"), "hello", None);
    assert!(began.elapsed() < PATIENCE);
    let (class, words) = told.error();
    assert_eq!(class, ErrorClass::Transient);
    assert!(words.contains("waiting for network"), "{words}");
    assert!(told.id().is_some(), "it had begun a thread");
}

#[test]
fn a_kill_gives_no_grace() {
    let folder = Folder::new();
    let pids = folder.path("pids").display().to_string();
    let script = format!("trap '' TERM; setsid sleep 60 & echo $$ $! > {pids}; while :; do sleep 0.01; done");
    let (cancel, backend) = (CancelToken::new(), with_grace("claude", Duration::MAX, &script));
    let pids = thread::scope(|scope| {
        let sent = scope.spawn(|| backend.send(&"hello".into(), &Context::new(&cancel)));
        let pids = folder.line("pids");
        cancel.kill();
        assert_eq!(sent.join().unwrap().unwrap_err().class(), ErrorClass::Cancelled);
        pids
    });
    assert_gone(&pids);
}
