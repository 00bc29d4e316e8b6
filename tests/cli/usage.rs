//! Command lines that are wrong: exit code 2, with the wrong word and the nearest right one.

use crate::program::Folder;
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;

#[track_caller]
fn refused(args: &[&str], words: &[&str]) {
    let folder = Folder::with_plan("[[tasks]]\nid = \"mark\"\nrun = \"touch ran\"\n");
    folder.run(args).is_refused(words);
    assert!(!folder.has("ran"), "something was run");
}

#[test]
fn unknown_words_are_named_with_the_nearest_ones() {
    refused(&["chekc", "plan.toml"], &["chekc", "check"]);
    refused(&["run", "plan.toml", "--concurency", "2"], &["--concurency", "--concurrency"]);
    refused(&["graph", "plan.toml", "--format", "dott"], &["dott", "'dot'"]);
    refused(&["run", "plan.toml", "--color", "sometimes"], &["sometimes", "always"]);
    refused(&["run", "plan.toml", "--color", "alwys"], &["alwys", "'always'"]);
    refused(&["run", "plan.toml", "--schedule", "eagr"], &["eagr", "'eager'"]);
    refused(&["completions", "fsh"], &["fsh", "'fish'"]);
    refused(&["rn", "plan.toml"], &["rn", "'run'"]);
    refused(&["help", "rnu"], &["rnu", "'run'"]);
    refused(&["run", "plan.toml", "--QUIET"], &["--QUIET", "'--quiet'"]);
    refused(&["run", "plan.toml", "--schedule", "WAVES"], &["WAVES", "'waves'"]);
    refused(&["plan.toml"], &["plan.toml", "seawall run plan.toml"]);
    refused(&["run", "paln.toml"], &["failed to read paln.toml", "did you mean `plan.toml`?"]);
}

#[test]
fn what_a_terminal_would_obey_is_quoted_as_an_escape() {
    for args in [
        &["\u{9b}31m"][..],
        &["run", "plan.toml", "--schedule", "\u{9b}31m"],
        &["run", "plan.toml", "--seed", "\u{9b}31m"],
        &["run", "plan.toml", "--grace", "\u{9b}31m"],
        &["run", "plan.toml", "--\u{9b}31m"],
        &["run", "plan.toml", "more\u{9b}31m"],
    ] {
        let ended = Folder::with_plan("").run(args);
        ended.is_refused(&["\\u{9b}31m"]);
        assert!(!ended.err.contains('\u{9b}'), "{}", ended.err);
    }
}

#[test]
fn bad_values_are_named_with_their_option() {
    for value in ["0", "-1", "10001", "many", "1.5", ""] {
        refused(&["run", "plan.toml", "--concurrency", value], &["--concurrency", value]);
    }
    for value in ["-1", "9223372036854775808", "x"] {
        refused(&["run", "plan.toml", "--seed", value], &["--seed", value]);
    }
    for value in ["5", "-5s", "soon", "5 parsecs", ""] {
        refused(&["run", "plan.toml", "--grace", value], &["--grace", value]);
    }
}

#[test]
fn what_is_missing_or_does_not_go_together_is_named() {
    refused(&[], &["Usage: seawall"]);
    refused(&["run"], &["<PLAN>"]);
    refused(&["run", "plan.toml", "--report-json"], &["--report-json"]);
    refused(&["run", "plan.toml", "--quiet", "--verbose"], &["--quiet", "--verbose"]);
    refused(&["check", "plan.toml", "other.toml"], &["other.toml"]);
    refused(&["completions"], &["<SHELL>"]);
}
