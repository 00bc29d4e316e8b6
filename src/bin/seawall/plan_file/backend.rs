//! One backend of the plan, with all that is set for it.

pub(super) mod agent;
pub(super) mod command;
pub(super) mod http;
pub(super) mod simulated;

use super::breaker::BreakerKeys;
use super::faults::{Fault, Faults, Span};
use super::field::{Field, none_of};
use super::name;
use super::retry::RetryKeys;
use super::table::{Table, list};
pub(crate) use agent::{Agent, Maker};
pub(crate) use command::Command;
pub(crate) use http::Http;
use seawall::{CircuitBreakerConfig, WhenOpen};
use simulated::Simulated;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A backend as it will be.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    pub(super) timeout: Option<Duration>,
    pub(super) when_open: WhenOpen,
    /// Its own keys, and those of `[retry]` where it says nothing.
    pub(super) retry: RetryKeys,
    /// `None`: it has no breaker.
    pub(super) breaker: Option<CircuitBreakerConfig>,
    pub(super) concurrency: Option<usize>,
    /// Where it says what it falls back to.
    pub(super) fallback_span: Option<Span>,
    /// Whether it is in the file.
    pub(super) is_declared: bool,
}

/// What a backend does with a prompt.
#[derive(Debug)]
pub(crate) enum Kind {
    Agent(Agent),
    Command(Command),
    Http(Box<Http>),
    Simulated(Simulated),
}

/// What holds for backends that do not say otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Defaults<'a> {
    pub(super) retry: RetryKeys,
    pub(super) breaker: BreakerKeys,
    /// Where relative paths begin.
    pub(super) folder: &'a Path,
}

const COMMON: [&str; 6] = ["kind", "timeout", "when_open", "retry", "breaker", "concurrency"];
const KINDS: [(&str, &[&str]); 6] = [
    ("command", &command::KEYS),
    ("claude", &agent::CLAUDE_KEYS),
    ("codex", &agent::CODEX_KEYS),
    ("goose", &agent::GOOSE_KEYS),
    ("http", &http::KEYS),
    ("simulated", &simulated::KEYS),
];

/// Each key that some backend may have, whatever its kind.
pub(super) fn keys_of_all_kinds() -> Vec<&'static str> {
    COMMON.into_iter().chain(KINDS.iter().flat_map(|(_, keys)| keys.iter().copied())).collect()
}

/// Each kind with every key that it may have.
pub(super) fn keys_by_kind() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    KINDS.iter().map(|(word, keys)| (*word, COMMON.iter().chain(*keys).copied().collect()))
}

impl Backend {
    /// The one that is there without being declared: `sh -c`, one attempt, no breaker.
    pub(super) fn shell(defaults: Defaults<'_>) -> Self {
        Self {
            name: "sh".into(),
            kind: Kind::Command(Command::shell(defaults.folder)),
            timeout: None,
            when_open: WhenOpen::Fail,
            retry: RetryKeys::ONCE.or(defaults.retry),
            breaker: None,
            concurrency: None,
            fallback_span: None,
            is_declared: false,
        }
    }

    /// A `[backends.…]` table.
    pub(super) fn read(declared: &Field<'_, '_>, defaults: Defaults<'_>, faults: &mut Faults) -> Self {
        let place = format!("backend `{}`", declared.key);
        if let Some(reason) = name::fault_of(declared.key) {
            faults.add(Fault::at(declared.key_span.clone(), format!("the name of {place} {reason}")));
        }
        let table = declared.table("a table", place, faults);
        let table = table.as_ref();
        let when_open = table.and_then(|table| table.field("when_open"));
        let (when_open, fallback_span) = when_open.map(|field| when_open_of(&field, faults)).unwrap_or_default();
        let kind = table.and_then(|table| kind_of(table, defaults, faults));
        let kind = kind.unwrap_or(Kind::Simulated(Simulated::default()));
        let own_retry = table.map(|table| own_retry(table, faults)).unwrap_or_default();
        Self {
            name: declared.key.into(),
            timeout: table.and_then(|table| table.field("timeout")?.positive_duration(faults)),
            when_open,
            retry: own_retry.or(defaults.retry).or(kind.retry()),
            kind,
            breaker: table.and_then(|table| breaker_of(table, defaults.breaker, faults)),
            concurrency: table.and_then(|table| table.field("concurrency")?.whole(1..=10_000, faults)),
            fallback_span,
            is_declared: true,
        }
    }

    /// Whether it is in the file.
    pub(crate) fn is_declared(&self) -> bool {
        self.is_declared
    }

    /// Whether a prompt becomes a part of its command line.
    pub(super) fn passes_prompts_as_arguments(&self) -> bool {
        matches!(&self.kind, Kind::Command(command) if command.input == command::Input::Argument)
    }

    /// Whom it falls back to when its circuit is open.
    pub(crate) fn fallback(&self) -> Option<&str> {
        match &self.when_open {
            WhenOpen::Fallback(other) => Some(other),
            _ => None,
        }
    }
}

impl Kind {
    /// Whether it starts programs.
    pub(super) fn is_program(&self) -> bool {
        matches!(self, Self::Agent(_) | Self::Command(_))
    }

    /// The word that the plan has for it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Agent(agent) => agent.maker.word(),
            Self::Command(_) => "command",
            Self::Http(_) => "http",
            Self::Simulated(_) => "simulated",
        }
    }

    /// Whether a task can go on in a session there.
    pub(super) fn has_sessions(&self) -> bool {
        matches!(self, Self::Agent(_))
    }

    /// What it brings where nobody says otherwise.
    fn retry(&self) -> RetryKeys {
        match self {
            Self::Agent(_) => Agent::RETRY,
            Self::Command(_) | Self::Http(_) | Self::Simulated(_) => RetryKeys::NONE,
        }
    }
}

/// The `retry` table of a backend or a task.
pub(super) fn own_retry(table: &Table<'_>, faults: &mut Faults) -> RetryKeys {
    let keys = table.field("retry").and_then(|field| field.subtable("a table", faults));
    keys.map(|keys| RetryKeys::read(&keys, faults)).unwrap_or_default()
}

fn breaker_of(table: &Table<'_>, defaults: BreakerKeys, faults: &mut Faults) -> Option<CircuitBreakerConfig> {
    let keys = match table.field("breaker") {
        Some(field) => BreakerKeys::read_or_off(&field, faults)?,
        None => BreakerKeys::default(),
    };
    Some(keys.or(defaults).config())
}

fn when_open_of(field: &Field<'_, '_>, faults: &mut Faults) -> (WhenOpen, Option<Span>) {
    const WHAT: &str = "\"fail\", \"wait\" or a table such as { fallback = \"other\" }";
    match field.as_text() {
        Some("fail") => (WhenOpen::Fail, None),
        Some("wait") => (WhenOpen::Wait, None),
        Some(word) => {
            faults.add(field.must_be(WHAT, none_of(word, &["fail", "wait"])));
            (WhenOpen::Fail, None)
        }
        None => field.subtable(WHAT, faults).and_then(|table| fallback_of(&table, faults)).unwrap_or_default(),
    }
}

fn fallback_of(table: &Table<'_>, faults: &mut Faults) -> Option<(WhenOpen, Option<Span>)> {
    table.refuse_others(&["fallback"], faults);
    let Some(field) = table.field("fallback") else {
        faults.add_missing(Fault::at(table.span.clone(), format!("{} lacks `fallback`", table.place)));
        return None;
    };
    let other = field.text(faults)?;
    Some((WhenOpen::Fallback(other.into()), Some(field.span)))
}

/// `None` if it cannot be told; then there is a fault.
fn kind_of(table: &Table<'_>, defaults: Defaults<'_>, faults: &mut Faults) -> Option<Kind> {
    let words = KINDS.map(|(word, _)| (word, word));
    let word = table.field("kind").and_then(|field| field.choice(&words, faults));
    if !table.has("kind") {
        let fault = Fault::at(table.span.clone(), format!("{} lacks `kind`", table.place));
        faults.add_missing(fault.help(format!("there are the kinds {}", list(KINDS.map(|(word, _)| word)))));
    }
    refuse_foreign_keys(table, word, faults);
    let agent = |maker, faults: &mut Faults| Some(Kind::Agent(Agent::read(maker, table, defaults.folder, faults)));
    match word? {
        "claude" => agent(Maker::Claude, faults),
        "codex" => agent(Maker::Codex, faults),
        "goose" => agent(Maker::Goose, faults),
        "command" => Command::read(table, defaults.folder, faults).map(Kind::Command),
        "http" => Http::read(table, defaults.folder, faults).map(|http| Kind::Http(Box::new(http))),
        _ => Some(Kind::Simulated(Simulated::read(table, faults))),
    }
}

/// Keys of the other kinds, and of none. Where the kind is not known, those of all kinds may stand.
fn refuse_foreign_keys(table: &Table<'_>, kind: Option<&str>, faults: &mut Faults) {
    let is_foreign = |word: &str| kind.is_some_and(|kind| kind != word);
    let mut known = COMMON.to_vec();
    KINDS.iter().filter(|(word, _)| !is_foreign(word)).for_each(|(_, keys)| known.extend(*keys));
    // Of these there is a fault of its own.
    let mut foreign = if kind == Some("http") { http::KEYS_IN_THE_PLAN.to_vec() } else { Vec::new() };
    for field in table.fields().into_iter().filter(|field| !known.contains(&field.key)) {
        let owners: Vec<&str> =
            KINDS.iter().filter(|(_, keys)| keys.contains(&field.key)).map(|(word, _)| *word).collect();
        if owners.is_empty() {
            continue;
        }
        let plural = if owners.len() == 1 { "" } else { "s" };
        let title = format!("`{}` in {} belongs to the kind{plural} {}", field.key, field.place, list(owners));
        let kind = kind.unwrap_or_default();
        faults.add(Fault::at(field.key_span.clone(), title).label(format!("the kind of this one is `{kind}`")));
        foreign.push(field.key);
    }
    table.refuse_others_but(&known, &foreign, faults);
}
