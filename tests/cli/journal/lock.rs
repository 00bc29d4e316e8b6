//! One run at a time.

use super::{Journaled as _, logged, statuses};
use crate::program::{Folder, Running, wait_until};
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;
use std::fs;

/// A plan whose second task waits for the file `go`.
fn waiting() -> Folder {
    let script = "touch up; while [ ! -e go ]; do sleep 0.01; done";
    Folder::with_plan(&(logged("done", "echo yes", "") + &logged("a", script, "after = ['done']")))
}

/// A run of it that holds the journal. Its streams go nowhere, since those of the folder are for whoever runs meanwhile.
fn holding(folder: &Folder) -> Running {
    let mut program = folder.program(&["run", "plan.toml", "--journal", "j.db"]);
    program.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let running = Running::start(program);
    wait_until("the task to start", || folder.has("up"));
    running
}

#[test]
fn a_second_run_is_refused_while_one_holds_the_journal_and_none_after_it() {
    let folder = waiting();
    let mut running = holding(&folder);
    folder.log();
    for options in [&[][..], &["--resume"]] {
        let refused = folder.journaled(options);
        assert_eq!(refused.code, Some(3), "{}", refused.err);
        refused.says(&["`j.db`", "another run holds it"]);
    }
    let pruned = folder.run(&["prune", "j.db", "--keep", "0"]);
    assert_eq!(pruned.code, Some(3));
    pruned.says(&["`j.db`", "another run holds it"]);
    assert!(folder.log().is_empty() && !folder.has("report.json"), "nothing was run");
    folder.write("go", "");
    assert_eq!(running.code(), Some(0));
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!(folder.taken_over(), ["done", "a"]);
}

#[test]
fn the_lock_ends_with_a_killed_program_though_its_children_live_on() {
    let folder = waiting();
    let mut running = holding(&folder);
    running.child.kill().unwrap();
    assert_eq!(running.code(), None);
    // What it started still waits.
    let resumed = folder.resume(&["--explain"]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.err);
    let runs = folder.look(&["runs", "j.db"]);
    assert_eq!((&runs[0]["state"], &runs[0]["counts"]["completed"]), (&"interrupted".into(), &1.into()));
    folder.write("go", "");
    folder.log();
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!((folder.taken_over(), folder.log()), (vec!["done".into()], vec!["a".into()]));
}

#[test]
fn a_run_is_looked_at_while_it_holds_the_journal() {
    let folder = waiting();
    let mut running = holding(&folder);
    let runs = folder.look(&["runs", "j.db"]);
    assert_eq!((&runs[0]["state"], &runs[0]["counts"]["completed"]), (&"running".into(), &1.into()));
    let shown = folder.look(&["show", "j.db"]);
    assert_eq!(statuses(&shown), "done completed, a cancelled");
    assert_eq!(shown["run"]["cancelled"], "running");
    let explained = folder.resume(&["--explain"]).result();
    assert_eq!(explained, "done: resumed\na: run, since no run before completed it\n");
    folder.write("go", "");
    assert_eq!(running.code(), Some(0), "nobody who looked took the lock away");
}

#[test]
fn of_several_that_begin_together_one_runs() {
    let folder = waiting();
    let start = || {
        let mut program = folder.program(&["run", "plan.toml", "--journal", "j.db"]);
        program.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        Running::start(program)
    };
    let mut all = [start(), start(), start(), start()];
    wait_until("three to be refused", || all.iter_mut().filter_map(|one| one.child.try_wait().unwrap()).count() >= 3);
    folder.write("go", "");
    let mut codes: Vec<_> = all.iter_mut().map(Running::code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(3), Some(3), Some(3)]);
    assert_eq!(folder.log(), ["a", "done"]);
    assert!(fs::read_dir(folder.path(".")).unwrap().all(|entry| {
        let name = entry.unwrap().file_name();
        !name.to_string_lossy().starts_with(".seawall-")
    }));
}
