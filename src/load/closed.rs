//! The closed model: each caller calls again when it has its answer.

use super::Target;
use super::course::{Course, Hand, Page, Ticket};
use super::result::Progress;
use crate::sync::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a caller waits whose call was refused unsent, so that an open circuit is not asked a million times a second.
const AFTER_REFUSAL: Duration = Duration::from_millis(10);

/// Runs it to its end. Nothing is ever due here, so nothing is missed.
pub(super) fn run(
    course: &Course<'_>,
    callers: usize,
    count: Option<u64>,
    target: &(impl Target + ?Sized),
    watch: &mut impl FnMut(&Progress),
) -> u64 {
    let tickets = Tickets { count, counted: AtomicU64::new(0), uncounted: AtomicU64::new(0) };
    thread::scope(|scope| {
        for caller in 0..callers {
            course.crew().threads += 1;
            let hand = Hand(course);
            let work = || {
                let _hand = hand;
                work(course, &tickets, target);
            };
            let started = thread::Builder::new().name(format!("caller-{caller}")).spawn_scoped(scope, work);
            if let Err(error) = started {
                log::warn!("failed to start caller {caller} of a load: {error}");
                break;
            }
        }
        course.supervise(|| {}, watch);
    });
    0
}

struct Tickets {
    count: Option<u64>,
    counted: AtomicU64,
    uncounted: AtomicU64,
}

impl Tickets {
    fn next(&self, is_counted: bool) -> Option<Ticket> {
        let last = if is_counted { &self.counted } else { &self.uncounted };
        let number = last.fetch_add(1, Ordering::Relaxed);
        let is_left = !is_counted || self.count.is_none_or(|count| number < count);
        is_left.then_some(Ticket { number, is_counted, due: None })
    }
}

fn work(course: &Course<'_>, tickets: &Tickets, target: &(impl Target + ?Sized)) {
    let mut page = Page::of(course);
    loop {
        let now = Instant::now();
        if course.is_over(now) {
            return;
        }
        let Some(ticket) = tickets.next(course.counted_from <= now) else { return };
        if course.make(ticket, target, &mut page).is_refused_unsent() {
            let _ = course.cancel.sleep(AFTER_REFUSAL);
        }
    }
}
