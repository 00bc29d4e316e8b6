//! A backend that answers by itself: seeded latency and faults, for demos, tests and benches.

mod draws;
mod latency;

pub use latency::Latency;

use super::{Backend, Context, Message, Response};
use crate::resilience::InvalidSetting;
use crate::seed;
use crate::send_error::SendError;
use crate::sync::{Arc, AtomicU64, Ordering};
use draws::Draws;
use std::time::Duration;

/// A backend that makes its answers up, with the latency and the faults that it is told to have.
///
/// | setting | default |
/// | --- | --- |
/// | latency | none |
/// | fail rate, panic rate, hang rate | 0 |
/// | fail first | 0 attempts |
/// | down | never |
/// | response | the prompt |
/// | seed | fresh entropy |
///
/// # What an attempt does
///
/// 1. If it is drawn to hang, it waits until it is cancelled, or until its time limit.
/// 2. It waits for its latency, which a cancel ends at once, and so does its time limit.
/// 3. If it is drawn to panic, it panics, past the panic hook: nothing is printed.
/// 4. It fails with a transient error if the backend was down when the attempt began, if the attempt is one of the first
///    that fail, or if it is drawn to fail.
/// 5. It answers.
///
/// All waits are on the run's [`Clock`](crate::Clock), simulated or not.
///
/// # What the seed decides
///
/// Within a plan, the draws of an attempt depend on the seed, the backend's name in the runner, the task's id and the
/// number of the attempt, and on nothing else: the same seed gives the same latencies and faults to each task, whatever
/// the threads do. Outside of a plan the n-th call of this backend has the n-th draws.
///
/// ```
/// use seawall::{Backend, CancelToken, Context, ErrorClass, SimulatedBackend};
/// use std::time::Duration;
///
/// let backend = SimulatedBackend::new().with_latency(Duration::from_millis(1)).with_response("fine");
/// let cancel = CancelToken::new();
/// assert_eq!(backend.send(&"hello".into(), &Context::new(&cancel))?.text(), "fine");
///
/// let error = backend.with_fail_rate(1.0).send(&"hello".into(), &Context::new(&cancel)).unwrap_err();
/// assert_eq!((error.class(), error.to_string()), (ErrorClass::Transient, "simulated failure".into()));
/// # Ok::<(), seawall::SendError>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct SimulatedBackend {
    latency: Latency,
    fail_rate: f64,
    fail_first: u32,
    down: Vec<(Duration, Duration)>,
    panic_rate: f64,
    hang_rate: f64,
    response: Option<Arc<str>>,
    seed: u64,
    /// Calls outside of a plan.
    calls: AtomicU64,
}

impl Default for SimulatedBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl SimulatedBackend {
    /// A backend that answers each prompt at once with the prompt itself.
    pub fn new() -> Self {
        Self {
            latency: Latency::default(),
            fail_rate: 0.0,
            fail_first: 0,
            down: Vec::new(),
            panic_rate: 0.0,
            hang_rate: 0.0,
            response: None,
            seed: seed::fresh(),
            calls: AtomicU64::new(0),
        }
    }

    /// How long each attempt takes, also one that fails: a [`Duration`], or a distribution.
    pub fn with_latency(self, latency: impl Into<Latency>) -> Self {
        Self { latency: latency.into(), ..self }
    }

    /// The share of attempts that fail with a transient error.
    ///
    /// # Panics
    ///
    /// If it is NaN or outside of 0 to 1.
    #[track_caller]
    pub fn with_fail_rate(self, rate: f64) -> Self {
        valid(self.try_with_fail_rate(rate))
    }

    /// How many attempts of each call fail with a transient error before one may answer:
    /// [`Context::attempt`] is compared with it.
    pub fn with_fail_first(self, attempts: u32) -> Self {
        Self { fail_first: attempts, ..self }
    }

    /// A time in which every attempt that begins fails with a transient error: from the one instant on until before the
    /// other, both since the run began. Called again, it adds another such time.
    ///
    /// # Panics
    ///
    /// If it does not end after it begins.
    #[track_caller]
    pub fn with_down(self, from: Duration, to: Duration) -> Self {
        valid(self.try_with_down(from, to))
    }

    /// The share of attempts that panic.
    ///
    /// # Panics
    ///
    /// If it is NaN or outside of 0 to 1.
    #[track_caller]
    pub fn with_panic_rate(self, rate: f64) -> Self {
        valid(self.try_with_panic_rate(rate))
    }

    /// The share of attempts that wait until they are cancelled or reach their time limit.
    ///
    /// # Panics
    ///
    /// If it is NaN or outside of 0 to 1.
    #[track_caller]
    pub fn with_hang_rate(self, rate: f64) -> Self {
        valid(self.try_with_hang_rate(rate))
    }

    /// What it answers, whatever the prompt.
    pub fn with_response(self, text: impl Into<Arc<str>>) -> Self {
        Self { response: Some(text.into()), ..self }
    }

    /// What latencies and faults are drawn from.
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// [`with_fail_rate`](Self::with_fail_rate), for a value that may be nonsense.
    pub fn try_with_fail_rate(self, rate: f64) -> Result<Self, InvalidSetting> {
        let refused = InvalidSetting::new("fail_rate", "fail_rate must be a number from 0 to 1");
        Ok(Self { fail_rate: share(rate, refused)?, ..self })
    }

    /// [`with_down`](Self::with_down), for values that may be nonsense.
    pub fn try_with_down(mut self, from: Duration, to: Duration) -> Result<Self, InvalidSetting> {
        if to <= from {
            return Err(InvalidSetting::new("down", "down must end after it begins"));
        }
        self.down.push((from, to));
        Ok(self)
    }

    /// [`with_panic_rate`](Self::with_panic_rate), for a value that may be nonsense.
    pub fn try_with_panic_rate(self, rate: f64) -> Result<Self, InvalidSetting> {
        let refused = InvalidSetting::new("panic_rate", "panic_rate must be a number from 0 to 1");
        Ok(Self { panic_rate: share(rate, refused)?, ..self })
    }

    /// [`with_hang_rate`](Self::with_hang_rate), for a value that may be nonsense.
    pub fn try_with_hang_rate(self, rate: f64) -> Result<Self, InvalidSetting> {
        let refused = InvalidSetting::new("hang_rate", "hang_rate must be a number from 0 to 1");
        Ok(Self { hang_rate: share(rate, refused)?, ..self })
    }

    fn draws<R>(&self, cx: &Context<'_, R>) -> Draws {
        let seed = cx.run_number().map_or(self.seed, |number| seed::nth(self.seed, number));
        match cx.task() {
            Some(task) => Draws::of_attempt(seed, cx.backend(), task, cx.attempt()),
            None => Draws::of_call(self.seed, self.calls.fetch_add(1, Ordering::Relaxed)),
        }
    }

    fn is_down(&self, elapsed: Duration) -> bool {
        self.down.iter().any(|(from, to)| (*from..*to).contains(&elapsed))
    }
}

impl Backend for SimulatedBackend {
    fn send(&self, request: &Message, cx: &Context<'_>) -> Result<Response, SendError> {
        let draws = self.draws(cx);
        let is_down = self.is_down(cx.elapsed());
        if draws.hangs(self.hang_rate) {
            cx.sleep(Duration::MAX)?;
        }
        cx.sleep(draws.latency(self.latency))?;
        if draws.panics(self.panic_rate) {
            std::panic::resume_unwind(Box::new("simulated panic"));
        }
        if is_down {
            return Err(SendError::transient("simulated outage"));
        }
        if cx.attempt() <= self.fail_first || draws.fails(self.fail_rate) {
            return Err(SendError::transient("simulated failure"));
        }
        Ok(Response::new(self.response.clone().unwrap_or_else(|| request.prompt().into())))
    }
}

fn share(rate: f64, refused: InvalidSetting) -> Result<f64, InvalidSetting> {
    if (0.0..=1.0).contains(&rate) { Ok(rate) } else { Err(refused) }
}

#[track_caller]
fn valid<T>(setting: Result<T, InvalidSetting>) -> T {
    setting.unwrap_or_else(|refused| panic!("{refused}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Surroundings;
    use crate::cancel::CancelToken;
    use crate::clock::Clock;
    use crate::task_id::TaskId;

    /// How the attempt ended and what (virtual) time it took.
    fn attempt(backend: &SimulatedBackend, name: &str, task: &str, attempt: u32) -> (bool, Duration) {
        let (cancel, clock, task) = (CancelToken::new(), Clock::simulated(), TaskId::from(task));
        let surroundings = Surroundings { task: Some(&task), backend: name, attempt, ..Surroundings::default() };
        let cx = Context::within(&cancel, &clock, clock.now(), surroundings);
        (backend.send(&"x".into(), &cx).is_ok(), cx.elapsed())
    }

    fn erratic(seed: u64) -> SimulatedBackend {
        let latency = Latency::log_normal(Duration::from_millis(20), Duration::from_millis(200));
        SimulatedBackend::new().with_latency(latency).with_fail_rate(0.5).with_seed(seed)
    }

    fn tasks() -> impl DoubleEndedIterator<Item = String> {
        (0..40).map(|n| format!("t{n}"))
    }

    #[test]
    fn one_seed_gives_each_task_the_same_latencies_and_faults_in_any_order() {
        let there = erratic(7);
        let there: Vec<_> = tasks().map(|task| attempt(&there, "s", &task, 1)).collect();
        let back = erratic(7);
        let mut back: Vec<_> = tasks().rev().map(|task| attempt(&back, "s", &task, 1)).collect();
        back.reverse();
        assert_eq!(there, back);
        assert!(there.iter().any(|(is_ok, _)| *is_ok) && there.iter().any(|(is_ok, _)| !is_ok));
    }

    #[test]
    fn another_seed_name_task_or_attempt_gives_other_draws() {
        let drawn = |seed, name, task, number| attempt(&erratic(seed), name, task, number).1;
        let base = drawn(7, "s", "t", 1);
        assert_ne!(base, drawn(8, "s", "t", 1));
        assert_ne!(base, drawn(7, "r", "t", 1));
        assert_ne!(base, drawn(7, "s", "u", 1));
        assert_ne!(base, drawn(7, "s", "t", 2));
    }

    #[test]
    fn it_is_down_from_the_first_instant_until_before_the_second() {
        let (cancel, clock) = (CancelToken::new(), Clock::simulated());
        let began = clock.now();
        let second = Duration::from_secs(1);
        let backend = SimulatedBackend::new().with_down(second, 3 * second).with_down(4 * second, 5 * second);
        let is_up: Vec<bool> = (0..6)
            .map(|_| {
                let cx = Context::within(&cancel, &clock, began, Surroundings::default());
                let is_up = backend.send(&"x".into(), &cx).is_ok();
                cx.sleep(second).unwrap();
                is_up
            })
            .collect();
        assert_eq!(is_up, [true, false, false, true, false, true]);
    }

    #[test]
    fn a_hang_ends_at_the_limit_of_the_attempt_and_not_before() {
        let (cancel, clock) = (CancelToken::new(), Clock::simulated());
        let attempt_limit = clock.now().checked_add(Duration::from_secs(60));
        let cx =
            Context::within(&cancel, &clock, clock.now(), Surroundings { attempt_limit, ..Surroundings::default() });
        assert!(SimulatedBackend::new().with_hang_rate(1.0).send(&"x".into(), &cx).is_err());
        assert_eq!(cx.elapsed(), Duration::from_secs(60));
    }
}
