//! Threads beside the pool, for waves that are wider than it: each waits on a condition variable until it is called.

use super::wave::Wave;
use crate::sync::{Arc, Condvar, Mutex};

#[derive(Default)]
pub(super) struct Reserve {
    orders: Mutex<Orders>,
    called: Condvar,
}

#[derive(Default)]
struct Orders {
    /// How many waves the reserve was called for.
    waves: usize,
    wave: Option<Arc<Wave>>,
    is_dismissed: bool,
}

impl Reserve {
    /// Calls every thread of it to a wave.
    pub(super) fn call(&self, wave: &Arc<Wave>) {
        let mut orders = self.orders.lock();
        orders.waves += 1;
        orders.wave = Some(Arc::clone(wave));
        self.called.notify_all();
    }

    /// What a thread of it does until it is dismissed: `work`, wave by wave.
    pub(super) fn serve(&self, work: impl Fn(&Wave)) {
        let mut served = 0;
        while let Some(wave) = self.next(&mut served) {
            work(&wave);
        }
    }

    fn next(&self, served: &mut usize) -> Option<Arc<Wave>> {
        let mut orders = self.orders.lock();
        while orders.waves == *served && !orders.is_dismissed {
            self.called.wait(&mut orders);
        }
        let wave = orders.wave.clone().filter(|_| orders.waves > *served);
        *served = orders.waves;
        wave
    }

    /// Sends everybody home when it is dropped.
    pub(super) fn dismissal(&self) -> impl Drop {
        struct Dismissal<'r>(&'r Reserve);
        impl Drop for Dismissal<'_> {
            fn drop(&mut self) {
                self.0.orders.lock().is_dismissed = true;
                self.0.called.notify_all();
            }
        }
        Dismissal(self)
    }
}
