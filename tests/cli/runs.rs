//! Runs of the program from their beginning to their end.

use crate::program::{Ended, Folder, Running};

pub(crate) trait Runs {
    /// Runs the program.
    fn run(&self, args: &[&str]) -> Ended;

    /// Runs `plan.toml` with a report in `report.json`.
    fn run_plan(&self, options: &[&str]) -> Ended;
}

impl Runs for Folder {
    fn run(&self, args: &[&str]) -> Ended {
        self.end(Running::start(self.program(args)))
    }

    fn run_plan(&self, options: &[&str]) -> Ended {
        self.run(&[&["run", "plan.toml", "--report-json", "report.json"], options].concat())
    }
}
