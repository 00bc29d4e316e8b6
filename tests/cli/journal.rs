//! Runs that are written down, and those that go on with them.

#[path = "journal/breakers.rs"]
mod breakers;
#[path = "journal/changes.rs"]
mod changes;
#[path = "journal/files.rs"]
mod files;
#[path = "journal/kept.rs"]
mod kept;
#[path = "journal/lock.rs"]
mod lock;
#[path = "journal/looks.rs"]
mod looks;
#[path = "journal/pictures.rs"]
mod pictures;
#[path = "journal/settings.rs"]
mod settings;
#[path = "journal/taken.rs"]
mod taken;

use crate::program::{Ended, Folder};
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;
use serde_json::Value;
use std::fs;

/// A task whose script leaves its id in the file `log`, wherever it runs.
fn logged(id: &str, script: &str, keys: &str) -> String {
    format!("[[tasks]]\nid = '{id}'\nrun = '''{}'''\n{keys}\n", logging(id, script))
}

/// A script that leaves its id in the file `log`.
fn logging(id: &str, script: &str) -> String {
    format!("echo {id} >> log; {script}")
}

trait Journaled {
    /// Runs `plan.toml` with the journal `j.db` and a report in `report.json`.
    fn journaled(&self, options: &[&str]) -> Ended;

    /// As [`journaled`](Self::journaled), and goes on with the last run.
    fn resume(&self, options: &[&str]) -> Ended;

    /// What was logged since the last look, sorted.
    fn log(&self) -> Vec<String>;

    /// What was taken over by the run whose report there is, in plan order.
    fn taken_over(&self) -> Vec<String>;

    /// Each task of the report with its status: `a completed, b failed`.
    fn statuses(&self) -> String;

    /// What `runs --json` or `show --json` says.
    fn look(&self, args: &[&str]) -> Value;
}

impl Journaled for Folder {
    fn journaled(&self, options: &[&str]) -> Ended {
        self.run_plan(&[&["--journal", "j.db"], options].concat())
    }

    fn resume(&self, options: &[&str]) -> Ended {
        self.journaled(&[&["--resume"], options].concat())
    }

    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        let _ = fs::remove_file(self.path("log"));
        let mut lines: Vec<String> = log.lines().map(Into::into).collect();
        lines.sort();
        lines
    }

    fn taken_over(&self) -> Vec<String> {
        let report = self.json("report.json");
        let tasks = report["tasks"].as_array().unwrap().iter();
        tasks.filter(|task| task["resumed"] == true).map(|task| task["id"].as_str().unwrap().to_owned()).collect()
    }

    fn statuses(&self) -> String {
        statuses(&self.json("report.json"))
    }

    #[track_caller]
    fn look(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[args, &["--json"]].concat()).result()).unwrap()
    }
}

fn statuses(report: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let tasks = report["tasks"].as_array().unwrap().iter();
    tasks.map(|task| word(&task["id"]) + " " + &word(&task["status"])).collect::<Vec<_>>().join(", ")
}
