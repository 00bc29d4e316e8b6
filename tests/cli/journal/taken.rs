//! What a run takes over from the one before it, and what it runs.

use super::{Journaled as _, logged};
use crate::program::{Folder, Running, task};
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

/// Until there is a file `go`, `b` fails.
fn blocked() -> Folder {
    Folder::with_plan(&blocked_plan())
}

fn blocked_plan() -> String {
    [
        "[retry]\ninitial_interval = '1ms'\n[backends.s]\nkind = 'simulated'\nfail_first = 1\nresponse = 'from a'\n",
        "[[tasks]]\nid = 'a'\nbackend = 's'\nprompt = 'x'\n",
        &logged("z", "printf zed", ""),
        &logged("b", "[ -e go ] && cat $SEAWALL_RESPONSES/z", "after = ['a', 'z']"),
        &logged("c", "printf sea", "after = ['b']"),
    ]
    .concat()
}

#[test]
fn what_completed_is_taken_over_and_the_rest_is_run() {
    let folder = blocked();
    assert_eq!(folder.journaled(&[]).code, Some(1));
    assert_eq!(folder.statuses(), "a completed, z completed, b failed, c skipped");
    let first = folder.json("report.json");
    assert!(folder.taken_over().is_empty());
    assert_eq!(folder.log(), ["b", "z"]);
    folder.write("go", "");
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!((folder.log(), folder.taken_over()), (vec!["b".into(), "c".into()], vec!["a".into(), "z".into()]));
    let second = folder.json("report.json");
    assert_ne!(first["run"]["id"], second["run"]["id"]);
    for id in ["a", "z"] {
        let mut taken = task(&second, id).clone();
        assert_eq!(taken.as_object_mut().unwrap().remove("resumed"), Some(Value::Bool(true)));
        assert_eq!(&taken, task(&first, id));
    }
    assert_eq!(task(&second, "a")["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(task(&second, "b")["response"], "zed");
}

#[test]
fn a_run_of_a_part_leaves_what_was_completed_of_the_rest_for_the_next_one() {
    let folder = blocked();
    folder.journaled(&[]);
    folder.log();
    assert_eq!(folder.resume(&["--only", "a"]).code, Some(0));
    assert_eq!((folder.log().len(), folder.taken_over()), (0, vec!["a".into()]));
    folder.write("go", "");
    assert_eq!(folder.resume(&["--only", "b"]).code, Some(0));
    assert_eq!((folder.log(), folder.taken_over()), (vec!["b".into()], vec!["a".into(), "z".into()]));
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!((folder.log(), folder.taken_over().len()), (vec!["c".into()], 3));
}

#[test]
fn a_task_that_is_changed_and_run_alone_is_taken_over_by_the_whole_plan_with_what_depends_on_it() {
    let folder = blocked();
    folder.write("go", "");
    folder.journaled(&[]);
    folder.log();
    for change in ["true", ":"] {
        folder.write("plan.toml", &blocked_plan().replace("[ -e go ]", &format!("{change} && [ -e go ]")));
        assert_eq!(folder.resume(&["--only", "b"]).code, Some(0));
        assert_eq!(folder.log(), ["b"]);
    }
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!((folder.log().len(), folder.taken_over().len()), (0, 4));
}

#[test]
fn a_third_run_takes_over_what_the_second_had_taken_over() {
    let folder = blocked();
    folder.journaled(&[]);
    folder.resume(&[]);
    folder.log();
    folder.write("go", "");
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!(folder.log(), ["b", "c"]);
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!((folder.log().len(), folder.taken_over().len()), (0, 4));
}

#[test]
fn what_fails_again_fails_the_run_again() {
    let folder = blocked();
    folder.journaled(&[]);
    folder.log();
    assert_eq!(folder.resume(&[]).code, Some(1));
    assert_eq!(folder.statuses(), "a completed, z completed, b failed, c skipped");
    assert_eq!(folder.log(), ["b"]);
}

#[test]
fn without_resume_everything_is_run_and_that_run_is_the_one_to_go_on_with() {
    let folder = blocked();
    folder.write("go", "");
    folder.journaled(&[]);
    fs::remove_file(folder.path("go")).unwrap();
    folder.log();
    assert_eq!(folder.journaled(&[]).code, Some(1));
    assert_eq!((folder.log(), folder.taken_over().len()), (vec!["b".into(), "z".into()], 0));
    folder.write("go", "");
    folder.resume(&[]);
    assert_eq!(folder.log(), ["b", "c"]);
}

#[test]
fn nothing_to_go_on_with_is_no_error() {
    let folder = blocked();
    folder.write("go", "");
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!((folder.log().len(), folder.taken_over().len()), (3, 0));
    folder.write("other.toml", &blocked_plan());
    assert_eq!(folder.run(&["run", "other.toml", "--journal", "j.db", "--resume"]).code, Some(0));
    assert_eq!(folder.log().len(), 3, "another plan has nothing to go on with");
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!(folder.log().len(), 0, "each goes on with its own");
}

#[test]
fn a_plan_is_known_by_where_it_is_however_it_is_named() {
    let folder = Folder::with_plan(&logged("a", "true", ""));
    folder.journaled(&[]);
    assert_eq!(folder.log(), ["a"]);
    fs::create_dir(folder.path("sub")).unwrap();
    symlink("plan.toml", folder.path("link.toml")).unwrap();
    symlink(".", folder.path("here")).unwrap();
    let absolute = folder.path("plan.toml");
    for name in ["./plan.toml", "sub/../plan.toml", "link.toml", "here/plan.toml", absolute.to_str().unwrap()] {
        let ran = folder.run(&["run", name, "--journal", "./j.db", "--resume"]);
        assert_eq!((ran.code, folder.log().len()), (Some(0), 0), "{name}");
    }
}

#[test]
fn plans_whose_names_are_no_text_are_known_apart() {
    let folder = Folder::new();
    let taken_over = |name: &[u8]| {
        let name = OsStr::from_bytes(name);
        fs::write(folder.path("").join(name), logged("a", "true", "")).unwrap();
        let options = ["run", "--journal", "j.db", "--resume", "--report-json", "report.json"];
        let mut program = folder.program(&options);
        program.arg(name);
        assert_eq!(folder.end(Running::start(program)).code, Some(0));
        folder.taken_over()
    };
    assert_eq!(taken_over(b"p\xff.toml"), [""; 0]);
    assert_eq!(taken_over(b"p\xfe.toml"), [""; 0]);
    assert_eq!(taken_over(b"p\xff.toml"), ["a"]);
}

#[test]
fn what_was_taken_over_reaches_everything_below_it_byte_for_byte() {
    let plan = [
        "[backends.cat]\nkind = 'command'\nargv = ['cat']\n",
        "[[tasks]]\nid = 'a'\nrun = \"printf 'a\\\\000\\\\377b'\"\n",
        &logged("b", "[ -e go ] && cat $SEAWALL_RESPONSES/a > copy", "after = ['a']"),
        "[[tasks]]\nid = 'c'\nbackend = 'cat'\nprompt = '<{{ tasks.a.response }}>'\nafter = ['a', 'b']\n",
    ];
    let folder = Folder::with_plan(&plan.concat());
    assert_eq!(folder.journaled(&[]).code, Some(1));
    folder.write("go", "");
    assert_eq!(folder.resume(&["--output", "out"]).code, Some(0));
    assert_eq!(folder.taken_over(), ["a"]);
    let bytes = |name: &str| fs::read(folder.path(name)).unwrap();
    assert_eq!((bytes("copy"), bytes("out/a.out")), (b"a\0\xffb".to_vec(), b"a\0\xffb".to_vec()));
    let report = folder.json("report.json");
    assert_eq!(
        (&task(&report, "a")["lossy"], &task(&report, "c")["response"]),
        (&json!(true), &json!("<a\0\u{fffd}b>"))
    );
}

#[test]
fn the_only_event_of_a_task_that_is_taken_over_says_so() {
    let folder = blocked();
    folder.journaled(&[]);
    folder.write("go", "");
    folder.resume(&["--events", "e.jsonl", "--junit", "j.xml"]);
    let events: Vec<Value> = folder.read("e.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |id: &str| events.iter().filter(|event| event["task"] == id).collect::<Vec<_>>();
    for id in ["a", "z"] {
        let [event] = of(id)[..] else { panic!("{:?}", of(id)) };
        let told = (&event["event"], &event["status"], &event["resumed"]);
        assert_eq!(told, (&json!("task_ended"), &json!("completed"), &json!(true)));
    }
    assert!(of("b").iter().any(|event| event["event"] == "attempt_started"));
    assert_eq!(events.iter().filter(|event| event["resumed"] == true).count(), 2);
    let places = events.iter().map(|event| event["seq"].as_u64().unwrap());
    assert!(places.eq(0..events.len() as u64));
    let junit = folder.read("j.xml");
    assert!(junit.contains(r#"tests="4" failures="0" skipped="0""#), "{junit}");
    assert_eq!(junit.matches("<testcase name=").count(), 4, "{junit}");
    assert_eq!(junit.matches("<flakyFailure").count(), 1, "the attempt of the first run: {junit}");
}

#[test]
fn to_go_on_takes_a_journal() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'touch ran'\n");
    folder.run(&["run", "plan.toml", "--resume"]).is_refused(&["--journal"]);
    folder.run(&["run", "plan.toml", "--journal", "j.db", "--explain"]).is_refused(&["--resume"]);
    folder.run(&["run", "plan.toml", "--journal", "j.db", "--fresh-breakers"]).is_refused(&["--resume"]);
    assert!(!folder.has("ran") && !folder.has("j.db"));
}

#[test]
fn what_had_started_and_not_ended_is_run_from_its_first_attempt_on() {
    let plan = [
        "[backends.c]\nkind = 'command'\nargv = ['sh']\nbreaker = 'off'\nretry = { initial_interval = '1ms', max_attempts = 3 }\n",
        "[[tasks]]\nid = 'a'\nbackend = 'c'\nprompt = 'echo a >> log; [ -e go ]'\n",
    ];
    let folder = Folder::with_plan(&plan.concat());
    folder.journaled(&[]);
    assert_eq!(folder.log(), ["a"; 3]);
    folder.resume(&[]);
    assert_eq!(folder.log(), ["a"; 3], "the whole budget is there again");
    folder.write("go", "");
    folder.resume(&[]);
    assert_eq!(task(&folder.json("report.json"), "a")["attempts"].as_array().unwrap().len(), 1);
}

#[test]
fn a_plan_from_standard_input_is_known_by_its_folder() {
    let folder = Folder::new();
    folder.write("stdin", &logged("a", "true", ""));
    for wanted in [&["a"][..], &[]] {
        let mut program = folder.program(&["run", "-", "--journal", "j.db", "--resume"]);
        program.stdin(fs::File::open(folder.path("stdin")).unwrap());
        assert_eq!(folder.end(Running::start(program)).code, Some(0));
        assert_eq!(folder.log(), wanted);
    }
}
