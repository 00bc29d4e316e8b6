//! What flows from task to task: into prompts, and into files for scripts.

use crate::program::{Folder, Running, task};
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const CAT: &str = "[backends.cat]\nkind = \"command\"\nargv = [\"cat\"]\n";

/// The report of a plan that exits with this code. `cat` answers what it is sent.
#[track_caller]
fn report(folder: &Folder, plan: &str, code: i32) -> Value {
    folder.write("plan.toml", &format!("{CAT}{plan}"));
    let ran = folder.run_plan(&["--output", "out"]);
    assert_eq!(ran.code, Some(code), "{}", ran.err);
    folder.json("report.json")
}

#[track_caller]
fn response<'r>(report: &'r Value, id: &str) -> &'r str {
    task(report, id)["response"].as_str().unwrap_or_else(|| panic!("{id}: {}", task(report, id)))
}

#[test]
fn a_response_flows_into_the_prompts_below_it_byte_for_byte() {
    let plan = r#"
        [[tasks]]
        id = "design"
        run = "printf 'two\nlines <b>&\"\\047{{ 7 }}</b>\n'"
        [[tasks]]
        id = "between"
        run = "true"
        after = ["design"]
        [[tasks]]
        id = "use"
        backend = "cat"
        prompt = "  {x} }}\r\n[{{ tasks.design.response }}|{{ tasks.between.status }}]\n\n"
        after = ["between"]
    "#;
    let report = report(&Folder::new(), plan, 0);
    assert_eq!(response(&report, "use"), "  {x} }}\r\n[two\nlines <b>&\"'{{ 7 }}</b>\n|completed]\n\n");
}

#[test]
fn a_prompt_file_is_the_template_and_a_fault_in_it_is_named_by_its_line() {
    let folder = Folder::new();
    fs::create_dir(folder.path("prompts")).unwrap();
    folder.write("prompts/use.md", "# Use\n\n{{ tasks.a.response }}\n");
    let plan = "[[tasks]]\nid = \"a\"\nrun = \"printf x\"\n[[tasks]]\nid = \"b\"\nbackend = \"cat\"\nprompt_file = \"prompts/use.md\"\nafter = [\"a\"]\n";
    assert_eq!(response(&report(&folder, plan, 0), "b"), "# Use\n\nx\n");
    folder.write("prompts/use.md", "# Use\n\n  {{ tasks.aa.response }}{{ tasks.b.status }}\n");
    let ran = folder.run(&["run", "plan.toml"]);
    ran.is_refused(&[
        "`prompt_file` in task `b`: prompts/use.md:3:6: `aa` is no task",
        "did you mean `a`?",
        "prompts/use.md:3:29: `b` is this task itself",
        "plan.toml:10:15",
        "plan.toml: 2 faults",
    ]);
}

#[test]
fn a_template_that_is_switched_off_is_a_text_and_a_script_never_is_one() {
    let plan = r#"
        [[tasks]]
        id = "off"
        backend = "cat"
        prompt = "{{ tasks.nobody }}{% if %}"
        template = false
        [[tasks]]
        id = "script"
        run = "x=ab; printf '{{ %s }}' ${#x}"
    "#;
    let report = report(&Folder::new(), plan, 0);
    assert_eq!((response(&report, "off"), response(&report, "script")), ("{{ tasks.nobody }}{% if %}", "{{ 2 }}"));
    Folder::with_plan("[[tasks]]\nid = \"a\"\nrun = \"true\"\ntemplate = true\n")
        .run(&["check", "plan.toml"])
        .is_refused(&["plan.toml:4:12", "a `run` script is never a template"]);
    Folder::with_plan("[[tasks]]\nid = \"a\"\nrun = \"true\"\ntemplate = \"no\"\n")
        .run(&["check", "plan.toml"])
        .is_refused(&["`template` in task `a` must be true or false"]);
}

#[test]
fn what_did_not_complete_has_a_status_and_an_empty_response() {
    let plan = r#"
        [[tasks]]
        id = "soft"
        run = "echo half; exit 1"
        failure_mode = "soft"
        [[tasks]]
        id = "hard"
        run = "exit 1"
        [[tasks]]
        id = "skipped"
        run = "true"
        failure_mode = "soft"
        after = ["hard"]
        [[tasks]]
        id = "prompt"
        backend = "cat"
        prompt = "[{{ tasks.soft.response }}|{{ tasks.soft.status }}|{{ tasks.skipped.response }}|{{ tasks.skipped.status }}|{{ tasks.hard.status }}]"
        after = ["soft", "skipped"]
        [[tasks]]
        id = "script"
        run = "wc -c < $SEAWALL_RESPONSES/soft; wc -c < $SEAWALL_RESPONSES/skipped; wc -c < $SEAWALL_RESPONSES/hard"
        after = ["soft", "skipped"]
    "#;
    let report = report(&Folder::new(), plan, 1);
    assert_eq!(response(&report, "prompt"), "[|failed||skipped|failed]");
    assert_eq!(response(&report, "script").split_whitespace().collect::<Vec<_>>(), ["0", "0", "0"]);
}

#[test]
fn a_prompt_that_cannot_be_filled_in_fails_its_task_for_good() {
    let plan = "[[tasks]]\nid = \"a\"\nrun = \"printf x\"\n[[tasks]]\nid = \"b\"\nbackend = \"cat\"\nprompt = \"{{ tasks.a.response / 2 }}\"\nafter = [\"a\"]\n";
    let report = report(&Folder::new(), plan, 1);
    let b = task(&report, "b");
    assert_eq!((&b["failure"]["kind"], b["attempts"].as_array().unwrap().len()), (&"permanent".into(), 1));
    assert!(
        b["failure"]["message"].as_str().unwrap().starts_with("failed to fill in the prompt at plan.toml:10: "),
        "{b}"
    );
}

#[test]
fn scripts_find_every_ancestors_response_whole_in_a_file() {
    let plan = r#"
        [[tasks]]
        id = "a"
        run = "printf 'a\\0b\\377c\n\n'"
        [[tasks]]
        id = "b"
        run = "true"
        after = ["a"]
        [[tasks]]
        id = "c"
        run = "cat $SEAWALL_RESPONSES/a; wc -c < $SEAWALL_RESPONSES/b"
        after = ["b"]
        [[tasks]]
        id = "again"
        run = "cat $SEAWALL_RESPONSES/a $SEAWALL_RESPONSES/c"
        after = ["c"]
    "#;
    let folder = Folder::new();
    report(&folder, plan, 0);
    let c = fs::read(folder.path("out/c.out")).unwrap();
    assert_eq!(c.strip_prefix(b"a\0b\xffc\n\n").unwrap().trim_ascii(), b"0");
    assert_eq!(fs::read(folder.path("out/again.out")).unwrap(), [b"a\0b\xffc\n\n", &c[..]].concat());
}

#[test]
fn files_are_named_as_those_of_output_and_stay_in_their_folder() {
    let long = "x".repeat(200) + "/";
    let ids = ["plain", "a/b", "../up", "..", ".", "50%", "two words", "a%2Fb", "x[1]", "ü", &long[1..]];
    let tasks = ids.map(|id| format!("[[tasks]]\nid = \"{id}\"\nrun = \"true\"\n")).concat();
    let last = format!("[[tasks]]\nid = \"last\"\nrun = \"ls -A $SEAWALL_RESPONSES\"\nafter = {ids:?}\n");
    let folder = Folder::new();
    let report = report(&folder, &format!("{tasks}{last}"), 0);
    let mut seen: Vec<String> = response(&report, "last").lines().map(|name| format!("{name}.out")).collect();
    seen.push("last.out".to_owned());
    seen.sort();
    assert_eq!(seen, folder.names("out"));
    assert!(seen.contains(&"x[1].out".to_owned()) && seen.len() == 12, "{seen:?}");
}

#[test]
fn only_the_user_can_read_the_files_and_nothing_of_them_is_left() {
    let folder = Folder::with_plan(
        "[[tasks]]\nid = \"a\"\nrun = \"true\"\n[[tasks]]\nid = \"b\"\nrun = \"stat -c %a $SEAWALL_RESPONSES $SEAWALL_RESPONSES/a; dirname $SEAWALL_RESPONSES\"\nafter = [\"a\"]\n",
    );
    fs::create_dir(folder.path("tmp")).unwrap();
    let mut program = folder.program(&["run", "plan.toml", "--report-json", "report.json"]);
    // Relative, as a careless user has it; scripts run elsewhere.
    program.env("TMPDIR", "tmp");
    assert_eq!(folder.end(Running::start(program)).code, Some(0));
    let report = folder.json("report.json");
    let tmp = folder.path("tmp").canonicalize().unwrap();
    assert_eq!(response(&report, "b").lines().collect::<Vec<_>>(), ["700", "400", tmp.to_str().unwrap()]);
    assert!(folder.names("tmp").is_empty());
}

#[test]
fn a_folder_that_cannot_be_made_ends_it_before_anything_runs() {
    let plan = "[[tasks]]\nid = \"a\"\nrun = \"touch ran\"\n[[tasks]]\nid = \"b\"\nrun = \"true\"\nafter = [\"a\"]\n";
    let folder = Folder::with_plan(plan);
    let mut program = folder.program(&["run", "plan.toml"]);
    program.env("TMPDIR", folder.path("nowhere"));
    let ran = folder.end(Running::start(program));
    assert_eq!(ran.code, Some(3));
    ran.says(&["failed to make a folder for responses"]);
    assert!(!folder.has("ran"));
}

#[test]
fn where_nothing_waits_for_anything_there_is_no_folder() {
    let plan = "[[tasks]]\nid = \"a\"\nrun = \"echo ${SEAWALL_RESPONSES-none}\"\n";
    assert_eq!(response(&report(&Folder::new(), plan, 0), "a"), "none\n");
}

#[test]
fn a_backend_that_is_fallen_back_to_is_told_the_same() {
    let plan = r#"
        [backends.first]
        kind = "simulated"
        fail_rate = 1.0
        retry = { max_attempts = 3, initial_interval = "1ms" }
        breaker = { failure_threshold = 1 }
        when_open = { fallback = "second" }
        [backends.second]
        kind = "command"
        argv = ["sh", "-c", 'cat; cat "$SEAWALL_RESPONSES/a"']
        [[tasks]]
        id = "a"
        run = "printf x"
        [[tasks]]
        id = "b"
        backend = "first"
        prompt = "<{{ tasks.a.response }}>"
        after = ["a"]
    "#;
    assert_eq!(response(&report(&Folder::new(), plan, 0), "b"), "<x>x");
}

#[test]
fn a_large_response_flows_through_a_prompt_and_a_file() {
    let plan = r#"
        [[tasks]]
        id = "a"
        run = "yes 0123456 | head -c 5000000"
        [[tasks]]
        id = "b"
        backend = "cat"
        prompt = "{{ tasks.a.response }}"
        after = ["a"]
        [[tasks]]
        id = "c"
        run = "cat $SEAWALL_RESPONSES/a"
        after = ["a"]
    "#;
    let report = report(&Folder::new(), plan, 0);
    assert_eq!(response(&report, "a").len(), 5_000_000);
    assert!(response(&report, "a") == response(&report, "b") && response(&report, "a") == response(&report, "c"));
}

#[test]
fn the_example_of_the_guide_gives_what_the_guide_says() {
    let guide = include_str!("../../src/guide/data.md");
    let block = |language: &str| guide.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap();
    let folder = Folder::with_plan(block("toml"));
    fs::create_dir(folder.path("texts")).unwrap();
    folder.write("texts/a b.txt", "1\n2\n");
    folder.write("texts/c.txt", "1\n");
    let ran = folder.run_plan(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(folder.read("summary.txt"), block("text"));
    assert_eq!(response(&folder.json("report.json"), "keep"), "brief\ncount[0]\ncount[1]\nsum\n");
}

#[test]
fn an_agent_finds_the_files_and_its_item_too() {
    let folder = Folder::new();
    let answer = r#"printf '{"type":"result","subtype":"success","is_error":false,"session_id":"%s","result":"%s %s %s"}\n' "$id" "$(cat)" "$(cat "$SEAWALL_RESPONSES/a")" "$SEAWALL_ITEM""#;
    let script =
        format!("#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" = --session-id ] && id=$2; shift; done\n{answer}\n");
    folder.write("fake", &script);
    fs::set_permissions(folder.path("fake"), fs::Permissions::from_mode(0o755)).unwrap();
    let plan = r#"
        [backends.writer]
        kind = "claude"
        program = "./fake"
        retry = { max_attempts = 1 }
        [[tasks]]
        id = "a"
        run = "printf x"
        [[tasks]]
        id = "b"
        backend = "writer"
        prompt = "<{{ tasks.a.response }}{{ item }}>"
        for_each = { values = ["i"] }
        after = ["a"]
    "#;
    assert_eq!(response(&report(&folder, plan, 0), "b[0]"), "<xi> x i");
}
