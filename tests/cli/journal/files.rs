//! Files that are no journal, or no sound one, or one of a later version; and places where there can be none.

use super::Journaled as _;
use crate::program::{Ended, Folder};
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

/// A plan that leaves a file, in a folder with a settled journal of an earlier run: all is in the one file.
fn with_journal() -> Folder {
    let folder = Folder::with_plan("[[tasks]]\nid = 't'\nrun = 'head -c 300000 /dev/zero | tr \"\\\\0\" q'\n");
    assert_eq!(folder.journaled(&[]).code, Some(0));
    settle(&folder);
    folder.write("plan.toml", "[[tasks]]\nid = 'a'\nrun = 'touch ran'\n");
    folder
}

fn settle(folder: &Folder) {
    let connection = Connection::open(folder.path("j.db")).unwrap();
    connection.pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
    drop(connection);
    for beside in ["j.db-wal", "j.db-shm"] {
        let _ = fs::remove_file(folder.path(beside));
    }
}

/// Everything that would use the journal is refused, and it is as it was. Whoever only looks may find something.
#[track_caller]
fn is_refused(folder: &Folder, words: &[&str], may_be_looked_at: bool) {
    let before = fs::read(folder.path("j.db")).unwrap();
    let untouched = |ended: &Ended| {
        assert_eq!(ended.code, Some(3), "{}", ended.err);
        assert!(fs::read(folder.path("j.db")).unwrap() == before, "it was touched");
    };
    for options in [&[][..], &["--resume"], &["--resume", "--explain"]] {
        let refused = folder.run(&[&["run", "plan.toml", "--journal", "j.db"], options].concat());
        untouched(&refused);
        refused.says(&["`j.db`"]);
        refused.says(words);
    }
    untouched(&folder.run(&["prune", "j.db", "--keep", "1"]));
    for args in [["runs", "j.db"], ["show", "j.db"]] {
        let looked = folder.run(&args);
        if may_be_looked_at {
            assert!(matches!(looked.code, Some(0 | 3)), "{looked:?}");
        } else {
            untouched(&looked);
        }
    }
    assert!(!folder.has("ran") && fs::read(folder.path("j.db")).unwrap() == before);
}

#[test]
fn a_file_of_something_else() {
    for text in ["x", "# My notes\n", "SQLite format 3\0", &"0123456789".repeat(1000)] {
        let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'touch ran'\n");
        folder.write("j.db", text);
        is_refused(&folder, &["it is no journal of Seawall"], false);
    }
}

#[test]
fn a_database_of_another_program() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'touch ran'\n");
    let other = Connection::open(folder.path("j.db")).unwrap();
    other.execute_batch("CREATE TABLE runs (id TEXT); INSERT INTO runs VALUES ('precious')").unwrap();
    drop(other);
    is_refused(&folder, &["it is no journal of Seawall"], false);
}

#[test]
fn a_journal_that_was_cut() {
    let folder = with_journal();
    let whole = fs::read(folder.path("j.db")).unwrap();
    fs::write(folder.path("j.db"), &whole[..whole.len() * 6 / 10 + 100]).unwrap();
    is_refused(&folder, &["it is damaged"], true);
}

#[test]
fn a_journal_with_garbage_in_it() {
    let folder = with_journal();
    let mut bytes = fs::read(folder.path("j.db")).unwrap();
    // The second page is the root of the first table.
    bytes[4096..8192].fill(0xa5);
    fs::write(folder.path("j.db"), &bytes).unwrap();
    is_refused(&folder, &["it is damaged"], true);
}

#[test]
fn a_journal_of_a_later_version() {
    let folder = with_journal();
    let later = Connection::open(folder.path("j.db")).unwrap();
    later.pragma_update(None, "user_version", 1000).unwrap();
    drop(later);
    settle(&folder);
    is_refused(&folder, &["it was written by a later version of Seawall", "1000"], false);
}

#[test]
fn an_empty_file_is_a_new_journal() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'true'\n");
    folder.write("j.db", "");
    assert_eq!(folder.look(&["runs", "j.db"]), serde_json::json!([]));
    assert_eq!(folder.read("j.db"), "", "to look at it makes nothing of it");
    assert_eq!(folder.resume(&[]).code, Some(0));
    assert_eq!(folder.look(&["runs", "j.db"]).as_array().unwrap().len(), 1);
    let journal = Connection::open(folder.path("j.db")).unwrap();
    let number = |name: &str| journal.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((number("application_id"), number("user_version")), (0x5365_6177, 3));
}

#[test]
fn a_place_where_there_can_be_none() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'touch ran'\n");
    fs::create_dir(folder.path("folder")).unwrap();
    folder.write("file", "x");
    for place in ["folder", "no/such/j.db", "file/j.db", "/sys/j.db"] {
        let refused = folder.run(&["run", "plan.toml", "--journal", place]);
        assert_eq!(refused.code, Some(3), "{place}: {}", refused.err);
        refused.says(&[&format!("`{place}`")]);
    }
    assert!(!folder.has("ran") && folder.names("folder").is_empty());
    assert_eq!(folder.read("file"), "x");
}

#[test]
fn it_is_made_with_the_umask_and_so_is_what_stands_beside_it() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'stat -c \"%a %n\" j.db*'\n");
    let mut shell = std::process::Command::new("sh");
    let program = env!("CARGO_BIN_EXE_seawall");
    shell.args(["-c", &format!("umask 077; exec '{program}' run plan.toml --journal j.db --output out")]);
    let ended = folder.end(crate::program::Running::start(folder.prepared(shell)));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let modes = folder.read("out/a.out");
    assert!(modes.contains(" j.db-wal"), "{modes}");
    assert!(modes.lines().all(|line| line.starts_with("600 ")), "{modes}");
    assert_eq!(fs::metadata(folder.path("j.db")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_link_to_a_file_that_is_not_there_yet_is_followed() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'true'\n");
    fs::create_dir(folder.path("d")).unwrap();
    for (target, link) in
        [("far.db", "d/near"), ("near", "d/nearer"), ("d/nearer", "link"), ("no/such.db", "lost"), ("circle", "circle")]
    {
        symlink(target, folder.path(link)).unwrap();
    }
    assert_eq!(folder.run(&["run", "plan.toml", "--journal", "link"]).code, Some(0));
    assert_eq!(folder.names("d"), ["far.db", "near", "nearer"]);
    assert_eq!(folder.look(&["runs", "d/far.db"]).as_array().unwrap().len(), 1);
    for link in ["lost", "circle"] {
        let refused = folder.run(&["run", "plan.toml", "--journal", link]);
        assert_eq!(refused.code, Some(3), "{link}");
        refused.says(&[link]);
    }
}

#[test]
fn no_output_is_written_over_the_journal() {
    let folder = with_journal();
    let before = fs::read(folder.path("j.db")).unwrap();
    for (option, path) in [("--report-json", "j.db"), ("--events", "./j.db"), ("--junit", "j.db-wal")] {
        let refused = folder.run(&["run", "plan.toml", "--journal", "j.db", option, path]);
        assert_eq!(refused.code, Some(2), "{option}");
        refused.says(&["--journal", option, path]);
        assert!(!folder.has("ran") && fs::read(folder.path("j.db")).unwrap() == before, "{option}");
    }
}

#[test]
fn a_name_that_means_something_else_to_sqlite_is_a_file() {
    for name in [":memory:", "file:j.db", "file:j.db?mode=ro", "j%20#.db"] {
        let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'true'\n");
        assert_eq!(folder.run(&["run", "plan.toml", "--journal", name]).code, Some(0), "{name}");
        assert_eq!(folder.names(""), [name, "plan.toml"]);
        assert_eq!(folder.look(&["runs", name]).as_array().unwrap().len(), 1, "{name}");
    }
}
