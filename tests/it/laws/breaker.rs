//! The circuit breaker against the model of its table.

use super::cases;
use super::gobreaker::{Model, Refused};
use proptest::prelude::*;
use seawall::{CircuitBreaker, CircuitBreakerConfig, CircuitState, Counts, Permit, Rejected, StateChange, Verdict};
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
enum Step {
    Admit,
    /// One of those that were admitted ends.
    End(usize, Verdict),
    /// One of those that were admitted is dropped without a result.
    Drop(usize),
    Wait(Duration),
    ForceOpen,
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    let verdict = prop::sample::select(vec![Verdict::Success, Verdict::Failure, Verdict::Failure, Verdict::Neutral]);
    prop_oneof![
        8 => Just(Step::Admit),
        8 => (any::<usize>(), verdict).prop_map(|(which, verdict)| Step::End(which, verdict)),
        1 => any::<usize>().prop_map(Step::Drop),
        4 => (0_u64..12).prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
        1 => Just(Step::ForceOpen),
        1 => Just(Step::Reset),
    ]
}

fn config() -> impl Strategy<Value = CircuitBreakerConfig> {
    let open_for = prop::sample::select(vec![0, 1, 5, 10]).prop_map(Duration::from_secs);
    (0_u32..4, open_for, 0_u32..4).prop_map(|(threshold, open_for, requests)| {
        let config = CircuitBreakerConfig::new().with_failure_threshold(threshold);
        config.with_open_for(open_for).with_half_open_requests(requests)
    })
}

fn states(change: Option<StateChange>) -> Option<(CircuitState, CircuitState)> {
    change.map(|change| (change.from, change.to))
}

fn refusal(rejected: Rejected) -> Refused {
    match rejected {
        Rejected::CircuitOpen { retry_at, .. } => Refused::UntilRetry(retry_at),
        _ => Refused::Full,
    }
}

fn same(breaker: &CircuitBreaker, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!((breaker.state(), breaker.retry_at(), breaker.trips()), (model.state, model.retry_at, model.trips));
    let Counts { requests, successes, failures, consecutive_successes, consecutive_failures, .. } = breaker.counts();
    prop_assert_eq!((requests, successes, failures), (model.requests, model.successes, model.failures));
    prop_assert_eq!(
        (consecutive_successes, consecutive_failures),
        (model.consecutive_successes, model.consecutive_failures)
    );
    Ok(())
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn any_history_goes_as_the_table_says(config in config(), steps in prop::collection::vec(step(), 1..80)) {
        let (breaker, mut model, mut now) = (CircuitBreaker::new(config), Model::new(config), Instant::now());
        let mut permits: Vec<Permit<'_>> = Vec::new();
        let mut generation = 0;
        for step in steps {
            let changed = match step {
                Step::Wait(time) => { now += time; None }
                Step::ForceOpen => { breaker.force_open(); model.go(CircuitState::Open, None); None }
                Step::Reset => { breaker.reset(); model.go(CircuitState::Closed, None); None }
                Step::Admit => match (breaker.admit(now), model.admit(now)) {
                    (Ok(permit), Ok(change)) => {
                        prop_assert_eq!(states(permit.state_change()), change);
                        let changed = permit.state_change();
                        permits.push(permit);
                        changed
                    }
                    (Err(rejected), Err(expected)) => { prop_assert_eq!(refusal(rejected), expected); None }
                    (permit, expected) => panic!("{permit:?}, but {expected:?}"),
                },
                Step::End(which, verdict) if !permits.is_empty() => {
                    let which = which % permits.len();
                    let change = permits.remove(which).record(verdict, now);
                    prop_assert_eq!(states(change), model.end(which, verdict, now));
                    change
                }
                Step::Drop(which) if !permits.is_empty() => {
                    let which = which % permits.len();
                    drop(permits.remove(which));
                    model.end(which, Verdict::Neutral, now);
                    None
                }
                Step::End(..) | Step::Drop(..) => None,
            };
            same(&breaker, &model)?;
            if let Some(change) = changed {
                prop_assert!(change.generation > generation);
                generation = change.generation;
            }
        }
    }

    /// Whatever happened, once the backend is well the circuit closes: nothing wedges it.
    #[test]
    fn no_history_wedges_it(config in config(), steps in prop::collection::vec(step(), 1..60)) {
        let (breaker, mut now) = (CircuitBreaker::new(config), Instant::now());
        let mut lost = Vec::new();
        for step in steps {
            match step {
                Step::Wait(time) => now += time,
                Step::Admit => lost.extend(breaker.admit(now).ok()),
                Step::End(which, verdict) if !lost.is_empty() => {
                    let _ = lost.remove(which % lost.len()).record(verdict, now);
                }
                _ => {}
            }
        }
        for _ in 0..=2 * config.half_open_requests() {
            now += config.open_for().max(Duration::from_millis(1));
            if let Ok(permit) = breaker.admit(now) {
                permit.success(now);
            }
        }
        prop_assert_eq!(breaker.state(), CircuitState::Closed);
    }
}
