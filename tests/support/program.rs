//! The program, run in a folder of its own.

use serde_json::Value;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take before a test gives up. Nothing waits for it to be over.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder, with the program's standard streams in a second one.
pub(crate) struct Folder {
    folder: TempDir,
    streams: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), streams: tempfile::tempdir().unwrap() }
    }

    /// One with a plan in `plan.toml`.
    pub(crate) fn with_plan(plan: &str) -> Self {
        let folder = Self::new();
        folder.write("plan.toml", plan);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The names in a folder of it, sorted.
    pub(crate) fn names(&self, name: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(name)).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The program with these arguments, and nothing of this process's environment that would change what it does.
    pub(crate) fn program(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seawall"));
        command.args(args);
        self.prepared(command)
    }

    /// Any program, as [`program`](Self::program).
    pub(crate) fn prepared(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path()).env_remove("NO_COLOR").env_remove("CI").env("TERM", "xterm-256color");
        command.stdin(Stdio::null());
        command.stdout(File::create(self.stream("out")).unwrap());
        command.stderr(File::create(self.stream("err")).unwrap());
        command
    }

    /// Waits for the end of what was started, and takes what it wrote to its standard streams.
    pub(crate) fn end(&self, mut running: Running) -> Ended {
        let code = running.code();
        Ended { code, out: self.written("out"), err: self.written("err") }
    }

    /// What was written to a standard stream so far.
    pub(crate) fn written(&self, stream: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.stream(stream)).unwrap()).into_owned()
    }

    fn stream(&self, name: &str) -> PathBuf {
        self.streams.path().join(name)
    }
}

/// What the program left.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program, running. It is killed if a test gives up.
pub(crate) struct Running {
    pub(crate) child: Child,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        Self { child: command.spawn().unwrap() }
    }

    /// Waits for its end; its exit code.
    pub(crate) fn code(&mut self) -> Option<i32> {
        let mut status = None;
        wait_until("the program to end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again, and gives up in the end.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain for {what}");
        sleep(Duration::from_millis(2));
    }
}

/// A task of a report.
pub(crate) fn task<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["tasks"].as_array().unwrap().iter().find(|task| task["id"] == id).unwrap()
}
