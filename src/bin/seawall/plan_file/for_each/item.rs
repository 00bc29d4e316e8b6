//! One item of a `for_each`.

use crate::plan_file::toml_text;
use minijinja::Value;
use std::sync::Arc;

/// A text, a number or a truth value, as the plan has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Text(Arc<str>),
    Whole(i64),
    Fraction(f64),
    Truth(bool),
}

impl Item {
    /// As scripts and prompts have it.
    pub(crate) fn text(&self) -> Arc<str> {
        match self {
            Self::Text(text) => Arc::clone(text),
            Self::Truth(truth) => truth.to_string().into(),
            Self::Whole(_) | Self::Fraction(_) => self.value().to_string().into(),
        }
    }

    /// As an expression in a prompt has it.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(Arc::clone(text)),
            Self::Whole(number) => Value::from(*number),
            Self::Fraction(number) => Value::from(*number),
            Self::Truth(truth) => Value::from(*truth),
        }
    }

    /// What TOML calls its type. An expression may ask for it, so that `1` and `"1"` are two items.
    pub(crate) fn type_word(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::Whole(_) => "integer",
            Self::Fraction(_) => "float",
            Self::Truth(_) => "boolean",
        }
    }

    /// As a plan has it.
    pub(crate) fn toml(&self) -> String {
        match self {
            Self::Text(text) => toml_text::string(text),
            Self::Whole(number) => number.to_string(),
            Self::Fraction(number) if number.is_nan() => "nan".to_owned(),
            Self::Fraction(number) => format!("{number:?}"),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Item;

    #[test]
    fn items_that_are_no_texts_are_as_they_are_written() {
        let items = [Item::Whole(-7), Item::Fraction(0.5), Item::Fraction(2.0), Item::Truth(true)];
        assert_eq!(
            items.map(|item| (item.text().to_string(), item.toml())),
            ["-7", "0.5", "2.0", "true"].map(|text| (text.to_owned(), text.to_owned()))
        );
    }
}
