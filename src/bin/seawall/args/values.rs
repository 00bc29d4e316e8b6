//! What an option's value may be.

use clap::builder::{PossibleValue, PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use seawall::Schedule;

pub(super) fn concurrency() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::<usize>::new().range(1..=10_000)
}

/// What TOML can say too.
pub(super) fn seed() -> impl TypedValueParser<Value = u64> {
    RangedU64ValueParser::<u64>::new().range(0..=i64::MAX.unsigned_abs())
}

pub(super) fn schedule() -> impl TypedValueParser<Value = Schedule> {
    const EAGER: &str = "eager";
    let waves = PossibleValue::new("waves").help("When all tasks of the wave before have ended");
    let eager = PossibleValue::new(EAGER).help("When what it waits for has ended");
    let words = PossibleValuesParser::new([waves, eager]);
    words.map(|word| if word == EAGER { Schedule::Eager } else { Schedule::Waves })
}
