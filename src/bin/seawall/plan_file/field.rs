//! One value of the file, read as what it should be. What is wrong with it becomes a fault, and nothing is read.

use super::faults::{Fault, Faults, Span};
use super::table::{Table, list};
use crate::duration;
use crate::nearest::nearest;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeInteger, DeString, DeValue};

/// A value with its key and its place; `'p` is the place's name.
#[derive(Clone)]
pub(super) struct Field<'t, 'p> {
    pub(super) key: &'t str,
    pub(super) key_span: Span,
    pub(super) place: &'p str,
    pub(super) span: Span,
    value: &'t DeValue<'t>,
}

/// A text, a number or a truth value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar<'t> {
    Text(&'t str),
    Whole(i64),
    Fraction(f64),
    Truth(bool),
}

impl<'t, 'p> Field<'t, 'p> {
    pub(super) fn new(key: &'t Spanned<DeString<'t>>, value: &'t Spanned<DeValue<'t>>, place: &'p str) -> Self {
        Self { key: key.get_ref(), key_span: key.span(), place, span: value.span(), value: value.get_ref() }
    }

    /// A fault at the value: it must be `what`, and `why` it is not.
    pub(super) fn must_be(&self, what: impl Display, why: impl Into<String>) -> Fault {
        Fault::at(self.span.clone(), format!("`{}` in {} must be {what}", self.key, self.place)).label(why)
    }

    pub(super) fn text(&self, faults: &mut Faults) -> Option<&'t str> {
        self.expect("a string", faults, DeValue::as_str)
    }

    /// A text that may be given to the system, which ends a text at a NUL.
    pub(super) fn text_without_nul(&self, faults: &mut Faults) -> Option<&'t str> {
        let text = self.text(faults)?;
        self.valid(text, faults, !text.contains('\0'), "a string without NUL", "there is a NUL in it")
    }

    pub(super) fn duration(&self, faults: &mut Faults) -> Option<Duration> {
        const WHAT: &str = "a duration, such as \"30s\" or \"2min\"";
        let text = self.expect(WHAT, faults, DeValue::as_str)?;
        duration::parse(text).map_err(|reason| faults.add(self.must_be(WHAT, reason))).ok()
    }

    pub(super) fn positive_duration(&self, faults: &mut Faults) -> Option<Duration> {
        let duration = self.duration(faults)?;
        self.valid(duration, faults, !duration.is_zero(), "more than zero", "")
    }

    pub(super) fn whole<T: TryFrom<i128>>(&self, range: RangeInclusive<i128>, faults: &mut Faults) -> Option<T> {
        let what = format!("a whole number from {} to {}", range.start(), range.end());
        let integer = self.expect(&what, faults, DeValue::as_integer)?;
        let number =
            value_of(integer).filter(|number| range.contains(number)).and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            faults.add(self.must_be(what, if is_negative(integer) { "too small" } else { out_of(&range, integer) }));
        }
        number
    }

    /// A number for which `is_fine` holds: `what` says so in words.
    pub(super) fn number(&self, what: &str, is_fine: impl Fn(f64) -> bool, faults: &mut Faults) -> Option<f64> {
        let number = self.expect(what, faults, |value| match value {
            DeValue::Float(float) => float.as_str().parse().ok(),
            #[expect(
                clippy::cast_precision_loss,
                reason = "what is that large is out of every range here, or far within it"
            )]
            DeValue::Integer(integer) => Some(value_of(integer).map_or(f64::NAN, |number| number as f64)),
            _ => None,
        })?;
        self.valid(number, faults, is_fine(number), what, "")
    }

    pub(super) fn truth(&self, faults: &mut Faults) -> Option<bool> {
        self.expect("true or false", faults, DeValue::as_bool)
    }

    /// A value without parts.
    pub(super) fn scalar(&self, faults: &mut Faults) -> Option<Scalar<'t>> {
        if let DeValue::Integer(_) = self.value {
            return self.whole(i64::MIN.into()..=i64::MAX.into(), faults).map(Scalar::Whole);
        }
        self.expect("a string, a number, true or false", faults, |value| match value {
            DeValue::String(text) => Some(Scalar::Text(text)),
            DeValue::Float(float) => float.as_str().parse().ok().map(Scalar::Fraction),
            DeValue::Boolean(truth) => Some(Scalar::Truth(*truth)),
            _ => None,
        })
    }

    /// An amount of money, in US dollars.
    pub(super) fn dollars(&self, faults: &mut Faults) -> Option<f64> {
        self.number("a number of dollars of at least 0", |dollars| dollars.is_finite() && dollars >= 0.0, faults)
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)], faults: &mut Faults) -> Option<T> {
        let words = || choices.iter().map(|(word, _)| *word);
        let what = || format!("one of {}", list(words()));
        let word = self.expect(&what(), faults, DeValue::as_str)?;
        let choice = choices.iter().find(|(choice, _)| *choice == word).map(|(_, choice)| *choice);
        if choice.is_none() {
            faults.add(self.must_be(what(), none_of(word, &words().collect::<Vec<_>>())));
        }
        choice
    }

    /// The items of a list, each as a field of this one's name.
    pub(super) fn items(&self, what: &str, faults: &mut Faults) -> Option<Vec<Self>> {
        let list = self.expect(what, faults, DeValue::as_array)?;
        Some(list.iter().map(|item| Self { span: item.span(), value: item.get_ref(), ..self.clone() }).collect())
    }

    pub(super) fn texts(&self, what: &str, faults: &mut Faults) -> Option<Vec<(&'t str, Span)>> {
        let items = self.items(what, faults)?;
        Some(
            items
                .iter()
                .filter_map(|item| Some((item.expect(what, faults, DeValue::as_str)?, item.span.clone())))
                .collect(),
        )
    }

    /// The table, called `place`.
    pub(super) fn table(&self, what: &str, place: impl Into<String>, faults: &mut Faults) -> Option<Table<'t>> {
        let entries = self.expect(what, faults, DeValue::as_table)?;
        Some(Table::new(entries, self.span.clone(), place))
    }

    /// The table, called after its key and its place.
    pub(super) fn subtable(&self, what: &str, faults: &mut Faults) -> Option<Table<'t>> {
        self.table(what, format!("`{}` of {}", self.key, self.place), faults)
    }

    pub(super) fn as_text(&self) -> Option<&'t str> {
        self.value.as_str()
    }

    /// A fault that this should be `what`, and is of another type.
    pub(super) fn refuse(&self, what: &str, faults: &mut Faults) {
        faults.add(self.must_be(what, format!("this is {}", type_of(self.value))));
    }

    fn expect<T>(&self, what: &str, faults: &mut Faults, read: impl FnOnce(&'t DeValue<'t>) -> Option<T>) -> Option<T> {
        if !holds_tables(self.value) {
            faults.contain(&self.span);
        }
        let found = read(self.value);
        if found.is_none() {
            self.refuse(what, faults);
        }
        found
    }

    fn valid<T>(&self, value: T, faults: &mut Faults, is_valid: bool, what: &str, why: &str) -> Option<T> {
        if !is_valid {
            faults.add(self.must_be(what, why));
        }
        is_valid.then_some(value)
    }
}

/// Why `word` will not do, with the one of `words` that it may be meant to be.
pub(super) fn none_of(word: &str, words: &[&str]) -> String {
    let near = nearest(word, words).map(|near| format!("; did you mean `{near}`?"));
    format!("`{word}` is none of them{}", near.unwrap_or_default())
}

/// What is broken at a table may have broken its header, and so put its keys elsewhere.
fn holds_tables(value: &DeValue<'_>) -> bool {
    value.is_table() || value.as_array().is_some_and(|list| list.iter().any(|item| item.get_ref().is_table()))
}

/// `None` for what is too large for any use.
fn value_of(integer: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn is_negative(integer: &DeInteger<'_>) -> bool {
    integer.as_str().starts_with('-')
}

fn out_of(range: &RangeInclusive<i128>, integer: &DeInteger<'_>) -> &'static str {
    let is_small = value_of(integer).is_some_and(|number| number < *range.start());
    if is_small { "too small" } else { "too large" }
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
