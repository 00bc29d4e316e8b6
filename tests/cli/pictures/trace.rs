//! `--trace`, held to the form that readers of trace events expect.

use super::{LONG, MIXED, interrupted, pictured};
use crate::program::Folder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The events, once they are as <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU> has them.
fn events(folder: &Folder) -> Vec<Value> {
    let events = folder.json("t.json")["traceEvents"].as_array().unwrap().clone();
    events.iter().for_each(has_what_its_phase_asks_for);
    every_track_has_a_name(&events);
    slices_nest(&events);
    begun_and_ended(&events);
    arrows_are_within_slices(&events);
    events
}

fn has_what_its_phase_asks_for(event: &Value) {
    let is_time = |key: &str| event[key].as_f64().is_some_and(|time| time >= 0.0);
    let is_track = |key: &str| event[key].as_u64().is_some_and(|number| number > 0);
    assert!(event["name"].is_string() && is_track("pid") && is_time("ts"), "{event}");
    // A reader takes a track with the number of its process for that process's main thread.
    let is_named_process = event["name"] == "process_name";
    assert!(is_named_process || (is_track("tid") && event["tid"] != event["pid"]), "{event}");
    let has_category = event["cat"].as_str().is_some_and(|category| !category.is_empty());
    match event["ph"].as_str().unwrap() {
        "X" => assert!(has_category && is_time("dur"), "{event}"),
        "b" | "e" => assert!(has_category && event["id2"]["local"].is_string() && event["id"].is_null(), "{event}"),
        "s" => assert!(has_category && event["id"].is_u64(), "{event}"),
        "f" => assert!(has_category && event["id"].is_u64() && event["bp"] == "e", "{event}"),
        "i" => assert!(has_category && event["s"] == "t", "{event}"),
        "M" => assert!(event["args"]["name"].is_string(), "{event}"),
        other => panic!("{other}: {event}"),
    }
}

fn track(event: &Value) -> (u64, u64) {
    (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap())
}

/// One, and no other has it.
fn every_track_has_a_name(events: &[Value]) {
    let named = |what: &'static str| events.iter().filter(move |event| event["name"] == what);
    let processes: Vec<u64> = named("process_name").map(|event| event["pid"].as_u64().unwrap()).collect();
    let tracks: Vec<_> = named("thread_name").map(track).collect();
    assert_eq!(processes.iter().collect::<BTreeSet<_>>().len(), processes.len(), "{processes:?}");
    assert_eq!(tracks.iter().collect::<BTreeSet<_>>().len(), tracks.len(), "{tracks:?}");
    for event in events.iter().filter(|event| event["ph"] != "M") {
        assert!(processes.contains(&track(event).0) && tracks.contains(&track(event)), "{event}");
    }
}

/// When it begins and ends, in nanoseconds, as readers count.
fn span(slice: &Value) -> (f64, f64) {
    let [from, long] = ["ts", "dur"].map(|key| (slice[key].as_f64().unwrap() * 1e3).round());
    (from, from + long)
}

/// On one track slices are apart, or one is within the other.
fn slices_nest(events: &[Value]) {
    let mut tracks: BTreeMap<(u64, u64), Vec<(f64, f64)>> = BTreeMap::new();
    for event in events.iter().filter(|event| event["ph"] == "X") {
        tracks.entry(track(event)).or_default().push(span(event));
    }
    for track in tracks.values_mut() {
        track.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        let mut open: Vec<f64> = Vec::new();
        for (from, to) in track {
            open.retain(|end| *end > *from);
            assert!(open.last().is_none_or(|end| *to <= *end), "{from} to {to} overlaps in part");
            open.push(*to);
        }
    }
}

/// What is asynchronous has an identity that no other has, and ends after it began, under the same name.
fn begun_and_ended(events: &[Value]) {
    let mut open: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for event in events.iter().filter(|event| event["ph"] == "b" || event["ph"] == "e") {
        let id = event["id2"]["local"].as_str().unwrap();
        if event["ph"] == "b" {
            assert!(seen.insert(id) && open.insert(id, event).is_none(), "{event}");
            continue;
        }
        let begin = open.remove(id).unwrap_or_else(|| panic!("{event} never began"));
        assert!(["name", "cat", "pid"].iter().all(|key| begin[key] == event[key]), "{begin} {event}");
        assert!(begin["ts"].as_f64().unwrap() <= event["ts"].as_f64().unwrap(), "{begin} {event}");
    }
    assert!(open.is_empty(), "{open:?}");
}

/// Each begins and ends within a slice, once.
fn arrows_are_within_slices(events: &[Value]) {
    let ids = |ph: &str| -> Vec<u64> {
        events.iter().filter(|event| event["ph"] == ph).map(|event| event["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(ids("s"), ids("f"));
    assert_eq!(ids("s").len(), ids("s").into_iter().collect::<BTreeSet<_>>().len());
    for arrow in events.iter().filter(|event| event["ph"] == "s" || event["ph"] == "f") {
        let at = (arrow["ts"].as_f64().unwrap() * 1e3).round();
        let mut slices = events.iter().filter(|event| event["ph"] == "X" && track(event) == track(arrow)).map(span);
        assert!(slices.any(|(from, to)| from <= at && at < to), "{arrow}");
    }
}

fn of<'a>(events: &'a [Value], ph: &str, task: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["ph"] == ph && event["args"]["task"] == task).collect()
}

#[test]
fn each_attempt_is_a_slice_on_the_track_of_its_worker() {
    let folder = pictured(MIXED, 1);
    let (events, report) = (events(&folder), folder.json("report.json"));
    let names = events.iter().filter(|event| event["name"] == "thread_name" && event["pid"] == 1);
    let names: BTreeMap<_, _> = names.map(|event| (track(event), &event["args"]["name"])).collect();
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
            assert_eq!(slice["args"]["result"], attempt["result"]);
            assert_eq!(*names[&track(slice)], format!("worker {}", attempt["worker"]));
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
    assert!(lasted(0) >= 19_900.0, "{waits:?} {ends:?}");
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
