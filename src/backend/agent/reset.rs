//! The delay, or the time of a reset, that an agent's words name.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, ZonedDateTime};
use std::time::Duration;

/// A time that was named and has passed by no more than this is due; by more, it is tomorrow's.
const JUST_PASSED: Duration = Duration::from_secs(15 * 60);

/// How long after `now` the words ask to wait, if they do. Times are those of `now`'s zone, unless they name another one.
pub(super) fn delay(words: &str, now: &ZonedDateTime) -> Option<Duration> {
    let lower = words.to_ascii_lowercase();
    after_any(&lower, &["try again in ", "retry after ", "retry in ", "resets in ", "reset in "])
        .find_map(length)
        .or_else(|| after_any(&lower, &["limit reached|"]).find_map(|rest| until_second(rest, now)))
        .or_else(|| {
            after_any(&lower, &["try again at ", "resets at ", "resets "]).find_map(|rest| until(rest, words, now))
        })
}

/// What follows each of these.
fn after_any<'w>(words: &'w str, starts: &[&'static str]) -> impl Iterator<Item = &'w str> {
    let rest = |start: &&'static str| words.match_indices(*start).map(|(at, found)| &words[at + found.len()..]);
    starts.iter().flat_map(rest).collect::<Vec<_>>().into_iter()
}

/// `1.5s`, `28ms`, `2m30s`, `2 hours 5 minutes`; a bare number is seconds.
fn length(rest: &str) -> Option<Duration> {
    let mut sum = None;
    let mut rest = rest;
    loop {
        rest = rest.trim_start_matches([' ', ',']).trim_start_matches("and ");
        let digits = rest.len() - rest.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.').len();
        let Ok(number) = rest[..digits].trim_end_matches('.').parse::<f64>() else { return sum };
        let word = rest[digits..].trim_start_matches(' ');
        let letters = word.len() - word.trim_start_matches(char::is_alphabetic).len();
        let seconds = number * unit(&word[..letters])?;
        let length = Duration::try_from_secs_f64(seconds).ok()?;
        sum = Some(sum.unwrap_or(Duration::ZERO).saturating_add(length));
        rest = &word[letters..];
    }
}

/// In seconds.
fn unit(word: &str) -> Option<f64> {
    Some(match word {
        "ms" | "millisecond" | "milliseconds" => 0.001,
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86400.0,
        _ => return None,
    })
}

/// Until a second since 1970.
fn until_second(rest: &str, now: &ZonedDateTime) -> Option<Duration> {
    let digits = rest.split(|char: char| !char.is_ascii_digit()).next()?;
    let second: i64 = digits.parse().ok()?;
    Some(Duration::from_secs(u64::try_from(second.saturating_sub(now.timestamp().as_second())).unwrap_or(0)))
}

/// Until a time of day, maybe with a date before it and a zone behind it: `12:16 PM.`, `3pm (Europe/Berlin)`,
/// `Feb 3rd, 2026 9:00 AM`. `words`: in the case in which they were said, for the zone.
fn until(rest: &str, words: &str, now: &ZonedDateTime) -> Option<Duration> {
    let moment = Moment::read(rest)?;
    let now = in_zone_of(rest, words, now)?;
    let at = moment.next(&now)?;
    Some(Duration::try_from(at.duration_since(&now)).unwrap_or(Duration::ZERO))
}

/// `now`, in the zone that is named in parentheses, if there are some; `None`, if nobody knows it.
fn in_zone_of(rest: &str, words: &str, now: &ZonedDateTime) -> Option<ZonedDateTime> {
    let Some((name, _)) = rest.split_once(" (").and_then(|(_, name)| name.split_once(')')) else {
        return Some(now.clone());
    };
    let at = words.to_ascii_lowercase().find(name)?;
    let zone = TimeZone::get(words.get(at..at + name.len())?).ok()?;
    Some(now.with_time_zone(zone))
}

/// A time of day, and a day if one was named.
#[derive(Debug, Default)]
struct Moment {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    time: Option<Time>,
}

impl Moment {
    fn read(rest: &str) -> Option<Self> {
        const MOST_WORDS: usize = 6;
        let mut moment = Self::default();
        let words: Vec<&str> = rest.split([' ', ',', '\n']).filter(|word| !word.is_empty()).take(MOST_WORDS).collect();
        for (at, word) in words.iter().enumerate() {
            let word = word.trim_end_matches('.');
            let half =
                words.get(at + 1).map(|half| half.trim_end_matches('.')).filter(|half| ["am", "pm"].contains(half));
            if let Some(time) = time(word, half) {
                moment.time = Some(time);
                break;
            }
            moment.take(word)?;
        }
        moment.time?;
        Some(moment)
    }

    /// A word of a date. `None`: it is none, and what follows is no moment.
    fn take(&mut self, word: &str) -> Option<()> {
        const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        if let Some(month) = MONTHS.iter().zip(1..).find(|(name, _)| word.starts_with(**name)) {
            self.month = Some(month.1);
        } else if let Ok(year @ 1970..) = word.parse() {
            self.year = Some(year);
        } else if let Ok(day) = word.trim_end_matches(char::is_alphabetic).parse() {
            self.day = Some(day);
        } else if word != "at" {
            return None;
        }
        Some(())
    }

    fn next(&self, now: &ZonedDateTime) -> Option<ZonedDateTime> {
        let time = self.time?;
        let on = |date: Date| date.to_datetime(time).to_zoned_datetime(now.time_zone().clone()).ok();
        let has_passed = |at: &ZonedDateTime| *at < now.checked_sub(JUST_PASSED).unwrap_or_else(|_| now.clone());
        let (Some(month), Some(day)) = (self.month, self.day) else {
            let today = on(now.date())?;
            return if has_passed(&today) { on(now.date().tomorrow().ok()?) } else { Some(today) };
        };
        let date = Date::new(self.year.unwrap_or(now.year()), month, day).ok()?;
        let at = on(date)?;
        if self.year.is_none() && has_passed(&at) { on(date.checked_add(Span::new().years(1)).ok()?) } else { Some(at) }
    }
}

/// `12:15pm`, `3pm`, `15:30`; `half` is a word behind it, `am` or `pm`.
fn time(word: &str, half: Option<&str>) -> Option<Time> {
    let (clock, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some("am")),
        (_, Some(clock)) => (clock, Some("pm")),
        _ => (word, half),
    };
    let (hour, minute) = match clock.split_once(':') {
        Some((hour, minute)) => (hour, minute.split(':').next()?.parse::<i8>().ok()?),
        None if half.is_some() => (clock, 0),
        None => return None,
    };
    let hour: i8 = hour.parse().ok()?;
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("pm") => hour % 12 + 12,
        Some(_) => hour % 12,
        None => hour,
    };
    Time::new(hour, minute, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> ZonedDateTime {
        "2026-01-31T11:30:00+00:00[UTC]".parse().unwrap()
    }

    fn secs(words: &str) -> Option<u64> {
        delay(words, &now()).map(|delay| delay.as_secs())
    }

    #[test]
    fn a_length_is_read_as_it_is_said() {
        assert_eq!(delay("Please try again in 1.5s.", &now()), Some(Duration::from_millis(1500)));
        assert_eq!(delay("try again in 28ms", &now()), Some(Duration::from_millis(28)));
        assert_eq!(secs("Try again in 2 hours 5 minutes."), Some(7500));
        assert_eq!(secs("try again in 3 days, 4 hours and 5 minutes or later"), Some(3 * 86400 + 4 * 3600 + 300));
        assert_eq!((secs("try again in 2m30s"), secs("retry after 30")), (Some(150), Some(30)));
        assert_eq!((secs("try again in a moment"), secs("retry in 3 parsecs"), secs("")), (None, None, None));
    }

    #[test]
    fn a_time_of_day_is_the_next_one() {
        assert_eq!(secs("You've hit your 5-hour limit · resets 12:15pm (UTC)"), Some(45 * 60));
        assert_eq!(secs("purchase more credits or try again at 12:16 PM."), Some(46 * 60));
        assert_eq!(secs("resets 3pm (Europe/Berlin)"), Some(2 * 3600 + 30 * 60), "14:00 in UTC");
        assert_eq!(secs("resets 9am"), Some(21 * 3600 + 30 * 60), "tomorrow");
        assert_eq!(secs("resets at 15:30"), Some(4 * 3600));
        assert_eq!(secs("resets 12am (UTC)"), Some(12 * 3600 + 30 * 60));
    }

    #[test]
    fn one_that_has_just_passed_is_due() {
        assert_eq!(secs("resets 11:29am (UTC)"), Some(0));
        assert_eq!(secs("Claude AI usage limit reached|1769857200"), Some(0));
    }

    #[test]
    fn a_date_before_it_is_that_day() {
        assert_eq!(secs("try again at Feb 3rd, 2026 11:30 AM."), Some(3 * 86400));
        assert_eq!(secs("resets Feb 1, 12:30pm (UTC)"), Some(25 * 3600));
        assert_eq!(secs("Claude AI usage limit reached|1769862600"), Some(3600));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for words in
            ["resets soon", "resets 25:00", "resets 13pm", "try again at the office 3pm", "resets 3pm (Nowhere/No)"]
        {
            assert_eq!(secs(words), None, "{words}");
        }
    }

    proptest! {
        #[test]
        fn no_words_are_too_strange(words in proptest::collection::vec(proptest::sample::select(vec![
            "try again in ", "try again at ", "resets ", "limit reached|", "1.5", "99999999999999999999", "s", "h", "days",
            "12:60pm", "11:59", "am", "Feb ", "30th", "2026", " (UTC)", " (", ")", "é", "’", "\n", "-", ".", ":", ", ",
        ]), 0..12)) {
            let _ = delay(&words.concat(), &now());
        }
    }
}
