//! Settings of a retry and of a runner, and what is refused.

use crate::support::plan;
use seawall::{
    BackendConfig, CancelToken, CircuitBreakerConfig, Error, ErrorClass, Fault, InvalidSetting, Plan, RetryConfig,
    Runner, RunnerBuilder, Schedule, Task, WhenOpen,
};
use std::time::Duration;

#[test]
fn the_defaults_are_what_they_are_said_to_be() {
    let retry = RetryConfig::default();
    assert_eq!((retry.initial_interval(), retry.max_interval()), (Duration::from_millis(100), Duration::from_secs(10)));
    assert_eq!((retry.max_elapsed_time(), retry.max_attempts()), (Duration::from_secs(120), None));
    assert_eq!(format!("{} {}", retry.multiplier(), retry.randomization_factor()), "2 0.5");
    assert_eq!((retry, RetryConfig::once().max_attempts().map(u32::from)), (RetryConfig::new(), Some(1)));

    let breaker = CircuitBreakerConfig::default();
    assert_eq!((breaker.failure_threshold(), breaker.open_for()), (5, Duration::from_secs(30)));
    assert_eq!((breaker.half_open_requests(), breaker.is_enabled()), (3, true));
    assert!(breaker.counts(ErrorClass::Killed) && !breaker.counts(ErrorClass::RateLimited));
    assert_eq!((Schedule::default().as_str(), Schedule::Eager.as_str()), ("waves", "eager"));
    assert_eq!(WhenOpen::default(), WhenOpen::Fail);
}

#[test]
fn a_retry_setting_that_makes_no_sense_is_refused_by_its_name() {
    let retry = RetryConfig::new();
    let initial = "initial_interval must be more than zero";
    let max = "max_interval must be more than zero";
    let multiplier = "multiplier must be a finite number of at least 1";
    let factor = "randomization_factor must be a number from 0 to 1";
    let refused: Vec<(Result<RetryConfig, InvalidSetting>, &str)> = [
        vec![
            (retry.try_with_initial_interval(Duration::ZERO), initial),
            (retry.try_with_max_interval(Duration::ZERO), max),
        ],
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.999, 0.0, -2.0]
            .map(|x| (retry.try_with_multiplier(x), multiplier))
            .into(),
        [f64::NAN, f64::INFINITY, 1.001, -0.001].map(|x| (retry.try_with_randomization_factor(x), factor)).into(),
    ]
    .concat();
    assert_eq!(refused.len(), 12);
    for (refused, rule) in refused {
        let refused = refused.unwrap_err();
        assert_eq!(refused.to_string(), rule);
        assert!(rule.starts_with(refused.setting()));
    }
    let edges = retry.with_multiplier(1.0).with_randomization_factor(0.0).with_randomization_factor(1.0);
    assert_eq!(edges.with_multiplier(2.0).with_randomization_factor(0.5), retry);
}

#[test]
fn in_a_program_nonsense_is_a_panic_that_says_the_rule() {
    let panics: [fn() -> RetryConfig; 4] = [
        || RetryConfig::new().with_initial_interval(Duration::ZERO),
        || RetryConfig::new().with_max_interval(Duration::ZERO),
        || RetryConfig::new().with_multiplier(0.5),
        || RetryConfig::new().with_randomization_factor(f64::NAN),
    ];
    for (panics, setting) in
        panics.into_iter().zip(["initial_interval", "max_interval", "multiplier", "randomization_factor"])
    {
        let panic = std::panic::catch_unwind(panics).unwrap_err();
        let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
        assert!(message.unwrap().starts_with(setting));
    }
}

#[test]
fn a_max_interval_below_the_initial_one_caps_that_too() {
    let retry = RetryConfig::new().with_max_interval(Duration::from_millis(30)).with_randomization_factor(0.0);
    assert!(retry.delays().take(5).all(|delay| delay == Duration::from_millis(30)));
}

#[test]
fn one_seed_gives_the_same_delays_and_fresh_ones_differ() {
    let delays = |seed| RetryConfig::new().delays_from_seed(seed).take(8).collect::<Vec<_>>();
    assert_eq!(delays(7), delays(7));
    assert_ne!(delays(7), delays(8));
    let fresh = || RetryConfig::new().delays().take(8).collect::<Vec<_>>();
    assert_ne!(fresh(), fresh());
}

#[test]
fn delays_are_one_fewer_than_attempts() {
    for attempts in 1..5 {
        let retry = RetryConfig::new().with_max_attempts(attempts);
        let mut delays = retry.delays();
        assert_eq!(delays.by_ref().count(), attempts as usize - 1);
        assert_eq!(delays.next(), None, "and none comes after the end");
    }
}

fn builder<'a>(kinds: &[&str]) -> RunnerBuilder<'a> {
    let add = |builder: RunnerBuilder<'a>, kind: &&str| builder.backend_fn(*kind, |_, _| Ok("ok".into()));
    kinds.iter().fold(Runner::builder(), add)
}

fn faults(builder: RunnerBuilder<'_>) -> Vec<String> {
    let error = builder.build().unwrap_err();
    assert!(error.is_settings() && !error.is_plan() && !error.is_unknown_backend());
    let faults: Vec<String> = error.faults().map(ToString::to_string).collect();
    assert_eq!(error.to_string(), format!("failed to build the runner: {}", faults.join("; ")));
    faults
}

fn falling_back_to(kind: &str) -> BackendConfig {
    BackendConfig::new().with_when_open(WhenOpen::Fallback(kind.into()))
}

#[test]
fn every_fault_of_a_runners_settings_is_named_at_once() {
    let builder = builder(&["claude", "codex", "claude", "claude"])
        .concurrency(0)
        .configure("codex", BackendConfig::new().with_concurrency(0))
        .configure("claud", falling_back_to("goose"))
        .configure("nobody", BackendConfig::new());
    let expected = [
        "the concurrency is zero",
        "there is more than one backend `claude`",
        "there are settings for the backend `claud`, which there is not; did you mean `claude`?",
        "backend `claud` falls back to `goose`, which there is not",
        "the concurrency of backend `codex` is zero",
        "there are settings for the backend `nobody`, which there is not",
    ];
    assert_eq!(faults(builder), expected);
}

#[test]
fn a_fallback_round_in_a_circle_is_a_fault_and_named_once() {
    let round = builder(&["a", "b", "c", "d", "e"])
        .configure("b", falling_back_to("c"))
        .configure("c", falling_back_to("a"))
        .configure("a", falling_back_to("b"))
        .configure("d", falling_back_to("a"))
        .configure("e", falling_back_to("e"));
    let expected =
        ["backends `a`, `b` and `c` fall back to one another in a circle", "backend `e` falls back to itself"];
    assert_eq!(faults(round), expected);
    let line = builder(&["a", "b", "c"]).configure("a", falling_back_to("b")).configure("b", falling_back_to("c"));
    assert!(line.build().is_ok());
}

#[test]
fn a_plan_for_backends_that_the_runner_lacks_is_not_run() {
    let runner = builder(&["claude", "codex"]).build().unwrap();
    let plan = plan([Task::new("a", "claud", ""), Task::new("b", "codex", ""), Task::new("c", "goose", "")]);
    let expected = "failed to run the plan: \
                    task `a` is for the backend `claud`, which there is not; did you mean `claude`?; \
                    task `c` is for the backend `goose`, which there is not";
    let errors: [Error; 2] = [runner.check(&plan).unwrap_err(), runner.run(&plan, &CancelToken::new()).unwrap_err()];
    for error in errors {
        assert_eq!(error.to_string(), expected);
        assert!(error.is_unknown_backend() && !error.is_plan() && !error.is_settings());
        let first = error.faults().next().unwrap();
        assert!(matches!(first, Fault::UnknownBackend { nearest: Some(nearest), .. } if &**nearest == "claude"));
    }
    assert!(builder(&["claud", "codex", "goose"]).build().unwrap().check(&plan).is_ok());
}

#[test]
fn of_many_tasks_without_a_backend_the_first_twenty_are_shown_the_nearest() {
    let tasks = (0..100).map(|n| Task::new(format!("t{n}"), format!("claud-{n}"), ""));
    let error =
        builder(&["claude-1"]).build().unwrap().check(&Plan::builder().tasks(tasks).build().unwrap()).unwrap_err();
    let has_nearest = |fault: &&Fault| matches!(fault, Fault::UnknownBackend { nearest: Some(_), .. });
    assert_eq!((error.faults().count(), error.faults().filter(has_nearest).count()), (100, 20));
}

#[test]
fn a_builder_shows_its_backends_to_programmers() {
    assert_eq!(format!("{:?}", builder(&["a", "b"])), r#"RunnerBuilder { backends: ["a", "b"], .. }"#);
}
