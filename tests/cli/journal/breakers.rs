//! Circuit breakers over a resume.

use super::Journaled as _;
use crate::program::{Folder, task};

/// Two tasks that fail until there is a file `go`, on a backend whose circuit two failures open.
fn broken(open_for: &str, tasks: &[&str]) -> String {
    let backend = format!(
        "[run]\nconcurrency = 1\n[backends.c]\nkind = 'command'\nargv = ['sh']\nretry = {{ max_attempts = 1 }}\n\
         breaker = {{ failure_threshold = 2, open_for = '{open_for}', half_open_requests = 2 }}\n"
    );
    let task = |id: &&str| format!("[[tasks]]\nid = '{id}'\nbackend = 'c'\nprompt = 'echo {id} >> log; [ -e go ]'\n");
    backend + &tasks.iter().map(task).collect::<String>()
}

fn state(folder: &Folder) -> String {
    folder.json("report.json")["breakers"][0]["state"].as_str().unwrap().to_owned()
}

/// One whose circuit has opened, and that would answer now.
fn opened(open_for: &str) -> Folder {
    let folder = Folder::with_plan(&broken(open_for, &["f1", "f2"]));
    assert_eq!(folder.journaled(&[]).code, Some(1));
    assert_eq!((state(&folder).as_str(), folder.log().len()), ("open", 2));
    folder.write("go", "");
    folder
}

#[test]
fn an_open_circuit_stays_open() {
    let folder = opened("1h");
    assert_eq!(folder.resume(&[]).code, Some(1));
    assert_eq!((state(&folder).as_str(), folder.log().len()), ("open", 0), "nothing is sent");
    assert_eq!(task(&folder.json("report.json"), "f1")["failure"]["kind"], "circuit_open");
}

#[test]
fn fresh_breakers_begin_closed_and_so_do_those_of_a_run_that_does_not_resume() {
    for options in [&["--resume", "--fresh-breakers"][..], &[]] {
        let folder = opened("1h");
        assert_eq!(folder.journaled(options).code, Some(0), "{options:?}");
        assert_eq!((state(&folder).as_str(), folder.log().len()), ("closed", 2), "{options:?}");
    }
}

#[test]
fn one_whose_time_is_over_is_tried_and_closes() {
    let folder = opened("1ms");
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!((state(&folder).as_str(), folder.log().len()), ("closed", 2));
}

#[test]
fn a_closed_circuit_keeps_its_failures_in_a_row() {
    let folder = Folder::with_plan(&broken("1h", &["f1"]));
    assert_eq!(folder.journaled(&[]).code, Some(1));
    assert_eq!(state(&folder), "closed");
    assert_eq!(folder.resume(&[]).code, Some(1));
    assert_eq!((state(&folder).as_str(), folder.log().len()), ("open", 2), "one before and one after make two");
}

#[test]
fn what_a_part_leaves_out_is_as_open_after_it_as_before() {
    let folder = opened("1h");
    let other = "[[tasks]]\nid = 'other'\nrun = 'true'\n";
    folder.write("plan.toml", &(folder.read("plan.toml") + other));
    for part in ["--only", "--from", "--only"] {
        assert_eq!(folder.resume(&[part, "other"]).code, Some(0));
        assert_eq!(folder.look(&["show", "j.db"])["breakers"].as_array().unwrap().len(), 0, "it has none");
    }
    assert_eq!(folder.resume(&[]).code, Some(1));
    assert_eq!((state(&folder).as_str(), folder.log().len()), ("open", 0), "nothing is sent");
}
