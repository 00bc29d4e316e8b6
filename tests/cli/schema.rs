//! `seawall schema`: what is written obeys it, and what lacks something does not.

use crate::pictures::{LONG, MIXED, interrupted};
use crate::program::Folder;
use crate::runs::Runs;
use jsonschema::Validator;
use serde_json::Value;

fn schema(of: &str) -> Value {
    let ended = Folder::new().run(&["schema", of]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let schema: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::meta::validate(&schema).unwrap();
    schema
}

fn validator(of: &str) -> Validator {
    jsonschema::validator_for(&schema(of)).unwrap()
}

fn obeys(validator: &Validator, value: &Value) {
    let faults: Vec<String> =
        validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}: {value}");
}

/// Each value that lacks one key of `value`, but for those that may be absent.
fn lacking<'v>(value: &'v Value, optional: &'v [&str]) -> impl Iterator<Item = (String, Value)> + 'v {
    let keys = value.as_object().unwrap().keys().filter(|key| !optional.contains(&key.as_str()));
    keys.map(|key| {
        let mut lacking = value.clone();
        lacking.as_object_mut().unwrap().remove(key);
        (key.clone(), lacking)
    })
}

#[test]
fn reports_obey_theirs_and_each_lacking_key_is_refused() {
    let validator = validator("report");
    let mixed = Folder::with_plan(MIXED);
    assert_eq!(mixed.run_plan(&[]).code, Some(1));
    let report = mixed.json("report.json");
    obeys(&validator, &report);
    obeys(&validator, &interrupted(LONG).json("report.json"));
    for (key, lacking) in lacking(&report, &[]) {
        assert!(!validator.is_valid(&lacking), "{key}");
    }
    for part in ["run", "counts", "why"] {
        for (key, lacking) in lacking(&report[part], &["usage"]) {
            let mut wrong = report.clone();
            wrong[part] = lacking;
            assert!(!validator.is_valid(&wrong), "{part} {key}");
        }
    }
    for (place, task) in report["tasks"].as_array().unwrap().iter().enumerate() {
        for (key, lacking) in lacking(task, &["started_s", "elapsed_s"]) {
            let mut wrong = report.clone();
            wrong["tasks"][place] = lacking;
            assert!(!validator.is_valid(&wrong), "{task} {key}");
        }
    }
}

#[test]
fn events_obey_theirs_and_each_lacking_key_is_refused() {
    let validator = validator("events");
    let waits = "
        [backends.c]
        kind = 'command'
        argv = ['sh']
        when_open = 'wait'
        concurrency = 1
        retry = { max_attempts = 1 }
        breaker = { failure_threshold = 1, open_for = '100ms' }
        [[tasks]]
        id = 'a'
        backend = 'c'
        prompt = 'exit 1'
        failure_mode = 'skip'
        [[tasks]]
        id = 'b'
        backend = 'c'
        prompt = 'sleep 0.05'
        writes = ['x']
        [[tasks]]
        id = 'c'
        run = 'sleep 0.1'
        writes = ['x']
    ";
    let mut seen = Vec::new();
    for plan in [MIXED, waits] {
        let folder = Folder::with_plan(plan);
        folder.run_plan(&["--events", "e.jsonl"]);
        seen.extend(folder.read("e.jsonl").lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    let optional = ["error", "delay_s", "until_s", "failure", "cancelled"];
    for event in &seen {
        obeys(&validator, event);
        for (key, lacking) in lacking(event, &optional) {
            assert!(!validator.is_valid(&lacking), "{key} of {event}");
        }
    }
    let kinds: std::collections::BTreeSet<&str> = seen.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), 11, "{kinds:?}");
}

#[test]
fn every_fixed_word_is_named_and_no_other_is_taken() {
    let words = [
        ("report", "completed failed skipped cancelled success transient overloaded rate_limited timed_out permanent"),
        ("report", "invalid_answer killed could_not_start panicked circuit_open exhausted closed open half_open eager"),
        ("events", "run_started breaker_changed backoff circuit backend resource"),
        ("plan", "command simulated stdin arg fail wait off hard soft skip waves"),
    ];
    for (of, words) in words {
        let text = schema(of).to_string();
        for word in words.split(' ') {
            assert!(text.contains(&format!("\"{word}\"")), "{of}: {word}");
        }
    }
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'true'\n");
    folder.run_plan(&[]);
    let mut report = folder.json("report.json");
    report["tasks"][0]["status"] = "complete".into();
    assert!(!validator("report").is_valid(&report));
}

#[test]
fn a_schema_that_there_is_not_is_bad_usage_with_the_nearest_name() {
    let ended = Folder::new().run(&["schema", "reprot"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.out.is_empty() && ended.err.contains("'report'"), "{}", ended.err);
    assert_eq!(Folder::new().run(&["schema"]).code, Some(2));
}
