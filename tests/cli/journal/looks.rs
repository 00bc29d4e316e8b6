//! `runs`, `show` and `prune`.

use super::{Journaled as _, logged, statuses};
use crate::pictures::MIXED;
use crate::program::Folder;
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;
use serde_json::{Value, json};

/// Three runs: one that failed, one that went on with it, one that did not.
fn three() -> (Folder, Vec<String>) {
    let plan = logged("a", "head -c 200000 /dev/zero | tr '\\0' q", "") + &logged("b", "[ -e go ]", "after = ['a']");
    let folder = Folder::with_plan(&plan);
    let id = || folder.json("report.json")["run"]["id"].as_str().unwrap().to_owned();
    assert_eq!(folder.journaled(&[]).code, Some(1));
    let first = id();
    folder.write("go", "");
    assert_eq!(folder.resume(&[]).code, Some(0));
    let second = id();
    assert_eq!(folder.journaled(&[]).code, Some(0));
    let third = id();
    (folder, vec![first, second, third])
}

fn ids(runs: &Value) -> Vec<String> {
    runs.as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn runs_are_listed_the_oldest_first() {
    let (folder, wanted) = three();
    let runs = folder.look(&["runs", "j.db"]);
    assert_eq!(ids(&runs), wanted);
    let report = folder.json("report.json");
    let third = json!({
        "id": wanted[2], "plan": "plan.toml", "started": report["run"]["started"], "state": "ended", "cancelled": null,
        "counts": {"completed": 2, "failed": 0, "skipped": 0, "cancelled": 0}, "resumed_from": null,
    });
    assert_eq!(runs[2], third);
    assert_eq!((&runs[0]["counts"]["failed"], &runs[1]["resumed_from"]), (&json!(1), &json!(wanted[0])));
    let listed = folder.run(&["runs", "j.db"]).result();
    let lines: Vec<&str> = listed.lines().collect();
    assert!(
        lines[0].starts_with(&wanted[0]) && lines[0].ends_with("plan.toml  ended: 1 completed, 1 failed"),
        "{listed}"
    );
    assert!(lines[1].ends_with(&format!("ended: 2 completed, resumed from {}", wanted[0])), "{listed}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn a_run_is_shown_by_the_beginning_of_its_id_and_the_newest_one_without() {
    let (folder, ids) = three();
    let shown = |args: &[&str]| folder.look(&[&["show", "j.db"], args].concat())["run"]["id"].clone();
    assert_eq!(shown(&[]), ids[2]);
    for id in &ids {
        assert_eq!(shown(&[id]), *id);
        assert_eq!(shown(&[&id[..20]]), *id);
    }
    folder.run(&["show", "j.db", "x"]).is_refused(&["`j.db`", "`x`"]);
    folder.run(&["show", "j.db", ""]).is_refused(&["more than one"]);
}

#[test]
fn what_is_shown_is_the_report_that_the_run_wrote() {
    let folder = Folder::with_plan(MIXED);
    assert_eq!(folder.journaled(&[]).code, Some(1));
    let (report, shown) = (folder.json("report.json"), folder.look(&["show", "j.db"]));
    for key in ["run", "counts", "breakers", "schema", "tasks"] {
        assert_eq!(rounded(&shown[key]), rounded(&report[key]), "{key}");
    }
    for key in ["critical_path", "critical_path_s", "failed_attempts_s", "backoff_s", "circuit_s", "resource_s"] {
        assert_eq!(rounded(&shown["why"][key]), rounded(&report["why"][key]), "{key}");
    }
    let page = folder.run(&["show", "j.db"]).result();
    for task in report["tasks"].as_array().unwrap().iter().filter(|task| task["status"] != "completed") {
        assert!(page.contains(task["id"].as_str().unwrap()), "{page}");
    }
}

/// With each fraction to the microsecond, since no journal holds more than nanoseconds.
fn rounded(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => json!((number.as_f64().unwrap() * 1e6).round()),
        Value::Array(items) => items.iter().map(rounded).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), rounded(field))).collect(),
        other => other.clone(),
    }
}

#[test]
fn pruned_runs_are_gone_and_the_others_are_whole_with_what_they_took_over() {
    let (folder, wanted) = three();
    let before = folder.look(&["show", "j.db", &wanted[1]]);
    let size = || std::fs::metadata(folder.path("j.db")).unwrap().len();
    let pruned = folder.run(&["prune", "j.db", "--keep", "2"]);
    assert_eq!(pruned.code, Some(0), "{}", pruned.err);
    assert_eq!(ids(&folder.look(&["runs", "j.db"])), wanted[1..]);
    assert_eq!(folder.look(&["show", "j.db", &wanted[1]]), before);
    assert_eq!(before["tasks"][0]["response"].as_str().unwrap().len(), 200_000);
    let of_two = size();
    folder.run(&["prune", "j.db", "--keep", "1"]);
    assert!(size() + 190_000 < of_two, "the space is given back: {of_two} → {}", size());
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!(folder.taken_over(), ["a", "b"]);
    folder.run(&["prune", "j.db", "--keep", "0"]);
    assert_eq!(folder.look(&["runs", "j.db"]), json!([]));
    folder.run(&["show", "j.db"]).is_refused(&["there is no run in `j.db`"]);
}

#[test]
fn where_there_is_no_file_none_is_made() {
    let folder = Folder::new();
    for args in [&["runs", "no.db"][..], &["show", "no.db"], &["prune", "no.db", "--keep", "1"]] {
        let refused = folder.run(args);
        assert_eq!(refused.code, Some(3), "{args:?}: {}", refused.err);
        refused.says(&["`no.db`"]);
        assert!(!folder.has("no.db"));
    }
}

#[test]
fn a_cancelled_run_is_shown_with_the_reason() {
    let folder = Folder::with_plan(
        &(logged("a", "exit 1", "") + &logged("b", "true", "writes = ['x']") + "[run]\nconcurrency = 1\n"),
    );
    assert_eq!(folder.journaled(&["--fail-fast"]).code, Some(1));
    let shown = folder.look(&["show", "j.db"]);
    assert_eq!(
        (shown["run"]["cancelled"].as_str(), statuses(&shown)),
        (Some("fail-fast"), "a failed, b cancelled".into())
    );
    assert_eq!(folder.look(&["runs", "j.db"])[0]["cancelled"], "fail-fast");
    folder.log();
    folder.resume(&[]);
    assert_eq!(folder.log(), ["a", "b"]);
}
