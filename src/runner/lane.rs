//! A backend as one run sees it: its settings resolved, its breaker at hand.

use super::builder::WhenOpen;
use super::{Configured, Runner};
use crate::backend::Backend;
use crate::error::{Error, Fault, SUGGESTIONS, nearest};
use crate::plan::{Plan, Task};
use crate::resilience::{CircuitBreaker, CircuitBreakerConfig, RetryConfig};
use crate::sync::Arc;
use std::collections::HashMap;
use std::time::Duration;

pub(super) struct Lane<'r, Q, R> {
    pub(super) kind: &'r Arc<str>,
    pub(super) backend: &'r (dyn Backend<Q, R> + 'r),
    pub(super) breaker: Arc<CircuitBreaker>,
    pub(super) breaker_config: CircuitBreakerConfig,
    pub(super) retry: RetryConfig,
    pub(super) timeout: Option<Duration>,
    pub(super) concurrency: Option<usize>,
    pub(super) when_open: Refused,
}

/// What a task does when the circuit refuses it.
#[derive(Clone, Copy)]
pub(super) enum Refused {
    Fail,
    Wait,
    Fallback { lane: u32 },
}

pub(super) fn lanes<'r, Q, R>(runner: &'r Runner<'_, Q, R>) -> Vec<Lane<'r, Q, R>> {
    let numbers = numbers(runner);
    let lane = |(kind, backend, config): &'r Configured<'_, Q, R>| {
        let breaker = runner.settings.circuit_breakers.get(kind);
        Lane {
            kind,
            backend: &**backend,
            breaker_config: breaker.config(),
            breaker,
            retry: config.retry.unwrap_or(runner.settings.retry),
            timeout: config.timeout,
            concurrency: config.concurrency,
            when_open: match &config.when_open {
                WhenOpen::Fail => Refused::Fail,
                WhenOpen::Wait => Refused::Wait,
                WhenOpen::Fallback(kind) => Refused::Fallback { lane: numbers[&**kind] },
            },
        }
    };
    runner.backends.iter().map(lane).collect()
}

/// The lane of a task.
///
/// # Errors
///
/// If the runner lacks its backend.
#[cfg(feature = "load")]
pub(super) fn lane_of_task<Q, R>(runner: &Runner<'_, Q, R>, task: &Task<Q>) -> Result<u32, Error> {
    let lane = numbers(runner).get(task.backend()).copied();
    lane.ok_or_else(|| Error::unknown_backend(vec![unknown_backend(runner, task, true)]))
}

/// The lane of each task.
///
/// # Errors
///
/// Every task whose backend the runner lacks.
pub(super) fn lane_of_tasks<'t, Q, R>(runner: &Runner<'_, Q, R>, plan: &'t Plan<Q>) -> Result<Arc<[u32]>, Error> {
    let numbers = numbers(runner);
    let mut faults = Vec::new();
    // Neighbours mostly share a backend, and a plan lets them share its name.
    let mut last: Option<(&Arc<str>, u32)> = None;
    let mut lane_of = |task: &'t Task<Q>| {
        if let Some((_, lane)) = last.filter(|(kind, _)| Arc::ptr_eq(kind, task.shared_backend())) {
            return lane;
        }
        last = numbers.get(task.backend()).map(|lane| (task.shared_backend(), *lane));
        let Some((_, lane)) = last else {
            faults.push(unknown_backend(runner, task, faults.len() < SUGGESTIONS));
            return 0;
        };
        lane
    };
    let lanes = plan.tasks().iter().map(&mut lane_of).collect();
    if faults.is_empty() { Ok(lanes) } else { Err(Error::unknown_backend(faults)) }
}

fn unknown_backend<Q, R>(runner: &Runner<'_, Q, R>, task: &Task<Q>, is_to_suggest: bool) -> Fault {
    let kinds = runner.backends.iter().map(|(kind, ..)| kind);
    let nearest = if is_to_suggest { nearest(task.backend(), kinds).cloned() } else { None };
    Fault::UnknownBackend { task: task.id().clone(), backend: Arc::clone(task.shared_backend()), nearest }
}

fn numbers<'r, Q, R>(runner: &'r Runner<'_, Q, R>) -> HashMap<&'r str, u32> {
    runner.backends.iter().map(|(kind, ..)| &**kind).zip(0..).collect()
}
