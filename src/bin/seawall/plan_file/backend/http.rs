//! Backends of kind `http`: a request for each attempt.

use crate::plan_file::faults::{Fault, Faults, Span};
use crate::plan_file::field::Field;
use crate::plan_file::size;
use crate::plan_file::source;
use crate::plan_file::table::Table;
use seawall::{HttpBackend, HttpBackendBuilder};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fmt};

pub(super) const KEYS: [&str; 14] = [
    "url",
    "openai",
    "method",
    "headers",
    "body",
    "answer",
    "max_body",
    "connect_timeout",
    "key_env",
    "key_file",
    "model",
    "system_prompt",
    "temperature",
    "max_tokens",
];

/// Those that belong to `url`, and those that belong to `openai`.
const OF_URL: [&str; 3] = ["method", "body", "answer"];
const OF_CHAT: [&str; 4] = ["model", "system_prompt", "temperature", "max_tokens"];

/// What people would call a key that stands in the plan.
pub(super) const KEYS_IN_THE_PLAN: [&str; 2] = ["key", "api_key"];

/// Headers that are keys.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "x-api-key", "api-key"];

const DEFAULT_MAX_BODY: usize = 16 << 20;

/// What is asked, and how.
#[derive(Debug)]
pub(crate) struct Http {
    pub(crate) form: Form,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) key_from: Option<KeyFrom>,
    pub(crate) max_body: usize,
    pub(crate) connect_timeout: Option<Duration>,
    /// Made of all that.
    pub(crate) backend: HttpBackend,
}

#[derive(Debug)]
pub(crate) enum Form {
    Url {
        url: String,
        method: Option<String>,
        body: Option<String>,
        answer: Option<String>,
    },
    Chat {
        url: String,
        model: Option<String>,
        system_prompt: Option<String>,
        temperature: Option<f64>,
        max_tokens: Option<u64>,
    },
}

/// Where a key is.
#[derive(Debug)]
pub(crate) enum KeyFrom {
    Variable(String),
    File(PathBuf),
}

/// A key, which nobody prints.
struct Key(String);

impl Http {
    /// `None` if it cannot be made; then there is a fault.
    pub(super) fn read(table: &Table<'_>, folder: &Path, faults: &mut Faults) -> Option<Self> {
        refuse_keys_in_the_plan(table, faults);
        let form = form_of(table, faults);
        let headers = headers_of(table, faults);
        let key = key_of(table, folder, faults);
        let max_body = table.field("max_body").map_or(Some(DEFAULT_MAX_BODY), |field| max_body_of(&field, faults));
        let connect_timeout = table.field("connect_timeout").and_then(|field| field.positive_duration(faults));
        let (form, headers, key, max_body) = (form?, headers?, key.ok()?, max_body?);
        let (key_from, key) = key.unzip();
        let settings = Settings { headers: &headers, key: key.as_ref(), max_body, connect_timeout };
        let backend = settings.backend(&form).map_err(|error| locate(&error, table, faults)).ok()?;
        Some(Self { form, headers, key_from, max_body, connect_timeout, backend })
    }
}

/// What both forms have.
struct Settings<'a> {
    headers: &'a BTreeMap<String, String>,
    key: Option<&'a Key>,
    max_body: usize,
    connect_timeout: Option<Duration>,
}

impl Settings<'_> {
    fn backend(&self, form: &Form) -> Result<HttpBackend, seawall::Error> {
        match form {
            Form::Url { url, method, body, answer } => {
                let builder = self.applied(HttpBackend::builder(url));
                let builder = with(builder, method.as_ref(), HttpBackendBuilder::method);
                let builder = with(builder, body.as_ref(), HttpBackendBuilder::body_template);
                with(builder, answer.as_ref(), HttpBackendBuilder::answer).build()
            }
            Form::Chat { url, model, system_prompt, temperature, max_tokens } => {
                let builder = self.applied(HttpBackend::openai(url));
                let builder = with(builder, model.as_ref(), HttpBackendBuilder::model);
                let builder = with(builder, system_prompt.as_ref(), HttpBackendBuilder::system_prompt);
                let builder = with(builder, *temperature, HttpBackendBuilder::temperature);
                with(builder, *max_tokens, HttpBackendBuilder::max_tokens).build()
            }
        }
    }

    fn applied<F>(&self, builder: HttpBackendBuilder<F>) -> HttpBackendBuilder<F> {
        let builder = self.headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
        let builder = with(builder, self.key.map(|key| &key.0), HttpBackendBuilder::key);
        with(builder.max_body(self.max_body), self.connect_timeout, HttpBackendBuilder::connect_timeout)
    }
}

fn with<B, V>(builder: B, value: Option<V>, set: impl FnOnce(B, V) -> B) -> B {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}

fn form_of(table: &Table<'_>, faults: &mut Faults) -> Option<Form> {
    let text = |key, faults: &mut Faults| table.field(key).and_then(|field| field.text(faults)).map(str::to_owned);
    match (table.field("url"), table.field("openai")) {
        (Some(url), None) => {
            refuse(table, &OF_CHAT, "openai", faults);
            let (method, body, answer) = (text("method", faults), text("body", faults), text("answer", faults));
            Some(Form::Url { url: url.text(faults)?.to_owned(), method, body, answer })
        }
        (None, Some(url)) => {
            refuse(table, &OF_URL, "url", faults);
            let temperature =
                table.field("temperature").and_then(|field| field.number("a number", f64::is_finite, faults));
            let max_tokens = table.field("max_tokens").and_then(|field| field.whole(1..=i64::MAX.into(), faults));
            let (model, system_prompt) = (text("model", faults), text("system_prompt", faults));
            Some(Form::Chat { url: url.text(faults)?.to_owned(), model, system_prompt, temperature, max_tokens })
        }
        (Some(url), Some(openai)) => {
            let fault = Fault::at(openai.key_span, format!("{} has both `url` and `openai`", table.place));
            faults.add(fault.label("one of them").other(url.key_span, "or the other"));
            None
        }
        (None, None) => {
            let title = format!("{} lacks `url`, or `openai` for chat completions", table.place);
            faults.add_missing(Fault::at(table.span.clone(), title));
            None
        }
    }
}

/// Keys that belong to the other one of `url` and `openai`.
fn refuse(table: &Table<'_>, keys: &[&str], owner: &str, faults: &mut Faults) {
    for field in keys.iter().filter_map(|key| table.field(key)) {
        let title = format!("`{}` in {} belongs to `{owner}`, which is not there", field.key, field.place);
        faults.add(Fault::at(field.key_span, title));
    }
}

fn refuse_keys_in_the_plan(table: &Table<'_>, faults: &mut Faults) {
    for field in KEYS_IN_THE_PLAN.iter().filter_map(|key| table.field(key)) {
        faults.add(key_in_the_plan(field.key_span.clone(), &format!("`{}` in {}", field.key, field.place)));
    }
}

/// The value is quoted nowhere.
fn key_in_the_plan(span: Span, what: &str) -> Fault {
    let fault = Fault::at(span, format!("{what} is a key in the plan itself"));
    fault.help("say where the key is: `key_env` names a variable, `key_file` a file")
}

/// `None` if one of them cannot be; then there is a fault.
fn headers_of(table: &Table<'_>, faults: &mut Faults) -> Option<BTreeMap<String, String>> {
    let Some(headers) = table.field("headers") else { return Some(BTreeMap::new()) };
    let headers = headers.subtable("a table", faults)?;
    let mut read = BTreeMap::new();
    let mut is_whole = true;
    for field in headers.fields() {
        let is_secret = SECRET_HEADERS.contains(&field.key.to_ascii_lowercase().as_str());
        if is_secret {
            faults.add(key_in_the_plan(field.key_span.clone(), &format!("`{}` in {}", field.key, field.place)));
        }
        match field.text(faults).filter(|_| !is_secret) {
            Some(value) => drop(read.insert(field.key.to_owned(), value.to_owned())),
            None => is_whole = false,
        }
    }
    is_whole.then_some(read)
}

/// There is a fault that says what is wrong.
struct Told;

/// None is fine, too.
fn key_of(table: &Table<'_>, folder: &Path, faults: &mut Faults) -> Result<Option<(KeyFrom, Key)>, Told> {
    match (table.field("key_env"), table.field("key_file")) {
        (None, None) => Ok(None),
        (Some(variable), None) => {
            let name = variable.text_without_nul(faults).ok_or(Told)?;
            let found = variable_of(name);
            let key = found.map_err(|reason| not_there(&variable, "the variable", name, &reason, faults))?;
            Ok(Some((KeyFrom::Variable(name.to_owned()), key)))
        }
        (None, Some(file)) => {
            let name = file.text_without_nul(faults).ok_or(Told)?;
            let path = folder.join(name);
            let found = contents_of(&path);
            let key = found.map_err(|reason| not_there(&file, "the file", name, &reason, faults))?;
            Ok(Some((KeyFrom::File(path), key)))
        }
        (Some(variable), Some(file)) => {
            let fault = Fault::at(file.key_span, format!("{} has both `key_env` and `key_file`", table.place));
            faults.add(fault.label("one of them").other(variable.key_span, "or the other"));
            Err(Told)
        }
    }
}

fn variable_of(name: &str) -> Result<Key, String> {
    let is_name = !name.is_empty() && !name.contains('=');
    let value = if is_name { env::var(name) } else { Err(env::VarError::NotPresent) };
    Key::of(&value.map_err(|error| match error {
        env::VarError::NotPresent => "is not set".to_owned(),
        env::VarError::NotUnicode(_) => "is no UTF-8".to_owned(),
    })?)
}

fn contents_of(path: &Path) -> Result<Key, String> {
    let bytes = source::read_file(path).map_err(|error| format!("cannot be read: {error}"))?;
    Key::of(&String::from_utf8(bytes).map_err(|_| "is no UTF-8".to_owned())?)
}

fn not_there(field: &Field<'_, '_>, what: &str, name: &str, reason: &str, faults: &mut Faults) -> Told {
    let title = format!("`{}` in {} names {what} `{name}`, which {reason}", field.key, field.place);
    faults.add(Fault::at(field.span.clone(), title));
    Told
}

impl Key {
    fn of(text: &str) -> Result<Self, String> {
        let key = text.trim();
        if key.is_empty() { Err("is empty".to_owned()) } else { Ok(Self(key.to_owned())) }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

fn max_body_of(field: &Field<'_, '_>, faults: &mut Faults) -> Option<usize> {
    const WHAT: &str = "a size, such as \"64KiB\" or \"16MiB\"";
    let Some(text) = field.as_text() else {
        field.refuse(WHAT, faults);
        return None;
    };
    size::parse(text).map_err(|reason| faults.add(field.must_be(WHAT, reason))).ok()
}

/// Faults that the library finds, at their keys.
fn locate(error: &seawall::Error, table: &Table<'_>, faults: &mut Faults) {
    for fault in error.faults() {
        let seawall::Fault::BadSetting { setting, must_be, found, .. } = fault else { continue };
        let keys = if *setting == "key" { &["key_env", "key_file"][..] } else { std::slice::from_ref(setting) };
        if let Some(field) = keys.iter().find_map(|key| table.field(key)) {
            faults.add(field.must_be(must_be, &**found));
        }
    }
}
