//! Why an agent gave no answer: a class, in its own words.

use super::reset;
use crate::backend::command::{Exit, Finished};
use crate::send_error::{ErrorClass, SendError};

/// How much of an agent's words goes into an error, in bytes.
const MOST: usize = 8 * 1024;

#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) class: ErrorClass,
    /// What the agent said; never empty.
    pub(super) words: String,
}

impl Wrong {
    pub(super) fn new(class: ErrorClass, words: impl Into<String>) -> Self {
        let mut words = words.into();
        let end = (0..=MOST.min(words.len())).rev().find(|end| words.is_char_boundary(*end));
        words.truncate(end.unwrap_or(0));
        Self { class, words }
    }

    /// With the delay that the words name, if they name one.
    pub(super) fn into_error(self) -> SendError {
        let Self { class, words } = self;
        // The words of half an answer may speak of anything.
        let names_delay = matches!(class, ErrorClass::RateLimited | ErrorClass::Overloaded | ErrorClass::Transient);
        let delay = names_delay.then(|| reset::delay(&words, &jiff::ZonedDateTime::now())).flatten();
        let error = SendError::new(class, words);
        match delay {
            Some(delay) => error.with_retry_after(delay),
            None => error,
        }
    }

    /// What an end means that came without a word on the answer. `is_fault`: whether these words, which it left instead, say
    /// that it was called wrongly.
    pub(super) fn of_end(finished: &Finished, said: &str, is_fault: impl FnOnce(&str) -> bool) -> Self {
        let (class, sentence) = match finished.exit {
            Exit::Signal(signal) => of_signal(signal),
            Exit::Code(0) if finished.is_truncated => (ErrorClass::InvalidAnswer, "its output is too long".to_owned()),
            Exit::Code(0) => (ErrorClass::InvalidAnswer, "it gave no answer".to_owned()),
            Exit::Code(code @ (126 | 127)) => (ErrorClass::CouldNotStart, format!("exit code {code}")),
            Exit::Code(code) => match signal_of(code) {
                Some(signal) => of_signal(signal),
                None if is_fault(said) => (ErrorClass::Permanent, format!("exit code {code}")),
                None => (ErrorClass::Transient, format!("exit code {code}")),
            },
        };
        Self::new(class, if said.is_empty() { sentence } else { format!("{sentence}: {said}") })
    }
}

/// The signal of which a program makes this exit code, as shells do.
pub(super) fn signal_of(code: i32) -> Option<i32> {
    const SIGNALS: [i32; 4] = [1, 2, 9, 15];
    SIGNALS.into_iter().find(|signal| signal + 128 == code)
}

/// SIGINT is how people interrupt; what nobody here sent has another class than what is sent from here.
fn of_signal(signal: i32) -> (ErrorClass, String) {
    const INTERRUPT: i32 = 2;
    match signal {
        INTERRUPT => (ErrorClass::Cancelled, "interrupted".into()),
        signal => (ErrorClass::Killed, format!("killed by signal {signal}")),
    }
}

/// What a program left where no answer is: the end of standard error, or else of standard output.
pub(super) fn last_words(finished: &Finished) -> String {
    if !finished.tail.trim().is_empty() {
        return finished.tail.trim().to_owned();
    }
    let start = finished.output.len().saturating_sub(MOST);
    String::from_utf8_lossy(&finished.output[start..]).trim().to_owned()
}

/// Whether one of these is in `words`, in whatever case.
pub(super) fn has_any(words: &str, parts: &[&str]) -> bool {
    let words = words.to_lowercase();
    parts.iter().any(|part| words.contains(&part.to_lowercase()))
}

/// What a status of HTTP says of the backend, of a request that the agent made.
pub(super) fn class_of_status(status: u64) -> ErrorClass {
    match status {
        429 => ErrorClass::RateLimited,
        503 | 529 => ErrorClass::Overloaded,
        408 => ErrorClass::TimedOut,
        425 | 500.. => ErrorClass::Transient,
        _ => ErrorClass::Permanent,
    }
}

/// The three digits that follow `before`.
pub(super) fn status_after(words: &str, before: &str) -> Option<u64> {
    let (_, rest) = words.split_once(before)?;
    let digits = rest.get(..3)?;
    digits.parse().ok().filter(|status| (400..600).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_story_is_cut_at_a_whole_character() {
        let wrong = Wrong::new(ErrorClass::Transient, format!("{}é", "x".repeat(MOST - 1)));
        assert_eq!(wrong.words.len(), MOST - 1);
    }

    #[test]
    fn statuses_are_told_apart() {
        let of = |status| class_of_status(status).as_str();
        assert_eq!([400, 401, 404, 413].map(of), ["permanent"; 4]);
        assert_eq!(
            [408, 429, 500, 502, 503, 504, 529].map(of),
            ["timed_out", "rate_limited", "transient", "transient", "overloaded", "transient", "overloaded"]
        );
        assert_eq!(status_after("API Error: 429 {}", "API Error: "), Some(429));
        assert_eq!(
            (status_after("API Error: 4", "API Error: "), status_after("API Error: 200", "API Error: ")),
            (None, None)
        );
    }
}
