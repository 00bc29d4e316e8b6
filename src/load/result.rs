//! What came of a load.

use super::intervals::Interval;
use super::latencies::Latencies;
use super::recorder::Recorder;
use super::series::Second;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

/// What came of a load: of its counted calls, those that have ended.
#[derive(Clone, Debug)]
pub struct LoadResult {
    recorder: Recorder,
    elapsed: Duration,
    missed: u64,
    cancelled: Option<Cow<'static, str>>,
}

impl LoadResult {
    /// Beyond this 99th percentile of lateness the figures are those of the generator.
    const LATE: Duration = Duration::from_millis(10);

    fn new(mut recorder: Recorder, elapsed: Duration, missed: u64) -> Self {
        let elapsed = elapsed.max(recorder.last_end);
        let whole = elapsed.as_secs() + u64::from(elapsed.subsec_nanos() > 0);
        let seconds = usize::try_from(whole).unwrap_or(usize::MAX).max(recorder.seconds.len());
        recorder.seconds.resize_with(seconds, Second::default);
        recorder.intervals.until(elapsed);
        Self { recorder, elapsed, missed, cancelled: None }
    }

    pub(super) fn with_cancelled(self, cancelled: Option<Cow<'static, str>>) -> Self {
        Self { cancelled, ..self }
    }

    pub(super) fn cancelled_reason(&self) -> Option<Cow<'static, str>> {
        self.cancelled.clone()
    }

    /// How many calls ended: those that were ok, and those that were not.
    pub fn calls(&self) -> u64 {
        self.recorder.calls
    }

    /// How many were ok.
    pub fn ok(&self) -> u64 {
        self.recorder.ok
    }

    /// How many were not, by the class of the last attempt: the words of [`AttemptResult::as_str`](crate::AttemptResult).
    pub fn errors(&self) -> &BTreeMap<&'static str, u64> {
        &self.recorder.errors
    }

    /// For each class of error the message of the first one.
    pub fn examples(&self) -> &BTreeMap<&'static str, String> {
        &self.recorder.examples
    }

    /// The share of the calls that were not ok, from 0 to 1; `None` if there were no calls.
    #[expect(clippy::cast_precision_loss, reason = "no load has 2^53 calls")]
    pub fn error_share(&self) -> Option<f64> {
        (self.calls() > 0).then(|| (self.calls() - self.ok()) as f64 / self.calls() as f64)
    }

    /// How many attempts were made: more than the calls, where calls were retried.
    pub fn attempts(&self) -> u64 {
        self.recorder.attempts
    }

    /// How often a circuit breaker refused; those are no attempts.
    pub fn rejected(&self) -> u64 {
        self.recorder.rejected
    }

    /// How many calls were ok only because of a retry.
    pub fn saved(&self) -> u64 {
        self.recorder.saved
    }

    /// The waits between attempts, all together.
    pub fn backoff(&self) -> Duration {
        self.recorder.backoff
    }

    /// From the end of the warm-up to the end of the load's duration, or of the last counted call if that is later.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Calls that ended, a second.
    #[expect(clippy::cast_precision_loss, reason = "no load has 2^53 calls")]
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.calls() as f64 / seconds } else { 0.0 }
    }

    /// From the instant at which a call was due to its end. Calls that a circuit refused, or that were cancelled, are left
    /// out; those that failed are not.
    pub fn corrected(&self) -> &Latencies {
        &self.recorder.corrected
    }

    /// As [`corrected`](Self::corrected), from the real start on.
    pub fn actual(&self) -> &Latencies {
        &self.recorder.actual
    }

    /// How long after they were due calls began.
    pub fn late(&self) -> &Latencies {
        &self.recorder.late
    }

    /// How many calls were due and never began.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Whether the generator, or its limit of calls under way, was slower than the load: one call in a hundred began more
    /// than 10 ms late, or some never began.
    pub fn is_limited(&self) -> bool {
        self.missed > 0 || self.late().p99().is_some_and(|late| late > Self::LATE)
    }

    /// Each second of the load, from 0 on; a call belongs to the one in which it ended.
    pub fn series(&self) -> &[Second] {
        &self.recorder.seconds
    }

    /// The whole load in equal parts from 0 on, and how long each of them is: at most `at_most`, and never more than 400, none
    /// shorter than 50 ms. For a picture; [`series`](Self::series) is more exact.
    pub fn intervals(&self, at_most: usize) -> (Duration, Vec<Interval>) {
        self.recorder.intervals.at_most(at_most)
    }

    /// Why it was cancelled, if it was: the reason that the token was given, or `cancelled`.
    pub fn cancelled(&self) -> Option<&str> {
        self.cancelled.as_deref()
    }
}

impl Recorder {
    /// All that was counted, of a load that took `elapsed` (at least up to the end of the last call) and in which `missed`
    /// calls were due and never began.
    pub fn into_result(self, elapsed: Duration, missed: u64) -> LoadResult {
        LoadResult::new(self, elapsed, missed)
    }
}

/// How far a load is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// Since the load began, the warm-up included.
    pub elapsed: Duration,
    /// The warm-up.
    pub warmup: Duration,
    /// Counted calls that have ended.
    pub calls: u64,
    /// Those of them that were ok.
    pub ok: u64,
    /// Those that were not, by class.
    pub errors: BTreeMap<&'static str, u64>,
    /// How often a circuit breaker refused.
    pub rejected: u64,
    /// Calls that have begun and not ended.
    pub in_flight: u64,
    /// The 99th percentile of the lateness so far.
    pub late_p99: Option<Duration>,
    /// The seconds that are over and the present one, with at most the last sixty.
    pub recent: Vec<Second>,
}
