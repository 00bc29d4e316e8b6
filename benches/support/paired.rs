//! Two things measured in turn, A B A B …, so that a machine whose speed drifts drifts for both.
//!
//! criterion measures and shows the first of them; the ratio is of what both took side by side.

use criterion::Criterion;
use std::time::{Duration, Instant};

/// What a pair took, round by round.
struct Rounds {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

/// Measures `ours` against `theirs`, each of which says how long it took for `items` items, and fails if the median of
/// ours is more than `limit` times the median of theirs.
pub(crate) fn compare(
    criterion: &mut Criterion,
    name: &str,
    items: u32,
    limit: f64,
    mut ours: impl FnMut() -> Duration,
    mut theirs: impl FnMut() -> Duration,
) {
    let mut rounds = Rounds { ours: Vec::new(), theirs: Vec::new() };
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            (0..iterations)
                .map(|_| {
                    let (took, floor) = (ours(), theirs());
                    rounds.ours.push(took.as_secs_f64());
                    rounds.theirs.push(floor.as_secs_f64());
                    took
                })
                .sum()
        });
    });
    let (ours, theirs) = (median(&mut rounds.ours), median(&mut rounds.theirs));
    let ratio = ours / theirs;
    eprintln!(
        "{name}: {} an item, {} for the other: {ratio:.2} times (at most {limit:.2})",
        nanoseconds(ours, items),
        nanoseconds(theirs, items)
    );
    assert!(ratio <= limit, "{name} takes {ratio:.2} times what the other takes, which is more than {limit:.2}");
}

/// How long `f` took.
pub(crate) fn timed(f: impl FnOnce()) -> Duration {
    let start = Instant::now();
    f();
    start.elapsed()
}

/// Few long samples: each holds a whole run.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn nanoseconds(seconds: f64, items: u32) -> String {
    format!("{:.1} ns", seconds * 1e9 / f64::from(items))
}
