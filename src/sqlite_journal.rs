//! A journal in SQLite: the one that is shipped.

mod checkpoints;
mod file;
mod fingerprint;
mod inheritance;
mod line;
mod past;
mod prune;
mod reading;
mod record;
mod rows;
mod run;
mod schema;
mod shape;
mod snapshots;

pub use fingerprint::{ContentHash, Fingerprint};
pub use inheritance::Prospect;
pub use past::{JournalReader, JournaledRun, PastRun, RunState};
pub use run::{NewRun, SqliteRun};

use crate::sync::Arc;
use checkpoints::Checkpoints;
use rusqlite::Connection;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

/// A journal of runs in a file of SQLite, held by this process alone.
///
/// - **What it is told is in the file before anybody hears of it**, and outlives the process, however that ends. It outlives a
///   crash of the whole machine as well, except for what was told last: nothing is half there, but the last moments may be
///   missing (SQLite in WAL mode, `synchronous = NORMAL`).
/// - **One process at a time** holds it, by a lock of the operating system that ends with the process and that no child
///   inherits. Others may read it meanwhile ([`JournalReader`]).
/// - **What it is not sure of it does not touch**: a file that is no journal, is damaged or was written by a later version is
///   refused, byte for byte as it was.
///
/// It holds prompts' and settings' hashes, no prompt and no setting; and attempts, errors and responses as they are.
///
/// | table | a row is |
/// | --- | --- |
/// | `plans` | the shape of a plan: names, backends, dependencies |
/// | `runs` | a run, with its settings, where its circuits stood, and how it ended, if it did |
/// | `works` | how a task ended, with attempts and response, and the hashes of what decided that |
/// | `outcomes` | a task of a run, with the work that it did or took over (a view) |
/// | `taken_over` | a task of a run, with the work that it took over, or did before version 3 |
/// | `candidates` | a work that a run may still take over, depending on what its tasks answer |
/// | `attempts` | an attempt of a task that went on after it |
///
/// The file carries SQLite's `application_id` (`0x53656177`), and the version of the tables in `user_version`. Other programs may
/// read it; the tables may change from one version to the next, and then it is brought up to date when a run opens it.
///
/// A task costs a row and a share of a transaction, and so does one that is taken over; most of these are written together when the
/// run begins. A run that writes much has a thread, `seawall-journal`, which brings to its place what was written, beside the run; it
/// ends when the run is dropped.
///
/// ```
/// use seawall::{CancelToken, JournalReader, NewRun, Plan, RunOptions, Runner, SqliteJournal, Task};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("runs.db");
/// let plan = Plan::builder().task(Task::new("a", "x", "")).task(Task::new("b", "x", "").after(["a"])).build()?;
/// let runner = Runner::builder().backend_fn("x", |_, _| Ok("done".into())).build()?;
/// for id in ["first", "second"] {
///     let run = SqliteJournal::open(&path)?.begin(NewRun::new(id, "nightly", &plan).resuming(), runner.circuit_breakers())?;
///     let options = RunOptions::new().with_journal(&run).with_resume();
///     let report = runner.run_with(&plan, &CancelToken::new(), options)?;
///     run.end(&report)?;
/// }
/// let (runs, second) = (JournalReader::open(&path)?.runs()?, JournalReader::open(&path)?.run("sec")?.unwrap());
/// assert_eq!((runs.len(), runs[1].resumed_from.as_deref()), (2, Some("first")));
/// assert!(second.report.iter().all(|outcome| outcome.is_resumed()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteJournal {
    // Closed before the lock is let go.
    checkpoints: Checkpoints,
    connection: Connection,
    lock: Arc<File>,
}

impl SqliteJournal {
    /// Opens a journal, and makes it where there is none or an empty file. Brings one of an earlier version up to date.
    ///
    /// # Errors
    ///
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another process holds it, [`InvalidData`](io::ErrorKind::InvalidData)
    /// if it is no journal, damaged or of a later version, and whatever the file system says.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = file::resolved(path.as_ref());
        let lock = file::hold(&path)?;
        file::judge(&lock)?;
        schema::check(&path)?;
        let mut connection = Connection::open(&path).map_err(schema::io_error)?;
        schema::prepare(&mut connection).map_err(schema::io_error)?;
        let lock = Arc::new(lock);
        Ok(Self { checkpoints: Checkpoints::of(path, Arc::clone(&lock)), connection, lock })
    }
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal").field("file", &self.lock).finish_non_exhaustive()
    }
}
