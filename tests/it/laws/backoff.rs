//! Delays, for any settings.

use super::cases;
use proptest::prelude::*;
use seawall::RetryConfig;
use std::time::Duration;

fn any_duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        4 => (0_u64..20_000_000_000).prop_map(Duration::from_nanos),
        2 => (any::<u64>(), 0_u32..1_000_000_000).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos)),
        1 => prop::sample::select(vec![Duration::ZERO, Duration::from_nanos(1), Duration::MAX]),
    ]
}

fn any_number() -> impl Strategy<Value = f64> {
    const EDGES: [f64; 9] =
        [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN_POSITIVE, -0.0, 0.0, 1.0, 1.0 + f64::EPSILON, -1.0];
    prop_oneof![2 => 0.0..3.0_f64, 1 => prop::num::f64::ANY, 1 => prop::sample::select(EDGES.to_vec())]
}

prop_compose! {
    fn valid()(
        initial in any_duration(), max in any_duration(), elapsed in any_duration(), multiplier in any_number(),
        factor in any_number(), attempts in any::<u32>(),
    ) -> RetryConfig {
        let config = RetryConfig::new().with_max_elapsed_time(elapsed).with_max_attempts(attempts);
        let config = config.try_with_initial_interval(initial).unwrap_or(config);
        let config = config.try_with_max_interval(max).unwrap_or(config);
        let config = config.try_with_multiplier(multiplier).unwrap_or(config);
        config.try_with_randomization_factor(factor).unwrap_or(config)
    }
}

/// The interval around the n-th base, with room for what floats cannot tell.
fn bounds(config: &RetryConfig, n: i32) -> (f64, f64) {
    let initial = config.initial_interval().as_secs_f64();
    let base = (initial * config.multiplier().powi(n)).min(config.max_interval().as_secs_f64());
    let factor = config.randomization_factor();
    let slack = 1e-9 + base * 1e-9;
    (base * (1.0 - factor) - slack, base * (1.0 + factor) + slack)
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn every_delay_is_within_its_bounds_whatever_the_settings(config in valid(), seed in any::<u64>()) {
        for (delay, n) in config.delays_from_seed(seed).take(70).zip(0..) {
            let (low, high) = bounds(&config, n);
            let delay = delay.as_secs_f64();
            prop_assert!(low <= delay && delay <= high, "the {n}th of {config:?}: {low} <= {delay} <= {high}");
        }
    }

    #[test]
    fn there_is_one_delay_fewer_than_attempts(config in valid(), attempts in 1_usize..200) {
        let config = config.with_max_attempts(u32::try_from(attempts).unwrap());
        prop_assert_eq!(config.delays_from_seed(1).take(1000).count(), attempts - 1);
        prop_assert_eq!(config.with_max_attempts(0).delays_from_seed(1).take(1000).count(), 1000);
    }

    #[test]
    fn one_seed_gives_one_sequence(config in valid(), seed in any::<u64>()) {
        let delays = || config.delays_from_seed(seed).take(20).collect::<Vec<_>>();
        prop_assert_eq!(delays(), delays());
    }

    #[test]
    fn a_number_is_a_setting_or_is_refused_by_the_settings_name(number in any_number()) {
        let multiplier = RetryConfig::new().try_with_multiplier(number);
        prop_assert_eq!(multiplier.is_ok(), (1.0..f64::INFINITY).contains(&number));
        let factor = RetryConfig::new().try_with_randomization_factor(number);
        prop_assert_eq!(factor.is_ok(), (0.0..=1.0).contains(&number));
        for (refused, name) in [(multiplier.err(), "multiplier"), (factor.err(), "randomization_factor")] {
            prop_assert!(refused.is_none_or(|refused| refused.setting() == name && refused.to_string().starts_with(name)));
        }
    }

    #[test]
    fn jitter_reaches_into_both_halves_of_its_interval(seed in any::<u64>()) {
        let config = RetryConfig::new().with_multiplier(1.0);
        let delays: Vec<Duration> = config.delays_from_seed(seed).take(64).collect();
        prop_assert!(delays.iter().any(|delay| *delay < config.initial_interval()));
        prop_assert!(delays.iter().any(|delay| *delay > config.initial_interval()));
    }
}
