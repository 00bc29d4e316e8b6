//! What Goose's conversation means.

use crate::backend::agent::judgement::Judgement;
use crate::backend::agent::opening::Opening;
use crate::backend::agent::wrong::{Wrong, has_any, last_words};
use crate::backend::command::{Exit, Finished};
use crate::send_error::ErrorClass;
use crate::usage::Usage;
use serde_json::Value;

pub(super) fn judge(finished: &Finished, opening: &Opening) -> Judgement {
    let Some(output) = object_at_the_end(&finished.output) else {
        let is_usage = finished.exit == Exit::Code(2);
        return Judgement::wrong(Wrong::of_end(finished, &last_words(finished), |said| is_usage || is_fault(said)));
    };
    let total = usage_of(&output["metadata"]);
    let verdict = verdict_of(&output, total.since(opening.total()), finished);
    let session = opening.name().map(str::to_owned);
    Judgement { verdict, session, usage: Usage::new(), total: None }.with_total(total, opening.total())
}

/// The object that reaches the end of the output: a banner, or a word to whoever interrupted, may stand before it.
fn object_at_the_end(output: &[u8]) -> Option<Value> {
    let output = output.trim_ascii();
    let is_conversation = |value: &Value| value["messages"].is_array() && value["metadata"].is_object();
    let begins = output.iter().enumerate().filter(|(_, byte)| **byte == b'{').map(|(at, _)| at);
    let begins = begins.take_while(|_| output.ends_with(b"}"));
    begins.filter_map(|at| serde_json::from_slice(&output[at..]).ok()).find(is_conversation)
}

/// Of the whole session.
fn usage_of(metadata: &Value) -> Usage {
    let cost = metadata["cost_usd"].as_f64().map_or(Usage::new(), |cost| Usage::new().with_cost_usd(cost));
    let count = |key: &str| metadata[key].as_u64();
    Usage { input_tokens: count("input_tokens"), output_tokens: count("output_tokens"), ..cost }
}

/// `usage`: of this call alone.
fn verdict_of(output: &Value, usage: Usage, finished: &Finished) -> Result<String, Wrong> {
    let last = Last::of(output);
    let is_completed = output["metadata"]["status"] == "completed";
    if finished.exit == Exit::Code(0) && is_completed && last.is_models(output, usage) {
        return last.answer(usage);
    }
    Err(last.wrong(is_completed, finished))
}

/// The last message: what the model said, or a notice of the program's own.
struct Last<'v> {
    message: &'v Value,
    text: String,
}

impl<'v> Last<'v> {
    fn of(output: &'v Value) -> Self {
        let message = output["messages"].as_array().and_then(|messages| messages.last()).unwrap_or(&Value::Null);
        let parts = message["content"].as_array().into_iter().flatten().filter(|part| part["type"] == "text");
        let text = parts.filter_map(|part| part["text"].as_str()).collect();
        Self { message, text }
    }

    /// Whether a model said it. Where no message of all is marked, an old version marks none: then what was paid for, and
    /// neither begins as a notice does nor is of a kind of the program's own.
    fn is_models(&self, output: &Value, usage: Usage) -> bool {
        let is_marked = |message: &Value| message["metadata"]["inference"].is_object();
        let has_marks = output["messages"].as_array().into_iter().flatten().any(is_marked);
        let is_paid_for = usage.output_tokens.is_some_and(|tokens| tokens > 0);
        self.message["role"] == "assistant"
            && (is_marked(self.message) || !has_marks && is_paid_for && !self.is_notice())
    }

    fn is_notice(&self) -> bool {
        class_of_notice(&self.text).is_some() || class_of_kind(self.message).is_some()
    }

    /// A stream that was cut leaves half an answer, for which nothing was counted.
    fn answer(self, usage: Usage) -> Result<String, Wrong> {
        if self.message["metadata"]["outputTokenLimitReached"] == Value::Bool(true) {
            return Err(Wrong::new(ErrorClass::Permanent, "the answer was cut off: the output token limit is reached"));
        }
        match usage.output_tokens {
            _ if self.text.is_empty() => Err(Wrong::new(ErrorClass::InvalidAnswer, "it gave an empty answer")),
            Some(0) => Err(Wrong::new(ErrorClass::InvalidAnswer, format!("the answer was cut: {}", self.text))),
            _ => Ok(self.text),
        }
    }

    fn wrong(self, is_completed: bool, finished: &Finished) -> Wrong {
        let notice = notice_of(self.message).unwrap_or(self.text);
        let is_interrupted = !is_completed && has_any(&finished.tail, &["interrupted"]);
        let class = match class_of_notice(&notice).or_else(|| class_of_kind(self.message)) {
            _ if is_interrupted => return Wrong::new(ErrorClass::Cancelled, finished.tail.clone()),
            Some(class) => class,
            None if is_completed && finished.exit == Exit::Code(0) => ErrorClass::InvalidAnswer,
            None => return Wrong::of_end(finished, &finished.tail, |_| false),
        };
        Wrong::new(class, if notice.is_empty() { "it gave no answer".to_owned() } else { notice })
    }
}

/// What the program itself says where a model's text would be.
fn notice_of(message: &Value) -> Option<String> {
    let mut parts = message["content"].as_array().into_iter().flatten();
    parts
        .find_map(|part| match part["type"].as_str()? {
            "error" => part["message"].as_str(),
            "systemNotification" => part["msg"].as_str(),
            _ => None,
        })
        .map(str::to_owned)
}

fn class_of_kind(message: &Value) -> Option<ErrorClass> {
    let mut parts = message["content"].as_array().into_iter().flatten();
    parts.find_map(|part| match part["type"].as_str()? {
        "systemNotification" if part["notificationType"] == "creditsExhausted" => Some(ErrorClass::Permanent),
        "error" if part["kind"] == "authentication" => Some(ErrorClass::Permanent),
        "error" => Some(ErrorClass::Transient),
        _ => None,
    })
}

/// The class of a notice, by how it begins; `None` for what is no notice.
fn class_of_notice(text: &str) -> Option<ErrorClass> {
    const PERMANENT: [&str; 3] = [
        "Ran into this error trying to compact",
        "The provider refused this request.",
        "I've reached the maximum number of actions",
    ];
    let begins = |start: &str| text.starts_with(start);
    if PERMANENT.into_iter().any(begins) {
        return Some(ErrorClass::Permanent);
    }
    if begins("The model returned an empty response") {
        return Some(ErrorClass::InvalidAnswer);
    }
    if begins("Network error: ") {
        return Some(ErrorClass::Transient);
    }
    text.strip_prefix("Ran into this error: ").map(class_of_error)
}

fn class_of_error(error: &str) -> ErrorClass {
    const OVERLOADED: [&str; 3] = ["(503", "(529", "overloaded"];
    const PERMANENT: [&str; 4] =
        ["Authentication error", "Request failed: Bad request", "Request failed: Resource not found", "Context length"];
    match error {
        _ if has_any(error, &["Rate limit exceeded"]) => ErrorClass::RateLimited,
        _ if PERMANENT.iter().any(|start| error.starts_with(start)) => ErrorClass::Permanent,
        _ if error.starts_with("Server error") && has_any(error, &OVERLOADED) => ErrorClass::Overloaded,
        _ if error.starts_with("Server error") || has_any(error, &["error sending request"]) => ErrorClass::Transient,
        _ if has_any(error, &["timed out"]) => ErrorClass::TimedOut,
        _ if error.starts_with("Request failed") => ErrorClass::Permanent,
        _ => ErrorClass::Transient,
    }
}

/// What a program says that was called wrongly, or that cannot go on in a session.
fn is_fault(said: &str) -> bool {
    const FAULTS: [&str; 7] = [
        "panicked at",
        "not found",
        "No session found",
        "Cannot resume session",
        "No provider configured",
        "Unknown provider",
        "Tool approval required",
    ];
    let is_error = |line: &str| line.trim_start().to_lowercase().starts_with("error:");
    said.lines().any(is_error) || has_any(said, &FAULTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_the_one_that_reaches_the_end_whatever_stands_before_it() {
        let object = r#"{"messages": [{"x": "{"}], "metadata": {}}"#;
        for before in ["", "Yes — what now?", "a banner {with braces}\n", "{\"messages\": 1}\n"] {
            assert!(object_at_the_end(format!("{before}{object}\n").as_bytes()).is_some(), "{before}");
        }
        assert!(object_at_the_end(format!("{object} and more").as_bytes()).is_none());
        assert!(object_at_the_end(&object.as_bytes()[..object.len() - 1]).is_none());
    }

    #[test]
    fn a_notice_is_told_by_how_it_begins() {
        let of = |text| class_of_notice(text).map(ErrorClass::as_str);
        assert_eq!(of("Ran into this error: Server error: Server error (503 x) at y"), Some("overloaded"));
        assert_eq!(of("Ran into this error: Request failed: error sending request"), Some("transient"));
        assert_eq!(of("Ran into this error: Something new"), Some("transient"));
        assert_eq!(of("I ran into this error: Rate limit exceeded"), None);
    }
}
