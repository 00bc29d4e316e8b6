//! What makes a completed task run again: what its own table says, its files, its item and its ancestors' answers.

use super::{Journaled as _, logged, logging};
use crate::program::{Ended, Folder};
use crate::verdicts::Verdicts as _;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::time::SystemTime;

/// A backend that runs its prompt as a script.
pub(super) const SH: &str = "[backends.c]\nkind = 'command'\nargv = ['sh']\nbreaker = 'off'\n";

/// Runs a plan to its end, changes something, and goes on with another: what `--explain` foretells, the tasks that are run
/// again, and what they leave in the log, which must agree.
#[track_caller]
pub(super) fn run_again(folder: &Folder, old: &str, new: &str, change: impl FnOnce()) -> Vec<String> {
    folder.write("plan.toml", old);
    let first = folder.journaled(&[]);
    assert_eq!(first.code, Some(0), "{}", first.err);
    folder.write("plan.toml", new);
    change();
    go_on(folder)
}

#[track_caller]
pub(super) fn go_on(folder: &Folder) -> Vec<String> {
    folder.log();
    let second = folder.resume(&[]);
    assert_eq!(second.code, Some(0), "{}", second.err);
    let (taken, report) = (folder.taken_over(), folder.json("report.json"));
    let ids = report["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned());
    let ran: Vec<String> = ids.filter(|id| !taken.contains(id)).collect();
    let log = folder.log();
    assert!(log.windows(2).all(|pair| pair[0] != pair[1]), "each once: {log:?}");
    assert!(log.iter().all(|id| ran.contains(id)), "ran: {log:?}, taken over: {taken:?}");
    ran
}

/// What would be run again, and why, by `--explain`.
#[track_caller]
fn explained(folder: &Folder) -> String {
    folder.resume(&["--explain"]).result()
}

#[test]
fn a_changed_script() {
    let plan = |script: &str| logged("a", script, "") + &logged("b", ": 1", "") + &logged("c", ": 1", "after = ['a']");
    assert_eq!(run_again(&Folder::new(), &plan(": 1"), &plan(": 2"), || ()), ["a"]);
}

#[test]
fn a_changed_prompt() {
    let plan = |prompt: &str| {
        let b = "[[tasks]]\nid = 'b'\nbackend = 'c'\nprompt = 'true'\n";
        format!("{SH}[[tasks]]\nid = 'a'\nbackend = 'c'\nprompt = '{prompt}'\n{b}")
    };
    assert_eq!(run_again(&Folder::new(), &plan("true"), &plan("true "), || ()), ["a"]);
}

#[test]
fn a_prompt_file_of_other_content_and_not_of_another_date_or_name() {
    let plan = |file: &str| format!("{SH}[[tasks]]\nid = 'a'\nbackend = 'c'\nprompt_file = '{file}'\n");
    let folder = Folder::new();
    folder.write("p.sh", &logging("a", ": 1"));
    let touch = || File::options().write(true).open(folder.path("p.sh")).unwrap().set_modified(SystemTime::UNIX_EPOCH);
    assert!(run_again(&folder, &plan("p.sh"), &plan("p.sh"), || touch().unwrap()).is_empty());
    fs::copy(folder.path("p.sh"), folder.path("q.sh")).unwrap();
    assert!(run_again(&folder, &plan("p.sh"), &plan("q.sh"), || ()).is_empty());
    assert_eq!(run_again(&folder, &plan("p.sh"), &plan("p.sh"), || folder.write("p.sh", "true")), ["a"]);
}

#[test]
fn another_backend_of_the_same_settings() {
    let plan = |backend: &str| {
        format!("{SH}{}[[tasks]]\nid = 'a'\nbackend = '{backend}'\nprompt = 'true'\n", SH.replace(".c]", ".d]"))
    };
    assert_eq!(run_again(&Folder::new(), &plan("c"), &plan("d"), || ()), ["a"]);
}

#[test]
fn a_template_that_is_switched_off() {
    let plan = |keys: &str| format!("{SH}[[tasks]]\nid = 'a'\nbackend = 'c'\nprompt = 'echo {{{{ 1 }}}}'\n{keys}");
    assert_eq!(run_again(&Folder::new(), &plan(""), &plan("template = false"), || ()), ["a"]);
}

#[test]
fn inputs_of_other_content_one_more_and_one_less_and_not_of_other_dates_and_modes() {
    let plan = logged("a", "true", "inputs = ['src/**/*.txt', 'one.cfg', 'none/*']") + &logged("other", "true", "");
    let folder = Folder::new();
    fs::create_dir_all(folder.path("src/deep")).unwrap();
    for name in ["src/x.txt", "src/deep/y.txt", "one.cfg"] {
        folder.write(name, "1");
    }
    let none: [&str; 0] = [];
    let date = || {
        let file = File::options().write(true).open(folder.path("src/x.txt")).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    };
    assert_eq!(run_again(&folder, &plan, &plan, date), none);
    let again = |change: &dyn Fn()| {
        change();
        go_on(&folder)
    };
    assert_eq!(again(&|| folder.write("src/x.rs", "2")), none, "it does not match");
    assert_eq!(again(&|| folder.write("src/x.txt", "2")), ["a"], "content");
    assert_eq!(again(&|| folder.write("src/deep/z.txt", "")), ["a"], "one more");
    assert_eq!(again(&|| fs::remove_file(folder.path("src/deep/y.txt")).unwrap()), ["a"], "one less");
    let rename = || fs::rename(folder.path("src/deep/z.txt"), folder.path("src/deep/zz.txt")).unwrap();
    assert_eq!(again(&rename), ["a"], "another name");
    assert_eq!(again(&|| folder.write("one.cfg", "2")), ["a"], "a plain name");
    assert_eq!(again(&|| ()), none);
}

#[test]
fn inputs_whose_names_are_no_text() {
    let plan = logged("a", "true", "inputs = ['*.rs']");
    let folder = Folder::new();
    let file = |name: &[u8]| folder.path("").join(OsStr::from_bytes(name));
    fs::write(file(b"\xff.rs"), "1").unwrap();
    assert_eq!(run_again(&folder, &plan, &plan, || ()), [""; 0]);
    let again = |change: std::io::Result<()>| {
        change.unwrap();
        go_on(&folder)
    };
    assert_eq!(again(fs::write(file(b"\xff.rs"), "2")), ["a"], "content");
    assert_eq!(again(fs::rename(file(b"\xff.rs"), file(b"\xfe.rs"))), ["a"], "another name");
    assert_eq!(again(Ok(())), [""; 0]);
}

/// `input` cannot be read, whoever looks: of two tasks the one that has it is run each time, with a warning that says these words,
/// until it can be.
#[track_caller]
fn is_run_each_time(input: &str, words: &[&str], mend: impl FnOnce(&Folder) -> String) {
    let plan =
        |input: &str| logged("a", "true", &format!("inputs = ['{input}']")) + &logged("b", "true", "after = ['a']");
    let folder = Folder::with_plan(&plan(input));
    symlink("loop", folder.path("loop")).unwrap();
    let says = |ended: &Ended| {
        ended.says(&["warning: task `a` ", "its `inputs` cannot be read: "]);
        ended.says(words);
        assert_eq!((ended.code, ended.err.matches("warning").count()), (Some(0), 1), "{}", ended.err);
    };
    says(&folder.journaled(&[]));
    assert_eq!(folder.log(), ["a", "b"]);
    for _ in 0..2 {
        let explained = folder.resume(&["--explain"]);
        says(&explained);
        assert!(explained.out.starts_with("a: run again, changed: inputs\nb: resumed if"), "{}", explained.out);
        says(&folder.resume(&[]));
        assert_eq!((folder.log(), folder.taken_over()), (vec!["a".into()], vec!["b".into()]));
    }
    folder.write("plan.toml", &plan(&mend(&folder)));
    assert_eq!(go_on(&folder), ["a"]);
    assert_eq!(go_on(&folder), [""; 0]);
}

#[test]
fn inputs_in_a_folder_that_cannot_be_read_each_time_until_it_can_be() {
    is_run_each_time("loop/*.rs", &["/loop: "], |folder| {
        fs::remove_file(folder.path("loop")).unwrap();
        "loop/*.rs".to_owned()
    });
}

#[cfg(target_os = "linux")]
#[test]
fn inputs_that_cannot_be_read_each_time_until_they_can_be() {
    is_run_each_time("/proc/self/mem", &["`/proc/self/mem`: "], |_| "loop".to_owned());
}

#[test]
fn inputs_that_an_ancestor_writes_are_looked_at_when_it_has_ended() {
    let plan = |text: &str| {
        logged("a", &format!("printf {text} > made.txt"), "")
            + &logged("b", "true", "after = ['a']\ninputs = ['made.txt']")
    };
    assert_eq!(run_again(&Folder::new(), &plan("1"), &plan("2"), || ()), ["a", "b"]);
    assert_eq!(run_again(&Folder::new(), &plan("1"), &plan("1 "), || ()), ["a"]);
}

#[test]
fn another_item_and_one_more_and_what_waits_for_all_of_them() {
    let plan = |values: &str| {
        format!("[[tasks]]\nid = 't'\nrun = 'echo $SEAWALL_ITEM'\nfor_each = {{ values = [{values}] }}\n")
            + &logged("all", "true", "after = ['t']")
    };
    let folder = Folder::new();
    assert_eq!(run_again(&folder, &plan("'a', 'b', 'c'"), &plan("'a', 'x', 'c', 'd'"), || ()), ["t[1]", "t[3]", "all"]);
    assert_eq!(run_again(&folder, &plan("'a', 'b'"), &plan("'a', 'b'"), || ()), [""; 0]);
}

#[test]
fn an_item_of_another_type_where_a_template_may_ask_for_it() {
    let plan = |values: &str| {
        let many = |id: &str| format!("[[tasks]]\nid = '{id}'\nfor_each = {{ values = [{values}] }}\n");
        let prompt = "backend = 'c'\nprompt = 'echo {{ item is string }}'\n";
        format!("{SH}{}{prompt}{}run = 'echo $SEAWALL_ITEM'\n", many("t"), many("script"))
    };
    let folder = Folder::new();
    assert_eq!(run_again(&folder, &plan("1, 'x', true"), &plan("'1', 'x', 'true'"), || ()), ["t[0]", "t[2]"]);
    assert_eq!(run_again(&folder, &plan("'1'"), &plan("1"), || ()), ["t[0]"]);
    assert_eq!(run_again(&folder, &plan("1, 0.5"), &plan("1, 0.5"), || ()), [""; 0]);
}

#[test]
fn an_item_of_another_task_where_a_template_speaks_of_it() {
    let plan = |values: &str| {
        let reads = |id: &str, what: &str| {
            format!("[[tasks]]\nid = '{id}'\nbackend = 'c'\nprompt = 'echo {id} >> log; echo {what}'\nafter = ['m']\n")
        };
        let many = format!("[[tasks]]\nid = 'm'\nrun = 'true'\nfor_each = {{ values = [{values}] }}\n");
        let list = "{% for x in tasks.m %}{{ x.item }}{% endfor %}";
        format!("{SH}{many}{}{}{}", reads("list", list), reads("one", "{{ tasks.m[0].item }}"), reads("none", "x"))
    };
    let folder = Folder::new();
    assert_eq!(run_again(&folder, &plan("'a', 'b'"), &plan("'c', 'b'"), || ()), ["m[0]", "list", "one"]);
    assert_eq!(run_again(&folder, &plan("'a', 'b'"), &plan("'a', 'b'"), || ()), [""; 0]);
}

#[test]
fn an_ancestors_other_answer_also_through_one_that_answers_as_before() {
    let plan = |answer: &str| {
        [
            logged("a", &format!("echo {answer}"), ""),
            logged("b", "echo same", "after = ['a']"),
            logged("c", "true", "after = ['b']"),
            logged("other", "true", ""),
        ]
        .concat()
    };
    let folder = Folder::new();
    assert_eq!(run_again(&folder, &plan("1"), &plan("1 # as before"), || ()), ["a"]);
    assert_eq!(run_again(&folder, &plan("1"), &plan("2"), || ()), ["a", "b", "c"]);
}

#[test]
fn a_soft_failure_that_heals_runs_what_went_on_below_it_again_and_one_that_stays_does_not() {
    let plan = logged("a", "[ -e go ] && echo yes", "failure_mode = 'soft'")
        + &logged("b", "cat $SEAWALL_RESPONSES/a", "after = ['a']");
    let folder = Folder::with_plan(&plan);
    assert_eq!(folder.journaled(&[]).code, Some(1));
    assert_eq!(folder.log(), ["a", "b"]);
    assert_eq!(folder.resume(&[]).code, Some(1));
    assert_eq!((folder.log(), folder.taken_over()), (vec!["a".into()], vec!["b".into()]));
    folder.write("go", "");
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!(folder.log(), ["a", "b"]);
}

#[test]
fn a_dependency_that_was_taken_away_or_added_counts_if_it_changes_what_is_found() {
    let plan = |after: &str| {
        logged("a", "echo 1", "")
            + &logged("b", "echo 2", "after = ['a']")
            + &logged("c", "true", &format!("after = [{after}]"))
    };
    let folder = Folder::new();
    assert_eq!(run_again(&folder, &plan("'b'"), &plan("'a', 'b'"), || ()), [""; 0], "it was there anyway");
    assert_eq!(run_again(&folder, &plan("'b'"), &plan("'a'"), || ()), ["c"]);
    assert_eq!(run_again(&folder, &plan("'a'"), &plan("'b'"), || ()), ["c"]);
}

#[test]
fn what_would_be_run_is_explained_with_what_has_changed_and_nothing_is_run() {
    let plan = |a: &str, item: &str, keys: &str| {
        [
            logged("a", &format!("echo {a}"), ""),
            logged("b", "true", "after = ['a']"),
            logged("e", "true", &format!("for_each = {{ values = ['{item}'] }}")),
            logged("i", "true", "inputs = ['in']"),
            logged("d", "cat", "").replace("run =", "backend = 'c'\nprompt ="),
            logged("same", "true", ""),
            format!("{SH}{keys}"),
        ]
        .concat()
    };
    let folder = Folder::with_plan(&plan("1", "x", ""));
    let every = "run, since no run before completed it\n";
    assert_eq!(explained(&folder).matches(every).count(), 6);
    assert!(!folder.has("j.db") && !folder.has("log"), "nothing is run, and no journal is made");
    assert_eq!(folder.journaled(&[]).code, Some(0));
    folder.write("plan.toml", &(plan("2", "y", "env = { A = '1' }\n") + &logged("new", "true", "")));
    folder.write("in", "");
    folder.log();
    let wanted = "a: run again, changed: prompt\n\
                  b: resumed if its ancestors answer as before, else run again; `a` is run\n\
                  e[0]: run again, changed: item\n\
                  i: run again, changed: inputs\n\
                  d: run again, changed: settings\n\
                  same: resumed\n\
                  new: run, since no run before completed it\n";
    assert_eq!(explained(&folder), wanted);
    assert!(!folder.has("log"));
    assert_eq!(folder.look(&["runs", "j.db"]).as_array().unwrap().len(), 1, "it is no run");
}

#[test]
fn other_answers_of_ancestors_are_explained() {
    let plan = |answer: &str| logged("a", &format!("echo {answer}"), "") + &logged("b", "[ -e go ]", "after = ['a']");
    let folder = Folder::with_plan(&plan("1"));
    folder.write("go", "");
    folder.journaled(&[]);
    fs::remove_file(folder.path("go")).unwrap();
    folder.write("plan.toml", &plan("2"));
    assert_eq!(folder.resume(&[]).code, Some(1));
    let explained = explained(&folder);
    assert!(explained.starts_with("a: resumed\nb: run"), "{explained}");
}
