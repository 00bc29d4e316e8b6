//! What a program started, wherever that is by now: found by who started whom, and by a mark in the environment.

use rustix::process::Pid;
use std::env;
use std::ffi::OsString;
use std::hash::{BuildHasher, RandomState};

/// The variable that carries the marks.
const VARIABLE: &str = "SEAWALL_ATTEMPT";

/// A word of its own in the environment of one program, which hands it on to all that it starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mark(String);

impl Mark {
    pub(super) fn fresh() -> Self {
        let entropy = RandomState::new();
        Self(format!("{:016x}{:016x}", entropy.hash_one(0), entropy.hash_one(1)))
    }

    /// The variable with this mark behind those that this process bears itself: what it starts is found by whoever
    /// started this process, too.
    pub(super) fn variable(&self) -> (&'static str, OsString) {
        let mut value = env::var_os(VARIABLE).unwrap_or_default();
        if !value.is_empty() {
            value.push(" ");
        }
        value.push(&self.0);
        (VARIABLE, value)
    }

    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there are no environments to look into"))]
    fn is_in(&self, environment: &[u8]) -> bool {
        let mut variables = environment.split(|byte| *byte == 0);
        let value = variables.find_map(|variable| variable.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"="));
        value.is_some_and(|value| value.split(|byte| *byte == b' ').any(|mark| mark == self.0.as_bytes()))
    }
}

/// A process that was seen. Its number may be somebody else's by now, but not with the same beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: Pid,
    /// In ticks of the kernel since the machine began.
    started: u64,
}

/// All that one program started, as far as it was seen.
#[derive(Debug)]
pub(super) struct Descendants {
    mark: Mark,
    known: Vec<Process>,
}

impl Descendants {
    pub(super) fn of(mark: Mark) -> Self {
        Self { mark, known: Vec::new() }
    }

    /// Takes note of what there is while its leader lives: after that nobody knows who started whom.
    pub(super) fn look(&mut self, leader: Pid) {
        let seen = system::Snapshot::take();
        self.known = seen.alive(&self.known);
        self.known.extend(seen.below(&[leader]));
    }

    /// Sends SIGKILL to each, and looks again until there is none, for one second at most.
    pub(super) fn kill(&mut self, leader: Option<Pid>) {
        system::kill_until_none_is_left(|seen| {
            let mut roots = seen.alive(&self.known);
            roots.extend(seen.marked(std::slice::from_ref(&self.mark)));
            let above: Vec<Pid> = roots.iter().map(|process| process.pid).chain(leader).collect();
            roots.extend(seen.below(&above));
            roots.retain(|process| Some(process.pid) != leader);
            roots
        });
    }
}

/// Sends SIGKILL to all that bear one of these marks, once.
pub(super) fn kill_marked(marks: &[Mark]) {
    if !marks.is_empty() {
        let seen = system::Snapshot::take();
        seen.marked(marks).iter().for_each(|process| drop(system::kill(*process)));
    }
}

pub(super) use system::Snapshot;

#[cfg(target_os = "linux")]
mod system {
    use super::{Mark, Pid, Process};
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fd::OwnedFd;
    use rustix::process::{PidfdFlags, Signal, getpid, kill_process, pidfd_open, pidfd_send_signal};
    use std::collections::HashSet;
    use std::fs;
    use std::time::{Duration, Instant};

    /// Every process of the machine at one moment, from proc(5).
    pub(in super::super) struct Snapshot(Vec<Seen>);

    #[derive(Debug, PartialEq, Eq)]
    struct Seen {
        process: Process,
        parent: i32,
        state: char,
    }

    impl Snapshot {
        pub(in super::super) fn take() -> Self {
            let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
            let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
            Self(pids.filter_map(|pid| seen(Pid::from_raw(pid)?)).collect())
        }

        /// Those of `known` that live still.
        pub(super) fn alive(&self, known: &[Process]) -> Vec<Process> {
            self.living().map(|seen| seen.process).filter(|process| known.contains(process)).collect()
        }

        /// What these started, and what that started.
        pub(super) fn below(&self, above: &[Pid]) -> Vec<Process> {
            let mut family: HashSet<i32> = above.iter().map(|pid| pid.as_raw_nonzero().get()).collect();
            let mut found = Vec::new();
            loop {
                let young = self.0.iter().filter(|seen| family.contains(&seen.parent));
                let young: Vec<&Seen> =
                    young.filter(|seen| !family.contains(&seen.process.pid.as_raw_nonzero().get())).collect();
                if young.is_empty() {
                    return found;
                }
                family.extend(young.iter().map(|seen| seen.process.pid.as_raw_nonzero().get()));
                found.extend(young.iter().filter(|seen| seen.lives()).map(|seen| seen.process));
            }
        }

        /// What bears one of these marks.
        pub(super) fn marked(&self, marks: &[Mark]) -> Vec<Process> {
            let own = getpid();
            let others = self.living().map(|seen| seen.process).filter(|process| process.pid != own);
            others
                .filter(|process| {
                    let environment = fs::read(format!("/proc/{}/environ", process.pid.as_raw_nonzero()));
                    environment.is_ok_and(|environment| marks.iter().any(|mark| mark.is_in(&environment)))
                })
                .collect()
        }

        /// Children of this process that have ended, and that nobody has waited for.
        pub(in super::super) fn ended_children(&self) -> impl Iterator<Item = Pid> {
            let own = getpid().as_raw_nonzero().get();
            self.0.iter().filter(move |seen| seen.parent == own && !seen.lives()).map(|seen| seen.process.pid)
        }

        fn living(&self) -> impl Iterator<Item = &Seen> {
            self.0.iter().filter(|seen| seen.lives())
        }
    }

    impl Seen {
        fn lives(&self) -> bool {
            !matches!(self.state, 'Z' | 'X')
        }
    }

    fn seen(pid: Pid) -> Option<Seen> {
        parsed(pid, &fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?)
    }

    /// The name in parentheses may hold anything, also parentheses.
    fn parsed(pid: Pid, stat: &str) -> Option<Seen> {
        const STARTED_AFTER_STATE: usize = 19;
        let (_, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let started = fields.nth(STARTED_AFTER_STATE - 2)?.parse().ok()?;
        Some(Seen { process: Process { pid, started }, parent, state })
    }

    /// Sends SIGKILL, if it is still the process that was seen. What tells of its end, if the kernel has such a thing.
    pub(super) fn kill(process: Process) -> Option<OwnedFd> {
        let descriptor = pidfd_open(process.pid, PidfdFlags::empty()).ok();
        seen(process.pid).filter(|seen| seen.process == process)?;
        match &descriptor {
            Some(descriptor) => drop(pidfd_send_signal(descriptor, Signal::KILL)),
            None => drop(kill_process(process.pid, Signal::KILL)),
        }
        descriptor
    }

    pub(super) fn kill_until_none_is_left(mut find: impl FnMut(&Snapshot) -> Vec<Process>) {
        const PATIENCE: Duration = Duration::from_secs(1);
        let until = Instant::now() + PATIENCE;
        loop {
            let found = find(&Snapshot::take());
            let left = until.saturating_duration_since(Instant::now());
            if found.is_empty() || left.is_zero() {
                return;
            }
            let ends: Vec<OwnedFd> = found.into_iter().filter_map(kill).collect();
            wait_for(&ends, left);
        }
    }

    /// Waits until all have ended. Where there is nothing that tells, a moment.
    fn wait_for(ends: &[OwnedFd], left: Duration) {
        const MOMENT: Duration = Duration::from_millis(1);
        let until = Instant::now() + left;
        for end in ends {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(left) = Timespec::try_from(left) else { return };
            let _ = poll(&mut [PollFd::new(end, PollFlags::IN)], Some(&left));
        }
        if ends.is_empty() {
            std::thread::sleep(MOMENT);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_name_with_parentheses_and_blanks_does_not_hide_the_parent() {
            let pid = Pid::from_raw(7).unwrap();
            let stat = "7 (a) R 1 (b) S 42 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 3";
            let seen = parsed(pid, stat).unwrap();
            assert_eq!((seen.parent, seen.state, seen.process.started), (42, 'S', 987_654));
            assert_eq!(parsed(pid, "7 (gone"), None);
        }

        #[test]
        fn this_process_is_alive_and_a_number_that_was_reused_is_somebody_else() {
            let own = seen(getpid()).unwrap().process;
            let other = Process { started: own.started + 1, ..own };
            assert_eq!(Snapshot::take().alive(&[own, other]), [own]);
            assert!(kill(other).is_none(), "and it was not killed");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Mark, Pid, Process};

    /// Nothing: who started whom is not to be read here, so that only process groups are reached.
    pub(in super::super) struct Snapshot;

    impl Snapshot {
        pub(in super::super) fn take() -> Self {
            Self
        }

        pub(super) fn alive(&self, _: &[Process]) -> Vec<Process> {
            Vec::new()
        }

        pub(super) fn below(&self, _: &[Pid]) -> Vec<Process> {
            Vec::new()
        }

        pub(super) fn marked(&self, _: &[Mark]) -> Vec<Process> {
            Vec::new()
        }

        pub(in super::super) fn ended_children(&self) -> impl Iterator<Item = Pid> {
            std::iter::empty()
        }
    }

    pub(super) fn kill(_: Process) {}

    pub(super) fn kill_until_none_is_left(_: impl FnMut(&Snapshot) -> Vec<Process>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_among_others_and_only_as_a_whole() {
        let mark = Mark("abc".into());
        let is_in = |environment: &[u8]| mark.is_in(environment);
        assert!(is_in(b"PATH=/bin\0SEAWALL_ATTEMPT=abc\0X=1"));
        assert!(is_in(b"SEAWALL_ATTEMPT=outer abc inner\0"));
        assert!(!is_in(b"SEAWALL_ATTEMPT=abcd\0") && !is_in(b"X=SEAWALL_ATTEMPT=abc\0") && !is_in(b""));
        assert_ne!(Mark::fresh(), Mark::fresh());
    }
}
