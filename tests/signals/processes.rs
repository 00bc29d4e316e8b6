//! Processes that are sent signals, and those that should not outlive them.

use crate::program::{Running, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;

/// A task that notes its process and a grandchild's in the file `pids`, and says `up`. Both sleep for long.
pub(crate) const FAMILY: &str = "sleep 60 & echo $$ $! >> pids; touch up; wait";

/// As [`FAMILY`], and neither hears SIGTERM.
pub(crate) const STUBBORN: &str = "trap '' TERM INT HUP; sleep 60 & echo $$ $! >> pids; touch up; wait; sleep 60";

/// Waits until none of the noted processes lives.
pub(crate) fn wait_until_gone(pids: &str) {
    assert!(!pids.is_empty());
    for pid in pids.split_whitespace() {
        wait_until("a process to be gone", || matches!(state_of(pid), 'X' | 'Z'));
    }
}

/// Kills what a killed program has left.
pub(crate) fn end_all(pids: &str) {
    for pid in pids.split_whitespace() {
        let _ = kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), Signal::KILL);
    }
}

/// Sends a signal to the program.
pub(crate) fn send(running: &Running, signal: Signal) {
    kill_process(Pid::from_child(&running.child), signal).unwrap();
}

/// Whether a shell was stopped. It may be waiting (`D`) for a command of its own that was stopped before it had begun.
pub(crate) fn stands_still(shell: &str) -> bool {
    matches!(state_of(shell), 'T' | 'D')
}

/// The state of a process in one letter: `R`, `S`, `T`, `Z`, …; `X` if there is none.
pub(crate) fn state_of(pid: &str) -> char {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next()).unwrap_or('X')
}
