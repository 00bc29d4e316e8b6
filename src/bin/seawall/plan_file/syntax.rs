//! What is no TOML, in words.

use super::faults::{Fault, Span};
use std::collections::HashSet;

/// A fault for each error, once. A reader that is lost tells the same thing about the same place many times.
pub(super) fn faults_of(errors: &[toml::de::Error], text: &str) -> Vec<Fault> {
    let mut told = HashSet::new();
    let mut faults = Vec::with_capacity(errors.len());
    for error in errors {
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
    let fault = match what {
        "string values must be quoted" if found.trim().is_empty() => return Fault::at(span, "a value is missing"),
        "string values must be quoted" => {
            return Fault::at(span, "this is no value").label("a string must be in quotes");
        }
        "recursion limit" | "cannot recurse further; max recursion depth met" => {
            return Fault::at(span, "this is nested too deeply");
        }
        "duplicate key" => return Fault::at(span, format!("`{found}` is there twice")),
        _ => Fault::at(span, what),
    };
    if expected.is_empty() { fault } else { fault.label(format!("expected {expected}")) }
}
