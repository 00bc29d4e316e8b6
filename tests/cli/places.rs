//! Places that cannot be written, before a run and during it.

use crate::program::{Ended, Folder, Running};
use crate::runs::Runs;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs::{self, File, OpenOptions};
use std::io::pipe;

const PLAN: &str = "[[tasks]]\nid = 'a'\nrun = 'touch ran'\n";

fn refused(folder: &Folder, options: &[&str], named: &str) {
    let ended = folder.run(&[&["run", "plan.toml"], options].concat());
    assert_eq!(ended.code, Some(3), "{options:?}: {ended:?}");
    assert!(ended.err.contains(named), "{options:?}: {ended:?}");
    assert!(!folder.has("ran"), "{options:?}: something ran");
}

#[test]
fn a_place_that_cannot_be_written_is_named_and_nothing_runs() {
    let folder = Folder::with_plan(PLAN);
    folder.write("file", "content");
    fs::create_dir(folder.path("folder")).unwrap();
    refused(&folder, &["--report-json", "nowhere/r.json"], "failed to write the report to `nowhere/r.json`");
    refused(&folder, &["--report-json", "folder"], "`folder`");
    refused(&folder, &["--report-json", "file/r.json"], "`file/r.json`");
    refused(&folder, &["--events", "nowhere/e.jsonl"], "failed to write the events to `nowhere/e.jsonl`");
    refused(&folder, &["--events", "folder"], "`folder`");
    refused(&folder, &["--output", "file"], "failed to write the answers to `file`");
    refused(&folder, &["--output", "file/sub"], "`file/sub`");
    assert_eq!(folder.read("file"), "content");
    assert_eq!(folder.names("."), ["file", "folder", "plan.toml"]);
}

#[test]
fn every_place_that_cannot_be_written_is_named() {
    let folder = Folder::with_plan(PLAN);
    folder.write("old.jsonl", "old");
    refused(&folder, &["--report-json", "no/r", "--output", "plan.toml", "--events", "old.jsonl"], "`no/r`");
    refused(&folder, &["--report-json", "no/r", "--output", "plan.toml", "--events", "old.jsonl"], "`plan.toml`");
    assert_eq!(folder.read("old.jsonl"), "old", "an output was touched though nothing ran");
}

/// A run whose only task removes the folder `gone`, and fails.
fn losing(options: &[&str]) -> (Folder, Ended) {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'rm -rf gone; exit 1'\n");
    fs::create_dir(folder.path("gone")).unwrap();
    let ended = folder.run(&[&["run", "plan.toml"], options].concat());
    assert_eq!(ended.code, Some(3), "{ended:?}");
    (folder, ended)
}

#[test]
fn a_report_that_is_lost_goes_to_standard_error_and_the_others_are_written() {
    let (folder, ended) = losing(&["--report-json", "gone/r.json", "--events", "e.jsonl", "--output", "out"]);
    assert!(ended.err.contains("failed to write the report to `gone/r.json`"), "{ended:?}");
    let begin = ended.err.find("\n{\n").unwrap();
    let report: serde_json::Value = serde_json::from_str(&ended.err[begin..]).unwrap();
    assert_eq!(report["counts"]["failed"], 1);
    assert!(folder.read("e.jsonl").contains("run_ended"));
    assert!(folder.has("out/a.err"));
}

#[test]
fn events_and_answers_that_are_lost_are_named_and_the_report_is_written() {
    let (folder, ended) = losing(&["--events", "gone/e.jsonl", "--report-json", "r.json"]);
    assert!(ended.err.contains("failed to write the events to `gone/e.jsonl`"), "{ended:?}");
    assert_eq!(folder.json("r.json")["counts"]["failed"], 1);
    let (folder, ended) = losing(&["--output", "gone", "--report-json", "r.json"]);
    assert!(ended.err.contains("to `gone/a.err`"), "{ended:?}");
    assert_eq!(folder.json("r.json")["counts"]["failed"], 1);
}

#[test]
fn every_answer_that_is_lost_is_named_and_of_many_the_first_ones() {
    for (tasks, named, more) in [(3, 3, None), (40, 20, Some("to `out`: 20 more are lost"))] {
        let first = "[run]\nconcurrency = 1\n[[tasks]]\nid = 'first'\nrun = 'rm -rf out'\n".to_owned();
        let task = |n| format!("[[tasks]]\nid = 't{n}'\nrun = 'true'\nafter = ['first']\n");
        let folder = Folder::with_plan(&(1..tasks).fold(first, |plan, n| plan + &task(n)));
        let ended = folder.run(&["run", "plan.toml", "--output", "out", "--quiet"]);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert_eq!(ended.err.matches("failed to write an answer to `out/").count(), named, "{ended:?}");
        assert!(!ended.err.contains(".seawall-"), "{ended:?}");
        assert!(more.is_none_or(|more| ended.err.contains(more)), "{ended:?}");
    }
}

#[test]
fn a_folder_in_the_place_of_an_answer_is_found_before_anything_runs() {
    let folder = Folder::with_plan(PLAN);
    for name in ["out/a.out", "out/other", "err/a.err"] {
        fs::create_dir_all(folder.path(name)).unwrap();
    }
    refused(&folder, &["--output", "out"], "failed to write an answer to `out/a.out`: is a directory");
    refused(&folder, &["--output", "err"], "`err/a.err`");
}

#[test]
fn a_path_that_ends_as_a_folder_is_no_file() {
    let folder = Folder::with_plan(PLAN);
    fs::create_dir(folder.path("folder")).unwrap();
    refused(&folder, &["--report-json", "absent/"], "`absent/`: it ends with `/` as a folder does");
    refused(&folder, &["--report-json", "folder/"], "`folder/`: is a directory");
    refused(&folder, &["--events", "plan.toml/"], "`plan.toml/`: Not a directory");
}

#[test]
fn two_outputs_in_one_place_are_bad_usage() {
    let folder = Folder::with_plan(PLAN);
    std::os::unix::fs::symlink("r.json", folder.path("link")).unwrap();
    for (options, named) in [
        (&["--report-json", "r.json", "--events", "r.json"][..], "--report-json and --events"),
        (&["--report-json", "r.json", "--events", "./link"], "`./link`"),
        (&["--report-json", "r.json", "--junit", "r.json"], "--report-json and --junit"),
        (&["--report-json", "-", "--events", "/dev/stdout"], "`/dev/stdout`"),
        (&["--report-json", "plan.toml"], "--report-json would write over the plan"),
        (&["--events", "out/a.out", "--output", "out"], "--events and --output cannot both write to `out/a.out`"),
        (&["--journal", "a.err", "--output", "."], "--journal and --output"),
        (&["--events", "../plan.toml"], ""),
        (&["--report-json", "out/r.json", "--output", "out"], ""),
    ] {
        let ended = folder.run(&[&["run", "plan.toml"], options].concat());
        let is_refused = !named.is_empty();
        assert_eq!((ended.code == Some(2), folder.has("ran")), (is_refused, !is_refused), "{options:?}: {ended:?}");
        assert!(ended.err.contains(named), "{options:?}: {ended:?}");
    }
    let mut command = folder.program(&["run", "plan.toml", "--report-json", "-", "--events", "both"]);
    command.stdout(File::create(folder.path("both")).unwrap());
    assert_eq!(folder.end(Running::start(command)).code, Some(2));
}

#[test]
fn a_closed_pipe_is_no_loss() {
    for option in ["--events", "--report-json"] {
        let folder = Folder::with_plan(PLAN);
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut command = folder.program(&["run", "plan.toml", option, "-"]);
        command.stdout(writer);
        let ended = folder.end(Running::start(command));
        assert_eq!(ended.code, Some(0), "{option}: {ended:?}");
        assert!(folder.has("ran") && !ended.err.contains("error"), "{option}: {ended:?}");
    }
}

#[test]
fn a_full_device_is_a_loss() {
    let folder = Folder::with_plan(PLAN);
    let mut command = folder.program(&["run", "plan.toml", "--report-json", "-"]);
    command.stdout(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let ended = folder.end(Running::start(command));
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(
        ended.err.contains("failed to write the report to `-`") && ended.err.contains("\"schema\": 1"),
        "{ended:?}"
    );
    let ended = folder.run(&["run", "plan.toml", "--events", "/dev/full"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.contains("failed to write the events to `/dev/full`"), "{ended:?}");
}

#[test]
fn two_outputs_on_standard_output_are_bad_usage() {
    let folder = Folder::with_plan(PLAN);
    let ended = folder.run(&["run", "plan.toml", "--report-json", "-", "--events", "-"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("--report-json") && ended.err.contains("--events"), "{ended:?}");
    assert!(!folder.has("ran") && ended.out.is_empty());
}

#[test]
fn named_pipes_are_written_straight() {
    let folder = Folder::with_plan(PLAN);
    for (option, word) in [("--report-json", "\"counts\""), ("--events", "run_ended")] {
        let fifo = folder.path("fifo");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let reading = std::thread::spawn(|| fs::read_to_string(fifo).unwrap());
        assert_eq!(folder.run(&["run", "plan.toml", option, "fifo"]).code, Some(0));
        assert!(reading.join().unwrap().contains(word));
        fs::remove_file(folder.path("fifo")).unwrap();
    }
}

#[test]
fn a_file_behind_a_standard_stream_is_shared_and_not_replaced() {
    let folder = Folder::with_plan(PLAN);
    let mut command = folder.program(&["run", "plan.toml", "--report-json", "/dev/stderr", "--events", "/dev/stderr"]);
    command.stderr(File::create(folder.path("log")).unwrap());
    assert_eq!(Running::start(command).code(), Some(0));
    let log = folder.read("log");
    let [first, events, report, last] =
        ["running", "run_ended", "\"schema\": 1", "1 task: 1 completed"].map(|word| log.find(word).expect(word));
    assert!(first < events && events < report && report < last, "{log}");
}
