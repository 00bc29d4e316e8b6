//! Checkpoints beside the run: what was written comes from the log to its place while the run goes on, so that its end has
//! little left to wait for.
//!
//! A checkpoint waits for the disk, three times at least. SQLite lets one connection make it while another one writes; so here a
//! thread does, with a connection of its own. It is a matter of time alone: where it cannot be done the log is longer, and the
//! end of the run does all of it.

use super::file::is_at;
use crate::sync::{Arc, AtomicBool};
use crossbeam_channel::{Sender, TrySendError, bounded};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

/// After so many transactions a checkpoint is due: about a megabyte of the log.
const TRANSACTIONS: u32 = 256;

/// From here on the log is to begin anew.
const LONG_BYTES: i64 = 2 * 1_024 * 1_024;

/// Before it a checkpoint beside a writer could damage the file (its release notes: "the WAL-reset bug"). The bundled one is later.
const SOUND_SINCE: i32 = 3_051_003;

/// The thread is there from the first checkpoint that is due, and gone when this is dropped.
pub(super) struct Checkpoints {
    path: PathBuf,
    file: Arc<File>,
    transactions: u32,
    /// Whether the log is long, and nearly all of it in its place.
    is_to_finish: Arc<AtomicBool>,
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Checkpoints {
    /// `file` is the one at `path`. It is not closed before the last connection is: with it all locks of SQLite on it would go.
    pub(super) fn of(path: PathBuf, file: Arc<File>) -> Self {
        Self { path, file, transactions: 0, is_to_finish: Arc::default(), thread: None }
    }

    /// Counts a transaction of `connection`, which mostly waits for nothing: but from time to time it puts in its place what was
    /// written since the last checkpoint began, so that the log begins anew and does not grow with the run.
    pub(super) fn count(&mut self, connection: &Connection) {
        if self.is_to_finish.swap(false, Ordering::Relaxed) {
            checkpoint(connection);
        }
        self.transactions += 1;
        if self.transactions < TRANSACTIONS {
            return;
        }
        self.transactions = 0;
        if self.thread.is_none() {
            self.thread = started(&self.path, Arc::clone(&self.file), Arc::clone(&self.is_to_finish));
        }
        if let Some((due, _)) = &self.thread {
            // One that is due already is enough.
            let _: Result<(), TrySendError<()>> = due.try_send(());
        }
    }

    /// Waits for what is due.
    fn finish(&mut self) {
        if let Some((due, thread)) = self.thread.take() {
            drop(due);
            let _: thread::Result<()> = thread.join();
        }
    }
}

fn started(path: &Path, file: Arc<File>, is_to_finish: Arc<AtomicBool>) -> Option<(Sender<()>, JoinHandle<()>)> {
    if rusqlite::version_number() < SOUND_SINCE {
        return None;
    }
    let (due, is_due) = bounded(1);
    // Not a journal that somebody has put there meanwhile, and no new one.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).ok().filter(|_| is_at(&file, path))?;
    let check = move || {
        for () in &is_due {
            let bytes = checkpoint(&connection);
            // SQLite does so when nothing is left in the log, which a run that goes on never lets happen.
            let _: std::io::Result<()> = file.sync_data();
            is_to_finish.store(bytes > LONG_BYTES, Ordering::Relaxed);
        }
    };
    Some((due, thread::Builder::new().name("seawall-journal".into()).spawn(check).ok()?))
}

/// Says how long the log is.
fn checkpoint(connection: &Connection) -> i64 {
    let pages = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(1)).unwrap_or(0);
    pages * connection.pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0)).unwrap_or(0)
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteJournal;
    use std::fs;

    fn write(journal: &mut SqliteJournal, transactions: std::ops::Range<u32>) {
        for n in transactions {
            let insert = "INSERT INTO plans (hash, tasks) VALUES (?, hex(randomblob(500)))";
            journal.connection.execute(insert, [n]).unwrap();
            journal.checkpoints.count(&journal.connection);
        }
    }

    #[test]
    fn what_many_transactions_wrote_comes_to_its_place_while_the_journal_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        let mut journal = SqliteJournal::open(&path).unwrap();
        let bytes = || fs::metadata(&path).unwrap().len();
        write(&mut journal, 0..TRANSACTIONS - 1);
        assert!(journal.checkpoints.thread.is_none());
        let few = bytes();
        write(&mut journal, TRANSACTIONS - 1..TRANSACTIONS);
        journal.checkpoints.finish();
        assert!(bytes() > few + 250_000, "{few} bytes and {} bytes", bytes());
    }

    #[test]
    fn a_log_that_is_long_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        let mut journal = SqliteJournal::open(&path).unwrap();
        let bytes = || fs::metadata(folder.path().join("j.db-wal")).unwrap().len();
        write(&mut journal, 0..50);
        let before = bytes();
        journal.checkpoints.is_to_finish.store(true, Ordering::Relaxed);
        write(&mut journal, 50..70);
        // Without it, it would be two fifths longer.
        assert!(bytes() < before + before / 10, "{before} bytes and {} bytes", bytes());
    }

    #[test]
    fn a_journal_that_had_the_thread_is_let_go_with_all_that_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        for round in 0..3 {
            let mut journal = SqliteJournal::open(&path).unwrap();
            write(&mut journal, round * 3_000..(round + 1) * 3_000);
            drop(journal);
            assert!(!folder.path().join("j.db-wal").exists(), "the last connection is closed");
            let journal = SqliteJournal::open(&path).unwrap();
            let count = journal.connection.query_row("SELECT count(*) FROM plans", [], |row| row.get::<_, u32>(0));
            assert_eq!(count, Ok((round + 1) * 3_000));
        }
    }
}
