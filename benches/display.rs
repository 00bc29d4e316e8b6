//! What the live display costs, against a terminal that shows none.

#[path = "support/paired.rs"]
#[expect(dead_code, reason = "other benches need more of it")]
mod paired;
#[path = "../tests/support/program.rs"]
#[expect(dead_code, reason = "tests need more of it")]
mod program;
#[path = "../tests/support/terminal.rs"]
#[expect(dead_code, reason = "tests need more of it")]
mod terminal;

use criterion::Criterion;
use paired::criterion;
use program::Folder;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::fs;
use std::time::{Duration, Instant};
use terminal::Terminal;

/// All of them wait for their second attempt at once, most of the time.
const TASKS: usize = 10_000;
const PLAN: &str = "[run]\nconcurrency = 64\n[backends.s]\nkind = 'simulated'\nlatency = '1ms'\nfail_first = 1\nbreaker = 'off'\n\
    retry = { initial_interval = '2s', randomization_factor = 0.0 }\n";
/// What it may take of the time of a run, in processor time.
const SHARE: f64 = 0.02;

/// What a run took.
struct Took {
    time: Duration,
    processor: Duration,
}

fn main() {
    let tasks = (0..TASKS).map(|n| format!("[[tasks]]\nid = 'task-{n}'\nbackend = 's'\nprompt = 'x'\n"));
    let folder = Folder::with_plan(&format!("{PLAN}{}", tasks.collect::<String>()));
    let (mut with, mut without) = (Vec::new(), Vec::new());
    let mut criterion = criterion();
    rounds(&mut criterion, || {
        without.push(run(&folder, "dumb", false));
        with.push(run(&folder, "xterm-256color", true));
        with.last().map_or(Duration::ZERO, |took| took.time)
    });
    // The least of them: whatever else the machine does only adds to what a program takes.
    let least =
        |runs: &[Took], of: fn(&Took) -> Duration| runs.iter().map(of).min().map_or(0.0, |took| took.as_secs_f64());
    let [ours, theirs] = [&with, &without].map(|runs| least(runs, |took| took.processor));
    let [time, other] = [&with, &without].map(|runs| least(runs, |took| took.time));
    let share = (ours - theirs) / time;
    eprintln!(
        "the display of {TASKS} tasks: {:.2} % of a run (at most {:.0} %); it takes {:.3} times as long as without",
        share * 1e2,
        SHARE * 1e2,
        time / other
    );
    assert!(share <= SHARE, "the display takes {:.2} % of a run", share * 1e2);
    criterion.final_summary();
}

fn rounds(criterion: &mut Criterion, mut run: impl FnMut() -> Duration) {
    criterion.bench_function("a run of 10,000 tasks at a terminal", |bencher| {
        bencher.iter_custom(|iterations| (0..iterations).map(|_| run()).sum());
    });
}

/// Runs the plan at a terminal.
fn run(folder: &Folder, kind: &str, draws: bool) -> Took {
    let begin = Instant::now();
    let terminal = Terminal::start(folder, (80, 24), &["run", "plan.toml"], &[("TERM", kind)]);
    let program = Pid::from_child(&terminal.running.child);
    waitid(WaitId::Pid(program), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).expect("it ends");
    let took = Took { time: begin.elapsed(), processor: processor_time(program) };
    let (code, _, raw) = terminal.end();
    assert_eq!((code, raw.contains("\x1b[K")), (Some(0), draws), "a display");
    took
}

/// What a program took that has ended and is still known: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
fn processor_time(program: Pid) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", program.as_raw_nonzero())).expect("it is still known");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("a name").split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<u64>().expect("a number");
    Duration::from_millis((ticks(11) + ticks(12)) * 1000 / rustix::param::clock_ticks_per_second())
}
