//! A disk that is full, at every step: the run ends and says so, and goes on when there is room.

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
const RUN: &str = "run plan.toml --journal j.db --resume --events -";

/// Each answer has 300 KB, so that the journal comes to several times what is written beside it before it is put in its place.
fn plan() -> String {
    (0..TASKS).fold("[run]\nconcurrency = 2\nschedule = 'eager'\n".to_owned(), |mut plan, n| {
        let after = n.checked_sub(2).map_or(String::new(), |other| format!("after = ['t{other}']\n"));
        let script = format!("echo t{n} >> log; head -c 300000 /dev/zero | tr '\\0' q");
        write!(plan, "[[tasks]]\nid = 't{n}'\nrun = \"\"\"{}\"\"\"\n{after}", script.replace('\\', "\\\\")).unwrap();
        plan
    })
}

/// Runs it from a shell that does `before`.
fn run(folder: &Folder, before: &str) -> Ended {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{before}; exec '{}' {RUN}", env!("CARGO_BIN_EXE_seawall"))]);
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
    let ended = run(folder, "true");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let again: Vec<_> = log(folder).into_iter().filter(|id| kept.contains(id)).collect();
    assert!(again.is_empty(), "{again:?}");
    assert_eq!(kept_by(folder).len(), TASKS);
    let journal = Connection::open(folder.path("j.db")).unwrap();
    let sql = "SELECT count(*) FROM works WHERE length(response) = 300000";
    assert_eq!(journal.query_row(sql, [], |row| row.get::<_, usize>(0)), Ok(TASKS), "whole answers");
}

#[test]
fn a_journal_that_may_grow_no_further_ends_the_run_and_is_gone_on_with() {
    // In halves of a kilobyte: while the journal is made, while it is first written, after each of several tasks, and when what
    // was written beside it is put in its place.
    for limit in [0, 1, 40, 80, 120, 200, 400, 700, 1_500, 8_200, 12_000] {
        let folder = Folder::with_plan(&plan());
        let ended = run(&folder, &format!("trap '' XFSZ; ulimit -f {limit}"));
        let kept = has_given_up(&folder, &ended);
        assert!(kept.len() < TASKS && log(&folder).len() < TASKS, "it went on without its journal");
        goes_on(&folder, &kept);
    }
}

#[test]
fn one_journal_goes_on_each_time_that_it_may_grow_a_little_more() {
    let folder = Folder::with_plan(&plan());
    let mut kept = BTreeSet::new();
    for limit in (0..10).map(|step| step * 1_200) {
        log(&folder);
        let ended = run(&folder, &format!("trap '' XFSZ; ulimit -f {limit}"));
        let now = has_given_up(&folder, &ended);
        assert!(kept.is_subset(&now));
        let again: Vec<_> = log(&folder).into_iter().filter(|id| kept.contains(id)).collect();
        assert!(again.is_empty(), "{again:?}");
        kept = now;
    }
    assert!(kept.len() > 1, "{kept:?}");
    goes_on(&folder, &kept);
}
