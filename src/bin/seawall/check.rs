//! `seawall check`.

mod programs;
mod untold;

use crate::args::CheckArgs;
use crate::exit_code::ExitCode;
use crate::plan_file::{PlanFile, RunSettings};
use crate::streams;
use crate::visible::visible;
use seawall::ProcessGroups;
use std::time::Duration;

/// Says every fault of a plan; or, if there is none, what is in it.
pub(crate) fn check(args: &CheckArgs) -> ExitCode {
    let plan_file = match PlanFile::load(&args.plan) {
        Ok(plan_file) => plan_file,
        Err(faults) => return faults.print(),
    };
    if args.effective {
        return streams::print(&plan_file.effective());
    }
    if let Err(error) = judge(&plan_file) {
        streams::say_error(error);
        return ExitCode::BadInput;
    }
    for warning in programs::missing(&plan_file).into_iter().chain(untold::untold(&plan_file)) {
        streams::say_warning(warning);
    }
    streams::say(summary(&plan_file));
    ExitCode::Success
}

/// What the engine has to say about it, which should be nothing: a plan file has been judged by then.
fn judge(plan_file: &PlanFile) -> Result<(), seawall::Error> {
    let PlanFile { concurrency, schedule, .. } = *plan_file;
    let settings = RunSettings {
        concurrency,
        schedule,
        seed: 0,
        grace: Duration::ZERO,
        groups: ProcessGroups::new(),
        responses: None,
    };
    plan_file.runner(&settings)?.check(&plan_file.plan)
}

fn summary(plan_file: &PlanFile) -> String {
    let PlanFile { name, plan, .. } = plan_file;
    let name = if name == "-" { "<stdin>".into() } else { visible(name) };
    let backends = plan_file.used_backends();
    let names: Vec<String> =
        backends.iter().map(|backend| format!("{} ({})", visible(&backend.name), backend.kind.word())).collect();
    let (tasks, waves) = (count(plan.len(), "task"), count(plan.waves().count(), "wave"));
    format!("{name}: no faults; {tasks} in {waves} on {}: {}", count(backends.len(), "backend"), names.join(", "))
}

fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
