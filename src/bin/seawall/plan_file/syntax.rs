//! What is no TOML, in words.

use super::faults::{Fault, MOST_FAULTS, Span};
use std::collections::HashSet;

/// A fault for each error, once, up to one more than are told. A reader that is lost tells the same thing about the same
/// place many times.
pub(super) fn faults_of(errors: &[toml::de::Error], text: &str) -> Vec<Fault> {
    let mut told = HashSet::new();
    let mut faults = Vec::new();
    for error in errors {
        if faults.len() > MOST_FAULTS {
            break;
        }
        let span = error.span().unwrap_or(0..0);
        if told.insert((span.start, error.message())) {
            faults.push(fault_of(error.message(), span, text));
        }
    }
    faults
}

fn fault_of(message: &str, span: Span, text: &str) -> Fault {
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let found = text.get(span.clone()).unwrap_or_default();
    match what {
        "string values must be quoted" if found.trim().is_empty() => Fault::at(span, "a value is missing"),
        "key with no value" | "missing value" | "missing value for key" => Fault::at(span, "a value is missing"),
        "string values must be quoted" | "invalid boolean" | "invalid float" | "invalid value" => {
            Fault::at(span, "this is no value").label("a string must be in quotes")
        }
        "recursion limit" | "cannot recurse further; max recursion depth met" => {
            Fault::at(span, "this is nested too deeply")
        }
        "duplicate key" => Fault::at(span, format!("`{found}` is there twice")),
        "unexpected key or value" => {
            Fault::at(span, "something stands after the value").label("a line ends with its value")
        }
        "invalid basic string" | "invalid literal string" if is_quote(expected) => {
            Fault::at(span, "a text is not closed on its line").label(format!("a {expected} is missing"))
        }
        _ if expected.is_empty() => Fault::at(span, what),
        _ => Fault::at(span, what).label(format!("expected {expected}")),
    }
}

fn is_quote(expected: &str) -> bool {
    matches!(expected, "`\"`" | "`'`")
}
