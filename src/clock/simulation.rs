//! Virtual time: members take turns, and time jumps to the next wake-up when all of them wait.

use crate::cancel::{CancelToken, Cancelled, Stage};
use crate::sync::{Arc, Condvar, Mutex, MutexGuard};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long time stands still, in real time, for what a thread that is no member does after its wake-up.
const HOLD: Duration = Duration::from_millis(20);

pub(super) struct Simulation {
    state: Mutex<State>,
}

struct State {
    now: Instant,
    seats: BTreeMap<u64, Seat>,
    next_seat: u64,
    turn: Option<u64>,
    /// Until when, in real time, virtual time does not move.
    hold: Option<Instant>,
    rng: SmallRng,
}

struct Seat {
    phase: Phase,
    /// A wake-up that came while it was not waiting: its next wait is over at once.
    is_woken: bool,
    /// A thread that is no worker: it never holds the turn, and nobody waits for it.
    is_guest: bool,
    wake: Arc<Condvar>,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Ready,
    Running,
    Waiting(Option<Instant>),
}

/// One thread's place in the simulation.
#[derive(Clone)]
pub(crate) struct Member {
    simulation: Arc<Simulation>,
    seat: u64,
}

thread_local! {
    /// The places of this thread: more than one if a backend that runs on one simulated clock starts a run on another.
    static CURRENT: RefCell<Vec<Member>> = const { RefCell::new(Vec::new()) };
}

impl Simulation {
    pub(super) fn new(now: Instant) -> Self {
        let rng = SmallRng::seed_from_u64(0);
        Self { state: Mutex::new(State { now, seats: BTreeMap::new(), next_seat: 0, turn: None, hold: None, rng }) }
    }

    pub(super) fn now(&self) -> Instant {
        self.state.lock().now
    }

    pub(super) fn reseed(&self, seed: u64) {
        self.state.lock().rng = SmallRng::seed_from_u64(seed);
    }

    /// Places for threads that are about to start. Time does not move before each of them waits.
    pub(super) fn enlist(simulation: &Arc<Self>, threads: usize) -> Vec<Member> {
        let mut state = simulation.state.lock();
        (0..threads)
            .map(|_| Member { simulation: Arc::clone(simulation), seat: state.seat(Phase::Ready, false) })
            .collect()
    }

    pub(super) fn sleep(self: &Arc<Self>, duration: Duration, cancel: &CancelToken) -> Result<(), Cancelled> {
        let end = self.now().checked_add(duration);
        let guest = match Member::current_of(self) {
            Some(member) => Guest { member, is_guest: false },
            None => Guest::arrive(self),
        };
        let sleeper = guest.member.clone();
        let _guard = cancel.listen(Stage::Cancelled, move |_, _| sleeper.wake());
        loop {
            cancel.check()?;
            if end.is_some_and(|end| end <= self.now()) {
                return Ok(());
            }
            guest.member.wait(end, cancel.next_look(Instant::now()));
        }
    }
}

/// A sleeper; a seat that was made for this sleep alone is given up after it.
struct Guest {
    member: Member,
    is_guest: bool,
}

impl Guest {
    fn arrive(simulation: &Arc<Simulation>) -> Self {
        let seat = simulation.state.lock().seat(Phase::Running, true);
        Self { member: Member { simulation: Arc::clone(simulation), seat }, is_guest: true }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if self.is_guest {
            self.member.simulation.state.lock().seats.remove(&self.member.seat);
        }
    }
}

impl Member {
    /// This thread's place in `simulation`, if it is one of its workers.
    pub(super) fn current_of(simulation: &Arc<Simulation>) -> Option<Self> {
        CURRENT
            .with_borrow(|places| places.iter().rev().find(|place| Arc::ptr_eq(&place.simulation, simulation)).cloned())
    }

    /// Takes the place with this thread, and waits for its turn; when the guard is dropped the place is gone.
    pub(crate) fn enter(self) -> impl Drop + use<> {
        CURRENT.with_borrow_mut(|places| places.push(self.clone()));
        let mut state = self.simulation.state.lock();
        state.pass_turn(true);
        self.await_turn(&mut state, None);
        drop(state);
        Seated { member: self }
    }

    /// Gives the turn to whoever is drawn, which may be this one again.
    pub(super) fn yield_turn(&self) {
        let mut state = self.simulation.state.lock();
        state.seat_of(self).phase = Phase::Ready;
        state.turn = None;
        state.pass_turn(true);
        self.await_turn(&mut state, None);
    }

    /// Gives the turn away until `until` has come, [`wake`](Self::wake) was called, or it is `real` on the system's clock.
    pub(super) fn wait(&self, until: Option<Instant>, real: Option<Instant>) {
        let mut state = self.simulation.state.lock();
        let seat = state.seat_of(self);
        if std::mem::take(&mut seat.is_woken) {
            return;
        }
        seat.phase = Phase::Waiting(until);
        if seat.is_guest {
            state.hold = None;
        }
        if state.turn == Some(self.seat) {
            state.turn = None;
        }
        state.pass_turn(true);
        self.await_turn(&mut state, real);
        state.seat_of(self).is_woken = false;
    }

    pub(super) fn wake(&self) {
        let mut state = self.simulation.state.lock();
        let Some(seat) = state.seats.get_mut(&self.seat) else { return };
        match seat.phase {
            Phase::Waiting(_) => {
                seat.call();
                state.pass_turn(true);
            }
            Phase::Ready | Phase::Running => seat.is_woken = true,
        }
    }

    fn await_turn(&self, state: &mut MutexGuard<'_, State>, mut real: Option<Instant>) {
        loop {
            let seat = state.seat_of(self);
            if seat.phase == Phase::Running {
                return;
            }
            let wake = Arc::clone(&seat.wake);
            match [real, state.hold].into_iter().flatten().min() {
                None => wake.wait(state),
                Some(at) if !wake.wait_until(state, at).timed_out() => {}
                Some(at) if real.is_some_and(|real| real <= at) => {
                    real = None;
                    let seat = state.seat_of(self);
                    if let Phase::Waiting(_) = seat.phase {
                        seat.call();
                    }
                    state.pass_turn(true);
                }
                Some(_) => {
                    state.hold = None;
                    state.pass_turn(true);
                }
            }
        }
    }
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.seat == other.seat && Arc::ptr_eq(&self.simulation, &other.simulation)
    }
}

struct Seated {
    member: Member,
}

impl Drop for Seated {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(|places| places.retain(|place| *place != self.member));
        let mut state = self.member.simulation.state.lock();
        state.seats.remove(&self.member.seat);
        if state.turn == Some(self.member.seat) {
            state.turn = None;
        }
        state.pass_turn(false);
    }
}

impl Seat {
    /// Ends its wait: a guest goes on, a worker stands in line for the turn.
    fn call(&mut self) {
        self.phase = if self.is_guest { Phase::Running } else { Phase::Ready };
        if self.is_guest {
            self.wake.notify_one();
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        matches!(self.phase, Phase::Waiting(Some(until)) if until <= now)
    }
}

impl State {
    fn seat(&mut self, phase: Phase, is_guest: bool) -> u64 {
        let id = self.next_seat;
        self.next_seat += 1;
        self.seats.insert(id, Seat { phase, is_woken: false, is_guest, wake: Arc::default() });
        id
    }

    fn seat_of(&mut self, member: &Member) -> &mut Seat {
        self.seats.get_mut(&member.seat).expect("a member's seat is its own until it leaves")
    }

    /// Gives the turn, if nobody holds it, to one that is ready; if nobody is, time moves to the next wake-up first.
    ///
    /// `may_hold`: whether the caller goes on to wait, and so can end the hold after a guest's wake-up. One that leaves
    /// cannot, and maybe nobody else does: time would stand still for good.
    fn pass_turn(&mut self, may_hold: bool) {
        while self.turn.is_none() && !self.give_turn() {
            let is_held = may_hold && self.hold.is_some_and(|until| Instant::now() < until);
            let Some(next) = self.next_wake_up().filter(|_| !is_held) else { return };
            self.hold = None;
            self.now = self.now.max(next);
            let now = self.now;
            let mut guests = 0;
            for seat in self.seats.values_mut().filter(|seat| seat.is_due(now)) {
                seat.call();
                guests += usize::from(seat.is_guest);
            }
            let are_workers_there = self.seats.values().any(|seat| !seat.is_guest);
            self.hold = (guests > 0 && may_hold && are_workers_there).then(|| Instant::now() + HOLD);
        }
    }

    /// Whether somebody was ready for it.
    fn give_turn(&mut self) -> bool {
        let ready = |seat: &&u64, seats: &BTreeMap<u64, Seat>| seats[seat].phase == Phase::Ready;
        let count = self.seats.keys().filter(|seat| ready(seat, &self.seats)).count();
        if count == 0 {
            return false;
        }
        let drawn = self.rng.random_range(0..count);
        let next = *self.seats.keys().filter(|seat| ready(seat, &self.seats)).nth(drawn).expect("it was counted");
        let seat = self.seats.get_mut(&next).expect("it was found");
        seat.phase = Phase::Running;
        seat.wake.notify_one();
        self.turn = Some(next);
        true
    }

    fn next_wake_up(&self) -> Option<Instant> {
        let instant = |seat: &Seat| if let Phase::Waiting(until) = seat.phase { until } else { None };
        self.seats.values().filter_map(instant).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn alone() -> (Arc<Simulation>, Member, impl Drop) {
        let simulation = Arc::new(Simulation::new(Instant::now()));
        let member = Simulation::enlist(&simulation, 1).pop().expect("one was asked for");
        let seated = member.clone().enter();
        (simulation, member, seated)
    }

    #[test]
    fn a_wake_up_that_comes_before_the_wait_is_not_lost() {
        let (_, member, _seated) = alone();
        let began = Instant::now();
        member.wake();
        member.wait(None, Some(began + LONG));
        assert!(began.elapsed() < LONG);
    }

    #[test]
    fn a_real_instant_ends_a_wait_and_moves_no_virtual_time() {
        let (simulation, member, _seated) = alone();
        let (began, start) = (Instant::now(), simulation.now());
        member.wait(None, Some(began + Duration::from_millis(5)));
        assert!(began.elapsed() >= Duration::from_millis(5));
        assert_eq!(simulation.now(), start);
    }

    #[test]
    fn time_does_not_move_before_each_place_is_taken_and_waits() {
        let simulation = Arc::new(Simulation::new(Instant::now()));
        let start = simulation.now();
        let mut members = Simulation::enlist(&simulation, 2);
        let (second, first) = (members.pop().expect("two"), members.pop().expect("two"));
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                let member = first.clone();
                let _seated = first.enter();
                member.wait(Some(start + LONG), None);
                simulation.now()
            });
            std::thread::sleep(Duration::from_millis(5)); // time in which virtual time must not move
            assert_eq!(simulation.now(), start, "the other place is not taken yet");
            let member = second.clone();
            let _seated = second.enter();
            assert_eq!(simulation.now(), start);
            member.wait(Some(start + LONG / 2), None);
            assert_eq!(simulation.now(), start + LONG / 2);
            member.wait(Some(start + 2 * LONG), None);
            assert_eq!(sleeper.join().unwrap(), start + LONG);
        });
    }
}
