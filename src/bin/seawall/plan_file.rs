//! A plan file: what it says, judged whole.

pub(crate) mod backend;
mod backends;
mod breaker;
mod display;
mod drawn;
mod effective;
mod faults;
mod field;
mod fingerprint;
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
mod suggestions;
mod syntax;
mod table;
mod task;
mod template;
#[cfg(test)]
mod tests;
mod toml_text;
mod unnamed;

pub(crate) use schema::schema;

use crate::exit_code::ExitCode;
use crate::response_files::ResponseFiles;
use crate::streams;
use crate::visible::visible;
use backend::Backend;
use backends::Backends;
use breaker::BreakerKeys;
use faults::Fault;
use fingerprint::Deciding;
use for_each::Item;
use retry::RetryKeys;
use seawall::{Plan, ProcessGroups, RetryConfig, Schedule, Task, TaskId};
use std::collections::{HashMap, HashSet};
use std::env;
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
    deciding: Deciding,
    /// What the tasks of a part of the plan wait for, directly or not, and is not in it: that is taken as done, without a response.
    left_out: Arc<HashSet<TaskId>>,
    /// By which later runs know that it is the same plan: where its file is, or the folder in which it was read from a pipe.
    pub(crate) place: String,
}

/// What a task says for itself alone.
#[derive(Debug)]
struct Overrides {
    retry: Option<RetryConfig>,
    timeout: Option<Duration>,
    writes: Vec<Arc<str>>,
    /// Globs of files that its answer depends on.
    inputs: Arc<[String]>,
    /// Whether its prompt is a template.
    is_template: bool,
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
#[derive(Clone, Debug)]
pub(crate) struct RunSettings {
    pub(crate) concurrency: usize,
    pub(crate) schedule: Schedule,
    pub(crate) seed: u64,
    pub(crate) grace: Duration,
    pub(crate) groups: ProcessGroups,
    /// Where programs find responses, if any does.
    pub(crate) responses: Option<Arc<ResponseFiles>>,
}

/// What a plan file is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Run,
    Backends,
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
        Self::load_for(path, Purpose::Run)
    }

    /// As [`load`](Self::load), for a plan whose backends alone are wanted: it needs no tasks, and has one that stands in.
    pub(crate) fn load_backends(path: &Path) -> Result<Self, PlanFaults> {
        Self::load_for(path, Purpose::Backends)
    }

    fn load_for(path: &Path, purpose: Purpose) -> Result<Self, PlanFaults> {
        let is_stdin = path == "-";
        let bytes = if is_stdin { source::read_stdin() } else { source::read_file(path) };
        let name = path.to_string_lossy();
        let bytes = bytes.map_err(|error| PlanFaults::unreadable(&name, &source::reason(path, &error)))?;
        let (text, faults) = source::decode(&bytes).map_err(|reason| PlanFaults::unreadable(&name, &reason))?;
        let folder = if is_stdin || source::is_of_the_system(path) { None } else { path.parent() };
        let plan_file = read::read(&name, &text, folder.unwrap_or(Path::new("")), faults, purpose)?;
        let place = if folder.is_some() { path.canonicalize() } else { env::current_dir() };
        let place = place.map_or_else(|_| name.into_owned(), |place| source::key_of(&place));
        Ok(Self { place, ..plan_file })
    }

    /// Judges a text. Relative paths in it begin at `folder`.
    pub(crate) fn parse(name: &str, text: &str, folder: &Path) -> Result<Self, PlanFaults> {
        read::read(name, text, folder, Vec::new(), Purpose::Run)
    }

    /// As it is, with a part of its tasks.
    pub(crate) fn with_part(self, part: Plan) -> Self {
        let left_out = Arc::new(left_out(&self.plan, &part));
        Self { plan: Arc::new(part), left_out, ..self }
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

/// The tasks of the whole that those of the part have up their lines, and that are not in the part.
fn left_out(whole: &Plan, part: &Plan) -> HashSet<TaskId> {
    let kept: HashSet<&TaskId> = part.tasks().iter().map(Task::id).collect();
    let after: HashMap<&TaskId, &[TaskId]> =
        whole.tasks().iter().map(|task| (task.id(), task.dependencies())).collect();
    let mut left_out = HashSet::new();
    let mut open: Vec<&TaskId> = kept.iter().copied().collect();
    while let Some(next) = open.pop() {
        for id in after[next].iter().filter(|id| !kept.contains(id)) {
            if left_out.insert(id.clone()) {
                open.push(id);
            }
        }
    }
    left_out
}

/// As a load wants it.
impl PlanFile {
    /// Takes retries and circuit breakers away, and limits each attempt, as far as it is told to.
    pub(crate) fn make_bare(&mut self, no_retry: bool, no_breaker: bool, timeout: Option<Duration>) {
        self.backends.make_bare(no_retry, no_breaker, timeout);
        let bare = |task: &seawall::Task| {
            let task = if no_retry { task.clone().retry(RetryConfig::once()) } else { task.clone() };
            timeout.into_iter().fold(task, seawall::Task::timeout)
        };
        // A plan that was built once is built again.
        if let Ok(plan) = Plan::builder().tasks(self.plan.tasks().iter().map(bare)).build() {
            self.plan = Arc::new(plan);
        }
    }

    /// All backends that a task may name.
    pub(crate) fn backend_names(&self) -> impl Iterator<Item = &str> {
        self.backends.iter().map(|backend| &*backend.name)
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
