//! Agents at the end of a run: what they started is gone, wherever it is.

use crate::processes::{send, wait_until_gone};
use crate::program::{Folder, Running, task, wait_until};
use rustix::process::Signal;
use std::path::Path;

/// A plan of one agent that starts a program in a session of its own, and hears no signal.
fn stubborn(kind: &str) -> Folder {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/stand-in");
    let script = "trap \"\" TERM INT; setsid sh -c \"trap \\\"\\\" TERM; (sleep 60; true)\" & echo $$ $! >> pids; touch up; while :; do sleep 0.05; done";
    Folder::with_plan(&format!(
        "[backends.b]\nkind = '{kind}'\nprogram = '{}'\nenv = {{ SCRIPT = '''{script}''' }}\n\
         [[tasks]]\nid = 'a'\nbackend = 'b'\nprompt = 'x'\n[[tasks]]\nid = 'next'\nbackend = 'b'\nprompt = 'x'\nafter = ['a']\n",
        program.display()
    ))
}

fn started(folder: &Folder, grace: &str) -> Running {
    let args = ["run", "plan.toml", "--report-json", "report.json", "--grace", grace];
    let running = Running::start(folder.program(&args));
    wait_until("the agent to start", || folder.has("up"));
    running
}

#[test]
fn after_the_grace_it_is_killed_with_what_it_started_in_other_sessions() {
    for kind in ["claude", "codex", "goose"] {
        let folder = stubborn(kind);
        let running = started(&folder, "200ms");
        send(&running, Signal::INT);
        assert_eq!(folder.end(running).code, Some(130));
        wait_until_gone(&folder.read("pids"));
        let report = folder.json("report.json");
        for id in ["a", "next"] {
            assert_eq!(task(&report, id)["status"], "cancelled", "{kind}");
        }
        assert_eq!(task(&report, "a")["attempts"][0]["result"], "cancelled", "{kind}");
    }
}

#[test]
fn a_third_signal_leaves_none_of_it_behind() {
    let folder = stubborn("codex");
    let running = started(&folder, "1h");
    send(&running, Signal::TERM);
    wait_until("the signal to be heard", || folder.written("err").contains("asked to end"));
    send(&running, Signal::TERM);
    send(&running, Signal::INT);
    assert_eq!(folder.end(running).code, Some(143));
    wait_until_gone(&folder.read("pids"));
}

#[test]
fn what_a_script_puts_into_a_session_of_its_own_stays_though_an_agent_ran_beside_it() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/stand-in");
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/recorded");
    let folder = Folder::with_plan(&format!(
        "[backends.b]\nkind = 'claude'\nprogram = '{}'\nenv = {{ SCRIPT = 'replay claude/ok', RECORDED = '{}' }}\n\
         [[tasks]]\nid = 's'\nrun = '''setsid sh -c 'echo $$ > pids; exec sleep 60' > /dev/null 2>&1 & until [ -s pids ]; do sleep 0.01; done'''\n\
         [[tasks]]\nid = 'a'\nbackend = 'b'\nprompt = 'x'\nafter = ['s']\n",
        program.display(),
        recorded.display()
    ));
    let mut running = Running::start(folder.program(&["run", "plan.toml"]));
    assert_eq!(running.code(), Some(0));
    let pid = folder.read("pids").trim().to_owned();
    assert_eq!(crate::processes::state_of(&pid), 'S', "`setsid` is the way out, for a script");
    let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
}

#[test]
fn orphans_that_have_ended_are_not_kept() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/stand-in");
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/recorded");
    let script = "for n in 1 2 3; do (setsid true &); done; replay claude/ok";
    let folder = Folder::with_plan(&format!(
        "[backends.b]\nkind = 'claude'\nprogram = '{}'\nenv = {{ SCRIPT = '{script}', RECORDED = '{}' }}\n\
         [[tasks]]\nid = 'a'\nbackend = 'b'\nprompt = 'x'\n\
         [[tasks]]\nid = 's'\nrun = 'touch up; until [ -e go ]; do sleep 0.01; done'\nafter = ['a']\n",
        program.display(),
        recorded.display()
    ));
    let mut running = Running::start(folder.program(&["run", "plan.toml"]));
    wait_until("the script to start", || folder.has("up"));
    assert_eq!(ended_children_of(running.child.id()), 0);
    folder.write("go", "");
    assert_eq!(running.code(), Some(0));
}

/// Those that nobody has waited for.
fn ended_children_of(pid: u32) -> usize {
    let stats = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    let is_one = |stat: &String| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(&format!(" Z {pid} ")));
    stats.filter(is_one).count()
}
