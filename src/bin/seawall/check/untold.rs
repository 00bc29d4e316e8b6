//! What a plan asks for, and some of its programs cannot be told, or do not tell.

use crate::plan_file::PlanFile;
use crate::plan_file::backend::{Backend, Kind};
use crate::visible::visible;

/// A sentence for each.
pub(super) fn untold(plan_file: &PlanFile) -> Vec<String> {
    let used = plan_file.used_backends();
    let costs = used.iter().filter(|backend| plan_file.max_cost.is_some() && !tells_costs(backend)).map(|backend| {
        let (name, kind) = (visible(&backend.name), backend.kind.word());
        format!("backend `{name}` ({kind}) gives no cost: its calls count as nothing towards `max_cost` of [run]")
    });
    let retries = used.iter().filter(|backend| keeps_own_retries(backend)).map(|backend| {
        let name = visible(&backend.name);
        format!("backend `{name}`: `own_retries` is told to codex for a provider that `extra_args` name, as in [\"-c\", \"model_provider=mine\"]; there is none, so it keeps its own")
    });
    costs.chain(retries).collect()
}

/// A script costs nothing, and neither does what is made up.
fn tells_costs(backend: &Backend) -> bool {
    match &backend.kind {
        Kind::Agent(agent) => agent.maker.tells_costs(),
        Kind::Command(_) => !backend.is_declared(),
        Kind::Http(_) => false,
        Kind::Simulated(_) => true,
    }
}

fn keeps_own_retries(backend: &Backend) -> bool {
    matches!(&backend.kind, Kind::Agent(agent) if agent.keeps_own_retries())
}
