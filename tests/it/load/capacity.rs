//! The search for the highest rate that holds, and comparisons.

use super::ms;
use proptest::prelude::*;
use seawall::load::{Baseline, CapacitySearch, Load, Objective, Rate, Verdict, Window, find_capacity, fn_target};
use seawall::{CancelToken, SendError};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

fn search(first: f64, holds: impl Fn(f64) -> bool) -> CapacitySearch {
    let mut search = CapacitySearch::new(Rate::per_second(first));
    while let Some(rate) = search.next_rate() {
        search.tell(rate, holds(rate.as_per_second()));
        assert!(search.steps().len() < 100, "it does not end: {search:?}");
    }
    search
}

proptest! {
    #[test]
    fn a_known_capacity_is_found_to_a_tenth(first in 1.0..1000.0_f64, capacity in 0.5..100_000.0_f64) {
        let found = search(first, |rate| rate <= capacity);
        let best = found.best().unwrap().as_per_second();
        prop_assert!(best <= capacity && capacity < best * 1.1001, "{} of {}", best, capacity);
        prop_assert!(found.steps().len() < 40);
    }
}

#[test]
fn where_no_rate_holds_there_is_none() {
    assert_eq!(search(10.0, |_| false).best(), None);
}

/// Refuses what comes when ten came in the last 100 ms: a hundred a second.
#[test]
fn a_target_of_a_known_capacity_is_found_out() {
    let recent = Mutex::new(VecDeque::new());
    let target = fn_target(|_| {
        let (now, mut recent) = (Instant::now(), recent.lock().unwrap());
        recent.push_back(now);
        while recent.front().is_some_and(|first| now.duration_since(*first) > ms(100)) {
            recent.pop_front();
        }
        if recent.len() > 12 { Err(SendError::overloaded("too many")) } else { Ok(()) }
    });
    let load = Load::closed(1).with_duration(ms(250));
    let found = find_capacity(&load, &[Objective::errors_below(0.2)], &CancelToken::new(), &target, |_, _| {});
    let best = found.rate.unwrap();
    let failed = found.steps.iter().filter(|step| !step.is_met).map(|step| step.rate.as_per_second());
    assert!(failed.fold(f64::INFINITY, f64::min) <= best.as_per_second() * 1.1001, "{:?}", found.steps);
    // A machine that is busy makes calls come in bunches, and so finds less.
    assert!((10.0..=200.0).contains(&best.as_per_second()), "{best}");
    assert!(found.result.error_share().unwrap() < 0.2);
}

#[test]
fn a_rate_that_held_by_luck_is_not_the_capacity() {
    let mut search = CapacitySearch::new(Rate::per_second(64.0));
    let mut is_lucky = true;
    while let Some(rate) = search.next_rate() {
        // 80 calls a second are too many, but for once.
        let rate_now = rate.as_per_second();
        search.tell(rate, rate_now < 80.0 || (rate_now < 100.0 && std::mem::take(&mut is_lucky)));
    }
    assert!(!is_lucky && search.is_confirmed(), "{search:?}");
    let (best, worst) = (search.best().unwrap().as_per_second(), search.worst().unwrap().as_per_second());
    assert!(best < 80.0 && worst <= best * 1.1, "{best} held and {worst} did not");
}

#[test]
fn a_search_that_is_cancelled_says_what_it_found() {
    let cancel = CancelToken::new();
    let target = fn_target(|_| {
        cancel.cancel_because("enough");
        Ok(())
    });
    let load = Load::closed(1).with_duration(Duration::from_secs(600));
    let found = find_capacity(&load, &[Objective::errors_below(0.5)], &cancel, &target, |_, _| {});
    assert_eq!((found.rate, found.steps.len(), found.result.cancelled()), (None, 0, Some("enough")));
}

fn baseline(p50: u64, windows: &[u64]) -> Baseline {
    let windows = windows.iter().map(|p50| Window { calls: 10, p50: Some(ms(*p50)) }).collect();
    Baseline { p50: Some(ms(p50)), p99: Some(ms(2 * p50)), windows }
}

#[test]
fn a_difference_counts_if_it_is_more_than_a_tenth_and_a_millisecond_and_the_noise() {
    let verdict = |before: Baseline, now: Baseline| before.compare(&now).verdict;
    assert_eq!(verdict(baseline(50, &[50, 51]), baseline(100, &[99, 101])), Verdict::Slower);
    assert_eq!(verdict(baseline(100, &[100]), baseline(50, &[50])), Verdict::Faster);
    assert_eq!(verdict(baseline(100, &[100]), baseline(109, &[109])), Verdict::Same);
    assert_eq!(verdict(baseline(1, &[1]), baseline(2, &[2])), Verdict::Same);
    assert_eq!(verdict(baseline(100, &[60, 140]), baseline(150, &[150])), Verdict::Same);
    assert_eq!(verdict(baseline(100, &[100]), Baseline::default()), Verdict::Same);
}

#[test]
fn with_five_seconds_of_each_a_rank_test_tells_a_difference_from_noise() {
    let compare = |before: &[u64], now: &[u64], p50| baseline(50, before).compare(&baseline(p50, now));
    let (steady, stood_still) = ([48, 49, 50, 51, 52, 53], [58, 59, 60, 61, 62, 900]);
    let slower = compare(&steady, &stood_still, 60);
    assert_eq!(slower.verdict, Verdict::Slower);
    assert!(slower.p_value.is_some_and(|p| p <= 0.01), "{slower:?}");
    let noise = compare(&[30, 80, 40, 60, 50, 45], &[70, 35, 85, 55, 62, 40], 60);
    assert_eq!(noise.verdict, Verdict::Same);
    assert!(noise.p_value.is_some_and(|p| p > 0.1), "{noise:?}");
    assert_eq!(compare(&steady[..4], &stood_still, 60).p_value, None);
}

#[test]
fn four_calls_are_too_few_for_a_verdict() {
    let once = |p50| Baseline { windows: vec![Window { calls: 4, p50: Some(ms(p50)) }], ..baseline(p50, &[]) };
    assert_eq!(once(50).compare(&once(500)).verdict, Verdict::Same);
}

#[test]
fn a_second_with_hardly_a_call_is_no_window() {
    let mut now = baseline(100, &[100, 101]);
    now.windows.push(Window { calls: 0, p50: None });
    now.windows.extend((0..3).map(|_| Window { calls: 100, p50: Some(ms(100)) }));
    now.windows.push(Window { calls: 1, p50: Some(ms(900)) });
    assert_eq!(baseline(50, &[50]).compare(&now).verdict, Verdict::Slower);
}

#[test]
fn ratios_are_now_by_before() {
    let comparison = baseline(50, &[]).compare(&baseline(100, &[]));
    assert_eq!((comparison.p50, comparison.p99), (Some(2.0), Some(2.0)));
    assert_eq!(Baseline::default().compare(&baseline(1, &[])).p50, None);
}
