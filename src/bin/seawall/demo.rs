//! What can be watched without anything of one's own: the built-in plan, and a built-in load.

pub(crate) mod load;
mod saturating;

use crate::exit_code::ExitCode;
use crate::streams;

/// The name of the demo's plan, where a file's would be.
pub(crate) const NAME: &str = "demo";

/// The plan.
pub(crate) const PLAN: &str = include_str!("demo/plan.toml");

/// `seawall demo --print`.
pub(crate) fn print() -> ExitCode {
    streams::print(PLAN)
}

#[cfg(test)]
mod tests {
    use super::{NAME, PLAN};
    use crate::plan_file::PlanFile;
    use std::path::Path;

    #[test]
    fn the_plan_has_no_faults_and_a_seed() {
        let plan_file = PlanFile::parse(NAME, PLAN, Path::new("")).unwrap();
        assert!(plan_file.seed.is_some());
    }
}
