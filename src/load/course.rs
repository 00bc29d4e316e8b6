//! One load from its beginning to its end: what its threads have in common.

use super::answer::{Answer, CANCELLED, Call, CallError, TIMED_OUT};
use super::recorder::{Recorder, Timed};
use super::result::{LoadResult, Progress};
use super::{Load, Target};
use crate::cancel::{CancelGuard, CancelToken, Stage};
use crate::sync::{AtomicU64, Condvar, Mutex, MutexGuard, OnceLock, Ordering};
use std::time::{Duration, Instant};

pub(super) struct Course<'c> {
    pub(super) began: Instant,
    /// The end of the warm-up.
    pub(super) counted_from: Instant,
    /// From here on nothing new starts; `None`: when the count is reached.
    pub(super) ends: Option<Instant>,
    grace: Duration,
    /// How often somebody is told of it.
    interval: Duration,
    caller: &'c CancelToken,
    /// The load's own, a child of the caller's, which hears of the end of the grace too.
    pub(super) cancel: CancelToken,
    _heir: CancelGuard,
    /// When what was still under way was cut off.
    cut: OnceLock<Instant>,
    recorder: Mutex<Recorder>,
    /// Calls that have begun and not ended.
    in_flight: AtomicU64,
    crew: Mutex<Crew>,
    pub(super) crew_changed: Condvar,
}

/// The threads of a load.
#[derive(Debug, Default)]
pub(super) struct Crew {
    /// Those that have not ended.
    pub(super) threads: usize,
    /// How many more are needed.
    pub(super) wanted: usize,
}

/// One call that is about to be made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    pub(super) number: u64,
    pub(super) is_counted: bool,
    /// `None`: when it begins.
    pub(super) due: Option<Instant>,
}

impl<'c> Course<'c> {
    pub(super) fn begin(load: &Load, caller: &'c CancelToken, interval: Duration) -> Self {
        let (cancel, heir) = caller.child();
        let began = Instant::now();
        let counted_from = later(began, load.warmup);
        Self {
            began,
            counted_from,
            ends: load.ends_after().map(|after| later(counted_from, after)),
            grace: load.grace,
            interval,
            caller,
            cancel,
            _heir: heir,
            cut: OnceLock::new(),
            recorder: Mutex::new(Recorder::new()),
            in_flight: AtomicU64::new(0),
            crew: Mutex::default(),
            crew_changed: Condvar::new(),
        }
    }

    pub(super) fn crew(&self) -> MutexGuard<'_, Crew> {
        self.crew.lock()
    }

    /// Whether nothing new starts any more.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.cancel.stage() != Stage::Running || self.ends.is_some_and(|ends| ends <= now)
    }

    /// Makes a call and counts it.
    pub(super) fn make(&self, ticket: Ticket, target: &(impl Target + ?Sized), page: &mut Page<'_>) -> Answer {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let Ticket { number, is_counted, due } = ticket;
        let answer = target.call(&Call { number, is_counted, began: self.began, cancel: &self.cancel });
        let ended = Instant::now();
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let (answer, ended) = self.judged(answer, ended);
        if is_counted {
            let since = |at: Instant| at.saturating_duration_since(self.counted_from);
            page.add(
                Timed { due: since(due.unwrap_or(began)), began: since(began), ended: since(ended) },
                answer.clone(),
            );
        }
        answer
    }

    /// What was cut off at the end of the grace has timed out, and had its time until then.
    fn judged(&self, answer: Answer, ended: Instant) -> (Answer, Instant) {
        let is_cancelled = answer.error.as_ref().is_some_and(|error| error.class == CANCELLED);
        let Some(cut) = self.cut.get().filter(|_| is_cancelled && !self.caller.is_cancelled()) else {
            return (answer, ended);
        };
        let message = "still under way when the load and its grace were over".to_owned();
        (Answer { error: Some(CallError { class: TIMED_OUT, message }), ..answer }, ended.min(*cut))
    }

    /// Waits until all threads have ended; meanwhile starts those that are needed, ends the load when it is time, and tells
    /// how it goes on.
    pub(super) fn supervise(&self, mut start_thread: impl FnMut(), watch: &mut impl FnMut(&Progress)) {
        let mut next_look = self.began.checked_add(self.interval);
        let mut crew = self.crew();
        while crew.threads > 0 {
            if crew.wanted > 0 {
                crew.wanted -= 1;
                MutexGuard::unlocked(&mut crew, &mut start_thread);
                continue;
            }
            let now = Instant::now();
            MutexGuard::unlocked(&mut crew, || self.look_at_the_time(now));
            if next_look.is_some_and(|look| look <= now) {
                next_look = now.checked_add(self.interval);
                MutexGuard::unlocked(&mut crew, || watch(&self.progress(now)));
                continue;
            }
            if crew.threads > 0 && crew.wanted == 0 {
                match [self.next_event(now), next_look].into_iter().flatten().min() {
                    Some(until) => drop(self.crew_changed.wait_until(&mut crew, until)),
                    None => self.crew_changed.wait(&mut crew),
                }
            }
        }
    }

    fn look_at_the_time(&self, now: Instant) {
        if self.caller.is_cancelled() {
            self.cancel.raise(Stage::Cancelled, self.caller.reason());
        } else if self.cut_at().is_some_and(|cut| cut <= now) && self.cut.set(now).is_ok() {
            self.cancel.cancel_because("the load is over");
        }
    }

    /// When somebody has to look at the time again.
    fn next_event(&self, now: Instant) -> Option<Instant> {
        let cut = self.cut_at().filter(|_| self.cut.get().is_none());
        let caller = self.caller.next_look(now).filter(|_| !self.cancel.is_cancelled());
        [cut, caller].into_iter().flatten().min()
    }

    fn cut_at(&self) -> Option<Instant> {
        self.ends?.checked_add(self.grace)
    }

    fn progress(&self, now: Instant) -> Progress {
        const SECONDS: usize = 60;
        let recorder = self.recorder.lock();
        let first = recorder.seconds.len().saturating_sub(SECONDS);
        Progress {
            elapsed: now.saturating_duration_since(self.began),
            warmup: self.counted_from - self.began,
            calls: recorder.calls,
            ok: recorder.ok,
            errors: recorder.errors.clone(),
            rejected: recorder.rejected,
            in_flight: self.in_flight.load(Ordering::Relaxed),
            late_p99: recorder.late.p99(),
            recent: recorder.seconds[first..].to_vec(),
        }
    }

    pub(super) fn into_result(self, missed: u64) -> LoadResult {
        let now = Instant::now();
        let is_cancelled = self.caller.is_cancelled();
        // What ended it, if that was the time.
        let is_stopped = self.caller.stage() != Stage::Running;
        let end = self.ends.filter(|ends| *ends <= now).or(is_stopped.then_some(now));
        let recorder = self.recorder.into_inner();
        let elapsed = end.map_or(recorder.last_end, |end| end.saturating_duration_since(self.counted_from));
        let reason = is_cancelled.then(|| self.caller.reason().unwrap_or(CANCELLED.into()));
        recorder.into_result(elapsed, missed).with_cancelled(reason)
    }
}

/// What one thread has counted and not yet handed in: so that threads with quick calls do not wait for one another.
pub(super) struct Page<'c> {
    course: &'c Course<'c>,
    lines: Vec<(Timed, Answer)>,
    handed_in: Instant,
}

impl<'c> Page<'c> {
    const LINES: usize = 64;
    const LONGEST: Duration = Duration::from_millis(50);

    pub(super) fn of(course: &'c Course<'c>) -> Self {
        Self { course, lines: Vec::new(), handed_in: course.began }
    }

    fn add(&mut self, timed: Timed, answer: Answer) {
        self.lines.push((timed, answer));
        if self.lines.len() >= Self::LINES || self.handed_in.elapsed() >= Self::LONGEST {
            self.hand_in();
        }
    }

    pub(super) fn hand_in(&mut self) {
        if self.lines.is_empty() {
            return;
        }
        let mut recorder = self.course.recorder.lock();
        self.lines.drain(..).for_each(|(timed, answer)| recorder.record(&timed, &answer));
        drop(recorder);
        self.handed_in = Instant::now();
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        self.hand_in();
    }
}

/// Counts a thread out when it is dropped, however the thread ends.
pub(super) struct Hand<'c>(pub(super) &'c Course<'c>);

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        self.0.crew().threads -= 1;
        self.0.crew_changed.notify_all();
    }
}

fn later(at: Instant, by: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    at.checked_add(by).or_else(|| at.checked_add(CENTURY)).unwrap_or(at)
}
