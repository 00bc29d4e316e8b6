//! The locks and atomics of the crate, from one place, so that a model checker can stand in for them.

#[cfg(shuttle)]
mod model;

#[cfg(shuttle)]
pub(crate) use model::{AtomicBool, Condvar, Mutex, MutexGuard, OnceLock, ThreadId, this_thread};
#[cfg(not(shuttle))]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(shuttle))]
pub(crate) use std::sync::{OnceLock, atomic::AtomicBool};
#[cfg(not(shuttle))]
pub(crate) use std::thread::ThreadId;

/// Which thread this is.
#[cfg(not(shuttle))]
pub(crate) fn this_thread() -> ThreadId {
    std::thread::current().id()
}
