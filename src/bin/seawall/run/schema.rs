//! The schemas of what a run writes, from the very types that are written.

use super::event_json::Line;
use super::report_json::Document;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

/// Of `--report-json`.
pub(crate) fn of_report() -> Schema {
    of::<Document<'static>>("A report of seawall")
}

/// Of one line of `--events`.
pub(crate) fn of_events() -> Schema {
    of::<Line<'static>>("An event of seawall: one line")
}

fn of<T: JsonSchema>(title: &str) -> Schema {
    let mut schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>();
    schema.insert("title".into(), title.into());
    schema
}
