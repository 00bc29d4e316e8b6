//! Reports and answers in files.

use crate::program::{Folder, Running, wait_until};
use crate::runs::Runs;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

const ONE: &str = "[[tasks]]\nid = 'a'\nrun = 'echo hello'\n";

#[test]
fn a_report_replaces_an_older_one_and_leaves_nothing_else() {
    let folder = Folder::with_plan(ONE);
    fs::create_dir(folder.path("d")).unwrap();
    folder.write("d/r.json", &"old".repeat(100_000));
    fs::set_permissions(folder.path("d/r.json"), Permissions::from_mode(0o604)).unwrap();
    assert_eq!(folder.run(&["run", "plan.toml", "--report-json", "d/r.json"]).code, Some(0));
    assert_eq!(folder.json("d/r.json")["tasks"][0]["response"], "hello\n");
    assert_eq!(folder.names("d"), ["r.json"]);
    assert_eq!(fs::metadata(folder.path("d/r.json")).unwrap().permissions().mode() & 0o777, 0o604);
}

#[test]
fn a_new_file_has_what_the_umask_gives() {
    let folder = Folder::with_plan(ONE);
    let mut shell = Command::new("sh");
    let script = "umask 027; exec \"$0\" run plan.toml --report-json r.json --events e.jsonl --output out";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_seawall")]);
    assert_eq!(Running::start(folder.prepared(shell)).code(), Some(0));
    for name in ["r.json", "e.jsonl", "out/a.out"] {
        assert_eq!(fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o777, 0o640, "{name}");
    }
}

#[test]
fn links_are_followed_and_stay() {
    let folder = Folder::with_plan(ONE);
    fs::create_dir(folder.path("d")).unwrap();
    for (link, target) in [("r", "d/r.json"), ("e", "d/e.jsonl"), ("out", "d")] {
        symlink(target, folder.path(link)).unwrap();
    }
    let ended = folder.run(&["run", "plan.toml", "--report-json", "r", "--events", "e", "--output", "out"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(folder.names("d"), ["a.out", "e.jsonl", "r.json"]);
    assert!(["r", "e", "out"].iter().all(|link| fs::symlink_metadata(folder.path(link)).unwrap().is_symlink()));
}

#[test]
fn the_output_folder_has_responses_and_last_errors() {
    let plan = "[[tasks]]\nid = 'good'\nrun = \"printf 'a\\\\0b\\\\377c'\"\n[[tasks]]\nid = 'bad'\nrun = 'echo half; echo why-not >&2; exit 3'\n[[tasks]]\nid = 'below'\nrun = 'true'\nafter = ['bad']\n";
    let folder = Folder::with_plan(plan);
    assert_eq!(folder.run(&["run", "plan.toml", "--output", "new/out"]).code, Some(1));
    assert_eq!(fs::read(folder.path("new/out/good.out")).unwrap(), b"a\0b\xffc");
    let error = folder.read("new/out/bad.err");
    assert!(error.starts_with("exit code 3") && error.ends_with("why-not\n"), "{error}");
    assert_eq!(folder.names("new/out"), ["bad.err", "good.out"]);
}

#[test]
fn an_older_answer_does_not_stand_beside_a_newer_one() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = '[ -e well ] && echo yes'\n");
    for well in [false, true, false] {
        if well {
            folder.write("well", "");
        } else {
            let _ = fs::remove_file(folder.path("well"));
        }
        folder.run(&["run", "plan.toml", "--output", "out"]);
        assert_eq!(folder.names("out"), [if well { "a.out" } else { "a.err" }]);
    }
}

#[test]
fn an_answer_is_there_while_the_next_task_runs() {
    let plan = "[[tasks]]\nid = 'one'\nrun = 'echo first'\n[[tasks]]\nid = 'two'\nrun = 'while [ ! -e go ]; do sleep 0.01; done'\nafter = ['one']\n";
    let folder = Folder::with_plan(plan);
    let running = Running::start(folder.program(&["run", "plan.toml", "--output", "out"]));
    wait_until("the first answer", || folder.has("out/one.out"));
    assert_eq!(folder.read("out/one.out"), "first\n");
    folder.write("go", "");
    assert_eq!(folder.end(running).code, Some(0));
}

#[test]
fn no_id_leaves_the_output_folder() {
    let plan = "[[tasks]]\nid = '../up'\nrun = 'echo 1'\n[[tasks]]\nid = '/tmp/x'\nrun = 'echo 2'\n[[tasks]]\nid = '..'\nrun = 'echo 3'\n[[tasks]]\nid = 'x[1]'\nrun = 'echo 4'\n";
    let folder = Folder::with_plan(plan);
    folder.write("mine", "mine");
    fs::create_dir(folder.path("out")).unwrap();
    symlink("../mine", folder.path("out/x[1].out")).unwrap();
    assert_eq!(folder.run(&["run", "plan.toml", "--output", "out"]).code, Some(0));
    assert_eq!(folder.names("out"), ["%2E.%2Fup.out", "%2E..out", "%2Ftmp%2Fx.out", "x[1].out"]);
    assert_eq!((folder.read("mine"), folder.read("out/x[1].out")), ("mine".into(), "4\n".into()));
    assert_eq!(folder.names("."), ["mine", "out", "plan.toml"]);
}

#[test]
fn the_report_may_stand_in_the_output_folder() {
    let folder = Folder::with_plan(ONE);
    let ended =
        folder.run(&["run", "plan.toml", "--report-json", "out/r.json", "--events", "out/e.jsonl", "--output", "out"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(folder.names("out"), ["a.out", "e.jsonl", "r.json"]);
}
