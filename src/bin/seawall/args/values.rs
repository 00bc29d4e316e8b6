//! What an option's value may be.

use super::bench::Stages;
use crate::duration;
use clap::builder::{
    PossibleValue, PossibleValuesParser, RangedI64ValueParser, RangedU64ValueParser, TypedValueParser,
};
use seawall::{InvalidSetting, RetryConfig, Schedule};
use std::time::Duration;

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

pub(super) fn in_flight() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::<usize>::new().range(1..=100_000)
}

pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    let duration = duration::parse(text)?;
    if duration.is_zero() { Err("it must be more than zero".to_owned()) } else { Ok(duration) }
}

/// `10/s:30s,50/s:1min`
pub(super) fn stages(text: &str) -> Result<Stages, String> {
    let stage = |stage: &str| {
        let (rate, length) = stage.split_once(':').ok_or("a stage is a rate and a time, such as 10/s:30s")?;
        let rate = rate.trim().parse().map_err(|error: seawall::InvalidSetting| error.to_string())?;
        Ok((rate, positive_duration(length.trim())?))
    };
    text.split(',').map(stage).collect::<Result<_, String>>().map(Stages)
}

/// Zero is a success, whatever anybody says.
pub(super) fn exit_code() -> impl TypedValueParser<Value = i32> {
    RangedI64ValueParser::<i32>::new().range(1..=255)
}

pub(super) fn at_least_one() -> impl TypedValueParser<Value = u32> {
    RangedU64ValueParser::<u32>::new().range(1..)
}

pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration::parse(text)?;
    valid(RetryConfig::new().try_with_initial_interval(interval)).map(|()| interval)
}

pub(super) fn multiplier(text: &str) -> Result<f64, String> {
    let number = number(text)?;
    valid(RetryConfig::new().try_with_multiplier(number)).map(|()| number)
}

pub(super) fn randomization_factor(text: &str) -> Result<f64, String> {
    let number = number(text)?;
    valid(RetryConfig::new().try_with_randomization_factor(number)).map(|()| number)
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

/// The rule that was broken, without the name of the setting: the option says that.
fn valid(config: Result<RetryConfig, InvalidSetting>) -> Result<(), String> {
    config.map(drop).map_err(|invalid| invalid.to_string().replace(&format!("{} ", invalid.setting()), "it "))
}
