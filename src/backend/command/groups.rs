//! The process groups that are running now, as one handle for whoever stops and continues them.

use super::descendants::{Descendants, Mark, Snapshot, kill_marked};
use super::group::Group;
use crate::sync::{Arc, Condvar, Mutex, MutexGuard};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// What [`CommandBackend`](crate::CommandBackend)s have running at the moment: stops it, lets it go on, ends it.
///
/// Clones are the same handle. A backend that is given none has one of its own. Each program runs in a process group, so a
/// signal reaches what it started as well, and a terminal's job control reaches none of it: a program that is stopped by
/// SIGTSTP calls [`suspend`](Self::suspend), stops itself, and calls [`resume`](Self::resume) when it goes on.
///
/// A group belongs to the handle from right after its program was started until before that program is reaped, so no
/// signal ever reaches a process that got the number of one that is gone.
///
/// ```
/// # use std::time::Duration;
/// use seawall::{CommandBackend, ProcessGroups};
///
/// let groups = ProcessGroups::default();
/// let backend = CommandBackend::new(["make", "test"]).with_groups(&groups);
/// // … in a run on other threads …
/// groups.suspend();
/// groups.resume();
/// assert!(groups.kill(Duration::from_secs(1)));
/// # drop(backend);
/// ```
#[derive(Clone, Default)]
pub struct ProcessGroups {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// A start, or a group, is over.
    is_less: Condvar,
}

#[derive(Default)]
struct State {
    /// With the marks of those whose descendants end with them.
    running: HashMap<Pid, Option<Mark>>,
    /// Programs that are being started, whose numbers are not known yet.
    starting: usize,
    suspended_since: Option<Instant>,
    /// In all suspensions that are over.
    suspended_for: Duration,
    is_killed: bool,
    adopts: bool,
}

impl ProcessGroups {
    /// A handle that nobody uses yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes this process the one to which orphans come that are left behind by what it starts (a subreaper), and reaps those
    /// that have ended, whenever the program that left them ends. So what an agent starts stays in sight until it is gone.
    ///
    /// It is for a program whose children are all started through this handle: it reaps every other child, too. Where the
    /// system has no subreapers (it is Linux's own), nothing changes.
    ///
    /// # Errors
    ///
    /// The kernel refuses, which it has no reason to.
    pub fn adopt_orphans(&self) -> io::Result<()> {
        adopt()?;
        self.shared.state.lock().adopts = true;
        Ok(())
    }

    /// Sends SIGTSTP to each group, and to each that is started before [`resume`](Self::resume), as it is.
    ///
    /// Until then time stands still for time limits and graces: neither a limit nor a grace ends. A cancel waits for the
    /// programs to go on, since what is stopped does not hear SIGTERM; a [kill](crate::CancelToken::kill) does not wait.
    ///
    /// When it returns, also what was being started has got the signal; it waits a second for that at most.
    pub fn suspend(&self) {
        const PATIENCE: Duration = Duration::from_secs(1);
        let mut state = self.shared.state.lock();
        state.suspended_since.get_or_insert_with(Instant::now);
        state.signal(Signal::TSTP);
        self.wait_while(&mut state, Some(Instant::now() + PATIENCE), |state| state.starting > 0);
    }

    /// Sends SIGCONT to each group. The time since [`suspend`](Self::suspend) counts against no limit and no grace.
    pub fn resume(&self) {
        let mut state = self.shared.state.lock();
        if let Some(since) = state.suspended_since.take() {
            state.suspended_for += since.elapsed();
        }
        state.signal(Signal::CONT);
    }

    /// Sends SIGKILL to each group, lets no further one start, and waits until all are gone, for `within` at most; whether
    /// they are.
    ///
    /// What it ends, and what it keeps from starting, is an error of class [`Cancelled`](crate::ErrorClass::Cancelled). It
    /// is for the end of a program: there is no way back.
    pub fn kill(&self, within: Duration) -> bool {
        let until = Instant::now().checked_add(within);
        let mut state = self.shared.state.lock();
        state.is_killed = true;
        state.signal(Signal::KILL);
        kill_marked(&state.running.values().flatten().cloned().collect::<Vec<_>>());
        self.wait_while(&mut state, until, |state| !state.is_idle());
        state.is_idle()
    }

    fn wait_while(&self, state: &mut MutexGuard<'_, State>, until: Option<Instant>, is_so: impl Fn(&State) -> bool) {
        let is_less = &self.shared.is_less;
        while is_so(state) {
            match until {
                None => is_less.wait(state),
                Some(until) if is_less.wait_until(state, until).timed_out() => return,
                Some(_) => {}
            }
        }
    }

    /// The present, on a clock that stands still while the groups are suspended.
    pub(in crate::backend) fn now(&self) -> Instant {
        let state = self.shared.state.lock();
        let now = state.suspended_since.unwrap_or_else(Instant::now);
        now.checked_sub(state.suspended_for).unwrap_or(now)
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.shared.state.lock().suspended_since.is_some()
    }

    pub(super) fn is_killed(&self) -> bool {
        self.shared.state.lock().is_killed
    }

    /// Starts `command`, which is to lead a group of its own; `None` if no further one may start. What it starts bears
    /// `mark`, if there is one, and ends with it.
    pub(super) fn spawn(&self, command: &mut Command, mark: Option<Mark>) -> io::Result<Option<Group>> {
        {
            let mut state = self.shared.state.lock();
            if state.is_killed {
                return Ok(None);
            }
            state.starting += 1;
        }
        let leader = command.spawn();
        self.enter(leader.as_ref().ok().map(Pid::from_child), mark.clone());
        Ok(Some(Group::new(self.clone(), leader?, mark.map(Descendants::of))))
    }

    /// What was started, if anything was, gets the signal that it missed.
    fn enter(&self, group: Option<Pid>, mark: Option<Mark>) {
        let mut state = self.shared.state.lock();
        state.starting -= 1;
        state.running.extend(group.map(|group| (group, mark)));
        let missed = match *state {
            State { is_killed: true, .. } => Some(Signal::KILL),
            State { suspended_since: Some(_), .. } => Some(Signal::TSTP),
            _ => None,
        };
        if let (Some(group), Some(missed)) = (group, missed) {
            signal(group, missed);
        }
        self.shared.is_less.notify_all();
    }

    /// Asks a group to end, or its leader, as `signal` has it. One that stopped itself, or that read from a terminal in the
    /// background, has to go on to hear it.
    pub(super) fn terminate(&self, group: Pid, signal: impl Fn(Pid, Signal)) {
        let state = self.shared.state.lock();
        signal(group, Signal::TERM);
        if state.suspended_since.is_none() {
            signal(group, Signal::CONT);
        }
    }

    /// Takes the group out, and reaps its leader by `reap`, which must not block.
    pub(super) fn leave(&self, group: Pid, reap: impl FnOnce() -> io::Result<ExitStatus>) -> io::Result<ExitStatus> {
        let mut state = self.shared.state.lock();
        state.running.remove(&group);
        self.shared.is_less.notify_all();
        reap()
    }

    /// Reaps children that this process did not start, but got when their parents died. Under the lock, and not while a
    /// program is being started: its number is not known yet.
    pub(super) fn reap_adopted(&self) {
        let state = self.shared.state.lock();
        if state.adopts && state.starting == 0 {
            let ended = Snapshot::take();
            for orphan in ended.ended_children().filter(|child| !state.running.contains_key(child)) {
                let _ = waitid(WaitId::Pid(orphan), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
            }
        }
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.running.is_empty() && self.starting == 0
    }

    fn signal(&self, number: Signal) {
        for group in self.running.keys() {
            signal(*group, number);
        }
    }
}

#[cfg(target_os = "linux")]
fn adopt() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).map_err(Into::into)
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "it may fail where there is something to do")]
fn adopt() -> io::Result<()> {
    Ok(())
}

/// A group that has no member any more cannot be told anything, and need not be.
pub(super) fn signal(group: Pid, number: Signal) {
    let _ = kill_process_group(group, number);
}

impl fmt::Debug for ProcessGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state.lock();
        let mut debug = f.debug_struct("ProcessGroups");
        debug.field("running", &state.running.len()).field("is_suspended", &state.suspended_since.is_some());
        debug.field("is_killed", &state.is_killed).finish()
    }
}

// A mutex of `parking_lot` is not poisoned by a panic, and no foreign code runs while this one is held.
impl std::panic::UnwindSafe for ProcessGroups {}
impl std::panic::RefUnwindSafe for ProcessGroups {}
