//! What is drawn: a plan, backends, settings, and what each attempt will do.

use proptest::prelude::*;
use seawall::{
    BackendConfig, CircuitBreakerConfig, ErrorClass, FailureMode, Plan, RetryConfig, Schedule, Task, WhenOpen,
};
use std::time::Duration;

pub(super) const BACKENDS: [&str; 3] = ["one", "two", "three"];
const CLASSES: [ErrorClass; 7] = [
    ErrorClass::Overloaded,
    ErrorClass::TimedOut,
    ErrorClass::Permanent,
    ErrorClass::InvalidAnswer,
    ErrorClass::Killed,
    ErrorClass::CouldNotStart,
    ErrorClass::Cancelled,
];
const RESOURCES: [&str; 3] = ["red", "green", "blue"];

/// What an attempt does; a task that is over its script succeeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Act {
    Answer,
    /// An error of this class, with a wish for the delay, in milliseconds.
    Fail(ErrorClass, Option<u64>),
    Panic,
    Hang,
    /// It answers, and stops the run before.
    Stop(Stop),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stop {
    Cancel,
    Kill,
    Drain,
}

#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) id: String,
    pub(super) after: Vec<String>,
    pub(super) backend: usize,
    pub(super) mode: FailureMode,
    pub(super) writes: Vec<usize>,
    /// Each attempt: how long it takes, in milliseconds, and what it then does.
    pub(super) script: Vec<(u64, Act)>,
    pub(super) attempts: Option<u32>,
    pub(super) has_timeout: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) concurrency: Option<usize>,
    /// Only to one further on, so that there are no circles.
    pub(super) when_open: WhenOpen,
    pub(super) breaker: CircuitBreakerConfig,
    pub(super) attempts: u32,
    pub(super) max_elapsed: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) parts: Vec<Part>,
    pub(super) places: Vec<Place>,
    pub(super) concurrency: usize,
    pub(super) schedule: Schedule,
    pub(super) seed: u64,
    pub(super) is_fail_fast: bool,
    pub(super) time_limit: Option<Duration>,
}

/// Of one attempt; so each hang ends.
pub(super) const TIMEOUT: Duration = Duration::from_secs(3);
pub(super) const OWN_TIMEOUT: Duration = Duration::from_secs(2);

impl Part {
    pub(super) fn act(&self, attempt: usize) -> (Duration, Act) {
        let (millis, act) = self.script.get(attempt).copied().unwrap_or((1, Act::Answer));
        (Duration::from_millis(millis), act)
    }

    pub(super) fn retry(&self, place: &Place, is_at_home: bool) -> RetryConfig {
        let own = self.attempts.filter(|_| is_at_home);
        match own {
            Some(attempts) => RETRY.with_max_attempts(attempts),
            None => place.retry(),
        }
    }
}

impl Place {
    fn retry(&self) -> RetryConfig {
        RETRY.with_max_attempts(self.attempts).with_max_elapsed_time(self.max_elapsed)
    }
}

const RETRY: RetryConfig = RetryConfig::new().with_initial_interval(Duration::from_millis(200));

impl Scenario {
    pub(super) fn plan(&self) -> Plan {
        let task = |part: &Part| {
            let task = Task::new(part.id.as_str(), BACKENDS[part.backend], "")
                .after(&part.after)
                .failure_mode(part.mode)
                .writes(part.writes.iter().map(|resource| RESOURCES[*resource]));
            let task = part.attempts.into_iter().fold(task, |task, n| task.retry(RETRY.with_max_attempts(n)));
            if part.has_timeout { task.timeout(OWN_TIMEOUT) } else { task }
        };
        Plan::builder().tasks(self.parts.iter().map(task)).build().unwrap()
    }

    pub(super) fn settings(&self, place: usize) -> BackendConfig {
        let Place { concurrency, when_open, .. } = &self.places[place];
        let config = BackendConfig::new()
            .with_retry(self.places[place].retry())
            .with_timeout(TIMEOUT)
            .with_when_open(when_open.clone());
        concurrency.iter().fold(config, |config, calls| config.with_concurrency(*calls))
    }

    pub(super) fn part(&self, id: &str) -> &Part {
        self.parts.iter().find(|part| part.id == id).unwrap()
    }

    /// Where a task goes that this backend's circuit refuses.
    pub(super) fn falls_back_to(&self, place: usize) -> Option<usize> {
        let WhenOpen::Fallback(kind) = &self.places[place].when_open else { return None };
        BACKENDS.iter().position(|other| **other == **kind)
    }

    /// Whether some attempt stops the run from within.
    pub(super) fn may_stop(&self) -> bool {
        let stops = |part: &Part| part.script.iter().any(|(_, act)| matches!(act, Act::Stop(_)));
        self.is_fail_fast || self.time_limit.is_some() || self.parts.iter().any(stops)
    }
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => Just(Act::Answer),
        8 => Just(Act::Fail(ErrorClass::Transient, None)),
        2 => prop::option::of(0_u64..2000).prop_map(|wish| Act::Fail(ErrorClass::RateLimited, wish)),
        2 => Just(Act::Fail(ErrorClass::Permanent, None)),
        2 => (prop::sample::select(CLASSES.to_vec()), prop::option::weighted(0.2, 0_u64..5000))
            .prop_map(|(class, wish)| Act::Fail(class, wish)),
        1 => Just(Act::Panic),
        1 => Just(Act::Hang),
    ]
}

fn script() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let millis = prop_oneof![Just(0_u64), 0_u64..1500];
    prop::collection::vec((millis, act()), 0..5)
}

fn part(number: usize) -> impl Strategy<Value = Part> {
    let mode = prop::sample::select(vec![FailureMode::Hard, FailureMode::Hard, FailureMode::Soft, FailureMode::Skip]);
    let before = move |wishes: Vec<prop::sample::Index>| -> Vec<String> {
        wishes.iter().filter(|_| number > 0).map(|wish| format!("t{}", wish.index(number))).collect()
    };
    let after = prop::collection::vec(any::<prop::sample::Index>(), 0..3).prop_map(before);
    let writes = prop::collection::vec(0_usize..3, 0..3);
    let attempts = prop::option::weighted(0.2, 1_u32..4);
    (after, 0_usize..3, mode, writes, script(), attempts, any::<bool>()).prop_map(
        move |(after, backend, mode, writes, script, attempts, has_timeout)| Part {
            id: format!("t{number}"),
            after,
            backend,
            mode,
            writes,
            script,
            attempts,
            has_timeout,
        },
    )
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let count = prop_oneof![60 => 1_usize..16, 1 => 100_usize..250];
    let all = count.prop_flat_map(|count| (0..count).map(part).collect::<Vec<_>>());
    let stop = prop::sample::select(vec![Stop::Cancel, Stop::Kill, Stop::Drain]);
    let stop = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u64..3000, stop);
    let stops = prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(stop, 1..4)];
    let stopped = (all, stops).prop_map(|(mut parts, stops)| {
        for (which, attempt, millis, stop) in stops {
            let which = which.index(parts.len());
            let script = &mut parts[which].script;
            script.insert(attempt.index(script.len() + 1), (millis, Act::Stop(stop)));
        }
        parts
    });
    stopped.prop_shuffle()
}

fn place(number: usize) -> impl Strategy<Value = Place> {
    let further: Vec<WhenOpen> = BACKENDS[number + 1..].iter().map(|kind| WhenOpen::Fallback((*kind).into())).collect();
    let when_open = prop::sample::select([vec![WhenOpen::Fail, WhenOpen::Wait, WhenOpen::Wait], further].concat());
    // Mostly open for longer than any attempt takes: then no lease is ever over.
    let open_for = prop_oneof![3 => Just(2 * TIMEOUT), 1 => (0_u64..2000).prop_map(Duration::from_millis)];
    let breaker = (1_u32..5, 1_u32..4, prop::bool::weighted(0.3), open_for);
    let breaker = breaker.prop_map(|(threshold, requests, is_disabled, open_for)| {
        let base = if is_disabled { CircuitBreakerConfig::disabled() } else { CircuitBreakerConfig::new() };
        base.with_failure_threshold(threshold).with_half_open_requests(requests).with_open_for(open_for)
    });
    let max_elapsed =
        prop_oneof![4 => Just(Duration::from_secs(120)), 1 => (0_u64..6000).prop_map(Duration::from_millis)];
    (prop::option::weighted(0.4, 1_usize..4), when_open, breaker, 1_u32..6, max_elapsed).prop_map(
        |(concurrency, when_open, breaker, attempts, max_elapsed)| Place {
            concurrency,
            when_open,
            breaker,
            attempts,
            max_elapsed,
        },
    )
}

pub(super) fn scenario() -> impl Strategy<Value = Scenario> {
    let places = (0..BACKENDS.len()).map(place).collect::<Vec<_>>();
    let schedule = prop::sample::select(vec![Schedule::Waves, Schedule::Eager]);
    let limit = prop::option::weighted(0.15, (0_u64..20_000).prop_map(Duration::from_millis));
    (parts(), places, 1_usize..6, schedule, any::<u64>(), prop::bool::weighted(0.15), limit).prop_map(
        |(parts, places, concurrency, schedule, seed, is_fail_fast, time_limit)| Scenario {
            parts,
            places,
            concurrency,
            schedule,
            seed,
            is_fail_fast,
            time_limit,
        },
    )
}
