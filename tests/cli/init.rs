//! `seawall init`.

use super::program::Program;
use std::fs;

#[test]
fn it_writes_a_plan_without_faults_and_says_how_to_run_it() {
    let program = Program::new();
    let ran = program.run(&["init"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    ran.says(&["seawall run seawall.toml"]);
    assert_eq!(program.run(&["check", "seawall.toml"]).code, Some(0));
    assert_eq!(program.run(&["init", "other.toml"]).code, Some(0));
    assert_eq!(fs::read(program.path("other.toml")).unwrap(), fs::read(program.path("seawall.toml")).unwrap());
}

#[test]
fn what_is_there_is_never_written_over() {
    let program = Program::new();
    program.write("seawall.toml", "mine");
    std::os::unix::fs::symlink("nowhere", program.path("dangling.toml")).unwrap();
    for (args, name) in [(&["init"][..], "seawall.toml"), (&["init", "dangling.toml"], "dangling.toml")] {
        program.run(args).is_refused(&[name, "is there already"]);
    }
    assert_eq!(fs::read(program.path("seawall.toml")).unwrap(), b"mine");
    assert!(!program.has("nowhere"));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let ran = Program::new().run(&["init", "nowhere/plan.toml"]);
    assert_eq!(ran.code, Some(3));
    ran.says(&["failed to write nowhere/plan.toml"]);
}

#[test]
fn it_may_go_to_standard_output() {
    let program = Program::new();
    let plan = program.run(&["init", "-"]).result();
    assert_eq!(program.run_with_input(&["check", "-"], plan.as_bytes()).code, Some(0));
    assert!(!program.has("-"));
}
