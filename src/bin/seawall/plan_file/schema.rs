//! The schema of a plan file. Which keys a table may have is known from the lists that judge it, so that a key which is read
//! is in the schema, and one which is refused is not.

mod keys;

use super::{backend, breaker, read, retry, task};
use keys::of_key;
use schemars::{Schema, json_schema};
use serde_json::{Value, json};

/// Of a plan file, for editors.
pub(crate) fn schema() -> Schema {
    let mut schema = json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of seawall",
        "description": "Tasks, what each waits for, and the backends that carry them out.",
    });
    for (key, value) in table(&read::KEYS, section).as_object().into_iter().flatten() {
        schema.insert(key.clone(), value.clone());
    }
    schema.insert("required".into(), json!(["tasks"]));
    schema
}

/// The top of the plan.
fn section(key: &str) -> Value {
    match key {
        "run" => described("Of the whole run.", table(&read::RUN_KEYS, of_key)),
        "retry" => described("Defaults for every backend.", retries()),
        "breaker" => described("Defaults for every backend.", breakers()),
        "backends" => json!({
            "description": "What tasks can be sent to: one kind, one circuit breaker.",
            "type": "object",
            "additionalProperties": backends(),
        }),
        "tasks" => json!({ "description": "What is to be done.", "type": "array", "minItems": 1, "items": tasks() }),
        _ => json!({}),
    }
}

/// A table of these keys and no others.
fn table(keys: &[&str], of_key: impl Fn(&str) -> Value) -> Value {
    let properties: serde_json::Map<_, _> = keys.iter().map(|key| ((*key).to_owned(), of_key(key))).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn described(what: &str, mut schema: Value) -> Value {
    schema["description"] = what.into();
    schema
}

fn retries() -> Value {
    table(&retry::KEYS, of_key)
}

fn breakers() -> Value {
    table(&breaker::KEYS, of_key)
}

/// One of the kinds, each with its own keys.
fn backends() -> Value {
    let kinds = backend::keys_by_kind().map(|(kind, keys)| {
        let mut table = table(&keys, |key| if key == "kind" { json!({ "const": kind }) } else { of_part(key) });
        table["required"] = match kind {
            "command" => json!(["kind", "argv"]),
            _ => json!(["kind"]),
        };
        if kind == "http" {
            table["oneOf"] = json!([{ "required": ["url"] }, { "required": ["openai"] }]);
        }
        table
    });
    json!({ "oneOf": kinds.collect::<Vec<_>>() })
}

/// A script, or a prompt for a backend.
fn tasks() -> Value {
    let mut table = table(&task::KEYS, of_part);
    table["required"] = json!(["id"]);
    let without = |keys: [&str; 3]| json!({ "not": { "anyOf": keys.map(|key| json!({ "required": [key] })) } });
    let mut script = without(["backend", "prompt", "prompt_file"]);
    script["required"] = json!(["run"]);
    let prompt = |one: &str, other: &str| {
        let mut prompt = without(["run", other, other]);
        prompt["required"] = json!(["backend", one]);
        prompt
    };
    table["oneOf"] = json!([script, prompt("prompt", "prompt_file"), prompt("prompt_file", "prompt")]);
    table
}

/// A key of a backend or a task.
fn of_part(key: &str) -> Value {
    match key {
        "retry" => described("How failed attempts are tried again; any key of [retry].", retries()),
        "breaker" => json!({
            "description": "When calls are cut off; any key of [breaker], or none at all.",
            "anyOf": [breakers(), { "const": "off" }],
        }),
        _ => of_key(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan_file::PlanFile;
    use std::path::Path;

    #[test]
    fn every_key_that_is_read_says_what_it_is() {
        let schema = schema().to_value();
        let kinds = schema["properties"]["backends"]["additionalProperties"]["oneOf"].as_array().unwrap().iter();
        let tables = [&schema, &schema["properties"]["run"], &schema["properties"]["tasks"]["items"]];
        for table in tables.into_iter().chain(kinds) {
            for (key, value) in table["properties"].as_object().unwrap() {
                assert!(value.get("description").is_some() || value.get("const").is_some(), "{key}: {value}");
            }
        }
    }

    #[test]
    fn plans_that_are_read_obey_it_and_others_do_not() {
        let validator = jsonschema::validator_for(&schema().to_value()).unwrap();
        let of = |text: &str| serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
        for text in [crate::demo::PLAN, include_str!("../init/starter.toml")] {
            PlanFile::parse("plan", text, Path::new("")).unwrap();
            let faults: Vec<String> = validator.iter_errors(&of(text)).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{faults:?}");
        }
        let wrong = [
            "",
            "[[tasks]]\nrun = 'true'",
            "[[tasks]]\nid = 'a'",
            "[[tasks]]\nid = 'a'\nrun = 'true'\nprompt = 'x'",
            "[[tasks]]\nid = 'a'\nrun = 'true'\ntimeot = '1s'",
            "[[tasks]]\nid = 'a'\nrun = 'true'\ntimeout = '1'",
            "[run]\nconcurrency = 0\n[[tasks]]\nid = 'a'\nrun = 'true'",
            "[backends.x]\nkind = 'comand'\n[[tasks]]\nid = 'a'\nrun = 'true'",
            "[backends.x]\nkind = 'command'\n[[tasks]]\nid = 'a'\nrun = 'true'",
        ];
        for text in wrong {
            assert!(PlanFile::parse("plan", text, Path::new("")).is_err(), "{text}");
            assert!(!validator.is_valid(&of(text)), "{text}");
        }
    }
}
