//! A disk that is full or fails, at every step: the run ends and says so, and goes on when all is well again.

use crate::crashes::kept_by;
use crate::program::{Ended, Folder, Running};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

const TASKS: usize = 40;
/// Of each answer.
const SIZE: usize = 300_000;
const RUN: &str = "run plan.toml --journal j.db --resume --events -";

/// The answers are so large that the journal comes to several times what is written beside it before it is put in its place.
fn plan(tasks: usize, size: usize) -> String {
    (0..tasks).fold("[run]\nconcurrency = 2\nschedule = 'eager'\n".to_owned(), |mut plan, n| {
        let after = n.checked_sub(2).map_or(String::new(), |other| format!("after = ['t{other}']\n"));
        let script = format!("echo t{n} >> log; head -c {size} /dev/zero | tr '\\0' q");
        write!(plan, "[[tasks]]\nid = 't{n}'\nrun = \"\"\"{}\"\"\"\n{after}", script.replace('\\', "\\\\")).unwrap();
        plan
    })
}

/// Runs the plan from a shell, with `before` in front of the command.
fn run(folder: &Folder, before: &str) -> Ended {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{before} '{}' {RUN}", env!("CARGO_BIN_EXE_seawall"))]);
    let mut program = folder.prepared(shell);
    // A limit on files would hold for what is said as well.
    program.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running::start(program);
    let out = all_of(running.child.stdout.take().unwrap());
    let err = all_of(running.child.stderr.take().unwrap());
    Ended { code: running.code(), out: out.join().unwrap(), err: err.join().unwrap() }
}

fn all_of(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}

fn told(ended: &Ended) -> BTreeSet<String> {
    let events = ended.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ended = events.filter(|event| event["event"] == "task_ended" && event["status"] == "completed");
    ended.map(|event| event["task"].as_str().unwrap().to_owned()).collect()
}

fn log(folder: &Folder) -> Vec<String> {
    let log = fs::read_to_string(folder.path("log")).unwrap_or_default();
    let _ = fs::remove_file(folder.path("log"));
    log.lines().map(Into::into).collect()
}

/// It could not go on, said why, and told of nothing that is not in the journal; which is sound.
#[track_caller]
fn has_given_up(folder: &Folder, ended: &Ended) -> BTreeSet<String> {
    assert_eq!(ended.code, Some(3), "{}", ended.err);
    assert!(ended.err.contains("`j.db`") && !ended.err.contains("panicked"), "{}", ended.err);
    let (told, kept) = (told(ended), kept_by(folder));
    assert!(told.is_subset(&kept), "told of, and not in the journal: {told:?}, {kept:?}");
    kept
}

/// With room everything is there, and nothing is done again.
#[track_caller]
fn goes_on(folder: &Folder, kept: &BTreeSet<String>) {
    log(folder);
    let ended = run(folder, "");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let again: Vec<_> = log(folder).into_iter().filter(|id| kept.contains(id)).collect();
    assert!(again.is_empty(), "{again:?}");
    let journal = Connection::open(folder.path("j.db")).unwrap();
    let sql = "SELECT count(*) FROM works WHERE status = 'completed' AND length(response) >= 100";
    let whole = journal.query_row(sql, [], |row| row.get::<_, usize>(0));
    assert_eq!(whole, Ok(folder.read("plan.toml").matches("[[tasks]]").count()), "whole answers");
}

#[test]
fn a_journal_that_may_grow_no_further_ends_the_run_and_is_gone_on_with() {
    // In halves of a kilobyte: while the journal is made, while it is first written, after each of several tasks, and when what
    // was written beside it is put in its place.
    for limit in [0, 1, 40, 80, 120, 200, 400, 700, 1_500, 8_200, 12_000] {
        let folder = Folder::with_plan(&plan(TASKS, SIZE));
        let ended = run(&folder, &format!("trap '' XFSZ; ulimit -f {limit};"));
        let kept = has_given_up(&folder, &ended);
        assert!(kept.len() < TASKS && log(&folder).len() < TASKS, "it went on without its journal");
        goes_on(&folder, &kept);
    }
}

#[test]
fn one_journal_goes_on_each_time_that_it_may_grow_a_little_more() {
    let folder = Folder::with_plan(&plan(TASKS, SIZE));
    let mut kept = BTreeSet::new();
    for limit in (0..10).map(|step| step * 1_200) {
        log(&folder);
        let ended = run(&folder, &format!("trap '' XFSZ; ulimit -f {limit};"));
        let now = has_given_up(&folder, &ended);
        assert!(kept.is_subset(&now));
        let again: Vec<_> = log(&folder).into_iter().filter(|id| kept.contains(id)).collect();
        assert!(again.is_empty(), "{again:?}");
        kept = now;
    }
    assert!(kept.len() > 1, "{kept:?}");
    goes_on(&folder, &kept);
}

/// Whether the last run did fail somewhere.
fn has_failed(folder: &Folder) -> bool {
    fs::read_to_string(folder.path("calls")).is_ok_and(|calls| calls.contains("INJECTED"))
}

#[test]
fn each_write_that_fails_ends_the_run_and_each_sync_loses_nothing() {
    let strace = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    if !strace.is_ok_and(|ended| ended.status.success()) {
        eprintln!("without strace no call can be made to fail");
        return;
    }
    for calls in ["pwrite64", "fsync,fdatasync", "ftruncate", "openat"] {
        let mut times = 0;
        for nth in 1.. {
            let folder = Folder::with_plan(&plan(3, 100));
            let paths = ["j.db", "j.db-wal"].map(|name| folder.path(name).display().to_string());
            let ended = run(
                &folder,
                &format!(
                    "strace -f -qq -o calls -P {} -P {} -e trace={calls} -e inject={calls}:error=EIO:when={nth}+",
                    paths[0], paths[1]
                ),
            );
            if !has_failed(&folder) {
                assert_eq!(ended.code, Some(0), "{calls} {nth}: {}", ended.err);
                break;
            }
            // What fails when all is written and the file is closed is no loss: it is there beside the file.
            let kept = if ended.code == Some(0) { kept_by(&folder) } else { has_given_up(&folder, &ended) };
            assert!(ended.code == Some(3) || kept.len() == 3, "{calls} {nth}: {ended:?}");
            times += u32::from(ended.code == Some(3));
            goes_on(&folder, &kept);
        }
        assert!(times > 0 || calls != "pwrite64");
    }
}
