//! What `seawall exec` adds to the start of a program, against `env`.

#[path = "support/paired.rs"]
mod paired;

use criterion::Criterion;
use paired::{compare, criterion, median, timed};
use std::process::Command;
use std::time::Duration;

const CALLS: u32 = 20;
/// What is promised is the difference.
const RATIO: f64 = 10.0;
const MOST_ADDED: Duration = Duration::from_millis(3);

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let calls = |program: &str, args: &[&str]| {
        timed(|| {
            for _ in 0..CALLS {
                let status = Command::new(program).args(args).env("XDG_STATE_HOME", folder.path()).status();
                assert!(status.expect("it starts").success());
            }
        })
    };
    let (seawall, env) = (env!("CARGO_BIN_EXE_seawall"), || calls("env", &["true"]));
    let mut criterion = criterion();
    difference(&mut criterion, "exec, against env", || calls(seawall, &["exec", "--", "true"]), env);
    let with_circuit = || calls(seawall, &["exec", "--breaker", "bench", "--", "true"]);
    difference(&mut criterion, "exec with a circuit, against env", with_circuit, env);
    criterion.final_summary();
}

/// Says what a call of ours takes more than one of theirs, and fails if that is too much.
fn difference(criterion: &mut Criterion, name: &str, ours: impl Fn() -> Duration, theirs: impl Fn() -> Duration) {
    let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
    let noted = |took: Duration, notes: &mut Vec<f64>| {
        notes.push(took.as_secs_f64() / f64::from(CALLS));
        took
    };
    compare(criterion, name, CALLS, RATIO, || noted(ours(), &mut of_ours), || noted(theirs(), &mut of_theirs));
    let added = median(&mut of_ours) - median(&mut of_theirs);
    eprintln!("{name}: {:.2} ms more (at most {:.0})", added * 1e3, MOST_ADDED.as_secs_f64() * 1e3);
    assert!(added < MOST_ADDED.as_secs_f64(), "{name} takes {:.2} ms more", added * 1e3);
}
