//! Which file knows which: one way only.

use super::source::{Source, sources};
use std::collections::{BTreeMap, BTreeSet};

/// What may know only what stands before it. An entry is a file with what is in the folder beside it; within one entry
/// files may know each other, and so do a file and the file whose folder it is in.
const ORDER: [&str; 65] = [
    // Leaves.
    "sync",
    "seed",
    "status",
    "task_id",
    "usage",
    "session",
    "error",
    "cancel",
    "clock",
    "send_error",
    "failure",
    "backend/message",
    "backend/spent",
    "responses",
    // Resilience, with the backend before what calls it.
    "resilience/backoff",
    "resilience/breaker",
    "resilience/registry",
    "backend",
    "resilience/retry",
    "resilience",
    // What is run.
    "plan",
    // What comes of it.
    "runner/outcome",
    "runner/progress",
    "runner/queue",
    "runner/event",
    "runner/why",
    "runner/report",
    "runner/journal",
    // How it is run.
    "runner/slots",
    "runner/ancestry",
    "runner/options",
    "runner/shared_queue",
    "runner/builder",
    "runner/lane",
    "runner/run",
    "runner/conversation",
    "runner/worker",
    "runner/wave",
    "runner/reserve",
    "runner/caller",
    "runner/crew",
    "runner",
    "sqlite_journal",
    // Many calls.
    "load/rate",
    "load/arrivals",
    "load/answer",
    "load/latencies",
    "load/series",
    "load/intervals",
    "load/recorder",
    "load/result",
    "load/hdr_log",
    "load/target",
    "load/course",
    "load/closed",
    "load/open",
    "load/objective",
    "load/rank_test",
    "load/baseline",
    "load/capacity",
    "load",
    // For tests and readers.
    "testing",
    "guide",
    "lib",
    "bin",
];

#[test]
fn arrows_between_files_run_one_way() {
    let sources: Vec<Source> = sources().into_iter().filter(|source| !source.is_of_the_program()).collect();
    let house = House::of(&sources);
    let mut wrong = BTreeSet::new();
    for source in &sources {
        for target in house.targets(source) {
            if rank(&target) > rank(&source.module) && !is_parent(&target, &source.module) {
                wrong.insert(format!("{} knows {target}", source.module));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_program_uses_the_public_library_only() {
    for source in sources().iter().filter(|source| source.is_of_the_program()) {
        let code = source.lines.join("\n");
        assert!(!code.contains("#[path") && !code.contains("include!("), "{}", source.module);
    }
}

fn rank(module: &str) -> usize {
    let is_within = |entry: &&str| module == *entry || module.starts_with(&format!("{entry}/"));
    let entry = ORDER.iter().filter(|entry| is_within(entry)).max_by_key(|entry| entry.len());
    let entry = entry.unwrap_or_else(|| panic!("where does `{module}` stand in the order?"));
    ORDER.iter().position(|other| other == entry).unwrap()
}

fn is_parent(target: &str, module: &str) -> bool {
    module.strip_prefix(target).is_some_and(|rest| rest.starts_with('/') && !rest[1..].contains('/'))
}

/// Every module, and what it hands on from its children.
struct House<'s> {
    modules: BTreeSet<&'s str>,
    reexports: BTreeMap<(&'s str, String), String>,
}

impl<'s> House<'s> {
    fn of(sources: &'s [Source]) -> Self {
        let modules = sources.iter().map(|source| source.module.as_str()).collect();
        let mut house = Self { modules, reexports: BTreeMap::new() };
        for source in sources {
            for path in paths(source) {
                let child = joined(&source.module, &path[0]);
                if path.len() > 1 && house.modules.contains(child.as_str()) {
                    house.reexports.insert((&source.module, path[path.len() - 1].clone()), path.join("/"));
                }
            }
        }
        house
    }

    fn targets(&self, source: &Source) -> Vec<String> {
        let target = |path: Vec<String>| {
            let parent = source.module.rsplit_once('/').map_or("lib", |(parent, _)| parent);
            match path[0].as_str() {
                "crate" => Some(self.resolve("lib", &path[1..])),
                "super" => Some(self.resolve(parent, &path[1..])),
                _ => None,
            }
        };
        paths(source).into_iter().filter_map(target).filter(|target| *target != source.module).collect()
    }

    /// The file in which the last name of the path is defined.
    fn resolve(&self, module: &str, path: &[String]) -> String {
        let Some(name) = path.first() else { return module.to_owned() };
        let child = joined(module, name);
        if self.modules.contains(child.as_str()) {
            return self.resolve(&child, &path[1..]);
        }
        match self.reexports.get(&(module, name.clone())) {
            Some(inner) => self.resolve(module, &inner.split('/').map(str::to_owned).collect::<Vec<_>>()),
            None => module.to_owned(),
        }
    }
}

fn joined(module: &str, name: &str) -> String {
    if module == "lib" { name.to_owned() } else { format!("{module}/{name}") }
}

/// Every path that a file uses: those of its `use` lines, and those that begin with `crate` elsewhere.
fn paths(source: &Source) -> Vec<Vec<String>> {
    let code = source.code.join("\n");
    let mut paths = Vec::new();
    for statement in code.split(';') {
        let words = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        let uses = words.rsplit_once("use ").filter(|(before, _)| before.is_empty() || before.ends_with([' ', '}']));
        if let Some((_, tree)) = uses {
            expand("", tree, &mut paths);
        }
    }
    for inline in code.replace("in crate::", "").split("crate::").skip(1) {
        let path: String = inline.chars().take_while(|char| char.is_alphanumeric() || "_:".contains(*char)).collect();
        paths.push(
            std::iter::once("crate").chain(path.split("::").filter(|name| !name.is_empty())).map(Into::into).collect(),
        );
    }
    paths
}

/// `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    let Some((head, inner)) = tree.split_once('{') else {
        let path = format!("{prefix}{}", tree.split(" as ").next().unwrap_or_default());
        paths.push(path.split("::").map(|name| name.trim().to_owned()).collect());
        return;
    };
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let mut depth = 0;
    let branches = inner.split(|char| {
        depth += i32::from(char == '{') - i32::from(char == '}');
        char == ',' && depth == 0
    });
    branches
        .filter(|branch| !branch.trim().is_empty())
        .for_each(|branch| expand(&format!("{prefix}{head}"), branch, paths));
}

#[test]
fn a_use_tree_is_taken_apart() {
    let mut paths = Vec::new();
    expand("", "a::{b, c::{d, e as f}, self}", &mut paths);
    let paths: Vec<String> = paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["a::b", "a::c::d", "a::c::e", "a::self"]);
}
