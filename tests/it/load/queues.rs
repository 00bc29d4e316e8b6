//! Loads on a server of one place, on virtual time: what comes of them is known from books.

use super::ms;
use seawall::load::{Answer, Arrivals, LoadResult, Objective, Rate, Recorder, Timed};
use std::time::Duration;

/// A server that answers one call after the other.
struct Server<S> {
    service: S,
    free: Duration,
}

impl<S: FnMut(u64, Duration) -> Duration> Server<S> {
    fn new(service: S) -> Self {
        Self { service, free: Duration::ZERO }
    }

    /// When a call that comes at `at` is over.
    fn answer(&mut self, number: u64, at: Duration) -> Duration {
        let begin = at.max(self.free);
        self.free = begin + (self.service)(number, begin);
        self.free
    }
}

/// The open model, with as many callers as it takes.
fn open(dues: impl Iterator<Item = Duration>, mut server: Server<impl FnMut(u64, Duration) -> Duration>) -> LoadResult {
    let mut recorder = Recorder::new();
    for (due, number) in dues.zip(0..) {
        let ended = server.answer(number, due);
        recorder.record(&Timed { due, began: due, ended }, &Answer::ok());
    }
    recorder.into_result(Duration::ZERO, 0)
}

/// The closed model with one caller.
fn closed(until: Duration, mut server: Server<impl FnMut(u64, Duration) -> Duration>) -> LoadResult {
    let mut recorder = Recorder::new();
    let mut at = Duration::ZERO;
    for number in 0.. {
        if at >= until {
            break;
        }
        let ended = server.answer(number, at);
        recorder.record(&Timed { due: at, began: at, ended }, &Answer::ok());
        at = ended;
    }
    recorder.into_result(until, 0)
}

/// 2 ms a call, but from 2 s to 3 s nothing is answered.
fn stalls(_: u64, at: Duration) -> Duration {
    let second = Duration::from_secs(1);
    if (2 * second..3 * second).contains(&at) { (3 * second).saturating_sub(at) } else { ms(2) }
}

#[test]
fn a_stall_of_a_second_shows_in_the_open_model_and_hides_in_the_closed_one() {
    let dues = Arrivals::constant(Rate::per_second(100.0)).dues().take_while(|due| *due < Duration::from_secs(10));
    let open = open(dues, Server::new(stalls));
    assert!((0.85..1.1).contains(&open.corrected().p99().unwrap().as_secs_f64()), "{open:?}");
    assert!(open.corrected().quantile(0.9).unwrap() > ms(100), "{open:?}");
    let closed = closed(Duration::from_secs(10), Server::new(stalls));
    assert!(closed.corrected().p999().unwrap() < ms(3), "{closed:?}");
    assert_eq!(closed.corrected().max().unwrap().as_secs(), 1);
}

/// From 0 to less than 1, for each number another one.
#[expect(clippy::cast_precision_loss, reason = "a draw need not be exact")]
fn share(number: u64) -> f64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) as f64 / u64::MAX as f64
}

const CALLS: usize = 60_000;
/// Calls a second that the server can answer.
const SERVICE: f64 = 100.0;

/// The mean wait in seconds at this share of what the server can, and half of its interval of confidence (3 sigma, by the
/// means of batches).
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn mean_wait(load: f64, service: impl Fn(u64) -> f64) -> (f64, f64) {
    const BATCHES: usize = 30;
    let dues: Vec<Duration> =
        Arrivals::constant(Rate::per_second(load * SERVICE)).with_poisson(7).dues().take(CALLS).collect();
    let mut server = Server::new(|number, _| Duration::from_secs_f64(service(number)));
    let waits: Vec<f64> = dues
        .iter()
        .zip(0..)
        .map(|(due, number)| server.answer(number, *due).saturating_sub(*due).as_secs_f64() - service(number))
        .collect();
    let means: Vec<f64> =
        waits.chunks(CALLS / BATCHES).map(|batch| batch.iter().sum::<f64>() / batch.len() as f64).collect();
    let mean = means.iter().sum::<f64>() / BATCHES as f64;
    let variance = means.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (BATCHES - 1) as f64;
    (mean, 3.0 * (variance / BATCHES as f64).sqrt())
}

/// The formula of Pollaczek and Khinchine, whose special cases M/M/1 and M/D/1 are.
fn is_as_in_the_textbook(load: f64, service: impl Fn(u64) -> f64, variation: f64) {
    let wanted = load / (SERVICE * (1.0 - load)) * (1.0 + variation) / 2.0;
    let (mean, margin) = mean_wait(load, service);
    assert!((mean - wanted).abs() <= margin.max(wanted * 0.02), "at {load}: {mean} ± {margin}, wanted {wanted}");
}

#[test]
fn a_queue_with_drawn_service_waits_as_long_as_the_textbook_says() {
    for load in [0.3, 0.5, 0.7, 0.8] {
        is_as_in_the_textbook(load, |number| -(1.0 - share(number)).ln() / SERVICE, 1.0);
    }
}

#[test]
fn a_queue_with_fixed_service_waits_half_as_long() {
    for load in [0.3, 0.5, 0.7, 0.8] {
        is_as_in_the_textbook(load, |_| 1.0 / SERVICE, 0.0);
    }
}

#[test]
fn a_server_is_judged_by_what_its_queue_adds() {
    let at = |load: f64| {
        let dues = Arrivals::constant(Rate::per_second(load * SERVICE)).with_poisson(3).dues().take(20_000);
        open(dues, Server::new(|_, _| ms(10)))
    };
    let objective = Objective::quantile_below(0.99, ms(60));
    assert!(objective.judge(&at(0.5)).is_met);
    assert!(!objective.judge(&at(0.9)).is_met);
}
