//! A table of the file, and what each of its keys may hold.

use super::faults::{Fault, Faults, Span};
use super::field::Field;
use super::homes::home_of;
use crate::nearest::nearest;
use toml::de::DeTable;

/// A table, with its place as people call it.
pub(super) struct Table<'t> {
    entries: &'t DeTable<'t>,
    /// Of its header, or of the braces and what is within.
    pub(super) span: Span,
    /// As in "`timeout` in task `design`".
    pub(super) place: String,
}

impl<'t> Table<'t> {
    pub(super) fn new(entries: &'t DeTable<'t>, span: Span, place: impl Into<String>) -> Self {
        Self { entries, span, place: place.into() }
    }

    /// What `key` holds, if it is there.
    pub(super) fn field(&self, key: &str) -> Option<Field<'t, '_>> {
        let (key, value) = self.entries.get_key_value(key)?;
        Some(Field::new(key, value, &self.place))
    }

    /// Everything that is there, in file order.
    pub(super) fn fields(&self) -> Vec<Field<'t, '_>> {
        let mut fields: Vec<_> = self.entries.iter().map(|(key, value)| Field::new(key, value, &self.place)).collect();
        fields.sort_by_key(|field| field.key_span.start);
        fields
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// A fault for each key that is none of `known`.
    pub(super) fn refuse_others(&self, known: &[&str], faults: &mut Faults) {
        self.refuse_others_but(known, &[], faults);
    }

    /// A fault for each key that is none of `known`, and none of `told`, for which there is a fault already.
    pub(super) fn refuse_others_but(&self, known: &[&str], told: &[&str], faults: &mut Faults) {
        for field in self.fields() {
            if !known.contains(&field.key) && !told.contains(&field.key) {
                let fault = unknown(&field);
                let fault = if faults.suggestions.is_next() { suggested(fault, &field, known) } else { fault };
                faults.add(fault);
            }
        }
    }
}

fn unknown(field: &Field<'_, '_>) -> Fault {
    Fault::at(field.key_span.clone(), format!("unknown key `{}` in {}", field.key, field.place))
}

fn suggested(fault: Fault, field: &Field<'_, '_>, known: &[&str]) -> Fault {
    let home = home_of(field.key);
    match (nearest(field.key, known), home) {
        (_, Some((key, place))) if key == field.key => fault.label(format!("it belongs to {place}")),
        (Some(key), _) => fault.label(format!("did you mean `{key}`?")),
        (None, Some((key, place))) => fault.label(format!("did you mean `{key}`? it belongs to {place}")),
        (None, None) => fault.help(format!("what may be in {}: {}", field.place, list(known))),
    }
}

/// `` `a`, `b` and `c` ``
pub(super) fn list<T: std::fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}
