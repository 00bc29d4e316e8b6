//! What tasks a plan has, and who waits for whom: all that a journal keeps of it.
//!
//! Runs of the same plan share it, found by its hash. Prompts are no part of it.

use super::file::invalid;
use super::fingerprint::ContentHash;
use super::schema::io_error;
use crate::plan::{FailureMode, Plan, Task};
use crate::sync::Arc;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use std::io;

/// The shape of a plan.
pub(super) struct PlanRow {
    pub(super) hash: [u8; 16],
    pub(super) tasks: String,
}

/// One task of it, in short.
#[derive(Serialize, Deserialize)]
struct TaskRow {
    id: String,
    backend: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    after: Vec<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    writes: Vec<String>,
}

const MODES: [(&str, FailureMode); 2] = [("soft", FailureMode::Soft), ("skip", FailureMode::Skip)];

impl PlanRow {
    pub(super) fn of<Q>(plan: &Plan<Q>) -> Self {
        let row = |(place, task): (u32, &Task<Q>)| TaskRow {
            id: task.id().to_string(),
            backend: task.backend().to_owned(),
            after: plan.graph().dependencies(place).to_vec(),
            mode: MODES.iter().find(|(_, mode)| *mode == task.mode()).map(|(word, _)| (*word).to_owned()),
            writes: task.resources().iter().map(ToString::to_string).collect(),
        };
        let tasks: Vec<TaskRow> = (0..).zip(plan.tasks()).map(row).collect();
        let tasks = serde_json::to_string(&tasks).unwrap_or_default();
        Self { hash: ContentHash::of([tasks.as_bytes()]).bytes(), tasks }
    }
}

/// The plan of a run, without its requests: enough to say who waited for whom, in which wave each task was, and what its failure
/// meant.
pub(super) fn plan_of(connection: &Connection, plan: i64) -> io::Result<Plan<()>> {
    let sql = "SELECT tasks FROM plans WHERE plan = ?";
    let text: Option<String> = connection.query_row(sql, [plan], |row| row.get(0)).optional().map_err(io_error)?;
    let rows: Vec<TaskRow> = serde_json::from_str(&text.unwrap_or_default())?;
    let id_of = |place: &u32| rows.get(*place as usize).map(|row| row.id.clone());
    let tasks = rows.iter().map(|row| {
        let mode = row.mode.as_ref().and_then(|mode| MODES.iter().find(|(word, _)| word == mode));
        Task::for_request(row.id.clone(), row.backend.clone(), ())
            .after(row.after.iter().filter_map(id_of))
            .failure_mode(mode.map_or(FailureMode::Hard, |(_, mode)| *mode))
            .writes(row.writes.iter().map(|name| Arc::from(&**name)))
    });
    Plan::builder().tasks(tasks).build().map_err(|error| invalid(format!("it is damaged: {error}")))
}
