//! `seawall init`.

use crate::program::Folder;
use crate::runs::Runs as _;
use crate::verdicts::{Inputs as _, Verdicts as _};
use std::fs;

#[test]
fn it_writes_a_plan_without_faults_and_says_how_to_run_it() {
    let folder = Folder::new();
    let ran = folder.run(&["init"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    ran.says(&["seawall run seawall.toml"]);
    assert_eq!(folder.run(&["check", "seawall.toml"]).code, Some(0));
    assert_eq!(folder.run(&["init", "other.toml"]).code, Some(0));
    assert_eq!(fs::read(folder.path("other.toml")).unwrap(), fs::read(folder.path("seawall.toml")).unwrap());
}

#[test]
fn what_is_there_is_never_written_over() {
    let folder = Folder::new();
    folder.write("seawall.toml", "mine");
    std::os::unix::fs::symlink("nowhere", folder.path("dangling.toml")).unwrap();
    for (args, name) in [(&["init"][..], "seawall.toml"), (&["init", "dangling.toml"], "dangling.toml")] {
        folder.run(args).is_refused(&[name, "is there already"]);
    }
    assert_eq!(fs::read(folder.path("seawall.toml")).unwrap(), b"mine");
    assert!(!folder.has("nowhere"));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let ran = Folder::new().run(&["init", "nowhere/plan.toml"]);
    assert_eq!(ran.code, Some(3));
    ran.says(&["failed to write nowhere/plan.toml"]);
}

#[test]
fn it_may_go_to_standard_output() {
    let folder = Folder::new();
    let plan = folder.run(&["init", "-"]).result();
    assert_eq!(folder.run_with_input(&["check", "-"], plan.as_bytes()).code, Some(0));
    assert!(!folder.has("-"));
}
