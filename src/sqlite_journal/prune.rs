//! What is no longer wanted goes, and its space with it.

use super::SqliteJournal;
use super::schema::io_error;
use rusqlite::Connection;
use std::io;

impl SqliteJournal {
    /// Keeps the newest `keep` runs whole, with what they took over from runs that go, and what they might still take over; gives
    /// back the space of the others. Says how many runs went.
    ///
    /// ```
    /// use seawall::{JournalReader, NewRun, Plan, Runner, SqliteJournal, Task};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("runs.db");
    /// let plan = Plan::builder().task(Task::new("a", "x", "")).build()?;
    /// let runner = Runner::builder().backend_fn("x", |_, _| Ok("done".into())).build()?;
    /// for id in ["1", "2", "3"] {
    ///     SqliteJournal::open(&path)?.begin(NewRun::new(id, "nightly", &plan), runner.circuit_breakers())?;
    /// }
    /// assert_eq!(SqliteJournal::open(&path)?.prune(1)?, 2);
    /// assert_eq!(JournalReader::open(&path)?.runs()?[0].id, "3");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the file system says; then all runs are still there.
    pub fn prune(mut self, keep: usize) -> io::Result<usize> {
        let gone = prune(&mut self.connection, keep).map_err(io_error)?;
        self.connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").map_err(io_error)?;
        Ok(gone)
    }
}

fn prune(connection: &mut Connection, keep: usize) -> rusqlite::Result<usize> {
    let transaction = connection.transaction()?;
    let keep = i64::try_from(keep).unwrap_or(i64::MAX);
    let gone = "run NOT IN (SELECT run FROM runs ORDER BY run DESC LIMIT ?)";
    for table in ["taken_over", "candidates", "attempts"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE {gone}"), [keep])?;
    }
    let count = transaction.execute(&format!("DELETE FROM runs WHERE {gone}"), [keep])?;
    transaction.execute_batch(
        "DELETE FROM works WHERE work NOT IN (SELECT work FROM outcomes UNION SELECT work FROM candidates);
         DELETE FROM plans WHERE plan NOT IN (SELECT plan FROM runs)",
    )?;
    transaction.commit()?;
    Ok(count)
}
