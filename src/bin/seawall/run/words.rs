//! The fixed words of reports and events, for their schemas: the library's own lists of what it may say.

use schemars::{Schema, SchemaGenerator, json_schema};
use seawall::{AttemptResult, CircuitState, Failure, Schedule, Status, Wait};

pub(crate) fn statuses(_: &mut SchemaGenerator) -> Schema {
    one_of(&Status::ALL.map(Status::as_str))
}

pub(crate) fn failure_kinds(_: &mut SchemaGenerator) -> Schema {
    one_of(&Failure::KINDS)
}

pub(crate) fn results(_: &mut SchemaGenerator) -> Schema {
    one_of(&AttemptResult::WORDS)
}

pub(crate) fn states(_: &mut SchemaGenerator) -> Schema {
    one_of(&CircuitState::ALL.map(CircuitState::as_str))
}

pub(crate) fn waits(_: &mut SchemaGenerator) -> Schema {
    one_of(&Wait::ALL.map(Wait::as_str))
}

pub(crate) fn schedules(_: &mut SchemaGenerator) -> Schema {
    one_of(&[Schedule::Waves, Schedule::Eager].map(Schedule::as_str))
}

fn one_of(words: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": words })
}
