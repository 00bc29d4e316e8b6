//! One program that runs in a process group of its own.

use super::groups::{ProcessGroups, signal};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};
use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::time::Duration;

/// How often to look whether a program has ended where there is no descriptor to wait on.
const TICK: Duration = Duration::from_millis(10);

/// A program and what is in its group. Dropped, it is killed, the whole group, and reaped.
pub(super) struct Group {
    groups: ProcessGroups,
    leader: Child,
    id: Pid,
    /// Readable when the leader has ended. There may be none: old kernels, too many open files, other systems.
    pidfd: Option<OwnedFd>,
    is_reaped: bool,
}

impl Group {
    pub(super) fn new(groups: ProcessGroups, leader: Child) -> Self {
        let id = Pid::from_child(&leader);
        Self { groups, leader, id, pidfd: pidfd(id), is_reaped: false }
    }

    pub(super) fn id(&self) -> Pid {
        self.id
    }

    pub(super) fn take_pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        (self.leader.stdin.take(), self.leader.stdout.take(), self.leader.stderr.take())
    }

    pub(super) fn pidfd(&self) -> Option<&OwnedFd> {
        self.pidfd.as_ref()
    }

    /// How often to ask [`has_ended`](Self::has_ended), if the descriptor does not say it.
    pub(super) fn tick(&self) -> Option<Duration> {
        self.pidfd.is_none().then_some(TICK)
    }

    /// Asks the kernel, and leaves the leader unreaped. One that somebody else reaped has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.wait_for_end(WaitIdOptions::NOHANG)
    }

    pub(super) fn terminate(&self) {
        self.groups.terminate(self.id);
    }

    pub(super) fn kill(&self) {
        signal(self.id, Signal::KILL);
    }

    /// Kills what is left of the group and reaps the leader, which must have ended.
    pub(super) fn end(mut self) -> io::Result<ExitStatus> {
        self.reap()
    }

    /// The group's number is its own only until the leader is reaped: the signal goes first.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        self.is_reaped = true;
        self.kill();
        let Self { groups, leader, id, .. } = self;
        groups.leave(*id, || leader.wait())
    }

    fn wait_for_end(&self, options: WaitIdOptions) -> bool {
        loop {
            match waitid(WaitId::Pid(self.id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | options) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(status) => return status.is_some(),
                Err(_) => return true,
            }
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.is_reaped {
            self.kill();
            self.wait_for_end(WaitIdOptions::empty());
            let _ = self.reap();
        }
    }
}

#[cfg(target_os = "linux")]
fn pidfd(id: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(id, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn pidfd(_: Pid) -> Option<OwnedFd> {
    None
}
