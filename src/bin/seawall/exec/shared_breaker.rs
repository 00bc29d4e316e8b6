//! A circuit breaker that any number of processes share: its state is a file, read and replaced under a lock.
//!
//! The lock is the operating system's, on a file beside it: it ends with its process, however that ends. The state is
//! replaced as a whole, so nobody ever meets half of one.

use super::state::{self, Kept};
use crate::file_name::file_name;
use crate::streams;
use crate::visible::visible;
use seawall::{CancelToken, CircuitBreaker, CircuitBreakerConfig, CircuitSnapshot, Permit, Rejected, Ticket, Verdict};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fmt, io, thread};

/// How often somebody who waits for the lock tries to get it. It is held for a fraction of that.
const TRY_INTERVAL: Duration = Duration::from_millis(1);
/// How long somebody waits for it: whoever holds it for so long was stopped.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same, once this process is to end.
const HURRY: Duration = Duration::from_secs(1);

/// A circuit breaker by name.
#[derive(Debug)]
pub(super) struct SharedBreaker {
    name: String,
    config: CircuitBreakerConfig,
    state: PathBuf,
    cancel: CancelToken,
}

/// Why an attempt may not be made.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    Circuit {
        name: String,
        rejected: Rejected,
    },
    /// Nobody knows whether it may.
    Unable(String),
}

impl SharedBreaker {
    /// Finds its place, and makes the folder. It is closed if it has no state yet.
    pub(super) fn open(name: &str, config: CircuitBreakerConfig, cancel: &CancelToken) -> Result<Self, String> {
        let folder = folder()?;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| format!("failed to make the folder `{}`: {error}", folder.display()))?;
        let state = folder.join(format!("{}.json", file_name(name)));
        Ok(Self { name: name.to_owned(), config, state, cancel: cancel.clone() })
    }

    /// Asks for one attempt.
    pub(super) fn admit(&self) -> Result<Ticket, Refusal> {
        let admitted = self.with_state(|breaker, now| breaker.admit(now).map(Permit::into_ticket));
        admitted.map_err(Refusal::Unable)?.map_err(|rejected| self.refused(rejected))
    }

    /// Whether it would be refused just now. Nothing changes.
    pub(super) fn refusal(&self) -> Result<Option<Refusal>, String> {
        let _lock = self.lock()?;
        let (breaker, now) = (CircuitBreaker::new(self.config), Instant::now());
        breaker.restore(&self.kept()?.snapshot, now);
        Ok(breaker.admit(now).err().map(|rejected| self.refused(rejected)))
    }

    /// Counts how an attempt ended.
    pub(super) fn record(&self, ticket: Ticket, verdict: Verdict) -> Result<(), String> {
        self.with_state(|breaker, now| breaker.redeem(ticket).record(verdict, now)).map(drop)
    }

    fn refused(&self, rejected: Rejected) -> Refusal {
        Refusal::Circuit { name: self.name.clone(), rejected }
    }

    /// Nobody else sees or changes the state meanwhile.
    fn with_state<T>(&self, change: impl FnOnce(&CircuitBreaker, Instant) -> T) -> Result<T, String> {
        let _lock = self.lock()?;
        let Kept { snapshot: before, is_ahead } = self.kept()?;
        let (breaker, now) = (CircuitBreaker::new(self.config), Instant::now());
        breaker.restore(&before, now);
        let result = change(&breaker, now);
        let after = breaker.snapshot(now);
        if after != before || is_ahead {
            self.keep(&after)?;
        }
        Ok(result)
    }

    fn lock(&self) -> Result<File, String> {
        let path = self.state.with_extension("lock");
        let failed = |error| format!("failed to lock `{}`: {error}", path.display());
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let (file, began) = (file.map_err(failed)?, Instant::now());
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if began.elapsed() < self.patience() => thread::sleep(TRY_INTERVAL),
                Err(TryLockError::WouldBlock) => {
                    return Err(format!("`{}` is locked by a process that does not go on", path.display()));
                }
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Interrupted => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    fn patience(&self) -> Duration {
        if self.cancel.is_cancelled() { HURRY } else { PATIENCE }
    }

    /// What is there; what cannot be read is put aside, and said.
    fn kept(&self) -> Result<Kept, String> {
        let fresh = || Kept { snapshot: CircuitSnapshot::default(), is_ahead: false };
        let wrong = match fs::read(&self.state) {
            Ok(bytes) => match state::read(&bytes, SystemTime::now()) {
                Ok(kept) => return Ok(kept),
                Err(wrong) => wrong,
            },
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(fresh()),
            Err(error) => error.to_string(),
        };
        self.put_aside(&wrong).map(|()| fresh())
    }

    fn put_aside(&self, wrong: &str) -> Result<(), String> {
        let what = format!("the state of the circuit `{}` cannot be read: {wrong}", self.name);
        let aside = self.moved_aside();
        let aside =
            aside.map_err(|error| format!("{what}; and `{}` cannot be put aside: {error}", self.state.display()))?;
        let said = format!("{what}; it was put aside as `{}`, and begins anew", aside.display());
        streams::say_warning(visible(&said));
        Ok(())
    }

    /// Takes the place of what was put aside before, unless that cannot be written over.
    fn moved_aside(&self) -> io::Result<PathBuf> {
        let mut moved = Err(ErrorKind::NotFound.into());
        for ending in ["json.unreadable", "json.unreadable.1", "json.unreadable.2"] {
            let aside = self.state.with_extension(ending);
            moved = fs::rename(&self.state, &aside).map(|()| aside);
            if moved.is_ok() {
                break;
            }
        }
        moved
    }

    /// Replaces the file. A neighbour that somebody who was killed has left is written over.
    fn keep(&self, snapshot: &CircuitSnapshot) -> Result<(), String> {
        let fresh = self.state.with_extension("json.new");
        let bytes = state::written(snapshot, SystemTime::now())?;
        let kept = fs::write(&fresh, bytes).and_then(|()| fs::rename(&fresh, &self.state));
        kept.map_err(|error| format!("failed to write the state `{}`: {error}", self.state.display()))
    }
}

/// As the XDG Base Directory Specification has it: what is not absolute is not there.
fn folder() -> Result<PathBuf, String> {
    let given = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state =
        given.or_else(|| env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(".local/state")));
    let state = state.ok_or("a circuit has no place to be kept in: neither $XDG_STATE_HOME nor $HOME is set")?;
    Ok(state.join(Path::new("seawall/breakers")))
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unable(reason) => f.write_str(reason),
            Self::Circuit { name, rejected: Rejected::CircuitOpen { retry_at: Some(at), .. } } => {
                let left = at.saturating_duration_since(Instant::now());
                write!(f, "the circuit `{name}` is open, and may be tried in {:.1} s", left.as_secs_f64())
            }
            Self::Circuit { name, rejected } => write!(f, "the circuit `{name}`: {rejected}"),
        }
    }
}

impl std::error::Error for Refusal {}
