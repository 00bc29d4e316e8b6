//! A number is a scenario: ten thousand of them each time, millions by hand, and any one of them again.

use super::keeps_every_law;
use super::scenario::scenario;
use crate::laws::cases;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use std::env;
use std::ops::Range;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What is tried if nobody says: `SEAWALL_SEEDS=7` tries that one alone, `SEAWALL_SEEDS=0..1000000` a million.
const SEEDS: Range<u64> = 0..10_000;
/// No scenario takes a hundredth of this.
const HANG: Duration = Duration::from_secs(60);

#[test]
fn every_seed_keeps_every_law() {
    let seeds = env::var("SEAWALL_SEEDS").map_or(SEEDS, |text| range(&text));
    let crew = thread::available_parallelism().map_or(2, usize::from);
    let works: Vec<Work> = (0..crew).map(|_| Work::default()).collect();
    let faults: Vec<String> = thread::scope(|scope| {
        scope.spawn(|| watch(&works));
        let workers = (0_u64..).zip(&works).map(|(first, work)| {
            let mine = (seeds.start + first..seeds.end).step_by(crew);
            scope.spawn(move || work.through(mine))
        });
        let workers: Vec<_> = workers.collect();
        workers.into_iter().filter_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

fn range(text: &str) -> Range<u64> {
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("SEAWALL_SEEDS: `{text}` is no number"));
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(text)..number(text) + 1,
    }
}

/// Where one thread is.
#[derive(Default)]
struct Work {
    seed: AtomicU64,
    /// How many runs it has begun, those of shrinking included.
    runs: AtomicU64,
    is_over: AtomicBool,
}

impl Work {
    /// Tries these seeds, up to the first that breaks a law.
    fn through(&self, mut seeds: impl Iterator<Item = u64>) -> Option<String> {
        let fault = seeds.find_map(|seed| self.tried(seed));
        self.is_over.store(true, Ordering::Relaxed);
        fault
    }

    /// What is wrong with the scenario of a seed, made as small as it gets.
    fn tried(&self, seed: u64) -> Option<String> {
        self.seed.store(seed, Ordering::Relaxed);
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let config = Config { max_shrink_iters: 10_000, max_shrink_time: 30_000, ..cases(1) };
        let mut runner = TestRunner::new_with_rng(config, rng);
        let tree = scenario().new_tree(&mut runner).unwrap();
        let result = runner.run_one(tree, |scenario| {
            self.runs.fetch_add(1, Ordering::Relaxed);
            keeps_every_law(&scenario)
        });
        match result {
            Ok(_) => None,
            Err(TestError::Fail(why, smallest)) => Some(format!("{why}\nof {smallest:?}\n{}", again(seed))),
            Err(TestError::Abort(why)) => Some(format!("{why}\n{}", again(seed))),
        }
    }
}

/// The line that tries one seed again.
fn again(seed: u64) -> String {
    format!("again: SEAWALL_SEEDS={seed} cargo test --all-features --test it every_seed_keeps_every_law")
}

/// A run that hangs cannot be ended from outside; so the whole process is, and says which one it was.
fn watch(works: &[Work]) {
    let mut seen = vec![(0, Instant::now()); works.len()];
    while works.iter().any(|work| !work.is_over.load(Ordering::Relaxed)) {
        thread::sleep(Duration::from_millis(100));
        for (work, (runs, since)) in works.iter().zip(&mut seen) {
            let now = work.runs.load(Ordering::Relaxed);
            if now != *runs {
                (*runs, *since) = (now, Instant::now());
            } else if !work.is_over.load(Ordering::Relaxed) && since.elapsed() > HANG {
                eprintln!("a run hangs; {}", again(work.seed.load(Ordering::Relaxed)));
                process::abort();
            }
        }
    }
}
