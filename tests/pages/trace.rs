//! `run --trace`, as Perfetto reads it.

use crate::perfetto::Perfetto;
use crate::program::{Folder, Running, task};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Retries, a circuit that opens and that others wait for, a resource, and dependencies.
const PLAN: &str = "
    [run]
    concurrency = 3
    schedule = 'eager'
    [backends.shaky]
    kind = 'simulated'
    latency = '5ms'
    fail_first = 2
    breaker = 'off'
    retry = { initial_interval = '20ms', randomization_factor = 0.0 }
    [backends.down]
    kind = 'simulated'
    latency = '5ms'
    fail_first = 1
    retry = { initial_interval = '10ms', randomization_factor = 0.0 }
    breaker = { failure_threshold = 1, open_for = '100ms', half_open_requests = 1 }
    when_open = 'wait'
    [[tasks]]
    id = 'oryx'
    run = 'sleep 0.05'
    writes = ['target']
    [[tasks]]
    id = 'ibex'
    run = 'true'
    writes = ['target']
    [[tasks]]
    id = 'lemur'
    backend = 'shaky'
    prompt = 'x'
    after = ['oryx', 'ibex']
    [[tasks]]
    id = 'okapi'
    backend = 'down'
    prompt = 'x'
    [[tasks]]
    id = 'below'
    run = 'true'
    after = ['lemur', 'okapi']
";

/// The trace of a run, open in Perfetto, and the run's report. `None` where there is no Perfetto.
fn opened() -> Option<(Perfetto, Value)> {
    let perfetto = Perfetto::start()?;
    let folder = Folder::with_plan(PLAN);
    let options = ["run", "plan.toml", "--trace", "t.json", "--report-json", "r.json"];
    let ended = folder.end(Running::start(folder.program(&options)));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    perfetto.open(&folder.read("t.json"));
    Some((perfetto, folder.json("r.json")))
}

/// Every slice, with the track that it is on.
const SLICES: &str = "select slice.name, ts, dur, depth, extract_arg(slice.arg_set_id, 'args.task') as task, \
    thread.name as track, process.name as process from slice join thread_track on track_id = thread_track.id \
    join thread using (utid) join process using (upid) order by ts, depth";

#[test]
fn perfetto_drops_nothing_and_shows_what_happened() {
    let Some((perfetto, report)) = opened() else { return };
    let wrong = "select name, value from stats where value > 0 and severity != 'info'";
    assert_eq!(perfetto.query(wrong), [Value::Null; 0]);
    let slices = perfetto.query(SLICES);
    attempts_are_on_their_workers(&slices, &report);
    circuits_have_tracks_of_their_own(&slices);
    waits_are_a_process_of_their_own(&perfetto, &report);
    arrows_follow_dependencies(&perfetto);
}

fn attempts_are_on_their_workers(slices: &[Value], report: &Value) {
    for task in report["tasks"].as_array().unwrap() {
        let made: Vec<&Value> =
            task["attempts"].as_array().unwrap().iter().filter(|attempt| attempt["result"] != "circuit_open").collect();
        let shown: Vec<&Value> = slices.iter().filter(|slice| slice["task"] == task["id"]).collect();
        assert_eq!(made.len(), shown.len(), "{task} {shown:?}");
        for (made, shown) in made.into_iter().zip(shown) {
            assert_eq!(shown["track"], format!("worker {}", made["worker"]));
            assert_eq!((&shown["process"], &shown["depth"]), (&json!("workers: plan.toml"), &json!(0)));
            for (ours, theirs) in [("started_s", "ts"), ("elapsed_s", "dur")] {
                let [ours, theirs] = [&made[ours], &shown[theirs]].map(|number| number.as_f64().unwrap());
                assert!((ours * 1e9 - theirs).abs() < 1e3, "{made} {shown}");
            }
        }
    }
}

fn circuits_have_tracks_of_their_own(slices: &[Value]) {
    let shown = slices.iter().filter(|slice| slice["process"] == "circuits");
    let shown: Vec<Value> = shown.map(|slice| json!([slice["track"], slice["depth"], slice["name"]])).collect();
    let (open, half_open) = ("down is open", "down is half_open");
    let bands = [json!(["down", 0, "open"]), json!(["down", 1, open])].into_iter();
    let bands = bands.chain([json!(["down", 0, "half_open"]), json!(["down", 1, half_open])]);
    assert_eq!(shown, bands.chain([json!(["down", 0, "down is closed"])]).collect::<Vec<_>>());
}

fn waits_are_a_process_of_their_own(perfetto: &Perfetto, report: &Value) {
    let waits = perfetto.query(
        "select slice.name, slice.dur, extract_arg(slice.arg_set_id, 'args.task') as task from slice \
         join process_track on track_id = process_track.id join process using (upid) where process.name = 'waits'",
    );
    let lasted = |name: &str| -> f64 {
        waits.iter().filter(|wait| wait["name"] == name).map(|wait| wait["dur"].as_f64().unwrap() / 1e9).sum()
    };
    for (name, cost) in [("backoff", "backoff_s"), ("circuit", "circuit_s"), ("resource", "resource_s")] {
        let cost = report["why"][cost].as_f64().unwrap();
        assert!(cost > 0.0 && (lasted(name) - cost).abs() < 0.01, "{name}: {cost}, {waits:?}");
    }
    let tasks: BTreeSet<&str> = waits.iter().map(|wait| wait["task"].as_str().unwrap()).collect();
    assert!(tasks.is_superset(&["lemur", "okapi"].into()), "{waits:?}");
    let attempts = task(report, "lemur")["attempts"].as_array().unwrap().len();
    assert_eq!(waits.iter().filter(|wait| wait["task"] == "lemur" && wait["name"] == "backoff").count(), attempts - 1);
}

fn arrows_follow_dependencies(perfetto: &Perfetto) {
    let arrows = perfetto.query(
        "select extract_arg(a.arg_set_id, 'args.task') as a, extract_arg(b.arg_set_id, 'args.task') as b \
         from flow join slice a on a.id = slice_out join slice b on b.id = slice_in order by 1",
    );
    let arrows: Vec<_> = arrows.iter().map(|arrow| [&arrow["a"], &arrow["b"]].map(|id| id.as_str().unwrap())).collect();
    assert_eq!(arrows, [["ibex", "lemur"], ["lemur", "below"], ["okapi", "below"], ["oryx", "lemur"]]);
}
