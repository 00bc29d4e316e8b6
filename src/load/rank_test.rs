//! Whether two samples differ by more than chance would make them. Pure.

use crate::seed;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use std::time::Duration;

/// The least number of values a sample must have: with four against four, chance alone puts one in 35 all on one side.
pub(super) const LEAST: usize = 5;
/// How often the values are dealt anew. With that many, a `p` of 0.01 is known to a tenth of itself.
const DEALS: u32 = 9_999;

/// How likely values that all come from one source would be to fall into two groups whose ranks differ at least as much as
/// those of `a` and `b` do, in either direction; `None` if one of them has fewer than [`LEAST`] values.
///
/// The rank-sum test of Wilcoxon, Mann and Whitney, as a permutation test: the ranks (ties share theirs) are dealt out to the
/// two groups anew 9,999 times, and the deals that are as extreme are counted, the one that happened included (Phipson and
/// Smyth, "Permutation p-values should never be zero", 2010). Dealing needs no table and no normal distribution, and ties do
/// not disturb it. The same values give the same `p` each time.
pub(super) fn p_value(a: &[Duration], b: &[Duration]) -> Option<f64> {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if few.len() < LEAST {
        return None;
    }
    let mut ranks = doubled_ranks(few, many);
    let expected = (few.len() * (ranks.len() + 1)) as u64;
    let extremity = |ranks: &[u64]| ranks.iter().sum::<u64>().abs_diff(expected);
    let seen = extremity(&ranks[..few.len()]);
    let mut random = SmallRng::seed_from_u64(seed::nth(0, 0));
    let as_extreme = (0..DEALS).filter(|_| extremity(ranks.partial_shuffle(&mut random, few.len()).0) >= seen).count();
    let as_extreme = u32::try_from(as_extreme).unwrap_or(DEALS);
    Some(f64::from(as_extreme + 1) / f64::from(DEALS + 1))
}

/// The rank of each value among all, those of `few` first. Twice the rank, so that the mean of two neighbours is whole.
fn doubled_ranks(few: &[Duration], many: &[Duration]) -> Vec<u64> {
    let mut sorted: Vec<Duration> = few.iter().chain(many).copied().collect();
    sorted.sort_unstable();
    let rank = |value: &Duration| {
        let below = sorted.partition_point(|other| other < value);
        let through = sorted.partition_point(|other| other <= value);
        (below + 1 + through) as u64
    };
    few.iter().chain(many).map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(values: impl IntoIterator<Item = u64>) -> Vec<Duration> {
        values.into_iter().map(Duration::from_millis).collect()
    }

    /// `p` of the exact test, which counts every way to divide them.
    #[expect(clippy::cast_precision_loss, reason = "there are less than 2^32 ways")]
    fn exact(a: &[Duration], b: &[Duration]) -> f64 {
        let ranks = doubled_ranks(a, b);
        let expected = (a.len() * (ranks.len() + 1)) as u64;
        let sums = (0..1_u32 << ranks.len()).filter(|set| set.count_ones() as usize == a.len());
        let sums: Vec<u64> =
            sums.map(|set| ranks.iter().enumerate().map(|(at, rank)| u64::from(set >> at & 1) * rank).sum()).collect();
        let seen = ranks[..a.len()].iter().sum::<u64>().abs_diff(expected);
        sums.iter().filter(|sum| sum.abs_diff(expected) >= seen).count() as f64 / sums.len() as f64
    }

    #[test]
    fn the_dealt_p_is_the_exact_one_within_its_own_error() {
        for (a, b) in [
            (millis(1..6), millis(6..11)),
            (millis([3, 1, 4, 1, 5, 9]), millis([2, 6, 5, 3, 5])),
            (millis([7; 5]), millis([7; 6])),
            (millis([1, 2, 3, 4, 50]), millis([2, 3, 4, 5, 6, 7])),
        ] {
            let (dealt, exact) = (p_value(&a, &b).unwrap(), exact(&a, &b));
            let error = (exact * (1.0 - exact) / f64::from(DEALS)).sqrt();
            assert!((dealt - exact).abs() <= 5.0 * error + 1e-4, "{dealt} against {exact}");
            assert!((p_value(&b, &a).unwrap() - exact).abs() <= 5.0 * error + 1e-4);
        }
    }

    #[test]
    fn two_samples_of_one_source_differ_as_often_as_the_level_says() {
        let sample = |n: u64| millis((0..8).map(|at| seed::nth(n, at) % 1000));
        let alarms = (0..100).filter(|n| p_value(&sample(2 * n), &sample(2 * n + 1)).unwrap() <= 0.05).count();
        assert!((1..=12).contains(&alarms), "{alarms} of 100 at a level of 0.05");
    }

    #[test]
    fn too_few_values_have_no_p() {
        assert_eq!(p_value(&millis(0..4), &millis(10..40)), None);
        assert_eq!(p_value(&millis(10..40), &[]), None);
    }
}
