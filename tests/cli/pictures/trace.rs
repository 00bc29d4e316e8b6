//! `--trace`, held to the form that readers of trace events expect.

use super::{LONG, MIXED, interrupted, pictured};
use crate::program::Folder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The events, each with what its phase asks for.
fn events(folder: &Folder) -> Vec<Value> {
    let events = folder.json("t.json")["traceEvents"].as_array().unwrap().clone();
    for event in &events {
        let has = |keys: &[&str]| keys.iter().all(|key| event[key].is_number());
        assert!(event["name"].is_string() && has(&["pid", "tid", "ts"]), "{event}");
        match event["ph"].as_str().unwrap() {
            "X" => assert!(event["dur"].as_f64().unwrap() >= 0.0, "{event}"),
            "b" | "e" | "s" => assert!(event["id"].is_number() && event["cat"].is_string(), "{event}"),
            "f" => assert!(event["id"].is_number() && event["bp"] == "e", "{event}"),
            "i" => assert_eq!(event["s"], "p"),
            "M" => assert!(event["args"]["name"].is_string(), "{event}"),
            other => panic!("{other}: {event}"),
        }
    }
    for (begin, end) in [("b", "e"), ("s", "f")] {
        let ids = |ph: &str| -> Vec<u64> {
            events.iter().filter(|event| event["ph"] == ph).map(|event| event["id"].as_u64().unwrap()).collect()
        };
        assert_eq!(ids(begin), ids(end));
        assert_eq!(ids(begin).len(), ids(begin).into_iter().collect::<BTreeSet<_>>().len());
    }
    nested(&events);
    events
}

/// On one track slices are apart, or one is within the other.
fn nested(events: &[Value]) {
    let mut tracks: BTreeMap<(u64, u64), Vec<(f64, f64)>> = BTreeMap::new();
    for event in events.iter().filter(|event| event["ph"] == "X") {
        let (from, long) = (event["ts"].as_f64().unwrap(), event["dur"].as_f64().unwrap());
        let track = (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
        tracks.entry(track).or_default().push((from, from + long));
    }
    for track in tracks.values_mut() {
        track.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        let mut open: Vec<f64> = Vec::new();
        for (from, to) in track {
            open.retain(|end| *end > *from + 0.5);
            assert!(open.last().is_none_or(|end| *to <= end + 0.5), "{from} to {to} overlaps in part");
            open.push(*to);
        }
    }
}

fn of<'a>(events: &'a [Value], ph: &str, task: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["ph"] == ph && event["args"]["task"] == task).collect()
}

#[test]
fn each_attempt_is_a_slice_on_the_track_of_its_worker() {
    let folder = pictured(MIXED, 1);
    let (events, report) = (events(&folder), folder.json("report.json"));
    let names: BTreeSet<u64> = events
        .iter()
        .filter(|event| event["name"] == "thread_name" && event["pid"] == 1)
        .map(|event| event["tid"].as_u64().unwrap())
        .collect();
    for task in report["tasks"].as_array().unwrap() {
        let made = task["attempts"].as_array().unwrap().iter().filter(|attempt| attempt["result"] != "circuit_open");
        let made: Vec<&Value> = made.collect();
        let slices = of(&events, "X", task["id"].as_str().unwrap());
        assert_eq!(made.len(), slices.len());
        for (attempt, slice) in made.into_iter().zip(slices) {
            let close = |key: &str, ours: &str| {
                (attempt[key].as_f64().unwrap() * 1e6 - slice[ours].as_f64().unwrap()).abs() < 1.0
            };
            assert!(close("started_s", "ts") && close("elapsed_s", "dur"), "{attempt} {slice}");
            assert_eq!((&slice["tid"], &slice["args"]["result"]), (&attempt["worker"], &attempt["result"]));
            assert!(names.contains(&slice["tid"].as_u64().unwrap()));
        }
    }
}

#[test]
fn waits_and_circuits_are_off_the_workers_tracks_and_arrows_follow_dependencies() {
    let events = events(&pictured(MIXED, 1));
    let waits = of(&events, "b", "ibex");
    assert_eq!(waits.len(), 2);
    assert!(waits.iter().all(|wait| wait["name"] == "backoff" && wait["pid"] == 2));
    let ends = of(&events, "e", "ibex");
    let lasted = |n: usize| ends[n]["ts"].as_f64().unwrap() - waits[n]["ts"].as_f64().unwrap();
    assert!((19_900.0..30_000.0).contains(&lasted(0)), "{waits:?} {ends:?}");
    let changes: Vec<&Value> = events.iter().filter(|event| event["ph"] == "i").collect();
    let [change] = changes[..] else { panic!("{changes:?}") };
    assert_eq!((&change["args"]["backend"], &change["args"]["state"]), (&"broken".into(), &"open".into()));
    assert_ne!(change["pid"], 1);
    let arrows = events.iter().filter(|event| event["ph"] == "s").count();
    assert_eq!(arrows, 1, "`next` after `oryx`; what was skipped or refused has no slice");
}

#[test]
fn a_wait_for_a_circuit_is_one_slice() {
    let plan = "
        [backends.c]
        kind = 'command'
        argv = ['sh']
        when_open = 'wait'
        retry = { max_attempts = 1 }
        breaker = { failure_threshold = 1, open_for = '200ms' }
        [[tasks]]
        id = 'a'
        backend = 'c'
        prompt = 'exit 1'
        failure_mode = 'skip'
        [[tasks]]
        id = 'b'
        backend = 'c'
        prompt = 'true'
        after = ['a']
    ";
    let folder = pictured(plan, 0);
    let events = events(&folder);
    let waits = of(&events, "b", "b");
    let [wait] = waits[..] else { panic!("{waits:?}") };
    assert_eq!(wait["name"], "circuit");
    let why = folder.json("report.json")["why"]["circuit_s"].as_f64().unwrap();
    assert!((0.15..5.0).contains(&why), "{why}");
    let bands: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X" && event["pid"] == 3).collect();
    assert_eq!(bands.iter().map(|band| band["name"].as_str().unwrap()).collect::<Vec<_>>(), ["open", "half_open"]);
}

#[test]
fn an_attempt_that_was_interrupted_is_there() {
    let events = events(&interrupted(LONG));
    let tapir = of(&events, "X", "tapir");
    assert_eq!((tapir.len(), &tapir[0]["args"]["result"]), (1, &"cancelled".into()));
    assert!(of(&events, "X", "quoll").is_empty());
}
