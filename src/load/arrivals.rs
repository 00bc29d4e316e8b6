//! When calls are due in the open model. Pure: no clock, no thread.

use super::rate::Rate;
use crate::seed;
use std::time::Duration;

/// At which instants calls are due, whatever the answers do.
///
/// ```
/// use seawall::load::{Arrivals, Rate};
/// use std::time::Duration;
/// let spike = Arrivals::stages([
///     (Rate::per_second(2.0), Duration::from_secs(1)),
///     (Rate::per_second(4.0), Duration::from_secs(1)),
/// ]);
/// let millis: Vec<_> = spike.dues().map(|due| due.as_millis()).collect();
/// assert_eq!(millis, [0, 500, 1000, 1250, 1500, 1750]);
/// ```
#[derive(Clone, Debug)]
pub struct Arrivals {
    stages: Vec<Stage>,
    /// Of the gaps; `None`: they are even.
    poisson: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Stage {
    rate: Rate,
    /// `None`: for ever.
    length: Option<Duration>,
}

impl Arrivals {
    /// Even gaps, the first call at once, without end.
    pub fn constant(rate: Rate) -> Self {
        Self { stages: vec![Stage { rate, length: None }], poisson: None }
    }

    /// One rate after the other, each for its time, in steps. After the last one no call is due.
    pub fn stages(stages: impl IntoIterator<Item = (Rate, Duration)>) -> Self {
        let stages = stages.into_iter().map(|(rate, length)| Stage { rate, length: Some(length) }).collect();
        Self { stages, poisson: None }
    }

    /// Gaps that are drawn from `seed`, exponentially distributed around the rate's: a Poisson process, as independent people
    /// make it. One seed draws the same gaps each time.
    #[must_use]
    pub fn with_poisson(self, seed: u64) -> Self {
        Self { poisson: Some(seed), ..self }
    }

    /// The same kind of gaps, at one rate.
    pub(super) fn at(&self, rate: Rate) -> Self {
        Self { poisson: self.poisson, ..Self::constant(rate) }
    }

    /// How long all stages take together; `None` if there is no end.
    pub fn span(&self) -> Option<Duration> {
        self.stages.iter().try_fold(Duration::ZERO, |sum, stage| Some(sum.saturating_add(stage.length?)))
    }

    /// The instants, since the load began, in order.
    pub fn dues(&self) -> Dues {
        Dues { arrivals: self.clone(), stage: 0, stage_began: Duration::ZERO, in_stage: 0.0, drawn: 0 }
    }

    /// Those of a whole load: first those of the warm-up, at the first rate, then those that are counted, at most `count`, all
    /// of them before `ends`.
    pub(super) fn dues_of_a_load(
        &self,
        warmup: Duration,
        ends: Option<Duration>,
        count: Option<u64>,
    ) -> impl Iterator<Item = Due> + Send + use<> {
        let first = self.stages.first().map(|stage| Stage { rate: stage.rate, length: Some(warmup) });
        let before = Self { stages: first.into_iter().collect(), poisson: self.poisson.map(|seed| seed::nth(seed, 0)) };
        let before = before.dues().zip(0..).map(|(at, number)| Due { at, number, is_counted: false });
        let counted =
            self.dues().take_while(move |at| ends.is_none_or(|ends| *at < ends)).zip(0..count.unwrap_or(u64::MAX));
        before.chain(counted.map(move |(at, number)| Due { at: warmup.saturating_add(at), number, is_counted: true }))
    }
}

impl From<Rate> for Arrivals {
    fn from(rate: Rate) -> Self {
        Self::constant(rate)
    }
}

/// One call that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// Since the load began, the warm-up included.
    pub(super) at: Duration,
    pub(super) number: u64,
    pub(super) is_counted: bool,
}

/// The instants at which calls are due: see [`Arrivals::dues`].
#[derive(Clone, Debug)]
pub struct Dues {
    arrivals: Arrivals,
    stage: usize,
    stage_began: Duration,
    /// Even gaps: how many were due in this stage. Drawn ones: seconds into it. So an even one carries no sum of errors.
    in_stage: f64,
    drawn: u64,
}

impl Iterator for Dues {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        loop {
            let Stage { rate, length } = *self.arrivals.stages.get(self.stage)?;
            let seconds = self.seconds_into(rate.as_per_second());
            let due = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
            match length {
                Some(length) if due >= length => {
                    // A Poisson process has no memory, so it begins anew with each stage.
                    (self.stage, self.in_stage) = (self.stage + 1, 0.0);
                    self.stage_began = self.stage_began.saturating_add(length);
                }
                _ => return Some(self.stage_began.saturating_add(due)),
            }
        }
    }
}

impl Dues {
    fn seconds_into(&mut self, rate: f64) -> f64 {
        if let Some(seed) = self.arrivals.poisson {
            let gap = -(1.0 - share(seed::nth(seed, self.drawn))).ln() / rate;
            self.drawn += 1;
            self.in_stage += gap;
            return self.in_stage;
        }
        let seconds = self.in_stage / rate;
        self.in_stage += 1.0;
        seconds
    }
}

/// From 0 to less than 1.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
fn share(draw: u64) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
    (draw >> 11) as f64 * STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_counts_after_its_warm_up_and_ends_by_time_or_by_count() {
        let dues = |ends: Option<u64>, count| {
            let ends = ends.map(Duration::from_millis);
            let dues =
                Arrivals::constant(Rate::per_second(10.0)).dues_of_a_load(Duration::from_millis(150), ends, count);
            dues.map(|due| (due.at.as_millis(), due.number, due.is_counted)).collect::<Vec<_>>()
        };
        let warmup = [(0, 0, false), (100, 1, false)];
        let counted = [(150, 0, true), (250, 1, true), (350, 2, true)];
        assert_eq!(dues(Some(300), None), [&warmup[..], &counted].concat());
        assert_eq!(dues(None, Some(3)), [&warmup[..], &counted].concat());
        assert_eq!(dues(Some(1000), Some(1)), [&warmup[..], &counted[..1]].concat());
        assert_eq!(dues(Some(0), None), warmup);
    }
}
