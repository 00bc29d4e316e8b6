//! `seawall check` on plans without faults.

use crate::program::{Folder, Running};
use crate::runs::Runs as _;
use crate::verdicts::{Inputs as _, Verdicts as _};

const PLAN: &str = r#"
[backends.api]
kind = "command"
argv = ["cat"]
when_open = { fallback = "spare" }

[backends.spare]
kind = "simulated"

[backends.unused]
kind = "command"
argv = ["no-such-program"]

[[tasks]]
id = "a"
backend = "api"
prompt = "x"

[[tasks]]
id = "b"
run = "touch ran"
after = ["a"]
"#;

#[test]
fn a_good_plan_is_summed_up_in_a_line_and_not_run() {
    let folder = Folder::with_plan(PLAN);
    let ran = folder.run(&["check", "plan.toml"]);
    let line =
        "plan.toml: no faults; 2 tasks in 2 waves on 3 backends: api (command), spare (simulated), sh (command)\n";
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "", line));
    assert!(!folder.has("ran"));
}

#[test]
fn a_plan_may_come_by_standard_input() {
    let ran = Folder::new().run_with_input(&["check", "-"], PLAN.as_bytes());
    assert_eq!(ran.code, Some(0));
    ran.says(&["<stdin>: no faults"]);
}

#[test]
fn a_program_that_is_not_there_is_a_warning_and_no_fault() {
    let plan = "[backends.b]\nkind = \"command\"\nargv = [\"no-such-program\"]\n[backends.c]\nkind = \"command\"\nargv = [\"./here\"]\ncwd = \"sub\"\n\
                [[tasks]]\nid = \"a\"\nbackend = \"b\"\nprompt = \"\"\n[[tasks]]\nid = \"b\"\nbackend = \"c\"\nprompt = \"\"\n";
    let ran = Folder::with_plan(plan).run(&["check", "plan.toml"]);
    assert_eq!(ran.code, Some(0));
    ran.says(&[
        "warning: backend `b`: there is no program `no-such-program` on the PATH",
        "warning: backend `c`: there is no folder",
    ]);
}

#[test]
fn a_program_is_looked_for_from_its_own_folder() {
    let plan = "[backends.c]\nkind = \"command\"\nargv = [\"./here\"]\ncwd = \"sub\"\n[[tasks]]\nid = \"b\"\nbackend = \"c\"\nprompt = \"\"\n";
    let folder = Folder::with_plan(plan);
    std::fs::create_dir(folder.path("sub")).unwrap();
    folder.run(&["check", "plan.toml"]).says(&["backend `c`: there is no program `./here`\n"]);
}

#[test]
fn what_comes_by_a_pipe_begins_at_the_current_folder() {
    let folder = Folder::with_plan("[[tasks]]\nid = \"a\"\nrun = \"echo x > here\"\n");
    let mut program = folder.program(&["run", "/dev/stdin"]);
    program.stdin(std::fs::File::open(folder.path("plan.toml")).unwrap());
    assert_eq!(folder.end(Running::start(program)).code, Some(0));
    assert_eq!(folder.read("here"), "x\n");
}

#[test]
fn numbers_may_be_whole_where_fractions_may_be() {
    let plan = "[retry]\nmultiplier = 2\nrandomization_factor = 0\n[backends.s]\nkind = \"simulated\"\nfail_rate = 1\n[[tasks]]\nid = \"a\"\nrun = \"true\"\n";
    assert_eq!(Folder::with_plan(plan).run(&["check", "plan.toml"]).code, Some(0));
}

#[test]
fn colours_come_when_they_are_asked_for() {
    let folder = Folder::with_plan("");
    let is_styled = |args: &[&str], no_color: &str| {
        let mut program = folder.program(args);
        program.env("NO_COLOR", no_color);
        folder.end(Running::start(program)).err.contains("\x1b[")
    };
    assert!(!is_styled(&["check", "plan.toml"], ""));
    assert!(is_styled(&["check", "plan.toml", "--color", "always"], ""));
    assert!(is_styled(&["--color=always", "check", "plan.toml"], "1"));
    assert!(!is_styled(&["check", "plan.toml", "--color", "never"], ""));
    assert!(is_styled(&["chekc", "--color", "always"], ""));
}
