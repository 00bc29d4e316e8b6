//! Backends of kind `simulated`: answers, latencies and faults that are made up.

use crate::plan_file::faults::{Fault, Faults};
use crate::plan_file::field::Field;
use crate::plan_file::table::Table;
use std::sync::Arc;
use std::time::Duration;

pub(super) const KEYS: [&str; 7] =
    ["latency", "fail_rate", "fail_first", "down", "panic_rate", "hang_rate", "response"];

/// How it behaves.
#[derive(Debug, Default)]
pub(crate) struct Simulated {
    pub(crate) latency: Latency,
    pub(crate) fail_rate: f64,
    pub(crate) fail_first: u32,
    pub(crate) down: Option<(Duration, Duration)>,
    pub(crate) panic_rate: f64,
    pub(crate) hang_rate: f64,
    pub(crate) response: Option<Arc<str>>,
}

/// How long an attempt takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Latency {
    Fixed(Duration),
    Spread { median: Duration, p99: Duration },
}

impl Default for Latency {
    fn default() -> Self {
        Self::Fixed(Duration::ZERO)
    }
}

impl Simulated {
    pub(super) fn read(table: &Table<'_>, faults: &mut Faults) -> Self {
        let rate = |key, faults: &mut Faults| {
            let is_rate = |number| (0.0..=1.0).contains(&number);
            table.field(key).and_then(|field| field.number("a number from 0 to 1", is_rate, faults)).unwrap_or_default()
        };
        Self {
            latency: table.field("latency").and_then(|field| latency_of(&field, faults)).unwrap_or_default(),
            fail_rate: rate("fail_rate", faults),
            fail_first: table
                .field("fail_first")
                .and_then(|field| field.whole(0..=u32::MAX.into(), faults))
                .unwrap_or_default(),
            down: table.field("down").and_then(|field| down_of(&field, faults)),
            panic_rate: rate("panic_rate", faults),
            hang_rate: rate("hang_rate", faults),
            response: table.field("response").and_then(|field| field.text(faults)).map(Into::into),
        }
    }
}

fn latency_of(field: &Field<'_, '_>, faults: &mut Faults) -> Option<Latency> {
    const WHAT: &str = "a duration, or a table such as { median = \"20ms\", p99 = \"200ms\" }";
    if field.as_text().is_some() {
        return field.duration(faults).map(Latency::Fixed);
    }
    let table = field.subtable(WHAT, faults)?;
    table.refuse_others(&["median", "p99"], faults);
    for key in ["median", "p99"].into_iter().filter(|key| !table.has(key)) {
        faults.add_missing(Fault::at(table.span.clone(), format!("{} lacks `{key}`", table.place)));
    }
    let median = table.field("median").and_then(|field| field.positive_duration(faults));
    let p99 = table.field("p99").and_then(|field| field.duration(faults));
    let (median, p99) = (median?, p99?);
    if p99 < median {
        faults.add(field.must_be("a table whose `p99` is not below its `median`", ""));
    }
    Some(Latency::Spread { median, p99 })
}

fn down_of(field: &Field<'_, '_>, faults: &mut Faults) -> Option<(Duration, Duration)> {
    const WHAT: &str = "two durations, from and to, such as [\"2s\", \"5s\"]";
    let items = field.items(WHAT, faults)?;
    let [from, to] = items.as_slice() else {
        faults.add(field.must_be(WHAT, format!("there are {}", items.len())));
        return None;
    };
    let (from, to) = (from.duration(faults), to.duration(faults));
    let (from, to) = (from?, to?);
    if to <= from {
        faults.add(field.must_be(WHAT, "it ends before it has begun"));
    }
    Some((from, to))
}
