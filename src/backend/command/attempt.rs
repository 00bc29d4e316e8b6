//! One run of one program: started, fed, listened to, stopped if need be, and seen off. One poll loop, no helper thread.

use super::exit::Cause;
use super::group::Group;
use super::groups::ProcessGroups;
use super::ladder::{Ladder, Rung};
use super::pipes::Pipes;
use crate::backend::wake::{Wake, timespec};
use crate::cancel::CancelToken;
use crate::sync::Arc;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use smallvec::SmallVec;
use std::io;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

/// The wake-up, the end of the program, and its three pipes.
const DESCRIPTORS: usize = 5;

type PollFds<'f> = SmallVec<[PollFd<'f>; DESCRIPTORS]>;

/// A program that runs.
pub(super) struct Attempt<'a> {
    pub(super) group: Group,
    pub(super) pipes: Pipes<'a>,
    pub(super) ladder: Ladder,
    pub(super) groups: &'a ProcessGroups,
    pub(super) cancel: &'a CancelToken,
    pub(super) wake: Arc<Wake>,
    /// Whether, by what it wrote so far, the program will never come to an end.
    pub(super) is_hopeless: &'a mut dyn FnMut(&[u8]) -> bool,
}

/// A program that has ended, and what it wrote.
pub(super) struct Ended<'a> {
    pub(super) status: ExitStatus,
    /// What it was stopped for, if it did not end by itself.
    pub(super) cause: Option<Cause>,
    pub(super) pipes: Pipes<'a>,
}

impl<'a> Attempt<'a> {
    /// Follows the program to its end. If that fails, or panics, the program and its group are ended all the same.
    pub(super) fn run(mut self) -> io::Result<Ended<'a>> {
        let wake = Arc::clone(&self.wake);
        let guard = self.cancel.on_cancel(move |_| wake.wake());
        while !self.climb() && !self.turn()? {}
        drop(guard);
        let Self { group, mut pipes, ladder, .. } = self;
        let status = group.end()?;
        let cause = ladder.cause();
        drain(&mut pipes, if cause.is_some() { Patience::NONE } else { Patience::FOR_AN_ANSWER });
        Ok(Ended { status, cause, pipes })
    }

    /// Does to the program what is due, unless it has ended before: whether it has.
    fn climb(&mut self) -> bool {
        let (now, stage) = (self.groups.now(), self.cancel.stage());
        loop {
            let mut ladder = self.ladder;
            let rung = ladder.step(now, stage);
            if rung.is_some() && self.group.has_ended() {
                return true;
            }
            self.ladder = ladder;
            match rung {
                Some(rung) => self.take_to(rung),
                None => return false,
            }
        }
    }

    /// Waits for something to happen, and moves what can be moved: whether the program has ended.
    fn turn(&mut self) -> io::Result<bool> {
        let mut fds = PollFds::from_iter([PollFd::new(&self.wake, PollFlags::IN)]);
        fds.extend(self.group.pidfd().map(|pidfd| PollFd::new(pidfd, PollFlags::IN)));
        fds.extend(self.pipes.poll_fds());
        let mut answers = answers(fds, self.timeout())?.into_iter();
        if answers.next().is_some_and(|answer| !answer.is_empty()) {
            self.wake.clear();
        }
        let is_ended = match self.group.pidfd() {
            Some(_) => answers.next().is_some_and(|answer| !answer.is_empty()),
            None => self.group.has_ended(),
        };
        let has_come = self.pipes.pump(answers);
        self.group.look_after_terminal();
        if has_come && !is_ended && (self.is_hopeless)(self.pipes.output.bytes()) {
            let rung = self.ladder.give_up(self.groups.now());
            rung.into_iter().for_each(|rung| self.take_to(rung));
        }
        Ok(is_ended)
    }

    fn take_to(&mut self, rung: Rung) {
        match rung {
            Rung::Ask => self.group.terminate(),
            Rung::Kill => self.group.kill(),
        }
    }

    /// Too short a time is no fault: the loop looks around and waits again. It is too short after a suspension.
    fn timeout(&self) -> Option<Duration> {
        let ladder = self.ladder.next().map(|at| at.saturating_duration_since(self.groups.now()));
        let now = Instant::now();
        // Once it is over, a deadline has nothing more to say.
        let look = self.cancel.next_look(now).filter(|_| !self.cancel.is_cancelled());
        let token = look.map(|at| at.saturating_duration_since(now));
        [ladder, token, self.group.tick()].into_iter().flatten().min()
    }
}

/// How long the pipes of a program that has ended are listened to, if somebody outside of its group has them open.
#[derive(Clone, Copy)]
struct Patience {
    after_last_byte: Duration,
    in_all: Duration,
}

impl Patience {
    const FOR_AN_ANSWER: Self = Self { after_last_byte: Duration::from_millis(200), in_all: Duration::from_secs(2) };
    /// What is there is taken, and nothing is waited for.
    const NONE: Self = Self { after_last_byte: Duration::ZERO, in_all: Duration::from_millis(200) };
}

/// Reads what the pipes hold. An answer that came is not lost to an error here.
fn drain(pipes: &mut Pipes<'_>, patience: Patience) {
    pipes.close_stdin();
    if !pipes.are_open() {
        return;
    }
    let began = Instant::now();
    let (mut last_byte, mut now) = (began, began);
    while pipes.are_open() && now < began + patience.in_all {
        let until = (last_byte + patience.after_last_byte).min(began + patience.in_all);
        let left = until.saturating_duration_since(now);
        let Ok(answers) = answers(pipes.poll_fds().collect(), Some(left)) else { return };
        let has_come = pipes.pump(answers.into_iter());
        now = Instant::now();
        if has_come {
            last_byte = now;
        } else if last_byte + patience.after_last_byte <= now {
            return;
        }
    }
}

/// What `poll` says of each; nothing, if a signal interrupted it.
fn answers(mut fds: PollFds<'_>, timeout: Option<Duration>) -> io::Result<SmallVec<[PollFlags; DESCRIPTORS]>> {
    match poll(&mut fds, timeout.map(timespec).as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(fds.iter().map(PollFd::revents).collect()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use crate::CommandBackend;
    use crate::backend::{Context, Message};
    use crate::cancel::CancelToken;
    use std::time::Duration;

    #[test]
    fn without_a_descriptor_for_its_end_a_program_is_followed_all_the_same() {
        let (cancel, mut never) = (CancelToken::new(), |_: &[u8]| false);
        let sh = CommandBackend::new(["sh"]).with_grace(Duration::ZERO);
        let message = Message::new("cat /dev/zero | head -c 300000; exit 7");
        let mut attempt = sh.begin(sh.order(&message), &Context::new(&cancel), &mut never).unwrap();
        attempt.group = attempt.group.without_pidfd();
        let ended = attempt.run().unwrap();
        assert_eq!((ended.status.code(), ended.cause), (Some(7), None));
        assert_eq!(ended.pipes.output.into_response().bytes().len(), 300_000);

        let message = Message::new("trap '' TERM; while :; do sleep 0.01; done");
        let mut attempt = sh.begin(sh.order(&message), &Context::new(&cancel), &mut never).unwrap();
        attempt.group = attempt.group.without_pidfd();
        cancel.cancel();
        let ended = attempt.run().unwrap();
        assert_eq!(ended.status.code(), None);
        assert_eq!(ended.cause, Some(super::Cause::Cancelled));
    }
}
