//! The circuit breaker: a state machine that is pure in `now`, under one lock.

mod config;
mod machine;
mod snapshot;

pub use config::CircuitBreakerConfig;
pub use machine::{CircuitState, Counts, StateChange, Verdict};
pub use snapshot::CircuitSnapshot;

use crate::failure::Rejected;
use crate::sync::{Arc, Mutex, MutexGuard};
use crossbeam_utils::CachePadded;
use machine::{Admission, Machine};
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

pub(super) type Hook = Arc<dyn Fn(&str, StateChange) + Send + Sync>;

/// Stands before a backend, and refuses calls while it is down.
///
/// | state | a call is admitted | a success | a failure |
/// | --- | --- | --- | --- |
/// | closed | yes | sets the consecutive failures to zero | counts; at the threshold the circuit opens |
/// | open | no, until `open_for` is over: then the circuit is half-open | – | – |
/// | half-open | as many as `half_open_requests`, of this generation | as many in a row close it | opens it again |
///
/// Each change of state begins a new *generation* with fresh counts, and a result that belongs to an earlier one is
/// ignored. A *neutral* result (the caller cancelled, the request was wrong) is neither success nor failure, and gives its
/// half-open place back. A half-open place has a lease, as long as `open_for` (at least a millisecond): a call that does
/// not come back frees its place for another, so that it cannot wedge the circuit; its late result still counts if the
/// generation is the same. (After sony/gobreaker, <https://github.com/sony/gobreaker>, which has no lease, and admits one
/// nanosecond later.)
///
/// It is shared by `Arc`, by reference, or as a `static`. No foreign code runs while its lock is held. While it is closed
/// it does not read the clock.
///
/// ```
/// use seawall::{CallError, CircuitBreaker, CircuitBreakerConfig, Rejected};
/// use std::time::Duration;
///
/// static DATABASE: CircuitBreaker =
///     CircuitBreaker::new(CircuitBreakerConfig::new().with_failure_threshold(2).with_open_for(Duration::from_secs(5)));
///
/// let down = || Err::<u32, _>(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
/// assert!(matches!(DATABASE.call(down), Err(CallError::Inner(_))));
/// assert!(matches!(DATABASE.call(down), Err(CallError::Inner(_))));
/// assert!(matches!(DATABASE.call(down), Err(CallError::Rejected(Rejected::CircuitOpen { .. }))));
/// ```
pub struct CircuitBreaker {
    /// The one thing that changes, on a cache line of its own: the rest is read by every call.
    machine: CachePadded<Mutex<Machine>>,
    config: CircuitBreakerConfig,
    /// The kind it is of, and whom its registry tells.
    home: Option<Home>,
}

struct Home {
    kind: Box<str>,
    hook: Option<Hook>,
}

impl CircuitBreaker {
    /// A closed one.
    pub const fn new(config: CircuitBreakerConfig) -> Self {
        Self { config, machine: CachePadded::new(Mutex::new(Machine::new())), home: None }
    }

    pub(super) fn of_kind(kind: Box<str>, config: CircuitBreakerConfig, hook: Option<Hook>) -> Self {
        Self { home: Some(Home { kind, hook }), ..Self::new(config) }
    }

    /// Calls `f` if the circuit admits it. Each `Err` is a failure, and so is a panic, which goes on.
    pub fn call<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>> {
        self.call_with(f, |_| Verdict::Failure)
    }

    /// As [`call`](CircuitBreaker::call), and `verdict` says what an error means for the circuit. If `verdict` panics, the
    /// call was neutral.
    pub fn call_with<T, E>(
        &self,
        f: impl FnOnce() -> Result<T, E>,
        verdict: impl FnOnce(&E) -> Verdict,
    ) -> Result<T, CallError<E>> {
        let permit = self.admit_at(Instant::now).map_err(CallError::Rejected)?;
        let result = match catch_unwind(AssertUnwindSafe(f)) {
            Ok(result) => result,
            Err(panic) => {
                permit.settle(Verdict::Failure, Instant::now);
                resume_unwind(panic)
            }
        };
        let verdict = result.as_ref().err().map_or(Verdict::Success, verdict);
        permit.settle(verdict, Instant::now);
        result.map_err(CallError::Inner)
    }

    /// Asks for one call. The permit wants the result, and is neutral if it is dropped without.
    #[inline]
    pub fn admit(&self, now: Instant) -> Result<Permit<'_>, Rejected> {
        self.admit_at(|| now)
    }

    /// The state as last seen: an open circuit becomes half-open when somebody asks to be admitted.
    pub fn state(&self) -> CircuitState {
        self.machine.lock().state()
    }

    /// What was counted in this generation.
    pub fn counts(&self) -> Counts {
        self.machine.lock().counts()
    }

    /// How often failures opened it.
    pub fn trips(&self) -> u64 {
        self.machine.lock().trips()
    }

    /// Its settings.
    pub fn config(&self) -> CircuitBreakerConfig {
        self.config
    }

    /// The first instant at which an open circuit admits a call; `None` if it is not open, or was forced open.
    pub fn retry_at(&self) -> Option<Instant> {
        self.machine.lock().retry_at()
    }

    /// Opens it until [`reset`](CircuitBreaker::reset). That is no trip.
    pub fn force_open(&self) {
        let change = self.machine.lock().force_open();
        self.tell(change);
    }

    /// Closes it, with fresh counts; results that are still to come are ignored.
    pub fn reset(&self) {
        let change = self.machine.lock().reset();
        self.tell(change);
    }

    /// What it knows at `now`, for another breaker, maybe in another process.
    pub fn snapshot(&self, now: Instant) -> CircuitSnapshot {
        self.machine.lock().snapshot(now)
    }

    /// Takes over what another breaker knew, as of `now`. Nobody is told; it is no change of state.
    ///
    /// Results of calls that it admitted before count if the generation happens to be the same: restore before the first
    /// call.
    pub fn restore(&self, snapshot: &CircuitSnapshot, now: Instant) {
        self.machine.lock().restore(snapshot, now);
    }

    /// The permit of a call that another breaker, with the same past, has admitted.
    pub fn redeem(&self, Ticket(admission): Ticket) -> Permit<'_> {
        Permit { breaker: self, admission, is_recorded: false }
    }

    /// `now` is asked for only where the state needs it: a clock read costs several times a lock.
    #[inline]
    pub(crate) fn admit_at(&self, now: impl FnOnce() -> Instant) -> Result<Permit<'_>, Rejected> {
        let mut machine = self.machine.lock();
        if let Some(admission) = machine.admit_if_closed() {
            return Ok(Permit { breaker: self, admission, is_recorded: false });
        }
        let admission = self.admit_unless_closed(machine, now())?;
        Ok(Permit { breaker: self, admission, is_recorded: false })
    }

    /// Apart, so that what is done while it is closed is small enough to be inlined.
    #[cold]
    fn admit_unless_closed(&self, mut machine: MutexGuard<'_, Machine>, now: Instant) -> Result<Admission, Rejected> {
        let admission = machine.admit_unless_closed(&self.config, now)?;
        drop(machine);
        self.tell(admission.change());
        Ok(admission)
    }

    /// After the lock is let go, so that whoever is told may ask the breaker.
    #[inline]
    fn tell(&self, change: Option<StateChange>) {
        if let Some(change) = change {
            self.tell_of(change);
        }
    }

    #[cold]
    fn tell_of(&self, change: StateChange) {
        let StateChange { from, to, .. } = change;
        let Some(Home { kind, hook }) = &self.home else { return log::warn!("circuit: {from} -> {to}") };
        log::warn!(backend = &**kind, from = from.as_str(), to = to.as_str(); "circuit of `{kind}`: {from} -> {to}");
        let Some(hook) = hook else { return };
        if catch_unwind(AssertUnwindSafe(|| hook(kind, change))).is_err() {
            log::error!("the hook of the circuit breakers panicked");
        }
    }
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self::new(CircuitBreakerConfig::new())
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("CircuitBreaker");
        debug.field("state", &self.state()).field("counts", &self.counts()).field("trips", &self.trips());
        debug.finish_non_exhaustive()
    }
}

// No foreign code runs while the lock is held, so nobody meets a state that is half changed; a hook's panic is caught.
impl std::panic::UnwindSafe for CircuitBreaker {}
impl std::panic::RefUnwindSafe for CircuitBreaker {}

/// Leave for one call. It is recorded once; dropped unrecorded it is neutral, so no path can wedge the circuit.
#[must_use = "a permit that is dropped unrecorded counts as neutral"]
pub struct Permit<'a> {
    breaker: &'a CircuitBreaker,
    admission: Admission,
    is_recorded: bool,
}

impl Permit<'_> {
    /// What admitting this call changed: open to half-open, or nothing.
    pub fn state_change(&self) -> Option<StateChange> {
        self.admission.change()
    }

    /// The call went well. Says what that changed.
    #[inline]
    pub fn success(self, now: Instant) -> Option<StateChange> {
        self.record(Verdict::Success, now)
    }

    /// The call failed, and the backend is to blame. Says what that changed.
    #[inline]
    pub fn failure(self, now: Instant) -> Option<StateChange> {
        self.record(Verdict::Failure, now)
    }

    /// The call ended. Says what that changed.
    #[inline]
    pub fn record(self, verdict: Verdict, now: Instant) -> Option<StateChange> {
        self.settle(verdict, || now)
    }

    /// Takes it out of this breaker, for one that is [restored](CircuitBreaker::restore) from it later. Here the call stays
    /// under way: it holds its half-open place until the lease is over.
    pub fn into_ticket(mut self) -> Ticket {
        self.is_recorded = true;
        Ticket(self.admission)
    }

    #[expect(clippy::inline_always, reason = "a permit that stays in registers costs half as much")]
    #[inline(always)]
    fn settle(mut self, verdict: Verdict, now: impl FnOnce() -> Instant) -> Option<StateChange> {
        self.is_recorded = true;
        let breaker = self.breaker;
        let change = breaker.machine.lock().record(&breaker.config, &self.admission, verdict, now);
        breaker.tell(change);
        change
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.is_recorded {
            self.breaker.machine.lock().give_back(&self.admission);
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("state_change", &self.state_change()).finish_non_exhaustive()
    }
}

/// A permit without its breaker: where the state is kept outside of the process, each step restores a breaker of its own.
///
/// ```
/// use seawall::{CircuitBreaker, CircuitBreakerConfig};
/// use std::time::Instant;
///
/// let (config, now) = (CircuitBreakerConfig::new(), Instant::now());
/// let first = CircuitBreaker::new(config);
/// let ticket = first.admit(now)?.into_ticket();
/// let kept = first.snapshot(now);
/// // … the call is made …
/// let second = CircuitBreaker::new(config);
/// second.restore(&kept, now);
/// second.redeem(ticket).failure(now);
/// assert_eq!(second.counts().consecutive_failures, 1);
/// # Ok::<(), seawall::Rejected>(())
/// ```
#[derive(Debug)]
#[must_use = "a ticket that is not redeemed holds a half-open place until its lease is over"]
pub struct Ticket(Admission);

/// Why [`CircuitBreaker::call`] has no value: it was refused, or it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError<E> {
    /// The circuit refused it; nothing was called.
    Rejected(Rejected),
    /// It was called, and this is its error.
    Inner(E),
}

impl<E> CallError<E> {
    /// Why the circuit refused it, if it did.
    pub fn rejected(&self) -> Option<Rejected> {
        match self {
            Self::Rejected(rejected) => Some(*rejected),
            Self::Inner(_) => None,
        }
    }

    /// The call's own error, or why there is none.
    pub fn into_inner(self) -> Result<E, Rejected> {
        match self {
            Self::Rejected(rejected) => Err(rejected),
            Self::Inner(error) => Ok(error),
        }
    }

    /// As a boxed error, also where `E` is a text or a box and so no `Error` itself: `.map_err(CallError::into_boxed)?`.
    pub fn into_boxed(self) -> Box<dyn Error + Send + Sync>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        match self {
            Self::Rejected(rejected) => rejected.into(),
            Self::Inner(error) => error.into(),
        }
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejected) => rejected.fmt(f),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: Error> Error for CallError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Rejected(_) => None,
            Self::Inner(error) => error.source(),
        }
    }
}
