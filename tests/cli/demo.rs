//! The demonstration.

use crate::program::Folder;
use crate::runs::Runs as _;
use crate::verdicts::{Inputs as _, Verdicts as _};

#[test]
fn it_shows_what_it_foretells() {
    let ended = Folder::new().run(&["demo"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for word in ["retry", "circuit", "open", "skipped", "All of it happened"] {
        assert!(ended.err.contains(word), "`{word}` is not shown: {ended:?}");
    }
}

#[test]
fn its_plan_can_be_printed_and_is_one() {
    let plan = Folder::new().run(&["demo", "--print"]).result();
    assert_eq!(Folder::new().run_with_input(&["check", "-"], plan.as_bytes()).code, Some(0));
}

#[test]
fn its_load_shows_a_collapse_that_lasts_and_what_ends_it() {
    let ended = Folder::new().run(&["demo", "load"]);
    let row = |name: &str| ended.err.lines().rfind(|line| line.trim_start().starts_with(name)).unwrap_or_default();
    for name in ["6 attempts  ", "6 attempts, circuit breaker", "2 attempts  "] {
        assert_eq!(row(name).matches('%').count(), 7, "{ended:?}");
    }
    // On a machine that is too busy it may go otherwise, and is said to have.
    assert!(ended.code == Some(0) || ended.err.contains("did not go as foretold"), "{ended:?}");
}

#[test]
fn a_load_cannot_be_printed() {
    Folder::new().run(&["demo", "load", "--print"]).is_refused(&["--print", "WHAT"]);
    Folder::new().run(&["demo", "laod"]).is_refused(&["laod", "load"]);
}
