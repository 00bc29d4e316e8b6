//! `seawall check --effective`: a plan that means the same, with nothing left to defaults.

use crate::program::Folder;
use crate::runs::Runs as _;
use crate::verdicts::{Inputs as _, Verdicts as _};
use toml::Table;

const PLAN: &str = r#"
[run]
schedule = "eager"
[retry]
max_attempts = 7
max_interval = "3s"
[breaker]
open_for = "90s"

[backends."odd name"]
kind = "command"
argv = ["sh", "-c", "cat; echo \"$MODE\"", "{prompt}"]
input = "arg"
timeout = "1m 30s"
when_open = { fallback = "sim" }
retry = { max_attempts = 4 }
breaker = { failure_threshold = 2 }
exit = { permanent = [2, 3], overloaded = [75] }
env = { MODE = "fa\"st", "ODD.NAME" = "\u001B" }
cwd = "sub"
concurrency = 2

[backends.sim]
kind = "simulated"
latency = { median = "20ms", p99 = "200ms" }
fail_rate = 0.25
down = ["2s", "5s"]
response = "line 1\nline 2"
breaker = "off"

[[tasks]]
id = "a \"quoted\" \\ id"
backend = "odd name"
prompt_file = "prompt.md"
timeout = "5s"
retry = { multiplier = 3 }
writes = ["target", "./x", "/abs"]

[[tasks]]
id = "b"
run = "make test"
after = ["a \"quoted\" \\ id"]
failure_mode = "soft"
retry = { max_attempts = 2 }
"#;

const PROMPT: &str = "\nsay \"\"\"this\"\"\"\\\n\tand that\r\n\u{1b}";

fn folder() -> Folder {
    let folder = Folder::with_plan(PLAN);
    folder.write("prompt.md", PROMPT);
    folder
}

fn effective(folder: &Folder, plan: &str) -> String {
    folder.run(&["check", "--effective", plan]).result()
}

#[test]
fn it_is_a_plan_that_means_the_same_wherever_it_is() {
    let folder = folder();
    let once = effective(&folder, "plan.toml");
    std::fs::create_dir(folder.path("elsewhere")).unwrap();
    folder.write("elsewhere/effective.toml", &once);
    assert_eq!(effective(&folder, "elsewhere/effective.toml"), once);
    assert_eq!(folder.run_with_input(&["check", "--effective", "-"], once.as_bytes()).result(), once);
}

#[test]
fn each_setting_comes_from_who_says_it_first() {
    let plan: Table = effective(&folder(), "plan.toml").parse().unwrap();
    let retry = |table: &toml::Value| {
        let retry = &table["retry"];
        (
            retry["max_attempts"].as_integer().unwrap(),
            retry["multiplier"].as_float().unwrap(),
            retry["max_interval"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(retry(&plan["backends"]["odd name"]), (4, 2.0, "3s".to_owned()));
    assert_eq!(retry(&plan["backends"]["sim"]), (7, 2.0, "3s".to_owned()));
    assert_eq!(retry(&plan["tasks"][0]), (4, 3.0, "3s".to_owned()));
    // What `sh` brings is stronger than `[retry]`, and weaker than the task.
    assert_eq!(retry(&plan["backends"]["sh"]), (1, 2.0, "3s".to_owned()));
    assert_eq!(retry(&plan["tasks"][1]), (2, 2.0, "3s".to_owned()));
    assert_eq!(
        plan["backends"]["odd name"]["breaker"].to_string(),
        "{ failure_threshold = 2, half_open_requests = 3, open_for = \"1m 30s\" }"
    );
    assert_eq!(
        (&plan["backends"]["sh"]["breaker"], &plan["backends"]["sim"]["breaker"]),
        (&"off".into(), &"off".into())
    );
}

#[test]
fn defaults_are_filled_in_and_what_was_given_stays() {
    let folder = folder();
    let plan: Table = effective(&folder, "plan.toml").parse().unwrap();
    let folder = folder.path("").canonicalize().unwrap();
    let in_folder = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    assert_eq!((plan["run"]["concurrency"].as_integer(), plan["run"]["schedule"].as_str()), (Some(8), Some("eager")));
    assert_eq!(plan["run"].get("seed"), None);
    assert_eq!(plan["tasks"][0]["prompt"].as_str(), Some(PROMPT));
    assert_eq!(
        plan["tasks"][0]["writes"].to_string(),
        format!("[\"{}\", \"{}\", \"/abs\"]", in_folder("target"), in_folder("./x"))
    );
    assert_eq!(plan["tasks"][1]["failure_mode"].as_str(), Some("soft"));
    let backends = &plan["backends"];
    assert_eq!(backends["odd name"]["cwd"].as_str(), Some(&*in_folder("sub")));
    assert_eq!(backends["odd name"]["env"]["MODE"].as_str(), Some("fa\"st"));
    assert_eq!(backends["sim"]["response"].as_str(), Some("line 1\nline 2"));
    assert_eq!(backends["sh"]["argv"].to_string(), "[\"sh\", \"-c\", \"{prompt}\"]");
}

#[test]
fn a_declared_sh_replaces_the_built_in_one_wholly() {
    let plan = "[backends.sh]\nkind = \"simulated\"\n[[tasks]]\nid = \"a\"\nrun = \"true\"\n";
    let plan: Table = effective(&Folder::with_plan(plan), "plan.toml").parse().unwrap();
    let sh = &plan["backends"]["sh"];
    assert_eq!((sh["kind"].as_str(), sh["retry"]["max_attempts"].as_integer()), (Some("simulated"), Some(0)));
    assert!(sh["breaker"].is_table());
}

#[test]
fn an_sh_that_is_not_used_is_not_shown() {
    let plan = "[backends.s]\nkind = \"simulated\"\n[[tasks]]\nid = \"a\"\nbackend = \"s\"\nprompt = \"x\"\n";
    let plan: Table = effective(&Folder::with_plan(plan), "plan.toml").parse().unwrap();
    assert_eq!(plan["backends"].get("sh"), None);
}
