//! What a journal costs: runs with one and without, side by side; and how long it takes to go on with a run that is done.

#[path = "support/paired.rs"]
mod paired;

use paired::{compare, criterion, median, timed};
use seawall::{CancelToken, NewRun, Plan, RunOptions, Runner, SqliteJournal, Task};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

const PLACES: usize = 8;
const TASKS: u32 = 2_000;
/// So many that what is paid once, when the journal is made and the disk is waited for, is lost among them.
const SLEEPS: u32 = 10_000;
const TAKES: Duration = Duration::from_millis(1);
/// With a journal a run takes at most so many times what it takes without.
const OF_A_MILLISECOND: f64 = 1.1;
const OF_TRUE: f64 = 2.0;
const DONE: u32 = 100_000;
const SECONDS_TO_GO_ON: f64 = 2.0;

fn main() {
    let mut criterion = criterion();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plan = Plan::builder().tasks((0..SLEEPS).map(|n| Task::new(format!("t{n}"), "x", ""))).build();
    let plan = plan.expect("it has no faults");
    let name = "10,000 tasks of 1 ms at 8 places, against those without a journal";
    let journal = folder.path().join("library.db");
    compare(&mut criterion, name, SLEEPS, OF_A_MILLISECOND, || with_journal(&plan, &journal), || without(&plan));

    let (path, journal) = (folder.path().join("true.toml"), folder.path().join("true.db"));
    write(&path, &trues());
    let name = "2,000 times `true` at 8 places, against those without a journal";
    compare(&mut criterion, name, TASKS, OF_TRUE, || program(&path, Some((&journal, ""))), || program(&path, None));
    criterion.final_summary();

    let (path, journal) = (folder.path().join("done.toml"), folder.path().join("done.db"));
    write(
        &path,
        &format!(
            "[backends.s]\nkind = \"simulated\"\n[[tasks]]\nid = \"t\"\nbackend = \"s\"\nprompt = \"x\"\nfor_each = {{ range = [1, {DONE}] }}\n"
        ),
    );
    let first = program(&path, Some((&journal, "")));
    let mut seconds: Vec<f64> = (0..5).map(|_| program(&path, Some((&journal, "--resume"))).as_secs_f64()).collect();
    let seconds = median(&mut seconds);
    eprintln!(
        "{DONE} completed tasks: run in {:.2} s, gone on with in {seconds:.2} s (at most {SECONDS_TO_GO_ON} s)",
        first.as_secs_f64()
    );
    assert!(seconds <= SECONDS_TO_GO_ON, "to go on with {DONE} completed tasks takes {seconds:.2} s");
}

fn write(path: &Path, plan: &str) {
    fs::write(path, plan).expect("the plan is written");
}

fn trues() -> String {
    let plan = format!("[run]\nconcurrency = {PLACES}\n[backends.c]\nkind = \"command\"\nargv = [\"true\"]\n");
    (0..TASKS).fold(plan, |mut plan, n| {
        write!(plan, "[[tasks]]\nid = \"t{n}\"\nbackend = \"c\"\nprompt = \"\"\n").expect("it fits into memory");
        plan
    })
}

fn runner() -> Runner<'static> {
    let builder = Runner::builder().concurrency(PLACES).backend_fn("x", |_, _| {
        thread::sleep(TAKES);
        Ok("done".into())
    });
    builder.build().expect("it has no faults")
}

fn without(plan: &Plan) -> Duration {
    let runner = runner();
    timed(|| assert!(runner.run(plan, &CancelToken::new()).expect("it ran").is_success()))
}

/// In a journal of its own, from its making to its end.
fn with_journal(plan: &Plan, path: &Path) -> Duration {
    remove(path);
    let runner = runner();
    timed(|| {
        let journal = SqliteJournal::open(path).expect("it is made");
        let run = journal.begin(NewRun::new("run", "plan", plan), runner.circuit_breakers()).expect("it begins");
        let options = RunOptions::new().with_journal(&run).with_resume();
        let report = runner.run_with(plan, &CancelToken::new(), options).expect("it ran");
        assert!(report.is_success());
        run.end(&report).expect("it is written");
    })
}

fn program(plan: &Path, journal: Option<(&Path, &str)>) -> Duration {
    let mut seawall = Command::new(env!("CARGO_BIN_EXE_seawall"));
    seawall.args(["run", "--quiet"]).arg(plan);
    if let Some((path, option)) = journal {
        seawall.arg("--journal").arg(path);
        match option {
            "" => remove(path),
            option => drop(seawall.arg(option)),
        }
    }
    timed(|| assert!(seawall.output().expect("seawall starts").status.success()))
}

fn remove(path: &Path) {
    for beside in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        let _ = fs::remove_file(name);
    }
}
