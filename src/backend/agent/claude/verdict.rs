//! What Claude Code's result means.

use crate::backend::agent::judgement::Judgement;
use crate::backend::agent::opening::Opening;
use crate::backend::agent::wrong::{Wrong, class_of_status, has_any, last_words, status_after};
use crate::backend::command::{Exit, Finished};
use crate::send_error::ErrorClass;
use crate::usage::Usage;
use serde_json::Value;

pub(super) fn judge(finished: &Finished, opening: &Opening) -> Judgement {
    let Some(result) = result_in(&finished.output) else {
        return Judgement::wrong(Wrong::of_end(finished, &last_words(finished), is_fault));
    };
    let session = text(&result, "session_id");
    let (usage, total) = usage_of(&result, opening.total());
    let verdict = match (opening, session) {
        (Opening::GoOn(asked), Some(given)) if asked.id() != given => Err(Wrong::new(
            ErrorClass::Permanent,
            format!("it answers in the session {given}, and was to go on in {}", asked.id()),
        )),
        _ => verdict_of(&result, finished),
    };
    Judgement { verdict, session: session.map(str::to_owned), usage, total: Some(total) }
}

/// The object of type `result`: all there is, or the last one of an array, or on the last line that is one.
fn result_in(output: &[u8]) -> Option<Value> {
    let is_result = |value: &Value| text(value, "type") == Some("result");
    match serde_json::from_slice(output) {
        Ok(Value::Array(values)) => values.into_iter().rfind(is_result),
        Ok(value) => Some(value).filter(is_result),
        Err(_) => {
            let lines = output.rsplit(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{"));
            lines.filter_map(|line| serde_json::from_slice(line).ok()).find(is_result)
        }
    }
}

fn verdict_of(result: &Value, finished: &Finished) -> Result<String, Wrong> {
    let subtype = text(result, "subtype").unwrap_or_default();
    let answer = text(result, "result");
    let is_said_to_be_fine = result["is_error"] == Value::Bool(false) && subtype == "success";
    let is_refused = text(result, "stop_reason") == Some("refusal");
    match answer.filter(|answer| !answer.is_empty() && is_said_to_be_fine && !is_refused) {
        Some(answer) if finished.exit == Exit::Code(0) => return Ok(answer.to_owned()),
        Some(_) => return Err(Wrong::of_end(finished, &last_words_but_the_answer(finished), is_fault)),
        None => {}
    }
    let words = words_of(result);
    let class = if is_refused { ErrorClass::Permanent } else { class_of(result, subtype, &words, finished) };
    Err(Wrong::new(class, if words.is_empty() { "it gave no answer".to_owned() } else { words }))
}

fn last_words_but_the_answer(finished: &Finished) -> String {
    if finished.tail.trim().is_empty() { String::new() } else { last_words(finished) }
}

fn class_of(result: &Value, subtype: &str, words: &str, finished: &Finished) -> ErrorClass {
    let reason = text(result, "terminal_reason").unwrap_or_default();
    match subtype {
        _ if reason.starts_with("aborted") => ErrorClass::Cancelled,
        _ if subtype.starts_with("error_max_") => ErrorClass::Permanent,
        "success" if result["is_error"] == Value::Bool(true) => class_of_error(result, words),
        _ if matches!(finished.exit, Exit::Code(0)) => ErrorClass::InvalidAnswer,
        _ => Wrong::of_end(finished, words, is_fault).class,
    }
}

/// By the status of the API, where it is told; else by the words.
fn class_of_error(result: &Value, words: &str) -> ErrorClass {
    const PERMANENT: [&str; 5] =
        ["Not logged in", "Invalid API key", "output token maximum", "Credit balance is too low", "Prompt is too long"];
    const LIMITS: [&str; 3] = ["usage limit", "hit your", "Request rejected (429)"];
    let status = result["api_error_status"].as_u64().or_else(|| status_after(words, "API Error: "));
    match status {
        Some(status) => class_of_status(status),
        None if has_any(words, &["Request timed out"]) => ErrorClass::TimedOut,
        None if has_any(words, &PERMANENT) => ErrorClass::Permanent,
        None if has_any(words, &LIMITS) => ErrorClass::RateLimited,
        None => ErrorClass::Transient,
    }
}

/// What it says of an error: as its answer, or in a list.
fn words_of(result: &Value) -> String {
    if let Some(words) = text(result, "result").filter(|words| !words.is_empty()) {
        return words.to_owned();
    }
    let errors = result["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
    errors.collect::<Vec<_>>().join("; ")
}

/// Words on standard error of a program that was called wrongly, or that cannot go on in a session.
fn is_fault(said: &str) -> bool {
    const FAULTS: [&str; 6] = [
        "No conversation found",
        "already in use",
        "cannot be used with root",
        "unknown option",
        "Invalid session ID",
        "Input must be provided",
    ];
    let is_of_options = |line: &str| line.starts_with("error: ") || line.starts_with("Error: ");
    said.lines().any(is_of_options) || has_any(said, &FAULTS)
}

/// What this call used, and what the session did up to now.
///
/// The cost, and the tokens by model, are of the whole session in newer versions, and of the call alone in older ones. They
/// are of the session if they hold what was used before and what this call says for itself.
fn usage_of(result: &Value, before: Usage) -> (Usage, Usage) {
    let usage = &result["usage"];
    let count = |keys: &[&str]| sum(keys.iter().map(|key| usage[*key].as_u64()));
    let input = count(&["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"]);
    let own = Usage { input_tokens: input, output_tokens: count(&["output_tokens"]), cost_usd: None };
    let models = || result["modelUsage"].as_object().into_iter().flat_map(|models| models.values());
    let by_model =
        |keys: &[&str]| models().flat_map(|model| keys.iter().map(|key| model[*key].as_u64())).flatten().sum();
    let input: u64 = by_model(&["inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens"]);
    let output: u64 = by_model(&["outputTokens"]);
    let holds =
        |all: u64, before: Option<u64>, own: Option<u64>| all >= before.unwrap_or(0).saturating_add(own.unwrap_or(0));
    let is_total = holds(input, before.input_tokens, own.input_tokens)
        && holds(output, before.output_tokens, own.output_tokens)
        || before.is_empty();
    let told = result["total_cost_usd"].as_f64().map_or(Usage::new(), |cost| Usage::new().with_cost_usd(cost));
    let told = told.with_input_tokens(input).with_output_tokens(output);
    let (share, total) = if is_total { (told.since(before), told) } else { (told, before + told) };
    (Usage { cost_usd: share.cost_usd, ..own }, total)
}

fn sum(counts: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    counts.flatten().reduce(u64::saturating_add)
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value[key].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn result(input: u64, all: u64, cost: f64) -> Value {
        json!({"usage": {"input_tokens": input, "output_tokens": 0}, "total_cost_usd": cost,
               "modelUsage": {"m": {"inputTokens": all, "outputTokens": 0}}})
    }

    fn told(input: u64, cost: f64) -> (Option<u64>, Option<f64>) {
        (Some(input), Some(cost))
    }

    #[test]
    fn a_running_total_is_told_from_the_cost_of_one_call() {
        let (first, total) = usage_of(&result(1000, 1000, 0.5), Usage::new());
        assert_eq!((first.input_tokens, first.cost_usd), told(1000, 0.5));
        let (newer, after) = usage_of(&result(400, 1400, 0.75), total);
        assert_eq!((newer.input_tokens, newer.cost_usd), told(400, 0.25));
        assert_eq!((after.input_tokens, after.cost_usd), told(1400, 0.75));
        let (older, after) = usage_of(&result(400, 400, 0.25), total);
        assert_eq!((older.input_tokens, older.cost_usd), told(400, 0.25));
        assert_eq!((after.input_tokens, after.cost_usd), told(1400, 0.75));
    }

    #[test]
    fn what_a_cache_gave_and_took_is_input() {
        let mut cached = result(10, 360, 0.1);
        cached["usage"]["cache_read_input_tokens"] = json!(300);
        cached["usage"]["cache_creation_input_tokens"] = json!(50);
        assert_eq!(usage_of(&cached, Usage::new()).0.input_tokens, Some(360));
        assert_eq!(usage_of(&json!({}), Usage::new()).0, Usage::new());
    }
}
