//! Programs as backends, with real processes.

mod alone;
mod exits;
mod groups;

mod leftovers;
mod output;
mod own_streams;
mod stops;

use seawall::{AttemptResult, Task};
use seawall::{
    Backend, CancelToken, CommandBackend, Context, ErrorClass, Plan, Response, RetryConfig, Runner, SendError,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{fs, process, thread};

/// Far more than anything here takes, also on a machine that is busy.
const LONG: Duration = Duration::from_secs(60);

fn sh(script: &str) -> CommandBackend {
    CommandBackend::new(["sh", "-c", script])
}

fn send(backend: &CommandBackend, prompt: &str) -> Result<Response, SendError> {
    let cancel = CancelToken::new();
    backend.send(&prompt.into(), &Context::new(&cancel))
}

/// The class and the sentence of the error that comes of it.
fn error(backend: &CommandBackend, prompt: &str) -> (ErrorClass, String) {
    let error = send(backend, prompt).unwrap_err();
    (error.class(), error.to_string())
}

/// One attempt, with a time limit of its own: its response, or the class and the sentence of its error.
fn within(limit: Duration, backend: CommandBackend) -> Result<String, (ErrorClass, String)> {
    let runner = Runner::builder().backend("c", backend).retry(RetryConfig::once()).build().unwrap();
    let plan = Plan::builder().task(Task::new("t", "c", "").timeout(limit)).build().unwrap();
    let report = runner.run(&plan, &CancelToken::new()).unwrap();
    match &report.get("t").unwrap().attempts()[0].result {
        AttemptResult::Success => Ok(report.response("t").unwrap().text().to_owned()),
        AttemptResult::Error(error) => Err((error.class(), error.to_string())),
        other => panic!("{other:?}"),
    }
}

/// Waits for a state, by looking.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < LONG, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A folder of a test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("seawall-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }

    /// What a program has written there, once it has written a whole line.
    fn line(&self, name: &str) -> String {
        until(name, || fs::read_to_string(self.0.join(name)).ok().filter(|text| text.ends_with('\n'))).trim().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Whether a process runs, or stands still; not what has ended and is only waited for.
fn is_alive(pid: &str) -> bool {
    state_of(pid).is_some_and(|state| !"ZX".contains(&state))
}

/// The letter of a process's state, as `ps` has it.
fn state_of(pid: &str) -> Option<String> {
    let ps = process::Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
    let state = String::from_utf8(ps.stdout).unwrap();
    state.trim().chars().next().map(String::from)
}
