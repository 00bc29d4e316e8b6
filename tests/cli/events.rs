//! Events as lines of JSON.

use crate::program::{Folder, Running, task};
use crate::runs::Runs;
use serde_json::Value;
use std::io::{BufRead, BufReader, pipe};

const MIXED: &str = r#"
[run]
concurrency = 4
[retry]
initial_interval = "5ms"
[backends.s]
kind = "simulated"
latency = "1ms"
fail_first = 2
[backends.c]
kind = "command"
argv = ["sh", "-c", "{prompt}"]
input = "arg"
retry = { max_attempts = 1 }
breaker = { failure_threshold = 1 }
[[tasks]]
id = "good"
run = "echo fine"
[[tasks]]
id = "flaky"
backend = "s"
prompt = "x"
[[tasks]]
id = "bad"
run = "echo why >&2; exit 3"
[[tasks]]
id = "below"
run = "true"
after = ["bad"]
[[tasks]]
id = "down"
backend = "c"
prompt = "exit 1"
"#;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn they_agree_with_the_report() {
    let folder = Folder::with_plan(MIXED);
    folder.write("e.jsonl", "of an older run\n");
    assert_eq!(folder.run_plan(&["--events", "e.jsonl"]).code, Some(1));
    let (events, report) = (lines(&folder.read("e.jsonl")), folder.json("report.json"));
    assert!(events.iter().enumerate().all(|(place, event)| event["seq"] == place), "{events:#?}");
    assert_eq!((&events[0]["event"], &events[0]["id"]), (&"run_started".into(), &report["run"]["id"]));
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["counts"]), (&"run_ended".into(), &report["counts"]));
    for id in ["good", "flaky", "bad", "below", "down"] {
        let of = |kind: &str| {
            events.iter().filter(|event| event["event"] == kind && event["task"] == id).collect::<Vec<_>>()
        };
        let task = task(&report, id);
        let [ended] = of("task_ended")[..] else { panic!("{id}: {events:#?}") };
        assert_eq!((&ended["status"], ended.get("failure")), (&task["status"], task.get("failure")), "{id}");
        let results =
            |attempts: Vec<&Value>| attempts.iter().map(|attempt| attempt["result"].clone()).collect::<Vec<_>>();
        let attempts = task["attempts"].as_array().unwrap();
        assert_eq!(results(of("attempt_ended")), results(attempts.iter().collect()), "{id}");
        assert_eq!(of("attempt_started").len(), attempts.len(), "{id}");
    }
    let changes = events.iter().filter(|event| event["event"] == "breaker_changed");
    assert_eq!(
        changes.map(|event| (&event["from"], &event["to"])).collect::<Vec<_>>(),
        [(&"closed".into(), &"open".into())]
    );
}

#[test]
fn they_come_as_they_happen() {
    let plan = "[[tasks]]\nid = 'quick'\nrun = 'true'\n[[tasks]]\nid = 'slow'\nrun = 'while [ ! -e go ]; do sleep 0.01; done'\n";
    let folder = Folder::with_plan(plan);
    let (reader, writer) = pipe().unwrap();
    let mut command = folder.program(&["run", "plan.toml", "--events", "-"]);
    command.stdout(writer);
    let running = Running::start(command);
    let mut events = BufReader::new(reader).lines().map(Result::unwrap);
    assert!(events.any(|line| line.contains("task_ended") && line.contains("quick")));
    folder.write("go", "");
    assert!(events.last().is_some_and(|line| line.contains("run_ended")));
    assert_eq!(folder.end(running).code, Some(0));
}
