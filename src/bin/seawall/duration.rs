//! Durations as people write them: `100ms`, `30s`, `1h 30min`.

use std::time::Duration;

/// The duration that `text` says. The error is a phrase about what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let mut sum = None;
    for term in terms(text) {
        // `humantime` reads `0` without a unit, and no other number.
        let term = if term.trim() == "0" { "00" } else { term };
        let term = humantime::parse_duration(term).map_err(|error| reason(&error, text))?;
        sum = Some(sum.unwrap_or(Duration::ZERO).checked_add(term).ok_or("too long")?);
    }
    sum.ok_or_else(|| "empty".to_owned())
}

/// As [`parse`] reads it.
pub(crate) fn format(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// Each number with its unit. They are read one by one since `humantime` panics where a sum of them is just too large.
fn terms(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim_start();
    std::iter::from_fn(move || {
        let unit = rest.find(char::is_alphabetic).unwrap_or(rest.len());
        let end = rest[unit..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |next| unit + next);
        let (term, after) = rest.split_at(end);
        rest = after;
        (!term.is_empty()).then_some(term)
    })
}

fn reason(error: &humantime::DurationError, text: &str) -> String {
    use humantime::DurationError as E;
    match error {
        _ if text.trim_start().starts_with('-') => format!("`{text}` is negative"),
        E::UnknownUnit { unit, value, .. } if unit.is_empty() => {
            format!("the unit is missing: `{value}s`, `{value}ms`?")
        }
        E::UnknownUnit { unit, .. } => format!("there is no unit `{unit}`; there are ns, us, ms, s, min, h, days"),
        E::NumberOverflow => "too long, or finer than a nanosecond".to_owned(),
        E::Empty => "empty".to_owned(),
        E::InvalidCharacter(_) | E::NumberExpected(_) => format!("`{text}` is no number with a unit"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_durations_in_many_ways() {
        let ms = |text| parse(text).map(|duration| duration.as_millis());
        assert_eq!(ms("100ms"), Ok(100));
        assert_eq!(ms(" 2min"), Ok(120_000));
        assert_eq!(ms("1h 30m 5s"), Ok(5_405_000));
        assert_eq!(ms("1m30s"), Ok(90_000));
        assert_eq!(ms("1.5s"), Ok(1_500));
        assert_eq!(ms("0s"), Ok(0));
    }

    #[test]
    fn what_is_no_duration_is_refused_with_a_reason() {
        let reason = |text| parse(text).unwrap_err();
        assert_eq!(reason("10 parsecs"), "there is no unit `parsecs`; there are ns, us, ms, s, min, h, days");
        assert_eq!(reason("10"), "the unit is missing: `10s`, `10ms`?");
        assert_eq!(reason("0"), "the unit is missing: `0s`, `0ms`?");
        assert_eq!(reason("1s 0"), "the unit is missing: `0s`, `0ms`?");
        assert_eq!(reason("-5s"), "`-5s` is negative");
        assert_eq!(reason(""), "empty");
        assert_eq!(reason("  "), "empty");
        assert_eq!(reason("soon"), "`soon` is no number with a unit");
        assert_eq!(reason("1,5s"), "`1,5s` is no number with a unit");
        assert_eq!(reason("99999999999999999999s"), "too long, or finer than a nanosecond");
        assert_eq!(reason("18446744073709551615s 1000ms"), "too long");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for duration in [
            Duration::ZERO,
            Duration::from_nanos(1),
            Duration::from_millis(90_061_001),
            Duration::from_secs(u64::MAX / 3),
        ] {
            assert_eq!(parse(&format(duration)), Ok(duration));
        }
    }
}
