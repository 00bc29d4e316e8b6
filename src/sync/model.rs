//! What stands in for locks and atomics under `--cfg shuttle`: the crate `shuttle` chooses who goes on at each of them.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

pub(crate) use shuttle::sync::atomic::AtomicBool;
pub(crate) use shuttle::thread::ThreadId;

pub(crate) fn this_thread() -> ThreadId {
    shuttle::thread::current().id()
}

#[derive(Default)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: &self.0, held: Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)) }
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

pub(crate) struct MutexGuard<'m, T> {
    mutex: &'m shuttle::sync::Mutex<T>,
    /// `None` only while it is let go, or waits.
    held: Option<shuttle::sync::MutexGuard<'m, T>>,
}

impl<T> MutexGuard<'_, T> {
    pub(crate) fn unlocked<U>(guard: &mut Self, f: impl FnOnce() -> U) -> U {
        drop(guard.held.take());
        let result = f();
        guard.held = Some(guard.mutex.lock().unwrap_or_else(PoisonError::into_inner));
        result
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("it is held")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("it is held")
    }
}

#[derive(Default)]
pub(crate) struct Condvar(Arc<shuttle::sync::Condvar>);

pub(crate) struct TimedWait {
    is_over: bool,
}

impl TimedWait {
    pub(crate) fn timed_out(&self) -> bool {
        self.is_over
    }
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.held.take().expect("it is held");
        guard.held = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
    }

    /// The time is over whenever the model wants it to be: another thread stands for it, which wakes this one.
    pub(crate) fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, _: Instant) -> TimedWait {
        let condvar = Arc::clone(&self.0);
        let is_over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_over);
        shuttle::thread::spawn(move || {
            told.store(true, std::sync::atomic::Ordering::SeqCst);
            condvar.notify_all();
        });
        self.wait(guard);
        TimedWait { is_over: is_over.load(std::sync::atomic::Ordering::SeqCst) }
    }

    pub(crate) fn notify_one(&self) -> bool {
        self.0.notify_one();
        true
    }

    pub(crate) fn notify_all(&self) -> usize {
        self.0.notify_all();
        0
    }
}

/// A cell whose every use is a point at which another thread may go on.
pub(crate) struct OnceLock<T> {
    cell: std::sync::OnceLock<T>,
    point: AtomicBool,
}

impl<T> OnceLock<T> {
    pub(crate) const fn new() -> Self {
        Self { cell: std::sync::OnceLock::new(), point: AtomicBool::new(false) }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.point.load(std::sync::atomic::Ordering::SeqCst);
        self.cell.get()
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        self.point.store(true, std::sync::atomic::Ordering::SeqCst);
        self.cell.set(value)
    }

    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        self.cell.get_mut()
    }

    pub(crate) fn into_inner(self) -> Option<T> {
        self.cell.into_inner()
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    fn clone(&self) -> Self {
        Self { cell: self.cell.clone(), point: AtomicBool::new(false) }
    }
}
