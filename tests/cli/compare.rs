//! `seawall bench --compare`: the same load with and without retries and circuit breakers.

use crate::program::Folder;
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;
use serde_json::Value;

const PLAN: &str = r#"
[run]
seed = 2

[backends.half]
kind = "simulated"
fail_rate = 0.4
retry = { initial_interval = "1ms", max_attempts = 4 }
breaker = { failure_threshold = 3, open_for = "1min" }
"#;

const LOAD: [&str; 9] = ["bench", "plan.toml", "--backend", "half", "--prompt", "x", "--count", "40", "--compare"];

fn of(row: &Value) -> (bool, bool, u64, u64) {
    let number = |key: &str| row[key].as_u64().unwrap();
    (row["retry"] == true, row["breaker"] == true, number("attempts"), number("rejected"))
}

#[test]
fn four_combinations_get_the_same_load_and_stand_side_by_side() {
    let folder = Folder::with_plan(PLAN);
    let ended = folder.run(&[&LOAD[..], &["--json", "b.json"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let json = folder.json("b.json");
    let rows: Vec<_> = json["compare"].as_array().unwrap().iter().map(of).collect();
    let [(true, true, _, refused), (true, false, many, 0), (false, true, few, _), (false, false, 40, 0)] = rows[..]
    else {
        panic!("{rows:?}")
    };
    assert!(refused > 0 && many > 40 && few <= 40, "{rows:?}");
    let own = ["calls", "ok", "errors", "attempts", "rejected", "circuit"];
    assert!(own.iter().all(|key| json[key] == json["compare"][0][key]), "{json}");
    assert!(json["compare"].as_array().unwrap().iter().all(|row| row["calls"] == 40), "{json}");
    ended.says(&["compared", "retry  breaker", "attempts a call"]);
}

#[test]
fn without_being_asked_nothing_is_compared() {
    let folder = Folder::with_plan(PLAN);
    folder.run(&[&LOAD[..8], &["--json", "b.json"]].concat());
    assert_eq!(folder.json("b.json").get("compare"), None);
}

#[test]
fn what_has_no_retries_or_only_one_combination_is_refused() {
    let folder = Folder::with_plan(PLAN);
    for more in [&["--no-retry"][..], &["--no-breaker"], &["--find-capacity", "--slo", "p99<1s"]] {
        folder.run(&[&LOAD[..], more].concat()).is_refused(&["--compare", more[0]]);
    }
    folder.run(&["bench", "--compare", "--", "true"]).is_refused(&["--compare"]);
    folder.run(&["bench", "--compare", "--url", "http://localhost:1/"]).is_refused(&["--compare", "--url"]);
    let from_input = ["bench", "-", "--backend", "half", "--prompt", "x", "--compare"];
    folder.run(&from_input).is_refused(&["--compare", "must be a file"]);
}
