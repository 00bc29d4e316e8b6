//! The house, held by a machine: what stands where, who knows whom, how long things are, and how they are called.

mod arrows;
mod source;

use source::{Source, function_lengths, sources};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_top_level_holds_what_it_should_and_nothing_else() {
    const THERE: [&str; 6] = ["Cargo.toml", "Cargo.lock", "README.md", "LICENSE", "src", "tests"];
    let names = tracked().unwrap_or_else(on_disk);
    let strangers: Vec<_> = names
        .iter()
        .filter(|name| !name.starts_with('.') && !THERE.contains(&name.as_str()) && *name != "benches")
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    let missing: Vec<_> = THERE.iter().filter(|name| !root().join(name).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What git knows of the top level, if this is a checkout.
fn tracked() -> Option<BTreeSet<String>> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().ok()?;
    let paths = String::from_utf8(listed.stdout).ok()?;
    let tops: BTreeSet<String> = paths
        .split('\0')
        .filter_map(|path| path.split('/').next())
        .filter(|top| !top.is_empty())
        .map(Into::into)
        .collect();
    (listed.status.success() && tops.contains("Cargo.toml")).then_some(tops)
}

fn on_disk() -> BTreeSet<String> {
    let entries = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.filter(|name| name != "target").collect()
}

#[test]
fn no_file_is_longer_than_four_hundred_lines_without_its_tests() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|source| source.lines.len() > 400)
        .map(|source| (source.module, source.lines.len()))
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn a_folder_has_its_file_beside_it_and_never_a_mod_within() {
    for source in sources() {
        assert!(!source.module.ends_with("/mod"), "{}", source.module);
        let is_root = |parent: &str| parent == "bin" || parent.starts_with("bin/") && !parent[4..].contains('/');
        if let Some((parent, _)) = source.module.rsplit_once('/').filter(|(parent, _)| !is_root(parent)) {
            assert!(root().join("src").join(parent).with_extension("rs").exists(), "{} has no parent", source.module);
        }
    }
}

#[test]
fn half_of_the_functions_have_less_than_ten_lines_and_nine_in_ten_less_than_thirty() {
    let mut lengths: Vec<(usize, String)> = sources()
        .iter()
        .flat_map(|source| {
            function_lengths(source)
                .into_iter()
                .map(|(name, length)| (length, format!("{} in {}", name, source.module)))
        })
        .collect();
    lengths.sort_unstable();
    let (median, ninth) = (&lengths[lengths.len() / 2], &lengths[lengths.len() * 9 / 10]);
    assert!(lengths.len() > 300, "the functions were not found");
    assert!(median.0 < 10, "{median:?}");
    assert!(ninth.0 < 30, "{ninth:?}");
}

#[test]
fn words_that_stand_for_unfinished_work_or_for_no_thing_at_all_are_nowhere() {
    const WORDS: [&str; 6] = ["todo!", "unimplemented!", "dbg!", "#[allow(", "#![allow(", "mod.rs"];
    const MARKS: [&str; 3] = ["TODO", "FIXME", "XXX"];
    let mut found = Vec::new();
    for source in sources() {
        for (line, code) in source.lines.iter().zip(&source.code) {
            let has_word = WORDS.iter().any(|word| code.contains(word)) || MARKS.iter().any(|mark| line.contains(mark));
            if has_word
                || names_no_thing(code)
                || code.contains("fn get_") && !["fn get_ref", "fn get_mut"].iter().any(|name| code.contains(name))
            {
                found.push(format!("{}: {}", source.module, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

fn names_no_thing(code: &str) -> bool {
    const NO_THINGS: [&str; 5] = ["Manager", "Handler", "Service", "Helper", "Util"];
    let words: Vec<&str> = code.split(|char: char| !char.is_alphanumeric() && char != '_').collect();
    let is_definition = |pair: &[&str]| ["struct", "enum", "trait", "type"].contains(&pair[0]);
    words.windows(2).any(|pair| is_definition(pair) && NO_THINGS.iter().any(|word| pair[1].contains(word)))
}

#[test]
fn reasons_are_given_in_at_most_one_line_in_twenty() {
    let sources = sources();
    let lines: usize = sources.iter().map(|source| source.lines.len()).sum();
    let comments: usize = sources.iter().map(|source| source.count(is_comment)).sum();
    assert!(comments > 0 && comments * 20 <= lines, "{comments} of {lines} lines");
}

fn is_comment(line: &str) -> bool {
    line.starts_with("//") && !is_doc(line)
}

fn is_doc(line: &str) -> bool {
    line.starts_with("///") || line.starts_with("//!")
}

#[test]
fn a_fifth_to_less_than_a_half_of_the_library_is_for_its_readers() {
    let is_read = |source: &Source| !source.is_of_the_program() && !source.is_of_a_model();
    let library: Vec<Source> = sources().into_iter().filter(is_read).collect();
    let lines: usize = library.iter().map(|source| source.count(|line| !line.is_empty())).sum();
    let docs: usize = library.iter().map(|source| source.count(is_doc)).sum();
    assert!(docs * 100 >= lines * 20 && docs * 100 <= lines * 45, "{docs} of {lines} lines");
}

#[test]
fn there_is_no_unsafe_code() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for source in sources() {
        let words = source.code.iter().flat_map(|line| line.split(|char: char| !char.is_alphanumeric() && char != '_'));
        assert!(words.into_iter().all(|word| word != "unsafe"), "{}", source.module);
    }
}

#[test]
fn no_feature_brings_an_async_runtime() {
    const RUNTIMES: [&str; 14] = [
        "actix-rt",
        "async-executor",
        "async-global-executor",
        "async-io",
        "async-std",
        "bastion",
        "compio",
        "embassy-executor",
        "futures-executor",
        "glommio",
        "monoio",
        "pollster",
        "smol",
        "tokio",
    ];
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let names: BTreeSet<&str> =
        lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    assert!(names.contains("seawall") && names.contains("rayon"), "the lock file was not understood");
    let runtimes: Vec<_> = RUNTIMES.iter().filter(|runtime| names.contains(*runtime)).collect();
    assert!(runtimes.is_empty(), "{runtimes:?}");
}

#[test]
fn the_default_library_is_built_from_at_most_thirty_crates() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--edges", "normal", "--offline", "--prefix", "none", "--format", "{p}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let listed = String::from_utf8(tree.stdout).unwrap();
    let crates: BTreeSet<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(crates.contains("rayon") && crates.len() <= 30, "{}: {crates:?}", crates.len());
}
