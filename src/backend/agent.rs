//! Coding agents as backends: each a program on top of `command`, judged by what it prints.

mod claude;
mod codex;
mod goose;
mod judgement;
mod opening;
mod reset;
mod settings;
mod wrong;

pub use claude::ClaudeBackend;
pub use codex::CodexBackend;
pub use goose::GooseBackend;

use super::command::{Exit, Finished, Order, Stopped};
use super::{Context, Message, Response};
use crate::send_error::SendError;
use crate::session::Session;
use judgement::Judgement;
use opening::Opening;
use settings::Settings;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use wrong::Wrong;

/// Looks at what a program wrote so far, and says whether it will never come to an end.
type Look = Box<dyn FnMut(&[u8]) -> bool>;

/// What one program needs to be told, and what its words mean.
trait Agent {
    fn settings(&self) -> &Settings;

    /// The name under which a new session is to begin, where it is ours to choose.
    fn new_name(&self) -> Option<String>;

    /// The whole command line after the program.
    fn arguments<'a>(&'a self, opening: &'a Opening) -> Vec<Cow<'a, OsStr>>;

    /// What is said by the environment.
    fn env(&self) -> Vec<(&'static str, OsString)> {
        Vec::new()
    }

    /// What goes to its standard input.
    fn input<'p>(&self, prompt: &'p str) -> Cow<'p, str> {
        Cow::Borrowed(prompt)
    }

    /// For one call.
    fn is_hopeless(&self) -> Look {
        Box::new(|_| false)
    }

    fn judge(&self, finished: &Finished, opening: &Opening) -> Judgement;
}

/// One call of an agent.
fn send(agent: &impl Agent, request: &Message, cx: &Context<'_>) -> Result<Response, SendError> {
    let opening = match cx.session() {
        Some(session) => Opening::GoOn(session.clone()),
        None => Opening::New(agent.new_name()),
    };
    let input = agent.input(request.prompt());
    let mut env: Vec<_> = agent.env();
    env.extend(request.env().map(|(name, value)| (name, value.into())));
    let order = Order::of_everything(agent.arguments(&opening), env, input.as_bytes());
    let finished = agent.settings().command().carry_out(order, cx, &mut *agent.is_hopeless())?;
    let judgement = agent.judge(&finished, &opening);
    tell(cx, &judgement, &finished, &opening);
    match (finished.stopped, judgement.verdict) {
        (Some(Stopped::Because(error)), _) => Err(error),
        (Some(Stopped::Hopeless), Err(Wrong { words, .. })) => Err(SendError::transient(words)),
        (Some(Stopped::Hopeless) | None, Ok(answer)) => Ok(answer.into()),
        (None, Err(wrong)) => Err(wrong.into_error()),
    }
}

/// Tells of usage and session, whatever became of the call.
fn tell(cx: &Context<'_>, judgement: &Judgement, finished: &Finished, opening: &Opening) {
    if !judgement.usage.is_empty() {
        cx.add_usage(judgement.usage);
    }
    let named = judgement.session.as_deref();
    let before = opening.total();
    if let Some(id) = named.or_else(|| opening.name().filter(|_| was_broken_off(finished))) {
        let begun = Session::new(id).with_total(judgement.total.unwrap_or(before));
        cx.ended_in(begun.or_later(&Session::new(id).with_total(before)));
    }
}

/// A session whose name was sent is there from its first request on, of which a program that was killed cannot tell.
fn was_broken_off(finished: &Finished) -> bool {
    let is_of_a_signal = |exit| match exit {
        Exit::Signal(_) => true,
        Exit::Code(code) => wrong::signal_of(code).is_some(),
    };
    finished.stopped.is_some() || is_of_a_signal(finished.exit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judged(agent: &impl Agent, output: &[u8], code: i32) -> Judgement {
        let output = output.to_vec();
        let finished =
            Finished { exit: Exit::Code(code), stopped: None, output, is_truncated: false, tail: String::new() };
        agent.judge(&finished, &Opening::New(None))
    }

    fn is_answered(output: &[u8], code: i32) -> bool {
        [
            judged(&ClaudeBackend::new(), output, code),
            judged(&CodexBackend::new(), output, code),
            judged(&GooseBackend::new(), output, code),
        ]
        .iter()
        .any(|judgement| judgement.verdict.is_ok())
    }

    /// What each of them says when all is well.
    const FINE: [&str; 3] = [
        r#"{"type":"result","is_error":false,"subtype":"success","result":"yes","session_id":"s","total_cost_usd":1}"#,
        "{\"type\":\"thread.started\",\"thread_id\":\"t\"}\n{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"yes\"}}\n{\"type\":\"turn.completed\",\"usage\":{}}\n",
        r#"{"messages":[{"role":"assistant","content":[{"type":"text","text":"yes"}],"metadata":{"inference":{}}}],"metadata":{"status":"completed"}}"#,
    ];

    #[test]
    fn what_is_fine_is_an_answer_with_exit_code_zero_alone() {
        for fine in FINE {
            assert!(is_answered(fine.as_bytes(), 0) && !is_answered(fine.as_bytes(), 1), "{fine}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_printed_is_judged(output: Vec<u8>, code in 0..256) {
            prop_assert!(!is_answered(&output, code));
        }

        #[test]
        fn an_answer_that_is_cut_anywhere_is_none(which in 0..3_usize, share in 0.0..0.98) {
            let fine = FINE[which].trim_end().as_bytes();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a part of it")]
            let part = &fine[..(fine.len() as f64 * share) as usize];
            prop_assert!(!is_answered(part, 0));
        }
    }
}
