//! The terminal, lent to a program for as long as it runs.

use super::groups::signal;
use nix::sys::signal::{SigSet, Signal as Number};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{FileType, fstat};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgrp, getpid, getsid, waitid};
use rustix::termios::{tcgetpgrp, tcsetpgrp};
use std::io::{stdin, stdout};
use std::time::Duration;

/// How often somebody looks who has the terminal, since nothing else tells that a program was stopped, or goes on.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// What is between a terminal, this process's group, whose terminal it is, and a program's group, which has it for now.
pub(super) struct Foreground {
    terminal: OwnedFd,
    ours: Pid,
    program: Pid,
    is_stopped: bool,
}

impl Foreground {
    /// Lends the terminal on standard input to `program`, if this process has it just now; and later, when it has.
    ///
    /// Not where standard output is a pipe: whoever reads that is in this process's group, and may need the terminal.
    pub(super) fn lend_to(program: Pid) -> Option<Self> {
        let is_pipe = fstat(stdout()).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo);
        if is_pipe {
            return None;
        }
        tcgetpgrp(stdin()).ok()?;
        let terminal = stdin().as_fd().try_clone_to_owned().ok()?;
        let mut lent = Self { terminal, ours: getpgrp(), program, is_stopped: false };
        lent.lend_if_ours();
        Some(lent)
    }

    /// Follows what the terminal, and the shell, do with both groups.
    pub(super) fn look(&mut self) {
        if self.lend_if_ours() {
            return;
        }
        let was_stopped = self.is_stopped;
        self.is_stopped = self.is_program_stopped();
        if self.is_stopped && is_alone() {
            signal(self.program, Signal::CONT);
        } else if self.is_stopped && !was_stopped {
            // The whole job is stopped, as it would be without this process in between.
            signal(self.ours, Signal::TSTP);
        }
    }

    /// Begins anew after the job was stopped.
    pub(super) fn forget(&mut self) {
        self.is_stopped = false;
    }

    /// A program that asked for the terminal too early was stopped by it, and goes on.
    fn lend_if_ours(&mut self) -> bool {
        let is_lent = tcgetpgrp(&self.terminal) == Ok(self.ours) && tcsetpgrp(&self.terminal, self.program).is_ok();
        if is_lent {
            self.is_stopped = false;
            signal(self.program, Signal::CONT);
        }
        is_lent
    }

    fn is_program_stopped(&self) -> bool {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.program), options).is_ok_and(|status| status.is_some())
    }
}

/// Without a shell there is nobody who would let a stopped job go on.
fn is_alone() -> bool {
    getsid(None).is_ok_and(|leader| leader == getpid())
}

/// Takes the terminal back, unless somebody else has got it meanwhile.
impl Drop for Foreground {
    fn drop(&mut self) {
        if tcgetpgrp(&self.terminal) != Ok(self.program) {
            return;
        }
        // Whoever is not in the foreground and takes the terminal is stopped, unless it blocks that signal.
        let stop = SigSet::from(Number::SIGTTOU);
        if stop.thread_block().is_ok() {
            let _ = tcsetpgrp(&self.terminal, self.ours);
            let _ = stop.thread_unblock();
        }
    }
}
