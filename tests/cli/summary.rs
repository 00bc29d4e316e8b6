//! What is said when a run is over.

use crate::program::{Folder, wait_until};
use crate::runs::Runs;

const FLAKY: &str = r#"
[retry]
initial_interval = "1ms"
[backends.s]
kind = "simulated"
latency = "12ms"
fail_first = 1
breaker = "off"
"#;

fn flaky(count: usize) -> String {
    let tasks = (0..count).map(|n| format!("[[tasks]]\nid = 'flaky-{n}'\nbackend = 's'\nprompt = 'x'\n"));
    format!("{FLAKY}{}", tasks.collect::<String>())
}

/// The lines that begin with `verb`, after the last line that is about something else.
fn said(err: &str, verb: &str) -> Vec<String> {
    let lines = err.lines().filter_map(|line| line.trim_start().strip_prefix(verb));
    lines.map(|line| line.trim_start().to_owned()).collect()
}

#[test]
fn what_failed_can_be_run_alone_by_the_line_that_is_said() {
    let folder = Folder::with_plan(
        "[[tasks]]\nid = 'first'\nrun = 'echo first >> ran'\n[[tasks]]\nid = \"it's [3]\"\nrun = 'echo it >> ran; exit 1'\nafter = ['first']\n[[tasks]]\nid = 'other'\nrun = 'echo other >> ran'\n",
    );
    let ended = folder.run_plan(&[]);
    let alone = said(&ended.err, "alone");
    assert_eq!(alone, ["seawall run plan.toml --only \"it's [3]\""]);
    folder.write("ran", "");
    let line = alone[0].replacen("seawall", env!("CARGO_BIN_EXE_seawall"), 1);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]);
    let ended = folder.end(crate::program::Running::start(folder.prepared(shell)));
    assert_eq!((ended.code, folder.read("ran")), (Some(1), "first\nit\n".into()));
}

#[test]
fn of_many_failures_it_is_said_once_how_to_run_one_alone() {
    let task = |n| format!("[[tasks]]\nid = 'bad-{n}'\nrun = 'exit 1'\n");
    let ended = Folder::with_plan(&(0..40).map(task).collect::<String>()).run_plan(&[]);
    assert_eq!(said(&ended.err, "alone"), ["seawall run plan.toml --only ID"]);
    assert!(ended.err.matches("(on sh): exit code 1").count() == 40, "{ended:?}");
}

#[test]
fn a_plan_that_cannot_be_read_again_is_not_named() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'bad'\nrun = 'exit 1'\n");
    let mut command = folder.program(&["run", "-"]);
    command.stdin(std::fs::File::open(folder.path("plan.toml")).unwrap());
    let ended = folder.end(crate::program::Running::start(command));
    assert_eq!((ended.code, said(&ended.err, "alone").len()), (Some(1), 0), "{ended:?}");
}

#[test]
fn flaky_tasks_are_named_and_many_of_them_are_counted() {
    let few = said(&Folder::with_plan(&flaky(2)).run_plan(&[]).err, "flaky");
    assert_eq!(few, ["flaky-0 (2 attempts), flaky-1 (2 attempts)"]);
    let many = said(&Folder::with_plan(&flaky(30)).run_plan(&[]).err, "flaky").join(", ");
    assert_eq!(many.matches("attempts").count(), 5, "{many}");
    assert!(many.ends_with(", and 25 more"), "{many}");
}

#[test]
fn the_three_slowest_are_named_where_there_are_more_than_three() {
    let task = |(n, time): (usize, &str)| format!("[[tasks]]\nid = 't{n}'\nrun = 'sleep {time}'\n");
    let of = |times: &[&str]| {
        let plan: String = times.iter().copied().enumerate().map(task).collect();
        said(&Folder::with_plan(&plan).run_plan(&[]).err, "slowest")
    };
    assert_eq!(of(&["0.02", "0.02", "0.02"]), [""; 0]);
    let slowest = of(&["0.01", "0.9", "0.3", "0.6", "0.01"]).join("");
    let names: Vec<&str> = slowest.split(' ').step_by(2).collect();
    assert_eq!(names, ["t1", "t3", "t2"], "{slowest}");
}

#[test]
fn it_is_said_where_the_time_went() {
    let plan = "[run]\nconcurrency = 1\n[[tasks]]\nid = 'a'\nrun = 'sleep 0.2'\n[[tasks]]\nid = 'b'\nrun = 'sleep 0.2'\n[[tasks]]\nid = 'c'\nrun = 'sleep 0.1'\nafter = ['b']\n";
    let ended = Folder::with_plan(plan).run_plan(&[]);
    let time = said(&ended.err, "time").join("");
    assert!(time.starts_with("critical path ") && time.ends_with(": b → c"), "{ended:?}");
    let lost = said(&ended.err, "lost over all tasks: ").join("");
    assert!(lost.contains("to places that were taken"), "{ended:?}");
}

#[test]
fn a_run_of_three_that_went_well_is_summed_up_in_one_line() {
    let task = |n| format!("[[tasks]]\nid = 't{n}'\nrun = 'true'\n");
    let ended = Folder::with_plan(&(0..3).map(task).collect::<String>()).run_plan(&[]);
    // On a machine that is busy they may have waited for threads, which is told.
    let lines: Vec<&str> = ended.err.lines().filter(|line| !line.is_empty() && !line.contains("lost over")).collect();
    assert_eq!(lines.len(), 1 + 3 + 1, "{ended:?}");
    assert!(ended.err.lines().last().unwrap().ends_with("3 tasks: 3 completed"), "{ended:?}");
}

#[test]
fn quiet_says_nothing_of_what_went_well() {
    let ended = Folder::with_plan(&flaky(30)).run_plan(&["--quiet"]);
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    assert!(ended.err.contains("30 completed (30 after a retry)"), "{ended:?}");
}

#[test]
fn advice_is_what_the_same_attempts_would_have_taken() {
    let backend = |id, latency| format!("[backends.{id}]\nkind = 'simulated'\nlatency = '{latency}'\n");
    let plan = [
        &backend("quick", "0.1s"),
        &backend("slow", "1.3s"),
        "[[tasks]]\nid = 'a'\nbackend = 'quick'\nprompt = 'x'\n",
        "[[tasks]]\nid = 'b'\nbackend = 'slow'\nprompt = 'x'\n",
        "[[tasks]]\nid = 'c'\nbackend = 'slow'\nprompt = 'x'\nafter = ['a']\n",
    ]
    .concat();
    let folder = Folder::with_plan(&plan);
    // There is none where the run took longer than its attempts explain, as on a machine that is busy with something else.
    let mut advice = String::new();
    wait_until("a run that took as long as its attempts", || {
        advice = said(&folder.run_plan(&[]).err, "advice").join("");
        !advice.is_empty()
    });
    assert!(advice.starts_with("with schedule = \"eager\" this run would have taken about 1."), "{advice}");
    assert_eq!(said(&folder.run_plan(&["--schedule", "eager"]).err, "advice"), [""; 0]);
}
