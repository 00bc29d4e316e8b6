//! Counts calls as they end. Pure: whoever makes the calls says when they were due, began and ended.

use super::answer::Answer;
use super::intervals::Intervals;
use super::latencies::Latencies;
use super::series::Second;
use std::collections::BTreeMap;
use std::time::Duration;

/// When a call was due, began and ended: each since the load's counted part began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// When it should have begun; in the closed model that is when it did.
    pub due: Duration,
    /// When it began.
    pub began: Duration,
    /// When it ended, retries and their waits included.
    pub ended: Duration,
}

/// Counts calls, for a generator of your own or a recorded schedule; [`Load`](super::Load) uses it too.
///
/// ```
/// use seawall::load::{Answer, Recorder, Timed};
/// use std::time::Duration;
/// let ms = Duration::from_millis;
/// let mut recorder = Recorder::new();
/// recorder.record(&Timed { due: ms(10), began: ms(40), ended: ms(60) }, &Answer::ok());
/// let result = recorder.into_result(ms(1000), 0);
/// assert_eq!((result.corrected().max(), result.actual().max()), (Some(ms(50)), Some(ms(20))));
/// assert_eq!(result.late().max(), Some(ms(30)));
/// ```
#[derive(Clone, Debug)]
pub struct Recorder {
    pub(super) calls: u64,
    pub(super) ok: u64,
    pub(super) errors: BTreeMap<&'static str, u64>,
    pub(super) examples: BTreeMap<&'static str, String>,
    pub(super) attempts: u64,
    pub(super) rejected: u64,
    pub(super) saved: u64,
    pub(super) backoff: Duration,
    pub(super) corrected: Latencies,
    pub(super) actual: Latencies,
    pub(super) late: Latencies,
    pub(super) seconds: Vec<Second>,
    pub(super) intervals: Intervals,
    pub(super) last_end: Duration,
}

impl Recorder {
    /// One that has counted nothing.
    pub fn new() -> Self {
        Self {
            calls: 0,
            ok: 0,
            errors: BTreeMap::new(),
            examples: BTreeMap::new(),
            attempts: 0,
            rejected: 0,
            saved: 0,
            backoff: Duration::ZERO,
            corrected: Latencies::new(),
            actual: Latencies::new(),
            late: Latencies::new(),
            seconds: Vec::new(),
            intervals: Intervals::new(),
            last_end: Duration::ZERO,
        }
    }

    /// Counts one call that has ended.
    pub fn record(&mut self, timed: &Timed, answer: &Answer) {
        let late = timed.began.saturating_sub(timed.due);
        let corrected = timed.ended.saturating_sub(timed.due);
        self.count(answer);
        self.late.add(late);
        if answer.has_latency() {
            self.corrected.add(corrected);
            self.actual.add(timed.ended.saturating_sub(timed.began));
        }
        self.last_end = self.last_end.max(timed.ended);
        let second = usize::try_from(timed.ended.as_secs()).unwrap_or(usize::MAX);
        if self.seconds.len() <= second {
            self.seconds.resize_with(second + 1, Second::default);
        }
        self.seconds[second].add(answer, corrected, late);
        self.intervals.record([timed.due, timed.began, timed.ended], answer);
    }

    fn count(&mut self, answer: &Answer) {
        self.calls += 1;
        self.attempts += answer.attempts;
        self.rejected += answer.rejected;
        self.backoff = self.backoff.saturating_add(answer.backoff);
        match &answer.error {
            None => {
                self.ok += 1;
                self.saved += u64::from(answer.backoff > Duration::ZERO);
            }
            Some(error) => {
                *self.errors.entry(error.class).or_default() += 1;
                self.examples.entry(error.class).or_insert_with(|| error.message.clone());
            }
        }
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}
