//! A circuit breaker that is handed on from snapshot to snapshot does what one does that lives on.

use super::cases;
use proptest::prelude::*;
use seawall::{CircuitBreaker, CircuitBreakerConfig, CircuitSnapshot, Permit, Ticket, Verdict};
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
enum Step {
    Admit,
    End(usize, Verdict),
    Wait(Duration),
    ForceOpen,
}

fn step() -> impl Strategy<Value = Step> {
    let verdict = prop::sample::select(vec![Verdict::Success, Verdict::Failure, Verdict::Neutral]);
    prop_oneof![
        6 => Just(Step::Admit),
        6 => (any::<usize>(), verdict).prop_map(|(which, verdict)| Step::End(which, verdict)),
        3 => (0_u64..8).prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
        1 => Just(Step::ForceOpen),
    ]
}

fn config() -> impl Strategy<Value = CircuitBreakerConfig> {
    let open_for = prop::sample::select(vec![1, 5, 10]).prop_map(Duration::from_secs);
    (1_u32..4, open_for, 1_u32..4).prop_map(|(threshold, open_for, requests)| {
        let config = CircuitBreakerConfig::new().with_failure_threshold(threshold);
        config.with_open_for(open_for).with_half_open_requests(requests)
    })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_breaker_that_is_handed_on_is_the_same_breaker(
        config in config(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let one = CircuitBreaker::new(config);
        let (mut kept, mut now) = (CircuitSnapshot::default(), Instant::now());
        let mut calls: Vec<(Permit<'_>, Ticket)> = Vec::new();
        for step in steps {
            let next = CircuitBreaker::new(config);
            let waited = if let Step::Wait(time) = step { time } else { Duration::ZERO };
            now += waited;
            next.restore(&kept.after(waited), now);
            match step {
                Step::Admit => match (one.admit(now), next.admit(now)) {
                    (Ok(permit), Ok(other)) => {
                        prop_assert_eq!(permit.state_change(), other.state_change());
                        calls.push((permit, other.into_ticket()));
                    }
                    (permit, other) => prop_assert_eq!(permit.err(), other.err()),
                },
                Step::End(which, verdict) if !calls.is_empty() => {
                    let (permit, ticket) = calls.swap_remove(which % calls.len());
                    prop_assert_eq!(permit.record(verdict, now), next.redeem(ticket).record(verdict, now));
                }
                Step::ForceOpen => {
                    one.force_open();
                    next.force_open();
                }
                Step::End(..) | Step::Wait(_) => {}
            }
            prop_assert_eq!(one.snapshot(now), next.snapshot(now));
            kept = next.snapshot(now);
        }
    }
}
