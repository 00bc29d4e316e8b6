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
