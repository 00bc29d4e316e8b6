//! Checkpoints beside the run: what was written comes from the log to its place while the run goes on, so that its end has
//! little left to wait for.
//!
//! A checkpoint waits for the disk, three times at least. SQLite lets one connection make it while another one writes; so here a
//! thread does, with a connection of its own. It is a matter of time alone: where it cannot be done the log is longer, and the
//! end of the run does all of it.

use super::file::is_at;
use crate::sync::Arc;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

/// After so many transactions a checkpoint is due: about a megabyte of the log.
const TRANSACTIONS: u32 = 256;

/// The thread is there from the first checkpoint that is due, and gone when this is dropped.
pub(super) struct Checkpoints {
    path: PathBuf,
    file: Arc<File>,
    transactions: u32,
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Checkpoints {
    /// `file` is the one at `path`. It is not closed before the last connection is: with it all locks of SQLite on it would go.
    pub(super) fn of(path: PathBuf, file: Arc<File>) -> Self {
        Self { path, file, transactions: 0, thread: None }
    }

    /// Counts a transaction. Never waits.
    pub(super) fn count(&mut self) {
        self.transactions += 1;
        if self.transactions < TRANSACTIONS {
            return;
        }
        self.transactions = 0;
        if self.thread.is_none() {
            self.thread = started(&self.path, Arc::clone(&self.file));
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

fn started(path: &Path, file: Arc<File>) -> Option<(Sender<()>, JoinHandle<()>)> {
    let (due, is_due) = bounded(1);
    // Not one that somebody has put there meanwhile, and none is made.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).ok().filter(|_| is_at(&file, path))?;
    let thread = thread::Builder::new().name("seawall-journal".into());
    Some((due, thread.spawn(move || check(&connection, &file, &is_due)).ok()?))
}

fn check(connection: &Connection, file: &File, is_due: &Receiver<()>) {
    for () in is_due {
        let _: rusqlite::Result<()> = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        // SQLite does so when nothing is left in the log, which a run that goes on never lets happen.
        let _: std::io::Result<()> = file.sync_data();
    }
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

    /// A journal into which so much was written, transaction by transaction, and how many bytes of it are in their place.
    fn written(transactions: u32) -> (tempfile::TempDir, SqliteJournal, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        let mut journal = SqliteJournal::open(&path).unwrap();
        for n in 0..transactions {
            let insert = "INSERT INTO plans (hash, tasks) VALUES (?, hex(randomblob(500)))";
            journal.connection.execute(insert, [n]).unwrap();
            journal.checkpoints.count();
        }
        journal.checkpoints.finish();
        let bytes = fs::metadata(path).unwrap().len();
        (folder, journal, bytes)
    }

    #[test]
    fn what_many_transactions_wrote_comes_to_its_place_while_the_journal_is_open() {
        let (_folder, _journal, few) = written(TRANSACTIONS - 1);
        let (_other, _open, many) = written(TRANSACTIONS);
        assert!(many > few + 250_000, "{few} bytes and {many} bytes");
    }
}
