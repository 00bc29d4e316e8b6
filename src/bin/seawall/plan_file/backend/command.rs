//! Backends of kind `command`: a program that is started for each attempt.

use crate::plan_file::faults::{Fault, Faults};
use crate::plan_file::field::Field;
use crate::plan_file::table::Table;
use seawall::ErrorClass;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) const KEYS: [&str; 5] = ["argv", "input", "exit", "env", "cwd"];

/// What stands for the prompt in `argv`.
const PROMPT: &str = "{prompt}";

/// What is started, and how.
#[derive(Debug)]
pub(crate) struct Command {
    /// At least the program: a name on the PATH, or a path, which begins at `cwd` if it is relative.
    pub(crate) argv: Vec<String>,
    pub(crate) input: Input,
    pub(crate) exit: BTreeMap<u8, ErrorClass>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) cwd: PathBuf,
}

/// Which way the prompt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Stdin,
    Argument,
}

/// What an exit code may be declared to mean.
pub(crate) const EXIT_CLASSES: [(&str, ErrorClass); 6] = [
    ("transient", ErrorClass::Transient),
    ("overloaded", ErrorClass::Overloaded),
    ("rate_limited", ErrorClass::RateLimited),
    ("timed_out", ErrorClass::TimedOut),
    ("permanent", ErrorClass::Permanent),
    ("invalid_answer", ErrorClass::InvalidAnswer),
];

impl Command {
    pub(super) fn shell(folder: &Path) -> Self {
        Self {
            argv: ["sh", "-c", PROMPT].map(str::to_owned).to_vec(),
            input: Input::Argument,
            exit: BTreeMap::new(),
            env: BTreeMap::new(),
            cwd: folder.to_owned(),
        }
    }

    /// `None` if there is no program to start; then there is a fault.
    pub(super) fn read(table: &Table<'_>, folder: &Path, faults: &mut Faults) -> Option<Self> {
        let argv = argv_of(table, faults);
        let input = input_of(table, argv.as_deref(), faults);
        let exit = table.field("exit").and_then(|field| field.subtable("a table", faults));
        Some(Self {
            input,
            exit: exit.map(|exit| exit_of(&exit, faults)).unwrap_or_default(),
            env: env_of(table, faults),
            cwd: cwd_of(table, folder, faults),
            argv: argv?,
        })
    }
}

fn argv_of(table: &Table<'_>, faults: &mut Faults) -> Option<Vec<String>> {
    const WHAT: &str = "a list of strings: the program, and its arguments";
    let Some(field) = table.field("argv") else {
        let title = format!("{} lacks `argv`: the program, and its arguments", table.place);
        faults.add_missing(Fault::at(table.span.clone(), title));
        return None;
    };
    let items = field.items(WHAT, faults)?;
    let argv: Vec<String> = items.iter().filter_map(|item| item.text_without_nul(faults)).map(str::to_owned).collect();
    if argv.len() < items.len() {
        return None;
    }
    match argv.first() {
        None => faults.add(field.must_be(WHAT, "there is no program in it")),
        Some(program) if program.is_empty() => faults.add(field.must_be(WHAT, "the program's name is empty")),
        Some(_) => return Some(argv),
    }
    None
}

fn input_of(table: &Table<'_>, argv: Option<&[String]>, faults: &mut Faults) -> Input {
    let Some(field) = table.field("input") else { return Input::Stdin };
    let input = field.choice(&[("stdin", Input::Stdin), ("arg", Input::Argument)], faults).unwrap_or(Input::Stdin);
    let has_place = argv.is_none_or(|argv| argv.iter().skip(1).any(|argument| argument.contains(PROMPT)));
    if input == Input::Argument && !has_place {
        let title = format!("`input` in {} is \"arg\", and `argv` has no {PROMPT}", table.place);
        faults.add(Fault::at(field.span, title).label("there is no place for the prompt"));
    }
    input
}

fn exit_of(table: &Table<'_>, faults: &mut Faults) -> BTreeMap<u8, ErrorClass> {
    table.refuse_others(&EXIT_CLASSES.map(|(word, _)| word), faults);
    let mut classes = BTreeMap::new();
    let mut places: BTreeMap<u8, Field<'_, '_>> = BTreeMap::new();
    for field in table.fields() {
        let Some((_, class)) = EXIT_CLASSES.iter().find(|(word, _)| *word == field.key) else { continue };
        for item in field.items("a list of exit codes", faults).unwrap_or_default() {
            let Some(code) = item.whole(1..=255, faults) else { continue };
            if classes.insert(code, *class).is_some_and(|before| before != *class) {
                let title = format!("exit code {code} has two classes in {}", table.place);
                faults.add(Fault::at(item.span.clone(), title).other(places[&code].span.clone(), "the first is here"));
            }
            places.insert(code, item);
        }
    }
    classes
}

/// Where it works: the plan's folder, or a place from there on.
pub(super) fn cwd_of(table: &Table<'_>, folder: &Path, faults: &mut Faults) -> PathBuf {
    let cwd = table.field("cwd").and_then(|field| field.text_without_nul(faults));
    cwd.map_or(folder.to_owned(), |cwd| folder.join(cwd))
}

/// What its `env` adds to the environment.
pub(super) fn env_of(table: &Table<'_>, faults: &mut Faults) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let Some(table) = table.field("env").and_then(|field| field.subtable("a table", faults)) else { return variables };
    for field in table.fields() {
        if field.key.is_empty() || field.key.contains(['=', '\0']) {
            let title = format!("`{}` in {} is no name of a variable", field.key, table.place);
            faults.add(Fault::at(field.key_span.clone(), title).label("a name is not empty, and has no `=` in it"));
        }
        if let Some(value) = field.text_without_nul(faults) {
            variables.insert(field.key.to_owned(), value.to_owned());
        }
    }
    variables
}
