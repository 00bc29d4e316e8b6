//! What a report says of its run.

use crate::program::{Folder, task};
use crate::runs::Runs;

#[test]
fn a_run_has_an_id_a_beginning_and_a_seed() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'true'\n");
    let [first, second] = [(); 2].map(|()| {
        assert_eq!(folder.run_plan(&[]).code, Some(0));
        folder.json("report.json")["run"].clone()
    });
    for run in [&first, &second] {
        let id = run["id"].as_str().unwrap();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        assert!(run["seed"].as_u64().unwrap() < 1 << 63);
        let started = run["started"].as_str().unwrap();
        let form: String = started.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(form, "0000-00-00T00:00:00.000Z", "{started}");
        assert_eq!((&run["plan"], &run["concurrency"]), (&"plan.toml".into(), &8.into()));
        assert_eq!((&run["schedule"], &run["cancelled"]), (&"waves".into(), &serde_json::Value::Null));
    }
    assert_ne!(first["id"], second["id"]);
    assert_ne!(first["seed"], second["seed"]);
}

#[test]
fn options_win_over_the_plan() {
    let plan = "[run]\nseed = 7\nconcurrency = 2\nschedule = 'eager'\n[[tasks]]\nid = 'a'\nrun = 'true'\n";
    let folder = Folder::with_plan(plan);
    folder.run_plan(&[]);
    let run = folder.json("report.json")["run"].clone();
    assert_eq!((&run["seed"], &run["concurrency"], &run["schedule"]), (&7.into(), &2.into(), &"eager".into()));
    folder.run_plan(&["--seed", "9", "--concurrency", "3", "--schedule", "waves"]);
    let run = folder.json("report.json")["run"].clone();
    assert_eq!((&run["seed"], &run["concurrency"], &run["schedule"]), (&9.into(), &3.into(), &"waves".into()));
}

#[test]
fn an_attempt_made_elsewhere_names_its_backend() {
    let plan = r#"
[backends.first]
kind = "simulated"
latency = "1ms"
fail_rate = 1.0
when_open = { fallback = "second" }
retry = { max_attempts = 3, initial_interval = "1ms" }
breaker = { failure_threshold = 1 }
[backends.second]
kind = "simulated"
latency = "1ms"
response = "from the second"
[[tasks]]
id = "a"
backend = "first"
prompt = "x"
"#;
    let folder = Folder::with_plan(plan);
    assert_eq!(folder.run_plan(&[]).code, Some(0));
    let report = folder.json("report.json");
    let task = task(&report, "a");
    assert_eq!((&task["backend"], &task["response"]), (&"first".into(), &"from the second".into()));
    let attempts: Vec<_> = task["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["result"].as_str().unwrap(), it.get("backend")))
        .collect();
    let second = "second".into();
    assert_eq!(attempts, [("transient", None), ("circuit_open", None), ("success", Some(&second))]);
    let breakers: Vec<_> =
        report["breakers"].as_array().unwrap().iter().map(|it| it["backend"].as_str().unwrap()).collect();
    assert_eq!(breakers, ["first", "second"]);
}

#[test]
fn it_is_pure_json_on_standard_output() {
    let folder =
        Folder::with_plan("[[tasks]]\nid = 'a'\nrun = \"printf '\\\\033[31m\\\\377\\\"'; echo tail >&2; exit 2\"\n");
    let ended = folder.run(&["run", "plan.toml", "--report-json", "-"]);
    let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(task(&report, "a")["failure"]["kind"], "exhausted");
    assert!(ended.err.contains("tail") && ended.err.contains("1 task"), "{ended:?}");
}

#[test]
fn every_report_says_where_the_time_went() {
    let keys = ["barrier_s", "failed_attempts_s", "backoff_s", "circuit_s", "resource_s", "place_s", "critical_path_s"];
    let plan = "
        [run]
        concurrency = 2
        [backends.s]
        kind = 'simulated'
        latency = '40ms'
        fail_first = 1
        retry = { initial_interval = '60ms', randomization_factor = 0.0 }
        [[tasks]]
        id = 'a'
        backend = 's'
        prompt = 'x'
        [[tasks]]
        id = 'b'
        run = 'true'
        after = ['a']
        [[tasks]]
        id = 'c'
        run = 'exit 1'
        [[tasks]]
        id = 'd'
        run = 'true'
        after = ['c']
    ";
    for (schedule, waits) in [("waves", true), ("eager", false)] {
        let folder = Folder::with_plan(plan);
        let ended = folder.run(&["run", "plan.toml", "--schedule", schedule, "--report-json", "r.json"]);
        assert_eq!(ended.code, Some(1), "{}", ended.err);
        let why = &folder.json("r.json")["why"];
        let of = |key: &str| why[key].as_f64().unwrap_or_else(|| panic!("{key} in {why}"));
        assert!(keys.iter().all(|key| of(key) >= 0.0));
        assert_eq!(why["critical_path"], serde_json::json!(["a", "b"]), "{why}");
        assert!(of("failed_attempts_s") >= 0.04 && of("backoff_s") >= 0.06 && of("backoff_s") < 5.0, "{why}");
        assert_eq!(of("barrier_s") >= 0.05, waits, "{why}");
    }
}
