//! Many tasks from one.

use crate::program::{Folder, task};
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;
use serde_json::Value;
use std::fs;

const CAT: &str = "[backends.cat]\nkind = \"command\"\nargv = [\"cat\"]\n";

#[track_caller]
fn report(folder: &Folder, plan: &str, code: i32) -> Value {
    folder.write("plan.toml", &format!("{CAT}{plan}"));
    let ran = folder.run_plan(&["--output", "out", "--events", "events.jsonl"]);
    assert_eq!(ran.code, Some(code), "{}", ran.err);
    folder.json("report.json")
}

fn column<'r>(report: &'r Value, key: &str) -> Vec<&'r str> {
    report["tasks"].as_array().unwrap().iter().map(|task| task[key].as_str().unwrap_or_default()).collect()
}

/// A script for each item, which prints both of its variables.
fn printing(source: &str) -> String {
    format!(
        "[[tasks]]\nid = \"s\"\nrun = 'printf \"%s=%s\" \"$SEAWALL_INDEX\" \"$SEAWALL_ITEM\"'\nfor_each = {source}\n"
    )
}

#[test]
fn there_is_one_task_an_item_in_the_place_of_the_entry_and_in_order() {
    let plan = format!(
        "[[tasks]]\nid = \"first\"\nrun = \"true\"\n{}[[tasks]]\nid = \"last\"\nbackend = \"cat\"\nprompt = \"{{{{ index }}}}:{{{{ item }}}}\"\nfor_each = {{ range = [-1, 1] }}\n",
        printing("{ values = [\"b\", \"a\", 7, 0.5, true, \"b\", \"\"] }")
    );
    let folder = Folder::new();
    let report = report(&folder, &plan, 0);
    let ids = ["first", "s[0]", "s[1]", "s[2]", "s[3]", "s[4]", "s[5]", "s[6]", "last[0]", "last[1]", "last[2]"];
    assert_eq!(column(&report, "id"), ids);
    assert_eq!(
        column(&report, "response"),
        ["", "0=b", "1=a", "2=7", "3=0.5", "4=true", "5=b", "6=", "0:-1", "1:0", "2:1"]
    );
    assert!(folder.has("out/s[6].out"));
    let started = folder.read("events.jsonl");
    assert!(ids.iter().all(|id| started.contains(&format!("\"task\":\"{id}\""))), "{started}");
}

#[test]
fn items_come_from_files_and_names_beside_the_plan() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("sub/src/deep")).unwrap();
    for name in ["src/b.rs", "src/deep/a b.rs", "src/.hidden.rs"] {
        folder.write(&format!("sub/{name}"), "");
    }
    folder.write("sub/names.txt", "x y\r\n\n$(touch pwned)\nlast");
    let glob = printing("{ glob = \"src/**/*.rs\" }").replace("\"s\"", "\"g\"");
    folder.write("sub/plan.toml", &format!("{}{glob}", printing("{ lines = \"names.txt\" }")));
    let ran = folder.run(&["run", "sub/plan.toml", "--report-json", "report.json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let report = folder.json("report.json");
    assert_eq!(column(&report, "response"), ["0=x y", "1=$(touch pwned)", "2=last", "0=src/b.rs", "1=src/deep/a b.rs"]);
    assert!(!folder.has("sub/pwned") && !folder.has("pwned"));
}

#[test]
fn what_an_item_holds_is_data_in_scripts_prompts_and_arguments() {
    const HOSTILE: [&str; 12] = [
        "; touch pwned",
        "$(touch pwned)",
        "`touch pwned`",
        "a\nb\n",
        "it's \"quoted\"",
        "{{ index }}{# c #}",
        "{% raw %}",
        "-rf",
        "\\n%s",
        "*",
        "{prompt}",
        "☃\t\r",
    ];
    let values = toml::Value::from(HOSTILE.to_vec());
    let plan = format!(
        "[backends.arg]\nkind = \"command\"\nargv = [\"printf\", \"%s\", \"{{prompt}}\"]\ninput = \"arg\"\n\
         [[tasks]]\nid = \"s\"\nrun = 'printf %s \"$SEAWALL_ITEM\"'\nfor_each = {{ values = {values} }}\n\
         [[tasks]]\nid = \"p\"\nbackend = \"cat\"\nprompt = \"{{{{ item }}}}\"\nfor_each = {{ values = {values} }}\n\
         [[tasks]]\nid = \"a\"\nbackend = \"arg\"\nprompt = \"{{{{ item }}}}\"\nfor_each = {{ values = {values} }}\n"
    );
    let folder = Folder::new();
    let report = report(&folder, &plan, 0);
    assert_eq!(column(&report, "response"), [HOSTILE, HOSTILE, HOSTILE].concat());
    assert!(!folder.has("pwned"));
}

#[test]
fn a_task_waits_for_all_of_them_or_for_one() {
    let plan = r#"
        [[tasks]]
        id = "a"
        run = '[ "$SEAWALL_ITEM" != bad ] && printf %s "$SEAWALL_ITEM"'
        for_each = { values = ["x", "bad", "y"] }
        [[tasks]]
        id = "all"
        run = "touch ran"
        after = ["a"]
        [[tasks]]
        id = "one"
        run = "cat \"$SEAWALL_RESPONSES/a[2]\""
        after = ["a[2]"]
        [[tasks]]
        id = "each"
        run = "cat \"$SEAWALL_RESPONSES/a[0]\""
        after = ["a[0]"]
        for_each = { range = [1, 2] }
    "#;
    let folder = Folder::new();
    let report = report(&folder, plan, 1);
    assert_eq!(
        column(&report, "status"),
        ["completed", "failed", "completed", "skipped", "completed", "completed", "completed"]
    );
    assert_eq!(task(&report, "all")["failure"]["root"], "a[1]");
    assert_eq!([task(&report, "one"), task(&report, "each[1]")].map(|task| &task["response"]), ["y", "x"]);
    assert!(!folder.has("ran"));
}

#[test]
fn no_item_is_fine_where_the_plan_says_so() {
    let folder = Folder::new();
    folder.write("empty.txt", "\n\r\n");
    let none = |id: &str, source: &str| {
        format!("[[tasks]]\nid = \"{id}\"\nrun = \"touch ran\"\nfor_each = {{ {source}, allow_empty = true }}\n")
    };
    let plan = [
        none("v", "values = []"),
        none("l", "lines = \"empty.txt\""),
        none("g", "glob = \"no/*.rs\""),
        none("r", "range = [3, 1]"),
    ]
    .concat();
    let last = "[[tasks]]\nid = \"last\"\nbackend = \"cat\"\nprompt = \"{{ tasks.v | length }}{% for x in tasks.g %}no{% else %}none{% endfor %}\"\nafter = [\"v\", \"l\", \"g\", \"r\"]\n";
    let report = report(&folder, &format!("{plan}{last}"), 0);
    assert_eq!((column(&report, "id"), column(&report, "response")), (vec!["last"], vec!["0none"]));
    assert!(!folder.has("ran"));
}

#[test]
fn a_line_leads_through_a_list_whether_or_not_it_has_items() {
    let plan = |items: &str| {
        let empty = |id: &str, after: &str| {
            format!(
                "[[tasks]]\nid = '{id}'\nrun = 'true'\nafter = ['{after}']\nfor_each = {{ values = [{items}], allow_empty = true }}\n"
            )
        };
        let reader = "[[tasks]]\nid = 'reads'\nbackend = 'cat'\nprompt = '{{ tasks.first.response }}{{ tasks.first.status }}'\nafter = ['f']\n\
                      [[tasks]]\nid = 'shows'\nrun = 'cat $SEAWALL_RESPONSES/first'\nafter = ['f']\n";
        format!(
            "[[tasks]]\nid = 'first'\nrun = 'sleep 0.05; printf 1st'\n{}{}{reader}",
            empty("e", "first"),
            empty("f", "e")
        )
    };
    for items in ["", "7"] {
        let report = report(&Folder::new(), &plan(items), 0);
        let response = |id: &str| task(&report, id)["response"].as_str().unwrap().to_owned();
        assert_eq!((response("reads"), response("shows")), ("1stcompleted".into(), "1st".into()), "[{items}]");
    }
}

#[test]
fn a_script_has_a_folder_of_responses_also_behind_a_list_without_items() {
    let plan = "[[tasks]]\nid = 'e'\nrun = 'true'\nfor_each = { values = [], allow_empty = true }\n\
                [[tasks]]\nid = 'z'\nrun = 'ls \"$SEAWALL_RESPONSES\"'\nafter = ['e']\n";
    let report = report(&Folder::new(), plan, 0);
    assert_eq!(task(&report, "z")["response"], "");
}

/// What is said of one `for_each`, in a folder with some files.
#[track_caller]
fn refused(source: &str, words: &[&str]) {
    let folder = Folder::with_plan(&format!("[[tasks]]\nid = \"mark\"\nrun = \"touch ran\"\n{}", printing(source)));
    folder.write("empty.txt", "\n");
    fs::write(folder.path("latin.txt"), b"a\ncaf\xe9\n").unwrap();
    fs::write(folder.path("nul.txt"), b"a\0\n").unwrap();
    for command in ["check", "run"] {
        folder.run(&[command, "plan.toml"]).is_refused(&[words, &["`s`", "plan.toml: 1 fault\n"]].concat());
    }
    assert!(!folder.has("ran"));
}

#[test]
fn what_gives_no_items_is_a_fault() {
    for source in [
        "{ values = [] }",
        "{ lines = \"empty.txt\" }",
        "{ glob = \"*.rs\" }",
        "{ range = [3, 1] }",
        "{ values = [], allow_empty = false }",
    ] {
        refused(source, &["gives no item", "allow_empty = true"]);
    }
    refused("\"x\"", &["`for_each` in task `s` must be a table"]);
    refused("{}", &["`for_each` of task `s` lacks `values`, `lines`, `glob` or `range`"]);
    refused("{ values = [\"a\"], range = [1, 2], lines = \"x\" }", &["has `values` beside `range` and `lines`"]);
    refused("{ values = [\"a\"], allow_empt = true }", &["unknown key `allow_empt`", "`allow_empty`"]);
    refused(
        "{ values = [\"a\"], allow_empty = 1 }",
        &["`allow_empty` in `for_each` of task `s` must be true or false"],
    );
    refused("{ values = \"a\" }", &["`values` in `for_each` of task `s` must be a list"]);
    refused("{ values = [[\"a\"]] }", &["must be a string, a number, true or false", "this is a list"]);
    refused("{ values = [2026-01-31] }", &["this is a date or time"]);
    refused("{ values = [9223372036854775808] }", &["too large"]);
    refused("{ values = [\"a\\u0000b\"] }", &["there is a NUL in it"]);
    refused("{ lines = \"nowhere.txt\" }", &["no items from `nowhere.txt`", "No such file"]);
    refused("{ lines = \".\" }", &["no items from `.`", "directory"]);
    refused("{ lines = \"latin.txt\" }", &["line 2 is not UTF-8"]);
    refused("{ lines = \"nul.txt\" }", &["there is a NUL in line 1"]);
    refused("{ glob = \"src/[.rs\" }", &["no items from `src/[.rs`", "unclosed character class"]);
    refused("{ range = [1] }", &["must be two whole numbers", "there are 1"]);
    refused("{ range = [1, 2.5] }", &["must be a whole number"]);
    refused("{ range = [1, 1000001] }", &["there are more than 1000000 items"]);
    refused("{ range = [-9223372036854775808, 9223372036854775807] }", &["there are more than 1000000 items"]);
}

#[test]
fn names_of_items_and_of_tasks_are_one_name_space() {
    let many = "[[tasks]]\nid = \"many\"\nrun = \"true\"\nfor_each = { values = [\"a\", \"b\"] }\n";
    let other = |id: &str, after: &str| format!("{many}[[tasks]]\nid = \"{id}\"\nrun = \"true\"\nafter = [{after}]\n");
    let said = |plan: String, words: &[&str]| Folder::with_plan(&plan).run(&["check", "plan.toml"]).is_refused(words);
    said(
        other("many[1]", ""),
        &["plan.toml:6:6", "there is more than one task `many[1]`", "the `for_each` of `many` makes the other"],
    );
    said(other("many", ""), &["there is more than one task `many`"]);
    said(other("x", "\"many[2]\""), &["plan.toml:8:10", "task `x` waits for `many[2]`", "`many[0]` to `many[1]`"]);
    said(other("x", "\"many[01]\""), &["task `x` waits for `many[01]`, which is no task"]);
    said(other("x", "\"mny\""), &["did you mean `many`?"]);
    said(many.replace("for_each", "after = [\"many\"]\nfor_each"), &["task `many` depends on itself"]);
    said(
        many.replace("for_each", "after = [\"many[1]\"]\nfor_each"),
        &["task `many` depends on itself", "plan.toml:4:10"],
    );
    said(
        other("x", "\"many[0]\"").replacen("for_each", "after = [\"x\"]\nfor_each", 1),
        &["`many` and `x`", "`x` waits for `many[0]`"],
    );
    assert_eq!(Folder::with_plan(&other("many[2]", "")).run(&["check", "plan.toml"]).code, Some(0));
}

#[test]
fn a_hundred_thousand_items_are_read_and_drawn_at_once() {
    let plan = format!(
        "{}[[tasks]]\nid = \"last\"\nrun = \"true\"\nafter = [\"s\", \"s[7]\"]\n",
        printing("{ range = [1, 100000] }")
    );
    let folder = Folder::with_plan(&plan);
    folder.run(&["check", "plan.toml"]).says(&["no faults; 100001 tasks in 2 waves"]);
    let drawn = folder.run(&["graph", "plan.toml"]).result();
    assert_eq!(drawn, "wave 0: 1 task\n  s[0…99999]  sh\n\nwave 1: 1 task\n  last  sh  after s[0…99999]\n");
}

#[test]
fn few_items_are_drawn_one_by_one() {
    let plan = format!(
        "{}[[tasks]]\nid = \"last\"\nrun = \"true\"\nafter = [\"s\"]\n",
        printing("{ values = [\"a\", \"b\"] }")
    );
    let drawn = Folder::with_plan(&plan).run(&["graph", "plan.toml"]).result();
    assert_eq!(drawn, "wave 0: 2 tasks\n  s[0]  sh\n  s[1]  sh\n\nwave 1: 1 task\n  last  sh  after s[0], s[1]\n");
}

#[test]
fn the_effective_plan_names_the_items_themselves() {
    let folder = Folder::new();
    folder.write("names.txt", "a\nb \"c\"\n");
    let last = "[[tasks]]\nid = \"last\"\nbackend = \"cat\"\nprompt = \"{{ tasks.s | length }}\"\nafter = [\"s\"]\n[[tasks]]\nid = \"plain\"\nrun = \"echo ${#x}\"\nafter = [\"s[1]\"]\n";
    folder.write("plan.toml", &format!("{CAT}{}{last}", printing("{ lines = \"names.txt\" }")));
    let effective = folder.run(&["check", "--effective", "plan.toml"]).result();
    for line in [
        "for_each = { values = [\"a\", \"b \\\"c\\\"\"] }\n",
        "after = [\"s\"]\n",
        "after = [\"s[1]\"]\n",
        "prompt = \"{{ tasks.s | length }}\"\nafter",
        "prompt = \"echo ${#x}\"\ntemplate = false\n",
    ] {
        assert!(effective.contains(line), "{line} is not in {effective}");
    }
    folder.write("elsewhere.toml", &effective);
    assert_eq!(folder.run(&["check", "--effective", "elsewhere.toml"]).result(), effective);
}
