//! What a journal costs: runs with one and without, side by side; and how long it takes to go on with a run that is done.

#[path = "support/paired.rs"]
mod paired;

use paired::{compare, criterion, median, timed};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SLEEPS: u32 = 10_000;
const TRUES: u32 = 2_000;
/// With a journal a run takes at most so many times what it takes without: it loses less than a tenth, or a half, of its speed.
const OF_A_MILLISECOND: f64 = 1.0 / 0.9;
const OF_TRUE: f64 = 1.0 / 0.5;
/// The two of a millisecond are so close that a few rounds do not tell them apart.
const ROUNDS: usize = 30;
const DONE: u32 = 100_000;
const SECONDS_TO_GO_ON: f64 = 2.0;

fn main() {
    let mut criterion = criterion().sample_size(ROUNDS);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plan_of = |name: &str, backend: &str, tasks: u32| {
        let path = folder.path().join(name);
        fs::write(&path, plan(backend, tasks)).expect("the plan is written");
        path
    };
    let journal = folder.path().join("journal.db");

    let plan = plan_of("sleeps.toml", "kind = \"simulated\"\nlatency = \"1ms\"", SLEEPS);
    let name = "10,000 tasks of 1 ms at 8 places, against those without a journal";
    compare(&mut criterion, name, SLEEPS, OF_A_MILLISECOND, || afresh(&plan, &journal), || run(&plan, &[]));

    let mut criterion = criterion.sample_size(10);
    let plan = plan_of("trues.toml", "kind = \"command\"\nargv = [\"true\"]", TRUES);
    let name = "2,000 times `true` at 8 places, against those without a journal";
    compare(&mut criterion, name, TRUES, OF_TRUE, || afresh(&plan, &journal), || run(&plan, &[]));
    criterion.final_summary();

    let plan = plan_of("done.toml", "kind = \"simulated\"", DONE);
    let first = afresh(&plan, &journal);
    let go_on = || run(&plan, &["--journal".as_ref(), &journal, "--resume".as_ref()]).as_secs_f64();
    let mut seconds: Vec<f64> = (0..5).map(|_| go_on()).collect();
    let seconds = median(&mut seconds);
    eprintln!(
        "{DONE} completed tasks: run in {:.2} s, gone on with in {seconds:.2} s (at most {SECONDS_TO_GO_ON} s)",
        first.as_secs_f64()
    );
    assert!(seconds <= SECONDS_TO_GO_ON, "to go on with {DONE} completed tasks takes {seconds:.2} s");
}

fn plan(backend: &str, tasks: u32) -> String {
    format!(
        "[run]\nconcurrency = 8\n[backends.b]\n{backend}\n\
         [[tasks]]\nid = \"t\"\nbackend = \"b\"\nprompt = \"x\"\nfor_each = {{ range = [1, {tasks}] }}\n"
    )
}

/// In a journal of its own, from its making to its end.
fn afresh(plan: &Path, journal: &Path) -> Duration {
    for beside in ["", "-wal", "-shm"] {
        let mut name = journal.as_os_str().to_owned();
        name.push(beside);
        let _ = fs::remove_file(name);
    }
    run(plan, &["--journal".as_ref(), journal])
}

/// The whole program, from its start to its end.
fn run(plan: &Path, arguments: &[&Path]) -> Duration {
    let mut seawall = Command::new(env!("CARGO_BIN_EXE_seawall"));
    seawall.args(["run", "--quiet"]).arg(plan).args(arguments);
    timed(|| assert!(seawall.output().expect("seawall starts").status.success()))
}
