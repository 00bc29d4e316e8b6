//! Coding agents in plan files, with a stand-in as the program.

use crate::program::{Folder, task};
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A backend whose program is the stand-in, which keeps what its calls were given, and does what the script says.
fn agent(name: &str, kind: &str, script: &str, keys: &str) -> String {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents");
    let (program, recorded) = (home.join("stand-in"), home.join("recorded"));
    format!(
        "[backends.{name}]\nkind = '{kind}'\nprogram = '{}'\nretry = {{ initial_interval = '1ms', max_attempts = 2 }}\n\
         env = {{ BOX = '.', RECORDED = '{}', SCRIPT = '''{script}''' }}\n{keys}\n",
        program.display(),
        recorded.display()
    )
}

fn prompt(id: &str, backend: &str, keys: &str) -> String {
    format!("[[tasks]]\nid = '{id}'\nbackend = '{backend}'\nprompt = 'x'\n{keys}\n")
}

fn argv(folder: &Folder, n: usize) -> Vec<String> {
    folder.read(&format!("{n}/argv")).split_terminator('\0').map(str::to_owned).collect()
}

/// What a claude prints that has cost a quarter of a dollar.
const QUARTER: &str = r#"echo "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"done\",\"session_id\":\"s$n\",\"total_cost_usd\":0.25,\"usage\":{\"input_tokens\":100,\"output_tokens\":10}}""#;

#[test]
fn a_plan_of_three_agents_is_run_and_told_of() {
    let plan = [
        agent("c", "claude", "replay claude/ok", ""),
        agent("x", "codex", "replay codex/ok", ""),
        agent("g", "goose", "replay goose/ok", ""),
        prompt("design", "c", ""),
        prompt("code", "x", "after = ['design']"),
        prompt("test", "g", "after = ['code']"),
        "[[tasks]]\nid = 'script'\nrun = 'true'\n".to_owned(),
    ];
    let folder = Folder::with_plan(&plan.concat());
    assert_eq!(folder.run_plan(&[]).code, Some(0));
    let report = folder.json("report.json");
    assert_eq!(task(&report, "code")["response"], "Hello from the mock.");
    let usage = |id: &str| task(&report, id)["usage"].clone();
    assert_eq!(usage("design"), json!({"input_tokens": 1200, "output_tokens": 34, "cost_usd": 0.00548}));
    assert_eq!(usage("code"), json!({"input_tokens": 1200, "output_tokens": 34}));
    assert_eq!(usage("script"), Value::Null);
    assert_eq!(report["run"]["usage"], json!({"input_tokens": 3600, "output_tokens": 102, "cost_usd": 0.00882}));
    assert_eq!(task(&report, "code")["session"], "01a20d3c-8dd1-7520-88bc-4b36abcf7b69");
    assert!(task(&report, "test")["session"].as_str().unwrap().starts_with("seawall-"));
    assert!(task(&report, "script").get("session").is_none());
}

#[test]
fn every_key_reaches_the_program() {
    let keys = "model = 'm'\nsystem_prompt_file = 'system.md'\nallowed_tools = ['Read', 'Edit']\npermission_mode = 'plan'\n\
                max_turns = 3\nmax_cost = 1\nextra_args = ['--bare']\nown_retries = 2";
    let folder = Folder::with_plan(&[agent("c", "claude", "replay claude/ok", keys), prompt("a", "c", "")].concat());
    folder.write("system.md", "Be brief.\n");
    assert_eq!(folder.run_plan(&[]).code, Some(0));
    let mut argv = argv(&folder, 1);
    argv.pop();
    let wanted = "-p --allowedTools Read,Edit --output-format json --model m --append-system-prompt Be brief.\n \
                  --permission-mode plan --max-turns 3 --max-budget-usd 1 --bare --session-id";
    assert_eq!(argv.join(" "), wanted);
    assert!(folder.read("1/env").contains("\nCLAUDE_CODE_MAX_RETRIES=2\n"));
}

#[test]
fn a_program_with_a_slash_is_found_from_the_plan_and_not_from_where_it_works() {
    let plan = "[backends.c]\nkind = 'claude'\nprogram = 'bin/mine'\ncwd = 'elsewhere'\nretry = { max_attempts = 1 }\n[[tasks]]\nid = 'a'\nbackend = 'c'\nprompt = ''\n";
    let folder = Folder::with_plan(plan);
    fs::create_dir_all(folder.path("bin")).unwrap();
    fs::create_dir_all(folder.path("elsewhere")).unwrap();
    let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/stand-in");
    std::os::unix::fs::symlink(stand_in, folder.path("bin/mine")).unwrap();
    let ran = folder.run_plan(&["--quiet"]);
    let report = folder.json("report.json");
    assert_eq!(ran.code, Some(1));
    assert_eq!(task(&report, "a")["attempts"][0]["result"], "invalid_answer", "it ran, and said nothing");
}

#[test]
fn a_session_goes_on_from_task_to_task() {
    let script = r#"echo "{\"type\":\"thread.started\",\"thread_id\":\"t\"}"; echo "{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"$n\"}}"; echo "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":${n}00,\"output_tokens\":$n}}""#;
    let plan = [
        agent("x", "codex", script, ""),
        prompt("one", "x", ""),
        prompt("two", "x", "after = ['one']\nsession = 'one'"),
        prompt("three", "x", "after = ['two']\nsession = 'one'"),
    ];
    let folder = Folder::with_plan(&plan.concat());
    assert_eq!(folder.run_plan(&[]).code, Some(0));
    let report = folder.json("report.json");
    for (n, id) in (1..).zip(["one", "two", "three"]) {
        assert_eq!(task(&report, id)["session"], "t");
        assert_eq!(task(&report, id)["usage"], json!({"input_tokens": 100, "output_tokens": 1}), "{id}");
        assert_eq!(argv(&folder, n).contains(&"resume".to_owned()), n > 1, "{id}");
    }
    assert_eq!(report["run"]["usage"]["input_tokens"], 300);
}

#[test]
fn a_session_of_a_for_each_is_that_of_its_one_item() {
    let for_each = |items: &str| {
        [
            agent("c", "claude", QUARTER, ""),
            prompt("many", "c", &format!("for_each = {{ values = {items}, allow_empty = true }}")),
        ]
        .concat()
    };
    let goes_on = |session: &str| prompt("next", "c", &format!("after = ['many']\nsession = '{session}'"));
    for (items, session, is_gone_on_in) in
        [("['a']", "many", true), ("['a']", "many[0]", true), ("['a', 'b']", "many[1]", true), ("[]", "many", false)]
    {
        let folder = Folder::with_plan(&format!("{}{}", for_each(items), goes_on(session)));
        // The stand-in answers from a session of its own: what counts is what it was asked.
        folder.run_plan(&[]);
        let calls = folder.names(".").iter().filter(|name| name.parse::<u32>().is_ok()).count();
        let last = argv(&folder, calls);
        assert_eq!(last[last.len() - 2], if is_gone_on_in { "--resume" } else { "--session-id" }, "{items} {session}");
    }
    let check = |plan: String, words: &[&str]| Folder::with_plan(&plan).run(&["check", "plan.toml"]).is_refused(words);
    check(for_each("['a', 'b']") + &goes_on("many"), &["`next`", "`many`, which is 2 tasks", "`many[0]`"]);
    check(
        for_each("['a', 'b']") + &goes_on("many[2]"),
        &["`next`", "`many[2]`, which is no task", "`many` has 2 items"],
    );
    let shared = prompt("all", "c", "after = ['many']\nsession = 'many'\nfor_each = { values = [1, 2] }");
    check(for_each("['a']") + &shared, &["2 tasks of `all` would go on in one session"]);
}

#[test]
fn what_a_run_may_cost_ends_it_when_it_is_reached() {
    let chain: String = (0..4)
        .map(|n| prompt(&format!("t{n}"), "c", &if n > 0 { format!("after = ['t{}']", n - 1) } else { String::new() }))
        .collect();
    for (limit, ran, code) in [("0.5", 2, 1), ("0.3", 2, 1), ("1.01", 4, 0), ("0", 0, 1)] {
        let plan = format!("[run]\nmax_cost = {limit}\n{}{chain}", agent("c", "claude", QUARTER, ""));
        let folder = Folder::with_plan(&plan);
        assert_eq!(folder.run_plan(&[]).code, Some(code), "{limit}");
        let report = folder.json("report.json");
        assert_eq!((&report["counts"]["completed"], &report["counts"]["cancelled"]), (&ran.into(), &(4 - ran).into()));
        assert_eq!(report["run"]["cancelled"], if ran < 4 { json!("max-cost") } else { Value::Null }, "{limit}");
    }
}

#[test]
fn agents_bring_half_an_hour_for_their_retries_and_a_plan_may_say_otherwise() {
    let plan = |retry: &str| format!("[backends.g]\nkind = 'goose'\n{retry}\n{}", prompt("a", "g", ""));
    let effective = |plan: &str| Folder::with_plan(plan).run(&["check", "plan.toml", "--effective"]).result();
    assert!(effective(&plan("")).contains("max_elapsed_time = \"30m\""));
    assert!(effective(&plan("retry = { max_elapsed_time = '1min' }")).contains("max_elapsed_time = \"1m\""));
    let of_plan = effective(&format!("[retry]\nmax_elapsed_time = '3min'\n{}", plan("")));
    assert_eq!(of_plan.matches("max_elapsed_time = \"3m\"").count(), 2, "[retry] comes before what a kind brings");
}

#[test]
fn a_plan_with_all_that_is_meant_means_the_same() {
    let keys = "model = 'm'\nsystem_prompt = \"a\\nb\"\nallowed_tools = ['Read']\npermission_mode = 'plan'\nmax_turns = 3\n\
                max_cost = 1.5\nextra_args = ['-x']\nown_retries = 0\nprogram = 'bin/mine'";
    let plan = format!(
        "[run]\nmax_cost = 10\n[backends.c]\nkind = 'claude'\n{keys}\n[backends.x]\nkind = 'codex'\n{}{}",
        prompt("a", "c", ""),
        prompt("b", "c", "after = ['a']\nsession = 'a'")
    );
    let folder = Folder::with_plan(&plan);
    let effective = folder.run(&["check", "plan.toml", "--effective"]).result();
    for line in [
        "max_cost = 10.0",
        "allowed_tools = [\"Read\"]",
        "max_cost = 1.5",
        "own_retries = 0",
        "session = \"a\"",
        "program = \"codex\"",
        &format!("program = \"{}\"", folder.path("bin/mine").display()),
    ] {
        assert!(effective.contains(&format!("\n{line}\n")), "`{line}` is not in:\n{effective}");
    }
    let again = Folder::with_plan(&effective);
    assert_eq!(again.run(&["check", "plan.toml", "--effective"]).result(), effective);
}

#[test]
fn a_missing_program_is_told_of_with_the_way_to_get_it() {
    let backends: String = ["claude", "codex", "goose"]
        .map(|kind| format!("[backends.{kind}]\nkind = '{kind}'\nenv = {{ PATH = '/nowhere' }}\n"))
        .concat();
    let tasks: String = ["claude", "codex", "goose"].map(|kind| prompt(kind, kind, "")).concat();
    let ran = Folder::with_plan(&format!("{backends}{tasks}")).run(&["check", "plan.toml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.says(&[
        "backend `claude`: there is no program `claude` on the PATH; to get it: npm install -g @anthropic-ai/claude-code",
        "npm install -g @openai/codex",
        "@aaif/goose",
    ]);
}

#[test]
fn a_backend_that_tells_no_cost_is_named_where_costs_are_limited() {
    let plan = |limit: &str| {
        let command = "[backends.curl]\nkind = 'command'\nargv = ['cat']\n";
        let agents = agent("c", "claude", "", "") + &agent("x", "codex", "", "own_retries = 1");
        let tasks = ["c", "x", "curl"].map(|backend| prompt(backend, backend, "")).concat();
        format!("{limit}{command}{agents}{tasks}[[tasks]]\nid = 's'\nrun = 'true'\n")
    };
    let limited = Folder::with_plan(&plan("[run]\nmax_cost = 1\n")).run(&["check", "plan.toml"]);
    limited.says(&["backend `x` (codex) gives no cost", "backend `curl` (command) gives no cost", "`own_retries`"]);
    assert!(!limited.err.contains("`c` (claude) gives") && !limited.err.contains("`sh`"), "{}", limited.err);
    let free = Folder::with_plan(&plan("")).run(&["check", "plan.toml"]);
    assert!(!free.err.contains("gives no cost"), "{}", free.err);
}

#[test]
fn what_is_wrong_with_an_agent_is_named_all_at_once() {
    let plan = format!(
        "[backends.one]\nkind = 'codex'\nallowed_tools = ['Read']\nmax_turns = 3\nmax_cost = 1.0\nexit = {{}}\n\
         [backends.two]\nkind = 'goose'\nown_retries = 1\nargv = ['goose']\n\
         [backends.three]\nkind = 'claude'\nmax_turns = -1\nmax_cost = -0.5\nown_retries = -1\nsystem_prompt = ''\nsystem_prompt_file = 'x'\nprogram = ''\n\
         [backends.four]\nkind = 'command'\nargv = ['true']\nmodel = 'm'\n{}",
        prompt("a", "one", "")
    );
    let ran = Folder::with_plan(&plan).run(&["check", "plan.toml"]);
    ran.is_refused(&[
        "`allowed_tools` in backend `one` belongs to the kind `claude`",
        "`max_turns` in backend `one` belongs to the kinds `claude` and `goose`",
        "`max_cost` in backend `one`",
        "`exit` in backend `one` belongs to the kind `command`",
        "`own_retries` in backend `two` belongs to the kinds `claude` and `codex`",
        "`argv` in backend `two`",
        "`max_turns` in backend `three`",
        "`max_cost` in backend `three`",
        "`own_retries` in backend `three`",
        "`system_prompt` beside `system_prompt_file`",
        "`program` in backend `three`",
        "`model` in backend `four` belongs to the kinds `claude`, `codex`, `goose` and `http`",
    ]);
}

#[test]
fn what_is_wrong_with_sessions_is_named_all_at_once() {
    let plan = [
        agent("c", "claude", "", ""),
        agent("x", "codex", "", ""),
        prompt("alpha", "c", ""),
        "[[tasks]]\nid = 'script'\nrun = 'true'\n".into(),
        prompt("lost", "c", "after = ['alpha']\nsession = 'alpa'"),
        prompt("itself", "c", "session = 'itself'"),
        prompt("stranger", "c", "session = 'alpha'"),
        prompt("elsewhere", "x", "after = ['alpha']\nsession = 'alpha'"),
        prompt("of-script", "c", "after = ['script']\nsession = 'script'"),
        "[[tasks]]\nid = 'on-script'\nrun = 'true'\nafter = ['script']\nsession = 'script'\n".into(),
        prompt("beside", "c", "after = ['alpha']\nsession = 'alpha'"),
        prompt("besides", "c", "after = ['alpha']\nsession = 'alpha'"),
    ];
    Folder::with_plan(&plan.concat()).run(&["check", "plan.toml"]).is_refused(&[
        "task `lost` goes on in the session of `alpa`, which is no task",
        "did you mean `alpha`?",
        "task `itself` goes on in its own session",
        "task `stranger` goes on in the session of `alpha`, and does not wait for it",
        "task `elsewhere` goes on in the session of `alpha`, which is for another backend",
        "task `of-script` goes on in the session of `script`, which is for another backend",
        "task `on-script` has a `session`, and the backend `sh` knows none",
        "`besides` go on in the session of `alpha`, and neither waits for the other",
    ]);
}
