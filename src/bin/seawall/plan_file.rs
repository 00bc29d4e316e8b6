//! A plan file: what it says, judged whole.

pub(crate) mod backend;
mod backends;
mod breaker;
mod display;
mod drawn;
mod effective;
mod faults;
mod field;
mod for_each;
mod homes;
mod informed;
mod lines;
mod literal;
mod masked;
mod mended;
mod name;
mod names;
mod places;
mod prompts;
mod read;
mod retry;
mod runner;
mod schema;
mod size;
mod source;
mod spread;
mod syntax;
mod table;
mod task;
mod template;
#[cfg(test)]
mod tests;
mod toml_text;

pub(crate) use schema::schema;

use crate::exit_code::ExitCode;
use crate::response_files::ResponseFiles;
use crate::streams;
use crate::visible::visible;
use backend::Backend;
use backends::Backends;
use breaker::BreakerKeys;
use faults::Fault;
use for_each::Item;
use retry::RetryKeys;
use seawall::{Plan, ProcessGroups, RetryConfig, Schedule, TaskId};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use template::Templates;

/// How many places of one fault are shown.
const MOST_PLACES: usize = 8;

/// The words for schedules.
const SCHEDULES: [(&str, Schedule); 2] = [("waves", Schedule::Waves), ("eager", Schedule::Eager)];

/// A plan that has no faults.
#[derive(Debug)]
pub(crate) struct PlanFile {
    /// As given on the command line: `-` for standard input; `demo` for the demo.
    pub(crate) name: String,
    pub(crate) plan: Arc<Plan>,
    pub(crate) concurrency: usize,
    pub(crate) schedule: Schedule,
    pub(crate) seed: Option<u64>,
    /// What all calls together may cost, in US dollars.
    pub(crate) max_cost: Option<f64>,
    retry: RetryKeys,
    breaker: BreakerKeys,
    backends: Backends,
    /// One for each entry of the file.
    overrides: Vec<Overrides>,
    /// `None` if no prompt is one.
    templates: Option<Arc<Templates>>,
}

/// What a task says for itself alone.
#[derive(Debug)]
struct Overrides {
    retry: Option<RetryConfig>,
    timeout: Option<Duration>,
    writes: Vec<Arc<str>>,
    /// Whether what looks like a template in its prompt is none.
    is_plain: bool,
    /// What it waits for as the file has it, where that is not what its task says.
    after: Option<Vec<TaskId>>,
    /// What there is once for all of its tasks, if a `for_each` makes them.
    many: Option<Many>,
}

/// The tasks of a `for_each`, one an item.
#[derive(Debug)]
struct Many {
    /// With the name of all.
    task: seawall::Task,
    items: Arc<[Item]>,
}

/// What a run is made with, once the command line has had its say.
#[derive(Debug)]
pub(crate) struct RunSettings {
    pub(crate) concurrency: usize,
    pub(crate) schedule: Schedule,
    pub(crate) seed: u64,
    pub(crate) grace: Duration,
    pub(crate) groups: ProcessGroups,
    /// Where programs find responses, if any does.
    pub(crate) responses: Option<Arc<ResponseFiles>>,
}

/// Every fault of a plan file, with its place.
#[derive(Debug)]
pub(crate) struct PlanFaults {
    /// With styles.
    shown: String,
}

impl PlanFile {
    /// Reads and judges a file; `-` is standard input.
    pub(crate) fn load(path: &Path) -> Result<Self, PlanFaults> {
        let is_stdin = path == "-";
        let bytes = if is_stdin { source::read_stdin() } else { source::read_file(path) };
        let name = path.to_string_lossy();
        let bytes = bytes.map_err(|error| PlanFaults::unreadable(&name, &source::reason(path, &error)))?;
        let (text, faults) = source::decode(&bytes).map_err(|reason| PlanFaults::unreadable(&name, &reason))?;
        let folder = if is_stdin || source::is_of_the_system(path) { None } else { path.parent() };
        read::read(&name, &text, folder.unwrap_or(Path::new("")), faults)
    }

    /// Judges a text. Relative paths in it begin at `folder`.
    pub(crate) fn parse(name: &str, text: &str, folder: &Path) -> Result<Self, PlanFaults> {
        read::read(name, text, folder, Vec::new())
    }

    /// The backends that the plan uses (what they fall back to included) and that have a breaker, in a stable order.
    pub(crate) fn breaker_kinds(&self) -> Vec<&str> {
        let used = self.used_backends().into_iter();
        used.filter(|backend| backend.breaker.is_some()).map(|backend| &*backend.name).collect()
    }

    /// The backends that the plan uses, what they fall back to included.
    pub(crate) fn used_backends(&self) -> Vec<&Backend> {
        self.backends.reached_from(self.plan.tasks().iter().map(seawall::Task::backend))
    }
}

impl PlanFaults {
    fn new(name: &str, text: &str, faults: &[Fault]) -> Self {
        Self { shown: display::display(name, text, faults).trim_end().to_owned() }
    }

    fn unreadable(name: &str, reason: &dyn fmt::Display) -> Self {
        let name = if name == "-" { "standard input".into() } else { visible(name) };
        Self { shown: streams::error(format_args!("failed to read {name}: {reason}")) }
    }

    /// Shows them on standard error.
    pub(crate) fn print(&self) -> ExitCode {
        streams::say(self);
        ExitCode::BadInput
    }
}

impl fmt::Display for PlanFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
