//! What a run takes over from a journal, against a naive account of what has changed.
//!
//! A case is several runs of one plan that changes in between. Some are cancelled by one of their own calls, and some do not
//! resume. Before each run it is foretold which tasks it takes over for certain, and after it each task is held against the
//! account: what completed last, by what prompt and settings, and with which answers of all its ancestors.

use proptest::prelude::*;
use proptest::test_runner::Config;
use seawall::{
    CancelToken, ContentHash, FailureMode, Fingerprint, JournalReader, NewRun, Outcome, Plan, Prospect, Report,
    RunOptions, Runner, Schedule, SendError, SqliteJournal, Status, Task,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

const TASKS: usize = 7;
const PLACE: &str = "the plan";

#[derive(Clone, Debug)]
struct Sketch {
    is_there: bool,
    /// Each is an earlier task, if there is one.
    after: Vec<usize>,
    /// 0 and 1 are answered alike.
    prompt: u8,
    settings: u8,
    mode: FailureMode,
    fails: bool,
    /// Whether its answer holds those of its ancestors.
    copies: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Presence(bool),
    After(Vec<usize>),
    Prompt(u8),
    Settings(u8),
    Mode(FailureMode),
    Failure(bool),
}

#[derive(Clone, Debug)]
struct RunSketch {
    changes: Vec<(usize, Change)>,
    resumes: bool,
    is_eager: bool,
    concurrency: usize,
    /// The call that cancels the run.
    cancelled_by: Option<usize>,
}

fn after() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..TASKS, 0..3)
}

fn mode() -> impl Strategy<Value = FailureMode> {
    prop_oneof![Just(FailureMode::Hard), Just(FailureMode::Soft)]
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let chance = prop::bool::weighted;
    (chance(0.9), after(), 0..4_u8, 0..2_u8, mode(), chance(0.2), any::<bool>()).prop_map(
        |(is_there, after, prompt, settings, mode, fails, copies)| Sketch {
            is_there,
            after,
            prompt,
            settings,
            mode,
            fails,
            copies,
        },
    )
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => prop::bool::weighted(0.7).prop_map(Change::Presence),
        1 => after().prop_map(Change::After),
        3 => (0..4_u8).prop_map(Change::Prompt),
        2 => (0..2_u8).prop_map(Change::Settings),
        1 => mode().prop_map(Change::Mode),
        3 => prop::bool::weighted(0.3).prop_map(Change::Failure),
    ]
}

fn run() -> impl Strategy<Value = RunSketch> {
    let changes = prop::collection::vec((0..TASKS, change()), 0..4);
    let cancelled_by = prop::option::weighted(0.3, 0..TASKS);
    (changes, prop::bool::weighted(0.85), any::<bool>(), 1..4_usize, cancelled_by).prop_map(
        |(changes, resumes, is_eager, concurrency, cancelled_by)| RunSketch {
            changes,
            resumes,
            is_eager,
            concurrency,
            cancelled_by,
        },
    )
}

fn name(task: usize) -> String {
    format!("t{task}")
}

fn number(name: &str) -> usize {
    name[1..].parse().unwrap()
}

/// What a task found and what it made of it: how each ancestor ended, and its answer.
type Line = BTreeMap<usize, (Status, Option<String>)>;

/// What is known of a task that completed.
#[derive(Clone, Debug)]
struct Known {
    prompt: u8,
    settings: u8,
    line: Line,
    answer: String,
}

/// The tasks of a plan as they are now.
#[derive(Clone, Debug)]
struct Now(Vec<Sketch>);

impl Now {
    fn change(&mut self, changes: &[(usize, Change)]) {
        for (task, change) in changes.iter().cloned() {
            let sketch = &mut self.0[task];
            match change {
                Change::Presence(is_there) => sketch.is_there = is_there,
                Change::After(after) => sketch.after = after,
                Change::Prompt(prompt) => sketch.prompt = prompt,
                Change::Settings(settings) => sketch.settings = settings,
                Change::Mode(mode) => sketch.mode = mode,
                Change::Failure(fails) => sketch.fails = fails,
            }
        }
        // A plan has a task.
        self.0[0].is_there = true;
    }

    fn there(&self) -> impl Iterator<Item = usize> {
        (0..TASKS).filter(|task| self.0[*task].is_there)
    }

    fn dependencies(&self, task: usize) -> BTreeSet<usize> {
        self.0[task].after.iter().copied().filter(|other| *other < task && self.0[*other].is_there).collect()
    }

    fn ancestors(&self, task: usize) -> BTreeSet<usize> {
        let direct = self.dependencies(task);
        direct.iter().flat_map(|other| self.ancestors(*other)).chain(direct.iter().copied()).collect()
    }

    fn plan(&self) -> Plan {
        let task = |task: usize| {
            let sketch = &self.0[task];
            Task::new(name(task), "x", sketch.prompt.to_string())
                .after(self.dependencies(task).into_iter().map(name))
                .failure_mode(sketch.mode)
        };
        Plan::builder().tasks(self.there().map(task)).build().unwrap()
    }

    fn fingerprint(&self, task: &Task) -> Fingerprint {
        let settings = self.0[number(task.id().as_str())].settings;
        Fingerprint::of(task).with("settings", ContentHash::of([&[settings][..]]))
    }

    fn answer(&self, task: usize, line: &Line) -> String {
        let sketch = &self.0[task];
        let own = sketch.prompt / 2;
        if sketch.copies { format!("{own} {line:?}") } else { own.to_string() }
    }

    /// The parts of its own that are not as they were.
    fn changed(&self, task: usize, known: &Known) -> Vec<String> {
        let parts =
            [("prompt", self.0[task].prompt != known.prompt), ("settings", self.0[task].settings != known.settings)];
        parts.into_iter().filter(|(_, has_changed)| *has_changed).map(|(part, _)| part.to_owned()).collect()
    }
}

/// The journal, and what it should hold: by task the newest answer that the last run had, or could still have had.
struct Account {
    folder: TempDir,
    known: BTreeMap<usize, Known>,
    runs: usize,
}

impl Account {
    fn new() -> Self {
        // Nobody waits for a disk there.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self { folder: folder.unwrap(), known: BTreeMap::new(), runs: 0 }
    }

    /// Whatever happens, these are taken over: they and all above them are as they were.
    fn certain(&self, now: &Now) -> BTreeSet<usize> {
        let mut certain = BTreeSet::new();
        for task in now.there() {
            let Some(known) = self.known.get(&task) else { continue };
            if !now.dependencies(task).is_subset(&certain) || !now.changed(task, known).is_empty() {
                continue;
            }
            let ancestors = now.ancestors(task).into_iter();
            let line: Line =
                ancestors.map(|other| (other, (Status::Completed, Some(self.known[&other].answer.clone())))).collect();
            if line == known.line {
                certain.insert(task);
            }
        }
        certain
    }

    fn is_foretold(&self, now: &Now) {
        let path = self.folder.path().join("j.db");
        if self.runs == 0 {
            return;
        }
        let (plan, certain) = (now.plan(), self.certain(now));
        let reader = JournalReader::open(path).unwrap();
        let prospects = reader.prospects(PLACE, &plan, |task| Ok(now.fingerprint(task))).unwrap();
        for (task, prospect) in now.there().zip(prospects) {
            assert_eq!(prospect == Prospect::TakenOver, certain.contains(&task), "{task}: {prospect:?}");
            let known = self.known.get(&task);
            assert_eq!(prospect == Prospect::NotCompleted, known.is_none(), "{task}: {prospect:?}");
            if let Some(changed) = known.map(|known| now.changed(task, known)).filter(|changed| !changed.is_empty()) {
                assert_eq!(prospect, Prospect::Changed(changed), "{task}");
            }
        }
    }

    fn run(&mut self, now: &Now, run: &RunSketch) {
        self.is_foretold(now);
        let (plan, calls, cancel) = (now.plan(), AtomicUsize::new(0), CancelToken::new());
        let called = Mutex::new(Vec::new());
        let runner = Runner::builder().concurrency(run.concurrency).schedule(schedule(run)).backend_fn("x", |_, cx| {
            let task = number(cx.task().unwrap().as_str());
            called.lock().unwrap().push(task);
            if run.cancelled_by == Some(calls.fetch_add(1, Ordering::Relaxed)) {
                cx.cancel_token().cancel();
            }
            let line = cx.ancestors().map(|(id, status, answer)| {
                (number(id.as_str()), (status, answer.map(|answer| answer.text().to_owned())))
            });
            let line: Line = line.collect();
            if now.0[task].fails { Err(SendError::permanent("no")) } else { Ok(now.answer(task, &line).into()) }
        });
        let runner = runner.build().unwrap();
        let new = NewRun::new(self.runs.to_string(), PLACE, &plan).with_fingerprints(|task| Ok(now.fingerprint(task)));
        let new = if run.resumes { new.resuming() } else { new };
        let journal = SqliteJournal::open(self.folder.path().join("j.db")).unwrap();
        let journal = journal.begin(new, runner.circuit_breakers()).unwrap();
        let report = runner.run_with(&plan, &cancel, RunOptions::new().with_journal(&journal).with_resume()).unwrap();
        assert!(report.journal_error().is_none(), "{:?}", report.journal_error());
        // One in two is interrupted, for those who go on with it.
        if self.runs.is_multiple_of(2) {
            journal.end(&report).unwrap();
        }
        drop((journal, runner));
        self.runs += 1;
        if !run.resumes {
            self.known.clear();
        }
        let mut called = called.into_inner().unwrap();
        called.sort_unstable();
        assert!(called.windows(2).all(|pair| pair[0] != pair[1]), "each at most once: {called:?}");
        self.known.retain(|task, _| now.0[*task].is_there);
        for task in now.there() {
            self.holds(now, &report, task, called.contains(&task));
        }
        self.is_shown(now, &report);
    }

    /// One task of a run that is over is as the account says; and the account says so from now on.
    fn holds(&mut self, now: &Now, report: &Report, task: usize, was_called: bool) {
        let outcome_of = |task: usize| report.get(&name(task)).unwrap();
        let outcome = outcome_of(task);
        let what = format!("{}: {:?}, resumed: {}", name(task), outcome.status(), outcome.is_resumed());
        if outcome.status() == Status::Cancelled {
            assert!(report.cancelled().is_some(), "{what}");
            return;
        }
        let bars =
            |other: &usize| outcome_of(*other).status() != Status::Completed && now.0[*other].mode == FailureMode::Hard;
        if now.dependencies(task).iter().any(bars) {
            assert_eq!((outcome.status(), was_called), (Status::Skipped, false), "{what}");
            return;
        }
        let line: Line = now.ancestors(task).into_iter().map(|other| (other, ended(outcome_of(other)))).collect();
        let known = self.known.get(&task).filter(|known| now.changed(task, known).is_empty() && known.line == line);
        let answer = ended(outcome).1;
        if let Some(known) = known {
            assert!(outcome.is_resumed() && !was_called, "{what}, and nothing has changed");
            assert_eq!(answer.as_ref(), Some(&known.answer), "{what}");
            return;
        }
        assert!(!outcome.is_resumed() && was_called, "{what}, and something has changed");
        assert_eq!(outcome.status(), if now.0[task].fails { Status::Failed } else { Status::Completed }, "{what}");
        if let Some(answer) = answer {
            assert_eq!(answer, now.answer(task, &line), "{what}");
            let Sketch { prompt, settings, .. } = now.0[task];
            self.known.insert(task, Known { prompt, settings, line, answer });
        }
    }

    /// What the journal shows of the run is what its report says. What was certain is there from the beginning.
    fn is_shown(&self, now: &Now, report: &Report) {
        let past = JournalReader::open(self.folder.path().join("j.db")).unwrap().newest().unwrap().unwrap();
        for task in now.there() {
            let (told, shown) = (report.get(&name(task)).unwrap(), past.report.get(&name(task)).unwrap());
            if told.status() != Status::Cancelled {
                assert_eq!((ended(told), told.is_resumed()), (ended(shown), shown.is_resumed()), "{task}");
            }
        }
    }
}

fn ended(outcome: &Outcome) -> (Status, Option<String>) {
    (outcome.status(), outcome.result().ok().map(|answer| answer.text().to_owned()))
}

fn schedule(run: &RunSketch) -> Schedule {
    if run.is_eager { Schedule::Eager } else { Schedule::Waves }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, max_shrink_iters: 20_000, ..Config::with_cases(150) })]

    #[test]
    fn a_resume_runs_exactly_what_a_naive_account_says_has_changed(
        first in prop::collection::vec(sketch(), TASKS),
        runs in prop::collection::vec(run(), 2..6),
    ) {
        let (mut now, mut account) = (Now(first), Account::new());
        for run in &runs {
            now.change(&run.changes);
            account.run(&now, run);
        }
    }
}

#[test]
fn a_task_that_ends_twice_in_a_run_is_an_error() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("j.db");
    let plan = Plan::builder().task(Task::new("a", "x", "")).build().unwrap();
    let runner = Runner::builder().backend_fn("x", |_, _| Ok("done".into())).build().unwrap();
    let run = || {
        let new = NewRun::new(format!("{:?}", std::time::Instant::now()), PLACE, &plan).resuming();
        SqliteJournal::open(&path).unwrap().begin(new, runner.circuit_breakers()).unwrap()
    };
    let (first, cancel) = (run(), CancelToken::new());
    let error_of = |report: Report| report.journal_error().map(ToString::to_string);
    let again = |run: &seawall::SqliteRun<'_>| runner.run_with(&plan, &cancel, RunOptions::new().with_journal(run));
    let options = RunOptions::new().with_journal(&first).with_resume();
    assert_eq!(error_of(runner.run_with(&plan, &cancel, options).unwrap()), None);
    let error = Some("task `a` ends for the second time in this run".to_owned());
    assert_eq!(error_of(again(&first).unwrap()), error, "one that is given to two runs");
    drop(first);
    assert_eq!(
        error_of(again(&run()).unwrap()),
        error,
        "one that has taken it over, and a run that is not told to resume"
    );
    let runs = JournalReader::open(&path).unwrap().runs().unwrap();
    assert!(runs.iter().all(|run| run.counts.iter().sum::<usize>() == 1), "{runs:?}");
}
