//! `seawall run`, and `seawall demo`.

use crate::args::RunArgs;
use crate::exit_code::ExitCode;
use crate::plan_file::PlanFile;
use clap::ColorChoice;

/// Runs a plan file.
pub(crate) fn run(args: &RunArgs) -> ExitCode {
    match PlanFile::load(&args.plan) {
        Ok(_) => ExitCode::Success,
        Err(faults) => {
            faults.print();
            ExitCode::BadInput
        }
    }
}

/// Runs the built-in plan.
pub(crate) fn demo(_color: ColorChoice) -> ExitCode {
    ExitCode::Success
}
