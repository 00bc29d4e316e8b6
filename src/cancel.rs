//! The shared flag that stops a run, the one sleep that wakes at once, and the way to interrupt a blocking call.

mod interrupt;
mod listener;

use crate::sync::{Arc, AtomicBool, Condvar, Mutex, Ordering};
use listener::Listener;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// How often a sleep looks at a flag that somebody else sets, since nobody wakes it then.
pub(crate) const FOREIGN_FLAG_INTERVAL: Duration = Duration::from_millis(10);

const DEADLINE_REASON: Cow<'static, str> = Cow::Borrowed("deadline");

/// How far a token is on its way to the end. It only ever grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Nothing was asked for.
    #[default]
    Running,
    /// Nothing new starts; what runs may end.
    Draining,
    /// What runs is asked to end, and every sleep is over.
    Cancelled,
    /// As `Cancelled`, and backends drop their grace.
    Killed,
}

/// The caller cancelled; nothing else is known, and nothing else is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("cancelled")
    }
}

impl std::error::Error for Cancelled {}

/// A handle by which a caller stops what it started, from any thread.
///
/// Clones are the same token. What is cancelled stays cancelled, and a later stage is never taken back. Under the handle
/// is one atomic flag that attempts and sleeps look at; stage, reason and wake-up stand beside it.
///
/// ```
/// use seawall::{CancelToken, Cancelled, Stage};
/// use std::time::Duration;
///
/// let cancel = CancelToken::new();
/// std::thread::scope(|scope| {
///     scope.spawn(|| cancel.cancel_because("operator"));
///     assert_eq!(cancel.sleep(Duration::from_secs(60)), Err(Cancelled)); // back at once
/// });
/// assert_eq!(cancel.stage(), Stage::Cancelled);
/// assert_eq!(cancel.reason().as_deref(), Some("operator"));
/// ```
#[derive(Clone, Default)]
pub struct CancelToken {
    shared: Arc<Shared>,
    deadline: Option<Instant>,
}

#[derive(Default)]
struct Shared {
    flag: Arc<AtomicBool>,
    is_foreign: bool,
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    stage: Stage,
    reason: Option<Cow<'static, str>>,
    listeners: BTreeMap<u64, Arc<Listener>>,
    next_listener: u64,
}

impl CancelToken {
    /// A token that nobody has cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A token that is cancelled as soon as somebody sets `flag`, for example a signal handler.
    ///
    /// Whoever sets a bare flag wakes nobody, so sleeps look at it every 10 ms, and so does a run for its
    /// [`on_cancel`](CancelToken::on_cancel). [`cancel`](CancelToken::cancel) sets the flag.
    pub fn from_flag(flag: Arc<AtomicBool>) -> Self {
        Self { shared: Arc::new(Shared { flag, is_foreign: true, ..Shared::default() }), deadline: None }
    }

    /// The same token for a part of the work that must end by `at` (an earlier deadline stays).
    ///
    /// The instant is of the system's clock. From then on this handle is cancelled, for the reason `deadline`; the token
    /// that it was made from is not. To limit a run, [`RunOptions::with_time_limit`](crate::RunOptions::with_time_limit)
    /// is simpler, and is right under a simulated clock too.
    #[must_use]
    pub fn with_deadline(&self, at: Instant) -> Self {
        let deadline = Some(self.deadline.map_or(at, |earlier| earlier.min(at)));
        Self { shared: Arc::clone(&self.shared), deadline }
    }

    /// Ends everything that listens to this token: sets the flag, and wakes every sleeper within a millisecond.
    ///
    /// What was given to [`on_cancel`](CancelToken::on_cancel) runs on this thread before the call returns.
    pub fn cancel(&self) {
        self.raise(Stage::Cancelled, None);
    }

    /// As [`cancel`](CancelToken::cancel), with a reason for the report. The first reason given for a stage stays.
    pub fn cancel_because(&self, reason: impl Into<Cow<'static, str>>) {
        self.raise(Stage::Cancelled, Some(reason.into()));
    }

    /// Lets what runs come to its end, and starts nothing new: no task, no retry.
    pub fn drain(&self, reason: impl Into<Cow<'static, str>>) {
        self.raise(Stage::Draining, Some(reason.into()));
    }

    /// As [`cancel`](CancelToken::cancel), and backends give what they interrupt no grace.
    pub fn kill(&self) {
        self.raise(Stage::Killed, None);
    }

    /// How far it is. A foreign flag that is set, and a deadline that is over, count as [`Stage::Cancelled`].
    pub fn stage(&self) -> Stage {
        let stage = self.shared.state.lock().stage;
        if self.is_cancelled() { stage.max(Stage::Cancelled) } else { stage }
    }

    /// Whether the stage is [`Cancelled`](Stage::Cancelled) or beyond. Costs one atomic load, and a clock read if the
    /// token has a deadline.
    pub fn is_cancelled(&self) -> bool {
        self.shared.flag.load(Ordering::Acquire) || self.is_past_deadline()
    }

    /// [`is_cancelled`](CancelToken::is_cancelled), for `?`.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Sleeps for `duration` on the system's clock, or until the token is cancelled: then at once.
    ///
    /// A token that is cancelled already does not sleep, also for a duration of zero.
    pub fn sleep(&self, duration: Duration) -> Result<(), Cancelled> {
        self.sleep_until(duration, Stage::Cancelled)
    }

    /// [`sleep`](CancelToken::sleep) that an earlier stage ends as well.
    pub(crate) fn sleep_until(&self, duration: Duration, stage: Stage) -> Result<(), Cancelled> {
        let end = Instant::now().checked_add(duration);
        let mut state = self.shared.state.lock();
        loop {
            if state.stage >= stage {
                return Err(Cancelled);
            }
            self.check()?;
            let now = Instant::now();
            if end.is_some_and(|end| end <= now) {
                return Ok(());
            }
            match [end, self.next_look(now)].into_iter().flatten().min() {
                Some(until) => drop(self.shared.wake.wait_until(&mut state, until)),
                None => self.shared.wake.wait(&mut state),
            }
        }
    }

    /// Runs `f` when the token is cancelled, to interrupt a call that blocks: shut a socket down, signal a process.
    ///
    /// The contract is that of C++20's `std::stop_callback`:
    /// - `f` runs at [`Stage::Cancelled`] and once more at [`Stage::Killed`]; a token that is killed at once, once.
    /// - It runs on the thread that cancels, before `cancel` returns; or here, before `on_cancel` returns, if the token is
    ///   cancelled already.
    /// - Dropping the guard takes `f` back. If it is running on another thread just then, the drop waits for it; so after
    ///   the drop `f` is not running, and never will be. Within `f` itself the drop does not wait.
    /// - A panic in `f` is caught and logged; the others hear the cancel all the same.
    ///
    /// A deadline and a foreign flag have nobody who would call `f`: here it hears them only if they are over when it is
    /// given. Within a run it hears them always, since the run watches them.
    #[must_use = "dropping the guard takes the function back"]
    pub fn on_cancel(&self, f: impl Fn(Stage) + Send + Sync + 'static) -> CancelGuard {
        self.listen(Stage::Cancelled, move |stage, _| f(stage))
    }

    /// Why it was drained or cancelled, if a reason was given. Of two stages the later one's reason counts.
    pub fn reason(&self) -> Option<Cow<'static, str>> {
        let given = self.shared.state.lock().reason.clone();
        given.or_else(|| self.is_past_deadline().then_some(DEADLINE_REASON))
    }

    /// The instant set by [`with_deadline`](CancelToken::with_deadline).
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// [`on_cancel`](CancelToken::on_cancel) from any stage on, with the reason.
    pub(crate) fn listen(
        &self,
        from: Stage,
        f: impl Fn(Stage, Option<&Cow<'static, str>>) + Send + Sync + 'static,
    ) -> CancelGuard {
        let listener = Arc::new(Listener::new(from, f));
        let id = {
            let mut state = self.shared.state.lock();
            let id = state.next_listener;
            state.next_listener += 1;
            state.listeners.insert(id, Arc::clone(&listener));
            id
        };
        listener.hear(self.stage(), self.reason().as_ref());
        CancelGuard { shared: Arc::clone(&self.shared), listener, id }
    }

    /// A token of its own that hears what this one hears, while the guard lives. What is done to it stays with it.
    pub(crate) fn child(&self) -> (Self, CancelGuard) {
        let child = Self::new();
        let heir = child.clone();
        let guard = self.listen(Stage::Draining, move |stage, reason| heir.raise(stage, reason.cloned()));
        (child, guard)
    }

    /// When to look again at what wakes nobody: the deadline, a foreign flag.
    pub(crate) fn next_look(&self, now: Instant) -> Option<Instant> {
        let flag = self.shared.is_foreign.then(|| now + FOREIGN_FLAG_INTERVAL);
        [self.deadline, flag].into_iter().flatten().min()
    }

    pub(crate) fn raise(&self, stage: Stage, reason: Option<Cow<'static, str>>) {
        let mut state = self.shared.state.lock();
        if stage <= state.stage {
            return;
        }
        state.stage = stage;
        state.reason = reason.or(state.reason.take());
        // Set before the wake-up and under the lock, so that no sleeper can look before the one and wait after the other.
        self.shared.flag.fetch_or(stage >= Stage::Cancelled, Ordering::AcqRel);
        self.shared.wake.notify_all();
        let reason = state.reason.clone();
        let listeners: Vec<_> = state.listeners.values().cloned().collect();
        drop(state);
        listeners.iter().for_each(|listener| listener.hear(stage, reason.as_ref()));
    }

    fn is_past_deadline(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("CancelToken");
        debug.field("stage", &self.stage()).field("reason", &self.reason()).field("deadline", &self.deadline);
        debug.finish_non_exhaustive()
    }
}

/// Keeps what was given to [`CancelToken::on_cancel`] in place until it is dropped.
#[must_use = "dropping the guard takes the function back"]
pub struct CancelGuard {
    shared: Arc<Shared>,
    listener: Arc<Listener>,
    id: u64,
}

impl Drop for CancelGuard {
    fn drop(&mut self) {
        self.shared.state.lock().listeners.remove(&self.id);
        self.listener.retire();
    }
}

impl fmt::Debug for CancelGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelGuard").finish_non_exhaustive()
    }
}

// A mutex of `parking_lot` is not poisoned by a panic, and no foreign code runs while one of these is held, so nobody
// meets a state that is half changed.
impl std::panic::UnwindSafe for CancelToken {}
impl std::panic::RefUnwindSafe for CancelToken {}
