//! The demonstration.

use crate::program::Folder;
use crate::runs::Runs;

#[test]
fn it_shows_what_it_foretells() {
    let ended = Folder::new().run(&["demo"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for word in ["retry", "circuit", "open", "skipped", "All of it happened"] {
        assert!(ended.err.contains(word), "`{word}` is not shown: {ended:?}");
    }
}
