//! `seawall exec`: one command, with time-out, retries and a circuit that remembers.

mod input;
mod shared_breaker;
mod state;
mod verdict;

use crate::args::ExecArgs;
use crate::exit_code::ExitCode;
use crate::run::signals::{self, Session};
use crate::streams;
use crate::visible::visible;
use seawall::{
    Backend, CircuitBreaker, CircuitBreakerConfig, CommandBackend, Context, ErrorClass, Failure, Input, Message,
    RetryConfig, SendError, Verdict, call_with_retry,
};
use shared_breaker::{Refusal, SharedBreaker};
use std::cell::Cell;
use std::fmt::Display;
use std::sync::Arc;
use verdict::Interrupt;

/// Runs the command. What went wrong with seawall itself is said here.
pub(crate) fn exec(args: &ExecArgs) -> ExitCode {
    Call::prepare(args).and_then(Call::carry_out).unwrap_or_else(|reason| {
        complain(reason);
        ExitCode::NOT_EXECUTED
    })
}

/// One call of the command, with all its attempts.
struct Call<'a> {
    args: &'a ExecArgs,
    session: Arc<Session>,
    backend: CommandBackend,
    breaker: Option<SharedBreaker>,
    /// How the last attempt that was made ended.
    last: Cell<Option<u8>>,
}

impl<'a> Call<'a> {
    /// Whatever may fail before anything is run.
    fn prepare(args: &'a ExecArgs) -> Result<Self, String> {
        let session = Arc::new(Session::new());
        session.listen().map_err(|error| format!("failed to listen for signals: {error}"))?;
        let breaker = args.breaker.as_deref().map(|name| SharedBreaker::open(name, config(args), &session.cancel));
        let backend = CommandBackend::new(&args.command).with_grace(args.grace).with_groups(&session.groups);
        let permanent = args.permanent_exit.iter();
        let backend = permanent.fold(backend, |backend, code| backend.with_exit_class(*code, ErrorClass::Permanent));
        Ok(Self { args, session, backend, breaker: breaker.transpose()?, last: Cell::new(None) })
    }

    fn carry_out(mut self) -> Result<ExitCode, String> {
        if self.args.retries > 0 && !input::is_handed_on() {
            // Whoever writes it should not have to, only to be refused.
            if let Some(refusal) = self.breaker.as_ref().and_then(|breaker| breaker.refusal().transpose()) {
                return Ok(refuse(&refusal?));
            }
            let input = input::read().map_err(|error| format!("failed to read standard input: {error}"))?;
            self.backend = self.backend.with_own_streams(input);
        } else {
            self.backend = self.backend.with_own_streams(Input::Inherited);
        }
        self.session.begin();
        // The circuit that counts is shared with others, and is asked by each attempt.
        let closed = CircuitBreaker::new(CircuitBreakerConfig::disabled());
        let result = call_with_retry(&closed, &retry(self.args), &self.session.cancel, |cx| self.attempt(cx));
        result.map_or_else(|failure: Failure| self.code(&failure), |()| Ok(ExitCode::Success))
    }

    fn attempt<R>(&self, cx: &Context<'_, R>) -> Result<(), SendError> {
        let ticket = self.breaker.as_ref().map(SharedBreaker::admit).transpose().map_err(SendError::permanent)?;
        let own = Context::new(cx.cancel_token());
        let own = if let Some(limit) = self.args.timeout { own.with_time_limit(limit) } else { own };
        let result = self.backend.send(&Message::new(""), &own).map(drop);
        self.last.set(Some(result.as_ref().map_or_else(verdict::exit_code, |()| 0)));
        let interrupt = result.as_ref().err().and_then(Interrupt::of);
        interrupt.into_iter().for_each(|interrupt| self.session.cancel.cancel_because(interrupt.name()));
        if let (Some(breaker), Some(ticket)) = (&self.breaker, ticket) {
            let recorded = breaker.record(ticket, self.meaning(&result));
            recorded.err().into_iter().for_each(complain);
        }
        interrupt.into_iter().for_each(Interrupt::pass_on);
        self.tell(cx.attempt(), &result);
        result
    }

    /// What the attempt says of what the circuit stands before.
    fn meaning(&self, result: &Result<(), SendError>) -> Verdict {
        match result {
            Ok(()) => Verdict::Success,
            Err(error) if !self.session.cancel.is_cancelled() && config(self.args).counts(error.class()) => {
                Verdict::Failure
            }
            Err(_) => Verdict::Neutral,
        }
    }

    /// Says what the command cannot say itself; of an exit code only where there may be several.
    fn tell(&self, attempt: u32, result: &Result<(), SendError>) {
        let Err(error) = result else { return };
        let is_told = match error.class() {
            ErrorClass::Cancelled => false,
            _ if verdict::has_own_code(error) => self.args.retries > 0,
            _ => true,
        };
        if is_told && !self.args.quiet && !self.session.cancel.is_cancelled() {
            let of = if self.args.retries > 0 { format!("attempt {attempt}: ") } else { String::new() };
            streams::say_warning(format_args!("{of}{}", visible(&error.to_string())));
        }
    }

    fn code(&self, failure: &Failure) -> Result<ExitCode, String> {
        let last = self.last.get().map(ExitCode::OfCommand);
        if let Some(reason) = self.session.cancel.reason() {
            return Ok(signals::exit_code_of(&reason).or(last).unwrap_or(ExitCode::NOT_EXECUTED));
        }
        let refused = failure.last_error().and_then(|error| error.get_ref().downcast_ref::<Refusal>());
        match (refused, last) {
            (Some(Refusal::Unable(reason)), _) => Err(reason.clone()),
            (Some(refusal @ Refusal::Circuit { .. }), None) => Ok(refuse(refusal)),
            (Some(refusal @ Refusal::Circuit { .. }), Some(last)) => {
                complain(refusal);
                Ok(last)
            }
            (None, Some(last)) => Ok(last),
            (None, None) => Err(failure.to_string()),
        }
    }
}

/// `EX_TEMPFAIL`: nothing was run, and it may go well later.
fn refuse(refusal: &Refusal) -> ExitCode {
    complain(format_args!("{refusal}: nothing was run"));
    ExitCode::OfCommand(75)
}

fn config(args: &ExecArgs) -> CircuitBreakerConfig {
    let mut config = CircuitBreakerConfig::new();
    let given = &args.circuit;
    config = given.failure_threshold.map_or(config, |n| config.with_failure_threshold(n));
    config = given.open_for.map_or(config, |time| config.with_open_for(time));
    given.half_open_requests.map_or(config, |n| config.with_half_open_requests(n))
}

/// The values are valid: their options refuse others.
fn retry(args: &ExecArgs) -> RetryConfig {
    let mut retry = RetryConfig::new().with_max_attempts(args.retries.saturating_add(1));
    let given = &args.retry;
    retry = given.initial_interval.map_or(retry, |time| retry.with_initial_interval(time));
    retry = given.max_interval.map_or(retry, |time| retry.with_max_interval(time));
    retry = given.max_elapsed_time.map_or(retry, |time| retry.with_max_elapsed_time(time));
    retry = given.multiplier.map_or(retry, |by| retry.with_multiplier(by));
    given.randomization_factor.map_or(retry, |share| retry.with_randomization_factor(share))
}

fn complain(what: impl Display) {
    streams::say_error(visible(&what.to_string()));
}
