//! The open model: calls begin when they are due, on as many threads as it takes.
//!
//! A thread that is free takes the next call that will be due and sleeps until then, so that nobody has to be woken when the
//! instant comes. A few threads wait ahead like this; when there are fewer, one that is idle is woken, or one more is started.

use super::Target;
use super::arrivals::Due;
use super::course::{Course, Hand, Page, Ticket};
use super::result::Progress;
use crate::cancel::Stage;
use crate::sync::{Condvar, Mutex, MutexGuard};
use std::thread::{self, Scope};
use std::time::Instant;

/// How many threads wait for calls that are not yet due.
const AHEAD: usize = 4;
/// With fewer than this another thread is called.
const FEWEST: usize = 2;

/// Runs it to its end. How many calls were due and never began.
pub(super) fn run(
    course: &Course<'_>,
    dues: impl Iterator<Item = Due> + Send,
    count: Option<u64>,
    max_in_flight: usize,
    target: &(impl Target + ?Sized),
    watch: &mut impl FnMut(&Progress),
) -> u64 {
    let state = State { dues: dues.peekable(), counted: 0, waiting: 0, idle: 0, threads: 1, missed: 0, is_over: false };
    let field = Field { course, count, state: Mutex::new(state), called: Condvar::new(), most: max_in_flight };
    thread::scope(|scope| {
        field.start(scope, target);
        course.supervise(|| field.start(scope, target), watch);
    });
    field.missed()
}

struct Field<'c, D: Iterator<Item = Due>> {
    course: &'c Course<'c>,
    state: Mutex<State<D>>,
    count: Option<u64>,
    /// An idle thread is to take the next call.
    called: Condvar,
    most: usize,
}

struct State<D: Iterator<Item = Due>> {
    dues: std::iter::Peekable<D>,
    /// How many of them were taken and count.
    counted: u64,
    /// Threads that have a call and wait for its instant.
    waiting: usize,
    idle: usize,
    /// All of them, those included that are about to start.
    threads: usize,
    /// Taken by a thread that was told to end before it began.
    missed: u64,
    is_over: bool,
}

impl<D: Iterator<Item = Due> + Send> Field<'_, D> {
    fn start<'s>(&'s self, scope: &'s Scope<'s, '_>, target: &'s (impl Target + ?Sized)) {
        self.course.crew().threads += 1;
        let hand = Hand(self.course);
        let work = move || {
            let _hand = hand;
            self.work(target);
        };
        if let Err(error) = thread::Builder::new().name("call".into()).spawn_scoped(scope, work) {
            log::warn!("failed to start a thread of a load: {error}");
        }
    }

    fn work(&self, target: &(impl Target + ?Sized)) {
        let mut page = Page::of(self.course);
        while let Some(due) = self.take(&mut page) {
            let at = self.course.began + due.at;
            let is_to_begin =
                self.course.cancel.sleep_until(at.saturating_duration_since(Instant::now()), Stage::Draining);
            let mut state = self.state.lock();
            state.waiting -= 1;
            if is_to_begin.is_err() {
                state.missed += u64::from(due.is_counted && at <= Instant::now());
                return self.end(&mut state);
            }
            self.call_another(&mut state);
            drop(state);
            let Due { number, is_counted, .. } = due;
            self.course.make(Ticket { number, is_counted, due: Some(at) }, target, &mut page);
        }
        page.hand_in();
        self.wait_for_the_end();
    }

    /// A load whose last call is not its end goes on until then.
    fn wait_for_the_end(&self) {
        let is_ended_by_count = self.count.is_some_and(|count| count <= self.state.lock().counted);
        if let Some(ends) = self.course.ends.filter(|_| !is_ended_by_count) {
            let _ = self.course.cancel.sleep_until(ends.saturating_duration_since(Instant::now()), Stage::Draining);
        }
    }

    /// The next call, when it is this thread's turn to wait for one.
    fn take(&self, page: &mut Page<'_>) -> Option<Due> {
        let mut state = self.state.lock();
        while state.waiting >= AHEAD && !state.is_over {
            MutexGuard::unlocked(&mut state, || page.hand_in());
            if state.waiting >= AHEAD && !state.is_over {
                state.idle += 1;
                self.called.wait(&mut state);
                state.idle -= 1;
            }
        }
        let due = if state.is_over || self.course.is_over(Instant::now()) { None } else { state.dues.next() };
        match due {
            Some(due) => {
                state.counted += u64::from(due.is_counted);
                state.waiting += 1;
                self.call_another(&mut state);
            }
            None => self.end(&mut state),
        }
        due
    }

    /// Sees to it that somebody waits for the next call.
    fn call_another(&self, state: &mut State<D>) {
        if state.waiting >= FEWEST || state.is_over {
            return;
        }
        if state.idle > 0 {
            self.called.notify_one();
        } else if state.threads < self.most && state.dues.peek().is_some() {
            state.threads += 1;
            self.course.crew().wanted += 1;
            self.course.crew_changed.notify_all();
        }
    }

    fn end(&self, state: &mut State<D>) {
        state.is_over = true;
        self.called.notify_all();
    }

    /// Those that were due before the end, or before the cancel, and that nobody took.
    fn missed(self) -> u64 {
        let until = self.course.ends.unwrap_or_else(Instant::now).min(Instant::now());
        let State { dues: left, missed, .. } = self.state.into_inner();
        let due = left.take_while(|due| self.course.began + due.at < until).filter(|due| due.is_counted);
        missed + due.count() as u64
    }
}
