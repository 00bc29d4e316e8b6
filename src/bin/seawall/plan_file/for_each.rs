//! `for_each`: what one task of the file is made many with.

mod glob;
mod item;
mod lines;

pub(crate) use item::Item;

use super::faults::{Fault, Faults};
use super::field::{Field, Scalar};
use super::table::{Table, list};
use std::path::Path;

/// What one `for_each` may give.
const MOST_ITEMS: usize = 1_000_000;

pub(super) use glob::{files, judge as judge_glob};

const KEYS: [&str; 5] = ["values", "lines", "glob", "range", "allow_empty"];
const SOURCES: [&str; 4] = ["values", "lines", "glob", "range"];

/// The tasks that one entry of the file stands for.
#[derive(Debug)]
pub(super) struct ForEach {
    /// `None` if they cannot be told; then there is a fault.
    pub(super) items: Option<Vec<Item>>,
}

impl ForEach {
    /// Relative paths begin at `folder`.
    pub(super) fn read(field: &Field<'_, '_>, folder: &Path, faults: &mut Faults) -> Self {
        let table = field.subtable("a table such as { values = [\"a\", \"b\"] }", faults);
        Self { items: table.and_then(|table| items_of(&table, folder, faults)) }
    }
}

fn items_of(table: &Table<'_>, folder: &Path, faults: &mut Faults) -> Option<Vec<Item>> {
    table.refuse_others(&KEYS, faults);
    let may_be_empty = table.field("allow_empty").and_then(|field| field.truth(faults)).unwrap_or(false);
    let source = source_of(table, faults)?;
    let items = match source.key {
        "values" => values(&source, faults),
        "range" => range(&source, faults),
        "lines" => found(&source, faults, |name| lines::items(&folder.join(name))),
        _ => found(&source, faults, |pattern| glob::items(pattern, folder)),
    }?;
    if items.is_empty() && !may_be_empty {
        let title = format!("`{}` in {} gives no item", source.key, source.place);
        let fault = Fault::at(source.span.clone(), title).label(why_none(source.key));
        faults.add(fault.help("`allow_empty = true` in the same table says that this may be"));
    }
    Some(items)
}

fn why_none(source: &str) -> &'static str {
    match source {
        "lines" => "the file has no line that is not empty",
        "glob" => "no file fits; what is hidden, and what is behind a link, is not looked at",
        "range" => "it ends before it begins",
        _ => "",
    }
}

/// The one key that says where the items come from.
fn source_of<'t, 'p>(table: &'p Table<'t>, faults: &mut Faults) -> Option<Field<'t, 'p>> {
    let mut sources = table.fields().into_iter().filter(|field| SOURCES.contains(&field.key));
    let Some(source) = sources.next() else {
        let title = format!("{} lacks {}", table.place, list(SOURCES).replace(" and ", " or "));
        faults.add_missing(Fault::at(table.span.clone(), title));
        return None;
    };
    let others: Vec<_> = sources.collect();
    if others.is_empty() {
        return Some(source);
    }
    let names = list(others.iter().map(|other| other.key));
    let title = format!("{} has `{}` beside {names}", table.place, source.key);
    let fault = Fault::at(source.key_span.clone(), title).label("one or the other");
    faults.add(others.into_iter().fold(fault, |fault, other| fault.other(other.key_span, "")));
    None
}

fn values(field: &Field<'_, '_>, faults: &mut Faults) -> Option<Vec<Item>> {
    let fields = field.items("a list of strings, numbers, true or false", faults)?;
    if fields.len() > MOST_ITEMS {
        faults.add(field.must_be("a list of items", too_many()));
        return None;
    }
    let items: Vec<Item> = fields.iter().filter_map(|field| value(field, faults)).collect();
    (items.len() == fields.len()).then_some(items)
}

fn value(field: &Field<'_, '_>, faults: &mut Faults) -> Option<Item> {
    Some(match field.scalar(faults)? {
        Scalar::Text(_) => Item::Text(field.text_without_nul(faults)?.into()),
        Scalar::Whole(number) => Item::Whole(number),
        Scalar::Fraction(number) => Item::Fraction(number),
        Scalar::Truth(truth) => Item::Truth(truth),
    })
}

fn range(field: &Field<'_, '_>, faults: &mut Faults) -> Option<Vec<Item>> {
    const WHAT: &str = "two whole numbers, the first and the last, such as [1, 100]";
    let fields = field.items(WHAT, faults)?;
    let [first, last] = fields.as_slice() else {
        faults.add(field.must_be(WHAT, format!("there are {}", fields.len())));
        return None;
    };
    let bounds = i128::from(i64::MIN)..=i128::from(i64::MAX);
    let (first, last) = (first.whole::<i64>(bounds.clone(), faults), last.whole::<i64>(bounds, faults));
    let (first, last) = (first?, last?);
    if i128::from(last) - i128::from(first) >= MOST_ITEMS as i128 {
        faults.add(field.must_be(WHAT, too_many()));
        return None;
    }
    Some((first..=last).map(Item::Whole).collect())
}

/// What a text of the plan leads to.
fn found(
    field: &Field<'_, '_>,
    faults: &mut Faults,
    look: impl FnOnce(&str) -> Result<Vec<Item>, String>,
) -> Option<Vec<Item>> {
    let text = field.text_without_nul(faults)?;
    let title = || format!("`{}` in {}: no items from `{text}`", field.key, field.place);
    look(text).map_err(|reason| faults.add(Fault::at(field.span.clone(), title()).label(reason))).ok()
}

fn too_many() -> String {
    format!("there are more than {MOST_ITEMS} items")
}
