//! Kills at any instant: nothing that was told of is lost or done twice, and what is written is whole.
//!
//! A life is one plan with effects on disk and one journal. Its program is killed again and again, each time at an instant that
//! is drawn, and goes on from its journal; when all tasks were told of, the next life begins. Each script leaves the number of its
//! round, so that what an orphan of an earlier round still does is not taken for something that was done again.

use crate::program::{Folder, Running, wait_until};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::Duration;

/// What is done if nobody says: `SEAWALL_CRASHES=200` is 200 kills, `SEAWALL_CRASHES=200/7` the same with instants drawn from 7.
const KILLS: u64 = 15;
const TASKS: usize = 60;

#[test]
fn kills_at_any_instant_lose_nothing_that_was_told_of_and_do_nothing_twice_that_was_told_of_as_done() {
    let (kills, seed) = env::var("SEAWALL_CRASHES").map_or((KILLS, None), |text| told_to(&text));
    let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(()));
    eprintln!("again: SEAWALL_CRASHES={kills}/{seed} cargo test --all-features --test signals kills_at_any_instant");
    let mut chance = Chance(seed);
    let (mut left, mut lives, mut reported) = (kills, 0, 0);
    while left > 0 {
        let mut life = Life::new();
        while left > 0 && life.told.len() < TASKS && life.is_killed(&mut chance) {
            left -= 1;
        }
        (lives, reported) = (lives + 1, reported + life.told.len());
        life.comes_to_its_end();
    }
    eprintln!("{kills} kills in {lives} lives, {reported} tasks told of before a kill");
}

/// So many that a thread of the journal brings to its place what was written, many times over, while it is killed.
#[test]
fn kills_while_what_was_written_comes_to_its_place_lose_nothing_that_was_told_of() {
    let tasks = "id = 't'\nbackend = 'b'\nprompt = 'x'\nfor_each = { range = [1, 6000] }\n";
    let folder = Folder::with_plan(&format!("[backends.b]\nkind = 'simulated'\n[[tasks]]\n{tasks}"));
    let seed = RandomState::new().hash_one(());
    let (mut chance, mut told) = (Chance(seed), BTreeSet::new());
    for round in 0..5 {
        let events = format!("events-{round}");
        let words = ["run", "plan.toml", "--quiet", "--journal", "j.db", "--resume", "--events", &events];
        let mut running = Running::start(folder.program(&words));
        let bytes = chance.below(1_000_000);
        let has_come = || fs::metadata(folder.path(&events)).is_ok_and(|file| file.len() > bytes);
        wait_until("some tasks to be done", || has_come() || running.child.try_wait().unwrap().is_some());
        let _ = running.child.kill();
        running.code();
        let now: BTreeSet<String> = told_in(&folder.read(&events)).collect();
        assert!(told.is_disjoint(&now), "drawn from {seed}: done again in round {round}");
        told.extend(now);
        assert!(told.is_subset(&kept_by(&folder)), "drawn from {seed}: lost in round {round}");
    }
    let ended = folder.end(Running::start(folder.program(&["run", "plan.toml", "--journal", "j.db", "--resume"])));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(kept_by(&folder).len(), 6_000);
}

fn told_to(text: &str) -> (u64, Option<u64>) {
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("SEAWALL_CRASHES: `{text}` is no number"));
    match text.split_once('/') {
        Some((kills, seed)) => (number(kills), Some(number(seed))),
        None => (number(text), None),
    }
}

/// Numbers that look drawn: the generator that is called `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

struct Life {
    folder: Folder,
    round: u64,
    /// In which round somebody was told that a task is completed, for the first time.
    told: BTreeMap<String, u64>,
}

impl Life {
    fn new() -> Self {
        let folder = Folder::with_plan(&plan());
        fs::create_dir(folder.path("effects")).unwrap();
        Self { folder, round: 0, told: BTreeMap::new() }
    }

    fn start(&mut self) -> Running {
        self.round += 1;
        let events = self.events();
        let words = ["run", "plan.toml", "--journal", "j.db", "--resume", "--output", "out", "--events", &events];
        let mut program = self.folder.program(&[&words[..], &["--report-json", "report.json"]].concat());
        program.env("ROUND", self.round.to_string()).env("TMPDIR", self.folder.path("tmp"));
        fs::create_dir_all(self.folder.path("tmp")).unwrap();
        Running::start(program)
    }

    fn events(&self) -> String {
        format!("events-{}", self.round)
    }

    /// Kills one more round, if it does not end before, and looks at what is there.
    fn is_killed(&mut self, chance: &mut Chance) -> bool {
        let mut running = self.start();
        // One in four while it still begins; the others a moment after it has come as far as is drawn, however fast it is.
        if chance.below(4) > 0 {
            let done = usize::try_from(chance.below(10)).unwrap();
            let events = self.folder.path(&self.events());
            let has_come = || fs::read_to_string(&events).is_ok_and(|text| told_in(&text).count() >= done);
            wait_until("some tasks to be done", || has_come() || running.child.try_wait().unwrap().is_some());
        }
        thread::sleep(Duration::from_micros(chance.below(20_000))); // the rest of the instant that was drawn
        let _ = running.child.kill();
        let code = running.code();
        assert!(matches!(code, None | Some(0)), "round {}: {code:?}: {}", self.round, self.folder.written("err"));
        self.is_sound();
        code.is_none()
    }

    fn comes_to_its_end(&mut self) {
        let ended = {
            let running = self.start();
            self.folder.end(running)
        };
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        self.is_sound();
        let report = self.folder.json("report.json");
        assert_eq!(report["counts"]["completed"], TASKS);
        for task in report["tasks"].as_array().unwrap() {
            let id = task["id"].as_str().unwrap();
            assert_eq!(task["response"].as_str(), Some(&*answer(id)), "{id}");
            assert!(!self.rounds_of(id).is_empty(), "{id} left no effect");
        }
    }

    fn is_sound(&mut self) {
        let told: BTreeSet<String> = self.told_by_events().into_iter().chain(self.told_by_files()).collect();
        let kept = kept_by(&self.folder);
        assert!(told.is_subset(&kept), "round {}: told of, and not in the journal: {told:?}, {kept:?}", self.round);
        for id in told {
            self.told.entry(id).or_insert(self.round);
        }
        for (id, told) in &self.told {
            let rounds = self.rounds_of(id);
            assert!(rounds.iter().all(|round| round <= told), "{id}: told of in round {told}, done in {rounds:?}");
            assert!(rounds.iter().collect::<BTreeSet<_>>().len() == rounds.len(), "{id}: twice in a round: {rounds:?}");
        }
        if self.folder.has("report.json") {
            self.folder.json("report.json");
        }
    }

    fn told_by_events(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path(&self.events())).unwrap_or_default();
        told_in(&text).collect()
    }

    /// Each file of an answer is whole, or it is not there.
    fn told_by_files(&self) -> Vec<String> {
        let names = if self.folder.has("out") { self.folder.names("out") } else { Vec::new() };
        let ids: Vec<String> = names.iter().filter_map(|name| name.strip_suffix(".out").map(Into::into)).collect();
        for id in &ids {
            assert_eq!(self.folder.read(&format!("out/{id}.out")), answer(id));
        }
        ids
    }

    /// In which rounds the effect of a task happened.
    fn rounds_of(&self, id: &str) -> Vec<u64> {
        let text = fs::read_to_string(self.folder.path(&format!("effects/{id}"))).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }
}

/// The tasks that these events say are completed by the run itself. Whole lines alone: a kill may cut the last one.
fn told_in(events: &str) -> impl Iterator<Item = String> {
    let lines = events.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let events = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ended = events.filter(|event| event["status"] == "completed" && event["resumed"].is_null());
    ended.map(|event| event["task"].as_str().unwrap().to_owned())
}

fn plan() -> String {
    let mut plan = String::from("[run]\nconcurrency = 4\nschedule = 'eager'\n");
    for n in 0..TASKS {
        let after = n.checked_sub(15).map_or(String::new(), |other| format!("after = ['t{other}']\n"));
        let script = "sleep 0.01; echo $ROUND >> effects/t{n}; echo the answer of t{n}".replace("{n}", &n.to_string());
        write!(plan, "[[tasks]]\nid = 't{n}'\nrun = '{script}'\n{after}").unwrap();
    }
    plan
}

fn answer(id: &str) -> String {
    format!("the answer of {id}\n")
}

/// The tasks that the journal has as completed. It is looked at in a copy, so that the next run finds what the kill left.
pub(crate) fn kept_by(folder: &Folder) -> BTreeSet<String> {
    if !folder.has("j.db") {
        return BTreeSet::new();
    }
    let copy = tempfile::tempdir().unwrap();
    for name in ["j.db", "j.db-wal"] {
        let _ = fs::copy(folder.path(name), copy.path().join(name));
    }
    let journal = Connection::open(copy.path().join("j.db")).unwrap();
    let verdict: String = journal.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let mut completed = journal.prepare("SELECT DISTINCT task FROM works WHERE status = 'completed'").unwrap();
    let tasks = completed.query_map([], |row| row.get(0)).unwrap();
    tasks.map(Result::unwrap).collect()
}
