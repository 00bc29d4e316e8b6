//! What it costs to run a program, against `xargs`.

#[path = "support/paired.rs"]
mod paired;

use paired::{compare, criterion, timed};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

const PROGRAMS: u32 = 2_000;
const LIMIT: f64 = 0.7;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut plan = String::from("[run]\nconcurrency = 8\n[backends.c]\nkind = \"command\"\nargv = [\"true\"]\n");
    for n in 0..PROGRAMS {
        write!(plan, "[[tasks]]\nid = \"t{n}\"\nbackend = \"c\"\nprompt = \"\"\n").expect("it fits into memory");
    }
    let file = folder.path().join("plan.toml");
    std::fs::write(&file, plan).expect("the plan is written");
    let ours = || {
        timed(|| {
            let run = Command::new(env!("CARGO_BIN_EXE_seawall")).args(["run", "--quiet"]).arg(&file).output();
            assert!(run.expect("seawall starts").status.success());
        })
    };
    let mut criterion = criterion();
    compare(&mut criterion, "2,000 programs at 8 places, against xargs -P8", PROGRAMS, LIMIT, ours, xargs);
    criterion.final_summary();
}

fn xargs() -> Duration {
    timed(|| {
        let numbers: String = (0..PROGRAMS).fold(String::new(), |numbers, n| numbers + &n.to_string() + "\n");
        let mut xargs =
            Command::new("xargs").args(["-P8", "-n1", "true"]).stdin(Stdio::piped()).spawn().expect("xargs is there");
        xargs.stdin.take().expect("it is piped").write_all(numbers.as_bytes()).expect("it reads");
        assert!(xargs.wait().expect("it ends").success());
    })
}
