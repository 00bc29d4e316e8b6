//! Coding agents as backends: stand-ins that do what the real programs were seen to do.

mod arguments;
mod garbage;
mod recordings;
mod sessions;
mod stops;

use crate::support::PATIENCE;
use seawall::{
    Backend, CancelToken, ClaudeBackend, CodexBackend, Context, ErrorClass, GooseBackend, Response, SendError, Session,
    Usage,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// The programs, by the word for each.
const PROGRAMS: [&str; 3] = ["claude", "codex", "goose"];

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents")
}

/// Sets a backend up with the stand-in as its program.
macro_rules! stand_in {
    ($backend:expr, $script:expr) => {
        $backend
            .with_program($crate::agents::home().join("stand-in"))
            .with_env("RECORDED", $crate::agents::home().join("recorded"))
            .with_env("SCRIPT", $script)
    };
}
use stand_in;

/// A backend whose program is the stand-in, which does what the script says.
fn agent(program: &str, script: &str) -> Box<dyn Backend> {
    match program {
        "claude" => Box::new(stand_in!(ClaudeBackend::new(), script)),
        "codex" => Box::new(stand_in!(CodexBackend::new(), script)),
        _ => Box::new(stand_in!(GooseBackend::new(), script)),
    }
}

/// What came of a call, and what the backend told of it.
struct Told {
    result: Result<Response, SendError>,
    usage: Usage,
    session: Option<Session>,
}

fn call(backend: &dyn Backend, prompt: &str, session: Option<&Session>) -> Told {
    let cancel = CancelToken::new();
    let cx = Context::new(&cancel);
    let cx = match session {
        Some(session) => cx.with_session(session),
        None => cx,
    };
    let result = backend.send(&prompt.into(), &cx);
    Told { result, usage: cx.usage(), session: cx.own_session() }
}

impl Told {
    /// The class of its error, or `success`.
    fn class(&self) -> &'static str {
        self.result.as_ref().map_or_else(|error| error.class().as_str(), |_| "success")
    }

    #[track_caller]
    fn text(&self) -> &str {
        self.result.as_ref().unwrap().text()
    }

    #[track_caller]
    fn error(&self) -> (ErrorClass, String) {
        let error = self.result.as_ref().unwrap_err();
        (error.class(), error.to_string())
    }

    fn id(&self) -> Option<&str> {
        self.session.as_ref().map(Session::id)
    }
}

/// A folder of a test's own, gone with it, in which the stand-in keeps what its calls were given.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("seawall-agents-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A part of what the n-th call was given.
    fn given(&self, n: usize, part: &str) -> String {
        fs::read_to_string(self.path(&format!("{n}/{part}"))).unwrap()
    }

    fn argv(&self, n: usize) -> Vec<String> {
        let argv = self.given(n, "argv");
        argv.split_terminator('\0').map(str::to_owned).collect()
    }

    /// A file that a stand-in writes, once there is a whole line in it.
    fn line(&self, name: &str) -> String {
        let began = Instant::now();
        loop {
            match fs::read_to_string(self.path(name)) {
                Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
                _ => assert!(began.elapsed() < PATIENCE, "{name} did not come"),
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
