//! A server that can answer so many calls a second and no more, and does not know when its callers have gone.

use seawall::{Backend, Context, Message, Response, SendError};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Answers one call after the other in each of its lanes. What it has taken it works on, also when nobody waits for the
/// answer any more: that work is lost, and this is what makes a collapse last.
#[derive(Debug)]
pub(super) struct Saturating {
    service: Duration,
    /// Whom it would let wait longer it sends away.
    longest_wait: Duration,
    /// When each lane will have done all that it has taken.
    lanes: Mutex<Vec<Instant>>,
}

impl Saturating {
    pub(super) fn new(lanes: usize, service: Duration, longest_wait: Duration) -> Self {
        Self { service, longest_wait, lanes: Mutex::new(vec![Instant::now(); lanes]) }
    }

    /// When a call that comes `now` will have its answer; `None` if it is not taken.
    fn take(&self, now: Instant) -> Option<Instant> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let free_at = lanes.iter_mut().min()?;
        let begins = now.max(*free_at);
        if begins - now > self.longest_wait {
            return None;
        }
        *free_at = begins + self.service;
        Some(*free_at)
    }
}

impl Backend for Saturating {
    fn send(&self, _: &Message, cx: &Context<'_>) -> Result<Response, SendError> {
        let now = Instant::now();
        let answered_at = self.take(now).ok_or_else(|| SendError::overloaded("its queue is full"))?;
        cx.sleep(answered_at - now)?;
        Ok("done".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_waits_then_is_sent_away_and_work_nobody_waits_for_is_done_all_the_same() {
        let ms = Duration::from_millis;
        let server = Saturating::new(2, ms(10), ms(15));
        let now = Instant::now() + ms(1000);
        let answers: Vec<_> = (0..7).map(|_| server.take(now).map(|at| at - now)).collect();
        assert_eq!(answers, [Some(ms(10)), Some(ms(10)), Some(ms(20)), Some(ms(20)), None, None, None]);
        assert_eq!(server.take(now + ms(10)), Some(now + ms(30)));
    }
}
