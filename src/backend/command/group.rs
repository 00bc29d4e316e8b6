//! One program that runs in a process group of its own.

use super::descendants::Descendants;
use super::foreground::{self, Foreground};
use super::groups::{ProcessGroups, signal};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
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
    foreground: Option<Foreground>,
    /// Those outside of the group, where they too are to end with the leader.
    descendants: Option<Descendants>,
    is_reaped: bool,
}

impl Group {
    pub(super) fn new(groups: ProcessGroups, leader: Child, descendants: Option<Descendants>) -> Self {
        let id = Pid::from_child(&leader);
        Self { groups, leader, id, pidfd: pidfd(id), foreground: None, descendants, is_reaped: false }
    }

    pub(super) fn take_pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        (self.leader.stdin.take(), self.leader.stdout.take(), self.leader.stderr.take())
    }

    pub(super) fn pidfd(&self) -> Option<&OwnedFd> {
        self.pidfd.as_ref()
    }

    /// How often to ask [`has_ended`](Self::has_ended), if the descriptor does not say it, and to look after the terminal.
    pub(super) fn tick(&self) -> Option<Duration> {
        match self.pidfd {
            None => Some(TICK),
            Some(_) => self.foreground.as_ref().map(|_| foreground::TICK),
        }
    }

    /// Lends it the terminal, where there is one.
    pub(super) fn bring_to_foreground(&mut self) {
        self.foreground = Foreground::lend_to(self.id);
    }

    pub(super) fn look_after_terminal(&mut self) {
        let is_suspended = self.groups.is_suspended();
        match &mut self.foreground {
            Some(foreground) if is_suspended => foreground.forget(),
            Some(foreground) => foreground.look(),
            None => {}
        }
    }

    /// Asks the kernel, and leaves the leader unreaped. One that somebody else reaped has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.wait_for_end(WaitIdOptions::NOHANG)
    }

    /// The group, or, where its descendants are looked after, the leader alone, so that it can put its own house in order.
    pub(super) fn terminate(&mut self) {
        match &mut self.descendants {
            None => self.groups.terminate(self.id, signal),
            Some(descendants) => {
                descendants.look(self.id);
                self.groups.terminate(self.id, |leader, number| {
                    let _ = kill_process(leader, number);
                });
            }
        }
    }

    /// The group and what is outside of it, leader and all.
    pub(super) fn kill(&mut self) {
        if let Some(descendants) = &mut self.descendants {
            // Before the kill: after it nobody knows any more who started whom.
            descendants.look(self.id);
        }
        signal(self.id, Signal::KILL);
        if let Some(descendants) = &mut self.descendants {
            descendants.kill(Some(self.id));
        }
    }

    /// Kills what is left of the group and reaps the leader, which must have ended.
    pub(super) fn end(mut self) -> io::Result<ExitStatus> {
        self.reap()
    }

    /// The group's number is its own only until the leader is reaped: the signal goes first. And as long as there may be
    /// descendants the group is not gone.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        self.is_reaped = true;
        signal(self.id, Signal::KILL);
        let Self { groups, leader, id, descendants, .. } = self;
        if let Some(descendants) = descendants {
            descendants.kill(None);
        }
        let status = groups.leave(*id, || leader.wait());
        if descendants.is_some() {
            groups.reap_adopted();
        }
        status
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

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;
    use std::io::Read;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    impl Group {
        /// As on a system that has no such descriptor.
        pub(in crate::backend::command) fn without_pidfd(self) -> Self {
            let mut group = self;
            group.pidfd = None;
            group
        }
    }

    #[test]
    fn a_group_that_is_dropped_is_killed_whole_and_reaped() {
        let groups = ProcessGroups::new();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & exec sleep 60"]).stdout(Stdio::piped()).process_group(0);
        let mut group = groups.spawn(&mut command, None).unwrap().unwrap();
        let id = group.id;
        let (_, stdout, _) = group.take_pipes();
        drop(group);
        // The pipe ends when the last of them is gone.
        assert_eq!(stdout.unwrap().read(&mut [0]).unwrap(), 0);
        assert_eq!(waitid(WaitId::Pid(id), WaitIdOptions::EXITED).err(), Some(Errno::CHILD));
        assert!(groups.kill(Duration::ZERO));
    }
}
