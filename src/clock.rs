//! The system's clock, or one that a test owns.

mod condvar;
mod simulation;

pub(crate) use condvar::ClockCondvar;
pub(crate) use simulation::Member;

use crate::cancel::{CancelToken, Cancelled};
use crate::sync::Arc;
use simulation::Simulation;
use std::fmt;
use std::time::{Duration, Instant};

/// Tells the time, and lets time pass.
///
/// A run on a [simulated](Clock::simulated) clock takes no time for its waits: eight calls of an hour each, on four
/// workers, take exactly two hours of virtual time, and no real time to speak of. It is opaque, not a trait: who advances
/// the time stays with this crate. Clones are the same clock; the default is the system's.
///
/// ```
/// use seawall::{CancelToken, Clock};
/// use std::time::{Duration, Instant};
///
/// let (clock, real) = (Clock::simulated(), Instant::now());
/// let start = clock.now();
/// clock.sleep(Duration::from_secs(3600), &CancelToken::new())?;
/// assert_eq!(clock.now() - start, Duration::from_secs(3600));
/// assert!(real.elapsed() < Duration::from_secs(60));
/// # Ok::<(), seawall::Cancelled>(())
/// ```
#[derive(Clone, Default)]
pub struct Clock(Source);

#[derive(Clone, Default)]
enum Source {
    #[default]
    System,
    Simulated(Arc<Simulation>),
}

impl Clock {
    /// The system's monotonic clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock whose time stands still while anybody works, and jumps to the next wake-up when everybody waits.
    ///
    /// It begins at the real present, so that its instants can be compared with the system's.
    ///
    /// Of the workers of the runs on this clock one at a time holds the turn, and the run's seed chooses whose it is next;
    /// so a run with a seed is the same each time, attempt for attempt. A backend may wait by
    /// [`Context::sleep`](crate::Context::sleep) and [`Clock::sleep`]; one that waits for another backend by a channel or
    /// a barrier hangs, since the other one does not get the turn. A thread that is no worker may sleep on the clock as
    /// well: its wake-up counts, but time moves only when every worker waits, and does not wait for what it does then.
    pub fn simulated() -> Self {
        Self(Source::Simulated(Arc::new(Simulation::new(Instant::now()))))
    }

    /// The present.
    pub fn now(&self) -> Instant {
        match &self.0 {
            Source::System => Instant::now(),
            Source::Simulated(simulation) => simulation.now(),
        }
    }

    /// Sleeps for `duration` of this clock's time, or until `cancel` is cancelled: then at once.
    pub fn sleep(&self, duration: Duration, cancel: &CancelToken) -> Result<(), Cancelled> {
        match &self.0 {
            Source::System => cancel.sleep(duration),
            Source::Simulated(simulation) => simulation.sleep(duration, cancel),
        }
    }

    /// Makes this thread a member of the simulation while the guard lives, unless it is one, or the clock is the system's.
    ///
    /// Whose turn it is next is drawn from `seed`.
    pub(crate) fn take_part(&self, seed: u64) -> Option<impl Drop + use<>> {
        let Source::Simulated(simulation) = &self.0 else { return None };
        simulation.reseed(seed);
        match Member::current_of(simulation) {
            Some(_) => None,
            None => Simulation::enlist(simulation, 1).pop().map(Member::enter),
        }
    }

    /// Places for `threads` that are about to start; none on the system's clock, where nobody needs to take turns.
    pub(crate) fn enlist(&self, threads: usize) -> Vec<Member> {
        match &self.0 {
            Source::System => Vec::new(),
            Source::Simulated(simulation) => Simulation::enlist(simulation, threads),
        }
    }

    /// Lets another member have the turn, under a simulated clock.
    pub(crate) fn yield_turn(&self) {
        if let Source::Simulated(simulation) = &self.0 {
            Member::current_of(simulation).iter().for_each(Member::yield_turn);
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Clock::system()",
            Source::Simulated(_) => "Clock::simulated()",
        })
    }
}

// As for `CancelToken`: no foreign code runs while its lock is held.
impl std::panic::UnwindSafe for Clock {}
impl std::panic::RefUnwindSafe for Clock {}
