//! What holds for any input: laws, tried on many.

mod backoff;
mod breaker;
mod gobreaker;
mod handed_on;
mod plan;
mod run;

use proptest::test_runner::Config;

/// So many cases; what failed is printed whole, and no file remembers it.
fn cases(cases: u32) -> Config {
    Config { failure_persistence: None, ..Config::with_cases(cases) }
}
