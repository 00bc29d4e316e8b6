//! What every wait of one call listens to beside the network: its caller's cancel, and its time limit.

use super::trouble::Trouble;
#[cfg(feature = "process")]
use crate::backend::command::ProcessGroups;
use crate::backend::time_limit::TimeLimit;
use crate::backend::wake::{Wake, timespec};
use crate::cancel::CancelToken;
use crate::sync::Arc;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

thread_local! {
    /// A kept connection outlives the call that made it, so it asks for whom it works by the thread that it works on.
    static CURRENT: RefCell<Option<Rc<Call>>> = const { RefCell::new(None) };
}

/// What is answered for each descriptor, in order.
pub(super) type Answers = SmallVec<[PollFlags; 4]>;

/// One attempt, as its sockets see it.
pub(super) struct Call {
    cancel: CancelToken,
    /// When it is over, on `clock`, and how long it was set to.
    limit: Option<(Instant, Duration)>,
    /// For looking up the name and connecting.
    pub(super) connect_timeout: Option<Duration>,
    /// What every wait waits on, too.
    pub(super) wake: Arc<Wake>,
    clock: CallClock,
}

/// The clock of time limits.
#[derive(Clone, Debug, Default)]
pub(super) struct CallClock {
    #[cfg(feature = "process")]
    pub(super) groups: ProcessGroups,
}

impl CallClock {
    #[cfg(feature = "process")]
    fn now(&self) -> Instant {
        self.groups.now()
    }

    #[cfg(not(feature = "process"))]
    fn now(&self) -> Instant {
        let Self {} = self;
        Instant::now()
    }
}

impl Call {
    pub(super) fn new(
        cancel: &CancelToken,
        limit: Option<TimeLimit>,
        connect_timeout: Option<Duration>,
        clock: &CallClock,
    ) -> io::Result<Self> {
        let now = clock.now();
        // What is too far away is never reached.
        let limit = limit.and_then(|limit| Some((now.checked_add(limit.left)?, limit.whole)));
        let (cancel, clock) = (cancel.clone(), clock.clone());
        Ok(Self { cancel, limit, connect_timeout, wake: Wake::of_this_thread()?, clock })
    }

    /// Does `work` on this thread for this call, which ends soon after the cancel, or the limit, whatever it waits for.
    pub(super) fn run<T>(self, work: impl FnOnce() -> T) -> T {
        let wake = Arc::clone(&self.wake);
        let _guard = self.cancel.on_cancel(move |_| wake.wake());
        let _entered = Entered(CURRENT.replace(Some(Rc::new(self))));
        work()
    }

    /// The call that this thread is in.
    pub(super) fn current() -> io::Result<Rc<Self>> {
        CURRENT.with_borrow(Clone::clone).ok_or_else(|| io::Error::other("a connection is used outside of a call"))
    }

    /// Whether the call should go on.
    pub(super) fn check(&self) -> Result<(), Trouble> {
        if self.cancel.is_cancelled() {
            return Err(Trouble::Cancelled);
        }
        match self.limit {
            Some((at, whole)) if at <= self.now() => Err(Trouble::TimeLimit(whole)),
            _ => Ok(()),
        }
    }

    /// The present, on the clock of time limits.
    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Waits once for one of `fds`, for a wake-up, or until `until`. What it waited for is for the caller to see.
    pub(super) fn turn(&self, fds: &[(BorrowedFd<'_>, PollFlags)], until: Option<Instant>) -> Result<Answers, Trouble> {
        self.check()?;
        let mut polled: SmallVec<[PollFd<'_>; 4]> = SmallVec::new();
        polled.push(PollFd::new(&self.wake, PollFlags::IN));
        polled.extend(fds.iter().map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)));
        match poll(&mut polled, self.timeout(until).map(timespec).as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(fds.iter().map(|_| PollFlags::empty()).collect()),
            Err(error) => return Err(Trouble::Lost(error.into())),
        }
        if !polled[0].revents().is_empty() {
            self.wake.clear();
        }
        self.check()?;
        Ok(polled[1..].iter().map(PollFd::revents).collect())
    }

    /// Too short a time is no fault: whoever waits looks around and waits again.
    fn timeout(&self, until: Option<Instant>) -> Option<Duration> {
        let limit = [self.limit.map(|(at, _)| at), until].into_iter().flatten().min();
        let now = Instant::now();
        let look = self.cancel.next_look(now).map(|at| at.saturating_duration_since(now));
        let limit = limit.map(|at| at.saturating_duration_since(self.now()));
        [limit, look].into_iter().flatten().min()
    }

    /// Waits until `fd` is ready: whether it is before `until`.
    pub(super) fn wait(&self, fd: BorrowedFd<'_>, flags: PollFlags, until: Option<Instant>) -> Result<bool, Trouble> {
        loop {
            if self.turn(&[(fd, flags)], until)?.iter().any(|answer| !answer.is_empty()) {
                return Ok(true);
            }
            if until.is_some_and(|until| until <= self.now()) {
                return Ok(false);
            }
        }
    }
}

/// Puts back what the thread was in before.
struct Entered(Option<Rc<Call>>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}
