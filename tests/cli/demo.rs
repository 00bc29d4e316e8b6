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
