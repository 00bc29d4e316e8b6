//! The sentences that reports, events and people have in common.

use seawall::{CircuitState, Failure, GaveUp, SendError, Usage};
use std::fmt::{self, Display};
use std::time::Duration;

/// A failure's sentence with its last real error. Of a task that had one attempt only, it is that attempt's error alone.
pub(crate) struct Message<'a>(pub(crate) &'a Failure);

impl Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(failure) = *self;
        match (failure, failure.last_error()) {
            (Failure::Permanent { .. }, _) | (_, None) => failure.fmt(f),
            (_, Some(last)) if is_single(failure) => last.fmt(f),
            (Failure::CircuitOpen { .. } | Failure::Cancelled { .. }, Some(last)) => {
                write!(f, "{failure}; the last error: {last}")
            }
            (_, Some(last)) => write!(f, "{failure}: {last}"),
        }
    }
}

fn is_single(failure: &Failure) -> bool {
    match failure {
        Failure::Exhausted { attempts, gave_up, .. } | Failure::TimedOut { attempts, gave_up, .. } => {
            *attempts == 1 && *gave_up == GaveUp::MaxAttempts
        }
        _ => false,
    }
}

/// The error that a task ended with: its last real one, or else the sentence that says why there is no response.
pub(crate) fn last_error(failure: &Failure) -> String {
    failure.last_error().map_or_else(|| failure.to_string(), SendError::to_string)
}

/// The state of a circuit, as people say it.
pub(crate) fn of_circuit(state: CircuitState) -> &'static str {
    match state {
        CircuitState::Closed => "closed",
        CircuitState::Open => "open",
        CircuitState::HalfOpen => "half-open",
    }
}

/// A count with its noun: `1 task`, `3 tasks`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `1200 tokens in, 34 out, $0.25`, as far as it is known.
pub(crate) fn of_usage(usage: Usage) -> String {
    let Usage { input_tokens, output_tokens, cost_usd, .. } = usage;
    let parts = [
        input_tokens.map(|tokens| format!("{tokens} tokens in")),
        output_tokens.map(|tokens| format!("{tokens} out")),
        cost_usd.map(|dollars| format!("${dollars}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A duration in brackets of one width, in seconds with milliseconds: `[   1.204s]`.
pub(crate) struct Bracketed(pub(crate) Duration);

impl Display for Bracketed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{:>8.3}s]", self.0.as_secs_f64())
    }
}

/// A duration as people say it: `350ms`, `4.2s`, `75s`, `12min`.
pub(crate) struct Spoken(pub(crate) Duration);

impl Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0.as_secs() {
            0 => format!("{}ms", self.0.as_millis()),
            1..10 => format!("{:.1}s", self.0.as_secs_f64()),
            seconds @ 10..120 => format!("{seconds}s"),
            seconds @ 120..7200 => format!("{}min", seconds / 60),
            seconds => format!("{}h", seconds / 3600),
        };
        f.pad(&text)
    }
}

/// A duration that is shown while it changes: whole seconds, `7s`, `2min 05s`, `1h 02min`.
pub(crate) struct Ticking(pub(crate) Duration);

impl Display for Ticking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            seconds @ 0..60 => write!(f, "{seconds}s"),
            seconds @ 60..3600 => write!(f, "{}min {:02}s", seconds / 60, seconds % 60),
            seconds => write!(f, "{}h {:02}min", seconds / 3600, seconds / 60 % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall::{CancelToken, CircuitBreaker, CircuitBreakerConfig, RetryConfig, call_with_retry};

    fn failure(retry: RetryConfig, breaker: &CircuitBreaker, error: &str) -> Failure {
        let call = |_: &seawall::Context<'_, ()>| Err(SendError::transient(error));
        call_with_retry(breaker, &retry, &CancelToken::new(), call).unwrap_err()
    }

    fn quick() -> RetryConfig {
        RetryConfig::new().with_initial_interval(Duration::from_nanos(1))
    }

    #[test]
    fn of_one_attempt_the_message_is_its_error() {
        let failure = failure(RetryConfig::once(), &CircuitBreaker::default(), "exit code 2: oops");
        assert_eq!(Message(&failure).to_string(), "exit code 2: oops");
    }

    #[test]
    fn of_several_attempts_the_message_counts_them() {
        let failure = failure(quick().with_max_attempts(3), &CircuitBreaker::default(), "exit code 2: oops");
        assert_eq!(Message(&failure).to_string(), "gave up after 3 attempts: exit code 2: oops");
    }

    #[test]
    fn a_limit_that_left_one_attempt_is_named() {
        let failure =
            failure(RetryConfig::new().with_max_elapsed_time(Duration::ZERO), &CircuitBreaker::default(), "oops");
        let said = Message(&failure).to_string();
        assert!(said.contains("max_elapsed_time") && said.ends_with(": oops"), "{said}");
    }

    #[test]
    fn an_open_circuit_keeps_the_last_real_error() {
        let breaker = CircuitBreaker::new(CircuitBreakerConfig::new().with_failure_threshold(1));
        let first = failure(quick(), &breaker, "exit code 2: oops");
        assert_eq!(Message(&first).to_string(), "the circuit is open; the last error: exit code 2: oops");
        assert_eq!(last_error(&first), "exit code 2: oops");
        let second = failure(quick(), &breaker, "never sent");
        assert_eq!(Message(&second).to_string(), "the circuit is open");
        assert_eq!(last_error(&second), "the circuit is open");
    }

    #[test]
    fn durations_are_said_as_people_say_them() {
        let said = |seconds| Spoken(Duration::from_secs_f64(seconds)).to_string();
        assert_eq!([0.35, 4.21, 75.0, 720.0, 7200.0].map(said), ["350ms", "4.2s", "75s", "12min", "2h"]);
        assert_eq!(Bracketed(Duration::from_millis(1204)).to_string(), "[   1.204s]");
        let ticking = |seconds| Ticking(Duration::from_secs(seconds)).to_string();
        assert_eq!([0, 59, 125, 3725].map(ticking), ["0s", "59s", "2min 05s", "1h 02min"]);
    }

    #[test]
    fn one_task_and_many_tasks() {
        assert_eq!([counted(1, "task"), counted(0, "task")], ["1 task", "0 tasks"]);
    }

    #[test]
    fn of_usage_is_said_what_is_known() {
        let usage = Usage::new().with_input_tokens(1200).with_output_tokens(34);
        assert_eq!(of_usage(usage), "1200 tokens in, 34 out");
        assert_eq!(of_usage(usage.with_cost_usd(0.25)), "1200 tokens in, 34 out, $0.25");
    }
}
