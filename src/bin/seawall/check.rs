//! `seawall check`.

mod programs;

use crate::args::CheckArgs;
use crate::exit_code::ExitCode;
use crate::plan_file::PlanFile;
use crate::streams;
use crate::visible::visible;

/// Says every fault of a plan; or, if there is none, what is in it.
pub(crate) fn check(args: &CheckArgs) -> ExitCode {
    let plan_file = match PlanFile::load(&args.plan) {
        Ok(plan_file) => plan_file,
        Err(faults) => return faults.print(),
    };
    if args.effective {
        return streams::print(&plan_file.effective());
    }
    for missing in programs::missing(&plan_file) {
        streams::say_warning(missing);
    }
    streams::say(summary(&plan_file));
    ExitCode::Success
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
