//! The way from a text to a plan.

use super::backend::Defaults;
use super::backends::Backends;
use super::breaker::BreakerKeys;
use super::faults::{Fault, Faults, MOST_FAULTS};
use super::fingerprint::Deciding;
use super::masked::masked;
use super::mended::Mended;
use super::names::Names;
use super::places::Places;
use super::prompts::Prompts;
use super::retry::RetryKeys;
use super::suggestions::Suggestions;
use super::table::Table;
use super::task::TaskEntry;
use super::{PlanFaults, PlanFile, Purpose, SCHEDULES, spread, template, unnamed};
use seawall::{Plan, Schedule, Task};
use std::path::{self, Path, PathBuf};
use std::sync::Arc;
use toml::Spanned;
use toml::de::DeTable;

/// Of the plan as a whole.
pub(super) const KEYS: [&str; 5] = ["run", "retry", "breaker", "backends", "tasks"];
/// Of `[run]`.
pub(super) const RUN_KEYS: [&str; 4] = ["concurrency", "schedule", "seed", "max_cost"];

/// How many unknown backends get a suggestion.
const SUGGESTIONS: usize = 20;

/// Judges a text in which `faults` were found before.
pub(super) fn read(
    name: &str,
    text: &str,
    folder: &Path,
    faults: Vec<Fault>,
    purpose: Purpose,
) -> Result<PlanFile, PlanFaults> {
    let document = DeTable::parse_recoverable(text);
    // Places that are no UTF-8 are told of by where they are in the text as it is.
    let is_to_mend = !document.1.is_empty() && faults.is_empty();
    let judged = match is_to_mend.then(|| Mended::of(text)).flatten() {
        Some(mended) => judge_mended(name, &mended, folder, purpose),
        None => judge(name, text, folder, faults, Vec::new(), document, purpose),
    };
    judged.map_err(|faults| PlanFaults::new(name, &masked(text), &faults))
}

fn judge_mended(name: &str, mended: &Mended, folder: &Path, purpose: Purpose) -> Result<PlanFile, Vec<Fault>> {
    let document = DeTable::parse_recoverable(&mended.text);
    let judged = judge(name, &mended.text, folder, Vec::new(), mended.faults.clone(), document, purpose);
    judged.map_err(|faults| faults.into_iter().map(|fault| mended.back(fault)).collect())
}

/// `unclosed` has broken nothing else.
fn judge(
    name: &str,
    text: &str,
    folder: &Path,
    mut faults: Vec<Fault>,
    unclosed: Vec<Fault>,
    (document, errors): (Spanned<DeTable<'_>>, Vec<toml::de::Error>),
    purpose: Purpose,
) -> Result<PlanFile, Vec<Fault>> {
    faults.extend(super::syntax::faults_of(&errors, text));
    let is_hopeless = faults.len() > MOST_FAULTS;
    let mut faults = Faults::of_syntax(faults);
    if is_hopeless {
        return Err(faults.into_sorted());
    }
    unclosed.into_iter().for_each(|fault| faults.add(fault));
    let file = Table::new(document.get_ref(), 0..0, "a plan");
    let plan = plan_of(name, text, &file, &absolute(folder), &mut faults, purpose);
    plan.filter(|_| faults.is_empty()).ok_or_else(|| faults.into_sorted().into_iter().map(unnamed::told).collect())
}

fn plan_of(
    name: &str,
    text: &str,
    file: &Table<'_>,
    folder: &Path,
    faults: &mut Faults,
    purpose: Purpose,
) -> Option<PlanFile> {
    file.refuse_others(&KEYS, faults);
    let run = Run::read(file, faults);
    let section = |key, faults: &mut Faults| file.field(key)?.table("a table", format!("[{key}]"), faults);
    let retry = section("retry", faults).map(|table| RetryKeys::read(&table, faults)).unwrap_or_default();
    let breaker = section("breaker", faults).map(|table| BreakerKeys::read(&table, faults)).unwrap_or_default();
    let backends = Backends::read(file, Defaults { retry, breaker, folder }, faults);
    let entries = entries_of(file, folder, faults, purpose)?;
    let suggestions = Suggestions::of(SUGGESTIONS);
    for entry in &entries {
        entry.refuse_unknown_backend(&backends, &suggestions, faults);
        entry.refuse_nul(&backends, faults);
        entry.refuse_session(&backends, faults);
    }
    let mut overrides: Vec<_> = entries.iter().map(|entry| entry.overrides(&backends)).collect();
    let names = Names::of(&entries);
    names.refuse_twins(faults);
    let stand_in = entries.is_empty().then(|| Task::new("call", "sh", ""));
    let outline = spread::outline(&names, &overrides, faults).into_iter().chain(stand_in).collect();
    let plan = plan_of_tasks(outline, &entries, faults);
    let templates = template::templates(&names, (name, text), faults);
    let mut plan = plan.filter(|_| faults.is_empty())?;
    if names.has_many() {
        plan = plan_of_tasks(spread::tasks(&names, &overrides), &entries, faults)?;
        for (own, entry) in overrides.iter_mut().zip(&entries) {
            own.many = entry.many(own);
            own.after = Some(entry.written_after());
        }
    }
    let deciding = Deciding::of(&plan, &overrides, &backends, folder);
    let plan = Arc::new(plan);
    let Run { concurrency, schedule, seed, max_cost } = run;
    let name = name.to_owned();
    Some(PlanFile {
        name,
        plan,
        concurrency,
        schedule,
        seed,
        max_cost,
        retry,
        breaker,
        backends,
        overrides,
        templates,
        deciding,
        left_out: Arc::default(),
        place: String::new(),
    })
}

/// What `[run]` says.
struct Run {
    concurrency: usize,
    schedule: Schedule,
    seed: Option<u64>,
    max_cost: Option<f64>,
}

impl Run {
    fn read(file: &Table<'_>, faults: &mut Faults) -> Self {
        let mut run = Self { concurrency: 8, schedule: Schedule::default(), seed: None, max_cost: None };
        let Some(table) = file.field("run").and_then(|field| field.table("a table", "[run]", faults)) else {
            return run;
        };
        table.refuse_others(&RUN_KEYS, faults);
        if let Some(concurrency) = table.field("concurrency").and_then(|field| field.whole(1..=10_000, faults)) {
            run.concurrency = concurrency;
        }
        if let Some(schedule) = table.field("schedule").and_then(|field| field.choice(&SCHEDULES, faults)) {
            run.schedule = schedule;
        }
        run.seed = table.field("seed").and_then(|field| field.whole(0..=i64::MAX.into(), faults));
        run.max_cost = table.field("max_cost").and_then(|field| field.dollars(faults));
        run
    }
}

/// `None` if there are none to judge; then there is a fault.
fn entries_of<'t>(
    file: &Table<'t>,
    folder: &Path,
    faults: &mut Faults,
    purpose: Purpose,
) -> Option<Vec<TaskEntry<'t>>> {
    const WHAT: &str = "a list of tables: [[tasks]]";
    let items = match file.field("tasks") {
        Some(field) => field.items(WHAT, faults)?,
        None => Vec::new(),
    };
    if items.is_empty() && purpose == Purpose::Run {
        let help = "a task is a table [[tasks]] with an `id` and what to `run`; `seawall init` writes an example";
        faults.add_missing(Fault::of_the_whole("there are no tasks").help(help));
        return None;
    }
    let mut prompts = Prompts::new(folder);
    let mut entries = Vec::with_capacity(items.len());
    entries
        .extend(items.iter().zip(1..).filter_map(|(item, number)| TaskEntry::read(item, number, &mut prompts, faults)));
    Some(entries)
}

fn plan_of_tasks(tasks: Vec<Task>, entries: &[TaskEntry<'_>], faults: &mut Faults) -> Option<Plan> {
    Plan::builder().tasks(tasks).build().map_err(|error| locate(&error, entries, faults)).ok()
}

fn locate(error: &seawall::Error, entries: &[TaskEntry<'_>], faults: &mut Faults) {
    let mut places = Places::of(entries);
    for fault in error.faults() {
        faults.add_missing(places.locate(fault));
    }
}

fn absolute(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    folder.canonicalize().or_else(|_| path::absolute(folder)).unwrap_or_else(|_| folder.to_owned())
}
