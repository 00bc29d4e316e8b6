//! What Codex's events mean.

use crate::backend::agent::Look;
use crate::backend::agent::judgement::Judgement;
use crate::backend::agent::opening::Opening;
use crate::backend::agent::wrong::{Wrong, class_of_status, has_any, last_words, status_after};
use crate::backend::command::{Exit, Finished};
use crate::send_error::ErrorClass;
use crate::usage::Usage;
use serde_json::Value;

/// How it says that it waits for the network, which it does without an end.
const WAITING: &str = "Reconnecting... waiting for network";

/// What the events say that count.
#[derive(Default)]
struct Events {
    thread: Option<String>,
    /// The last thing it said: what came before were comments between its tools.
    message: Option<String>,
    /// The last word on the turn: its usage, or what failed.
    end: Option<Result<Usage, String>>,
    /// The last error that it went on after.
    error: Option<String>,
}

impl Events {
    fn of(output: &[u8]) -> Self {
        let mut events = Self::default();
        let lines = output.split(|byte| *byte == b'\n');
        lines.filter_map(|line| serde_json::from_slice(line).ok()).for_each(|event| events.take(&event));
        events
    }

    fn take(&mut self, event: &Value) {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let item = &event["item"];
        match event["type"].as_str().unwrap_or_default() {
            "thread.started" => self.thread = text(&event["thread_id"]).or(self.thread.take()),
            "item.completed" if item["type"] == "agent_message" => {
                self.message = text(&item["text"]).or(self.message.take());
            }
            "turn.completed" => self.end = Some(Ok(usage_of(&event["usage"]))),
            "turn.failed" => self.end = Some(Err(text(&event["error"]["message"]).unwrap_or_default())),
            "error" => self.error = text(&event["message"]),
            _ => {}
        }
    }
}

/// Of the thread, also over resumes.
fn usage_of(usage: &Value) -> Usage {
    let count = |key: &str| usage[key].as_u64();
    Usage { input_tokens: count("input_tokens"), output_tokens: count("output_tokens"), cost_usd: None }
}

pub(super) fn judge(finished: &Finished, opening: &Opening) -> Judgement {
    let events = Events::of(&finished.output);
    let total = events.end.as_ref().and_then(|end| end.as_ref().ok()).copied().filter(|total| !total.is_empty());
    let session = events.thread.clone();
    let verdict = match (opening, &session) {
        (Opening::GoOn(asked), Some(given)) if asked.id() != given => Err(Wrong::new(
            ErrorClass::Permanent,
            format!("it answers in the session {given}, and was to go on in {}", asked.id()),
        )),
        _ => verdict_of(events, finished),
    };
    let judgement = Judgement { session, verdict, usage: Usage::new(), total: None };
    match total {
        Some(total) => judgement.with_total(total, opening.total()),
        None => judgement,
    }
}

fn verdict_of(events: Events, finished: &Finished) -> Result<String, Wrong> {
    let Events { thread, message, end, error } = events;
    match (end, message) {
        (Some(Err(failed)), _) => Err(Wrong::new(class_of(&failed), or_nothing(failed))),
        (Some(Ok(_)), Some(message)) if finished.exit == Exit::Code(0) && !message.is_empty() => Ok(message),
        (Some(Ok(_)), _) => Err(Wrong::of_end(finished, &finished.tail, |_| false)),
        (None, _) if thread.is_some() => Err(unfinished(error, finished)),
        (None, _) => Err(Wrong::of_end(finished, &last_words(finished), |said| is_usage(finished) || is_fault(said))),
    }
}

/// It began, and stopped without a word on the turn: interrupted, unless it was called wrongly.
fn unfinished(error: Option<String>, finished: &Finished) -> Wrong {
    let words = error.unwrap_or_else(|| finished.tail.clone());
    match finished.exit {
        Exit::Code(_) if is_fault(&finished.tail) => Wrong::of_end(finished, &finished.tail, |_| true),
        Exit::Code(0 | 1) if !finished.is_truncated => {
            Wrong::new(ErrorClass::Cancelled, format!("interrupted: {words}").trim_end_matches(": ").to_owned())
        }
        _ => Wrong::of_end(finished, &words, |_| is_usage(finished)),
    }
}

fn or_nothing(words: String) -> String {
    if words.is_empty() { "it failed without a word".to_owned() } else { words }
}

/// The exit code of a command line that was not understood.
fn is_usage(finished: &Finished) -> bool {
    finished.exit == Exit::Code(2)
}

/// Words on standard error of a program that was called wrongly, or that cannot go on in a session. Its log, which is there
/// in runs that succeed, begins its lines with a time.
fn is_fault(said: &str) -> bool {
    const FAULTS: [&str; 8] = [
        "thread/resume failed",
        "No such file or directory",
        "Not inside a trusted directory",
        "Error loading config",
        "no rollout found",
        "No prompt provided",
        "not valid UTF-8",
        "exceeds the maximum length",
    ];
    said.lines().any(|line| line.starts_with("Error: ") || line.starts_with("error: ")) || has_any(said, &FAULTS)
}

/// The class of what `turn.failed` says. What is not known is a bare message of the API: the request was wrong.
fn class_of(failed: &str) -> ErrorClass {
    let has = |parts: &[&str]| has_any(failed, parts);
    let status = status_after(failed, "unexpected status ").or_else(|| status_after(failed, "last status: "));
    match status {
        _ if failed.trim_start().starts_with('{') => ErrorClass::Permanent,
        Some(status) => class_of_status(status),
        None if has(&["at capacity", "overloaded"]) => ErrorClass::Overloaded,
        None if has(&["rate limit", "hit your usage limit"]) => ErrorClass::RateLimited,
        None if has(&["idle timeout", "timed out"]) => ErrorClass::TimedOut,
        None if has(&["high demand", "stream disconnected", "error sending request", "Connection failed"]) => {
            ErrorClass::Transient
        }
        None => ErrorClass::Permanent,
    }
}

/// Whether it has said twice that it waits for the network. Looks at each line once.
pub(super) fn waits_for_the_network() -> Look {
    let (mut seen, mut waits) = (0, 0);
    Box::new(move |output| {
        while let Some(end) = output[seen..].iter().position(|byte| *byte == b'\n') {
            let line = &output[seen..seen + end];
            seen += end + 1;
            waits += u32::from(is_waiting(line));
        }
        waits >= 2
    })
}

fn is_waiting(line: &[u8]) -> bool {
    let is_worth_reading = line.windows(WAITING.len()).any(|part| part == WAITING.as_bytes());
    let event = Some(line).filter(|_| is_worth_reading).and_then(|line| serde_json::from_slice::<Value>(line).ok());
    event.is_some_and(|event| {
        event["type"] == "error" && event["message"].as_str().is_some_and(|message| message.starts_with(WAITING))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_hopeless_when_it_has_said_twice_that_it_waits_and_not_when_it_speaks_of_it() {
        let waits = format!("{{\"type\":\"error\",\"message\":\"{WAITING} (x)\"}}\n");
        let speaks = format!("{{\"type\":\"item.completed\",\"item\":{{\"text\":\"{WAITING}\"}}}}\n");
        let mut look = waits_for_the_network();
        assert!(!look(waits.as_bytes()) && !look(waits.as_bytes()), "a line is looked at once");
        let more = format!("{waits}{speaks}{speaks}");
        assert!(!look(more.as_bytes()));
        let twice = format!("{more}{waits}");
        assert!(!look(&twice.as_bytes()[..twice.len() - 1]), "a line that is not over");
        assert!(look(twice.as_bytes()));
    }

    #[test]
    fn what_failed_has_its_class() {
        let of = |failed| class_of(failed).as_str();
        assert_eq!(of("{\"error\": {\"message\": \"rate limit\"}}"), "permanent");
        assert_eq!(of("exceeded retry limit, last status: 429 Too Many Requests"), "rate_limited");
        assert_eq!(of("exceeded retry limit, last status: 503 Service Unavailable"), "overloaded");
        assert_eq!(of("unexpected status 502 Bad Gateway: x"), "transient");
        assert_eq!(of("stream disconnected before completion: idle timeout waiting for SSE"), "timed_out");
        assert_eq!(of("stream disconnected before completion: Overloaded"), "overloaded");
        assert_eq!(of("mock error 404"), "permanent");
    }
}
