//! A condition variable on a clock: real time's, or one under which waiting lets virtual time pass.

use super::{Clock, Source, simulation::Member};
use crate::sync::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::time::Instant;

/// What `parking_lot::Condvar` is, with instants of a [`Clock`]. Wakes may be spurious.
pub(crate) struct ClockCondvar {
    clock: Clock,
    condvar: Condvar,
    /// Who waits, under a simulated clock.
    waiting: Mutex<VecDeque<Member>>,
}

impl ClockCondvar {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, condvar: Condvar::new(), waiting: Mutex::default() }
    }

    /// Waits for a wake-up, until the instant `until` of the clock, or until `real` on the system's.
    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>, until: Option<Instant>, real: Option<Instant>) {
        match &self.clock.0 {
            Source::System => match [until, real].into_iter().flatten().min() {
                Some(until) => drop(self.condvar.wait_until(guard, until)),
                None => self.condvar.wait(guard),
            },
            Source::Simulated(simulation) => {
                let member = Member::current_of(simulation).expect("only members wait on a simulated clock");
                // In the list before the lock is let go: a wake-up between the two is kept for the member.
                self.waiting.lock().push_back(member.clone());
                MutexGuard::unlocked(guard, || member.wait(until, real));
                self.waiting.lock().retain(|waiting| *waiting != member);
            }
        }
    }

    pub(crate) fn notify_one(&self) {
        match &self.clock.0 {
            Source::System => drop(self.condvar.notify_one()),
            Source::Simulated(_) => {
                let next = self.waiting.lock().pop_front();
                next.iter().for_each(Member::wake);
            }
        }
    }

    pub(crate) fn notify_all(&self) {
        match &self.clock.0 {
            Source::System => drop(self.condvar.notify_all()),
            Source::Simulated(_) => {
                let waiting = std::mem::take(&mut *self.waiting.lock());
                waiting.iter().for_each(Member::wake);
            }
        }
    }
}
