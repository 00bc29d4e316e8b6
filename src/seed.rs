//! Seeds: where randomness comes from, and how one seed becomes many.

use std::hash::{BuildHasher, RandomState};

/// A seed that no other call has: from the entropy that the standard library draws for its hash maps.
pub(crate) fn fresh() -> u64 {
    RandomState::new().hash_one(())
}

/// The `n`-th seed made from `seed`. For one `seed`, no two are the same.
///
/// It is `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014), whose output
/// function is a bijection of 64 bits.
pub(crate) fn nth(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A seed made from `seed` and a name, the same on every machine.
pub(crate) fn named(seed: u64, name: &str) -> u64 {
    name.bytes().fold(nth(seed, name.len() as u64), |seed, byte| nth(seed, u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn one_seed_becomes_many_that_all_differ() {
        let seeds: HashSet<u64> = (0..10_000).map(|n| nth(7, n)).collect();
        assert_eq!(seeds.len(), 10_000);
    }

    #[test]
    fn fresh_seeds_differ() {
        assert_ne!(fresh(), fresh());
    }

    #[test]
    fn a_name_gives_the_same_seed_each_time_and_another_name_another() {
        assert_eq!(named(7, "design"), named(7, "design"));
        assert_ne!(named(7, "design"), named(7, "code"));
        assert_ne!(named(7, "ab"), named(7, "ba"));
    }
}
