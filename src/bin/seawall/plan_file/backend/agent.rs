//! Backends that are coding agents: `claude`, `codex`, `goose`.

use super::command::{cwd_of, env_of};
use crate::plan_file::faults::{Fault, Faults};
use crate::plan_file::field::Field;
use crate::plan_file::prompts::Prompts;
use crate::plan_file::retry::RetryKeys;
use crate::plan_file::table::Table;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) const CLAUDE_KEYS: [&str; 12] = [
    "program",
    "model",
    "system_prompt",
    "system_prompt_file",
    "allowed_tools",
    "permission_mode",
    "max_turns",
    "max_cost",
    "extra_args",
    "own_retries",
    "env",
    "cwd",
];
pub(super) const CODEX_KEYS: [&str; 9] = [
    "program",
    "model",
    "system_prompt",
    "system_prompt_file",
    "permission_mode",
    "extra_args",
    "own_retries",
    "env",
    "cwd",
];
pub(super) const GOOSE_KEYS: [&str; 9] = [
    "program",
    "model",
    "system_prompt",
    "system_prompt_file",
    "permission_mode",
    "max_turns",
    "extra_args",
    "env",
    "cwd",
];

/// Which agent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    Claude,
    Codex,
    Goose,
}

/// What is started, and how.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) maker: Maker,
    /// A name on the PATH, or an absolute path.
    pub(crate) program: String,
    pub(crate) model: Option<String>,
    pub(crate) system_prompt: Option<String>,
    pub(crate) allowed_tools: Vec<String>,
    pub(crate) permission_mode: Option<String>,
    pub(crate) max_turns: Option<u32>,
    pub(crate) max_cost: Option<f64>,
    pub(crate) extra_args: Vec<String>,
    pub(crate) own_retries: Option<u32>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) cwd: PathBuf,
}

impl Maker {
    /// The word for the kind, and the name of the program.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Goose => "goose",
        }
    }

    /// How people get the program.
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::Claude => "npm install -g @anthropic-ai/claude-code",
            Self::Codex => "npm install -g @openai/codex",
            Self::Goose => "npm install -g @aaif/goose-binary-linux-x64",
        }
    }

    /// Whether it tells what a call cost.
    pub(crate) fn tells_costs(self) -> bool {
        self != Self::Codex
    }
}

impl Agent {
    /// One attempt may last minutes.
    pub(super) const RETRY: RetryKeys =
        RetryKeys { max_elapsed_time: Some(Duration::from_secs(30 * 60)), ..RetryKeys::NONE };

    /// Reads the keys that this maker's program has options for; the others are told of elsewhere.
    pub(super) fn read(maker: Maker, table: &Table<'_>, folder: &Path, faults: &mut Faults) -> Self {
        let text = |key, faults: &mut Faults| Some(table.field(key)?.text_without_nul(faults)?.to_owned());
        let texts =
            |key, faults: &mut Faults| table.field(key).map(|field| texts_of(&field, faults)).unwrap_or_default();
        let count = |key, least, faults: &mut Faults| table.field(key)?.whole(least..=u32::MAX.into(), faults);
        Self {
            maker,
            program: program_of(maker, table, folder, faults),
            model: text("model", faults),
            system_prompt: system_prompt_of(table, folder, faults),
            allowed_tools: texts("allowed_tools", faults),
            permission_mode: text("permission_mode", faults),
            max_turns: count("max_turns", 1, faults),
            max_cost: table.field("max_cost").and_then(|field| field.dollars(faults)),
            extra_args: texts("extra_args", faults),
            own_retries: count("own_retries", 0, faults),
            env: env_of(table, faults),
            cwd: cwd_of(table, folder, faults),
        }
    }

    /// Whether it is told how often to ask again by itself, and has no way to pass it on: codex knows that by provider.
    pub(crate) fn keeps_own_retries(&self) -> bool {
        let names_provider = |arg: &String| arg.contains("model_provider");
        self.maker == Maker::Codex && self.own_retries.is_some() && !self.extra_args.iter().any(names_provider)
    }
}

/// A path begins at the plan's folder, wherever the program works.
fn program_of(maker: Maker, table: &Table<'_>, folder: &Path, faults: &mut Faults) -> String {
    let field = table.field("program");
    let program = field.as_ref().and_then(|field| field.text_without_nul(faults));
    match (field, program) {
        (Some(field), Some("")) => faults.add(field.must_be("the name of a program, or a path", "it is empty")),
        (_, Some(program)) if program.contains('/') => return folder.join(program).to_string_lossy().into_owned(),
        (_, Some(program)) => return program.to_owned(),
        (_, None) => {}
    }
    maker.word().to_owned()
}

fn system_prompt_of(table: &Table<'_>, folder: &Path, faults: &mut Faults) -> Option<String> {
    let (text, file) = (table.field("system_prompt"), table.field("system_prompt_file"));
    if let (Some(text), Some(file)) = (&text, &file) {
        let title = format!("{} has `system_prompt` beside `system_prompt_file`", table.place);
        faults.add(Fault::at(text.key_span.clone(), title).label("one or the other").other(file.key_span.clone(), ""));
    }
    if let Some(text) = text {
        return text.text_without_nul(faults).map(str::to_owned);
    }
    let file = file?;
    let prompt = Prompts::new(folder).read(&file, faults)?;
    if prompt.prompt().contains('\0') {
        faults.add(file.must_be("a file without NUL", "an argument cannot hold a NUL"));
    }
    Some(prompt.prompt().to_owned())
}

fn texts_of(field: &Field<'_, '_>, faults: &mut Faults) -> Vec<String> {
    let items = field.items("a list of strings", faults).unwrap_or_default();
    items.iter().filter_map(|item| item.text_without_nul(faults)).map(str::to_owned).collect()
}
