//! The highest rate at which a backend still does what it must.

use super::objective::Objective;
use super::rate::Rate;
use super::result::{LoadResult, Progress};
use super::{Load, Target};
use crate::cancel::{CancelToken, Stage};
use std::time::Duration;

/// One rate that was tried.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The rate.
    pub rate: Rate,
    /// Whether every objective was met, and no call was missed.
    pub is_met: bool,
}

/// A search for the highest rate that holds. Pure: somebody else tries the rates.
///
/// It doubles the rate until one does not hold, or halves it until one does, and then tries the geometric mean of the highest
/// that held and the lowest that did not, until these are within a tenth of each other. Then it tries the highest that held once
/// more: what holds once may have been lucky. If it does not hold again the search goes on below it.
///
/// ```
/// use seawall::load::{CapacitySearch, Rate};
/// let mut search = CapacitySearch::new(Rate::per_second(10.0));
/// while let Some(rate) = search.next_rate() {
///     search.tell(rate, rate.as_per_second() < 123.0);
/// }
/// assert!((112.0..123.0).contains(&search.best().unwrap().as_per_second()));
/// ```
#[derive(Clone, Debug)]
pub struct CapacitySearch {
    first: Rate,
    steps: Vec<Step>,
}

impl CapacitySearch {
    const NEAR: f64 = 1.1;
    /// Slower than one call in three hours is no load.
    const LEAST: f64 = 1e-4;

    /// One that begins at `first`.
    pub fn new(first: Rate) -> Self {
        Self { first, steps: Vec::new() }
    }

    /// What is to be tried next; `None` when it is over.
    pub fn next_rate(&self) -> Option<Rate> {
        let rate = match (self.best(), self.worst()) {
            (None, None) => return Some(self.first),
            (Some(held), None) => held.as_per_second() * 2.0,
            (None, Some(failed)) => failed.as_per_second() / 2.0,
            (Some(held), Some(failed)) => {
                let (held, failed) = (held.as_per_second(), failed.as_per_second());
                if failed > held * Self::NEAR {
                    (held * failed).sqrt()
                } else if self.is_confirmed() {
                    return None;
                } else {
                    return self.best();
                }
            }
        };
        Rate::try_per_second(rate).ok().filter(|rate| rate.as_per_second() >= Self::LEAST)
    }

    /// What came of trying `rate`.
    pub fn tell(&mut self, rate: Rate, is_met: bool) {
        self.steps.push(Step { rate, is_met });
    }

    /// The highest rate that held.
    pub fn best(&self) -> Option<Rate> {
        let below = |rate: &Rate| self.worst().is_none_or(|worst| *rate < worst);
        highest(self.steps.iter().filter(|step| step.is_met).map(|step| step.rate).filter(below))
    }

    /// Whether the best rate held twice.
    pub fn is_confirmed(&self) -> bool {
        let best = self.best();
        self.steps.iter().filter(|step| step.is_met && Some(step.rate) == best).count() > 1
    }

    /// The lowest rate that did not hold.
    pub fn worst(&self) -> Option<Rate> {
        let failed = self.steps.iter().filter(|step| !step.is_met).map(|step| step.rate);
        failed.reduce(|lowest, rate| if rate < lowest { rate } else { lowest })
    }

    /// All that was tried, in that order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

fn highest(rates: impl Iterator<Item = Rate>) -> Option<Rate> {
    rates.reduce(|highest, rate| if rate > highest { rate } else { highest })
}

/// What a search found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Capacity {
    /// The highest rate that held; `None` if none did.
    pub rate: Option<Rate>,
    /// Whether it held twice.
    pub is_confirmed: bool,
    /// The lowest rate that did not hold; the capacity lies between the two.
    pub too_high: Option<Rate>,
    /// All that was tried.
    pub steps: Vec<Step>,
    /// What came of the load at that rate; where none held, of the last one that was tried.
    pub result: LoadResult,
}

impl Capacity {
    fn found(search: CapacitySearch, result: LoadResult) -> Self {
        let (rate, is_confirmed, too_high) = (search.best(), search.is_confirmed(), search.worst());
        Self { rate, is_confirmed, too_high, steps: search.steps, result }
    }
}

/// Searches the highest rate of the open model at which every objective is met and no call is missed.
///
/// `load` is one step; its arrivals are replaced by those at the rate that is tried, even ones unless they are drawn. A step
/// that did not hold and in which the generator itself was late, though it had places left, is made once more, and only the
/// second one counts. When `cancel` is cancelled the search ends with what it found so far, and the step under way counts for
/// nothing.
pub fn find_capacity(
    load: &Load,
    objectives: &[Objective],
    cancel: &CancelToken,
    target: &(impl Target + ?Sized),
    mut watch: impl FnMut(Rate, &Progress),
) -> Capacity {
    const INTERVAL: Duration = Duration::from_millis(100);
    let mut rate = first_rate(load);
    let mut search = CapacitySearch::new(rate);
    let mut best: Option<LoadResult> = None;
    let mut is_again = false;
    loop {
        let step = load.clone().with_arrivals(rate);
        let result = step.run_watched(cancel, target, INTERVAL, |progress| watch(rate, progress));
        if cancel.stage() != Stage::Running {
            let reason = result.cancelled_reason();
            let result = best.map_or(result, |best| best.with_cancelled(reason));
            return Capacity::found(search, result);
        }
        let is_met = result.missed() == 0 && objectives.iter().all(|objective| objective.judge(&result).is_met);
        // It was late, and not for want of places: then it says something of this machine, and little of the backend.
        is_again = !is_met && !is_again && result.missed() == 0 && result.is_limited();
        if is_again {
            continue;
        }
        search.tell(rate, is_met);
        let is_kept = is_met || search.best().is_none();
        let result = best.take().filter(|_| !is_kept).unwrap_or(result);
        match search.next_rate().filter(|next| search.best().is_some() || is_worth_a_step(load, *next)) {
            Some(next) => (rate, best) = (next, Some(result)),
            None => return Capacity::found(search, result),
        }
    }
}

/// Ten a second, and not so few that a short step has none.
fn first_rate(load: &Load) -> Rate {
    let step = load.ends_after().map_or(1.0, |step| step.as_secs_f64());
    Rate::per_second((10.0 / step).clamp(10.0, 1000.0))
}

/// Whether a step at this rate has a call but the first.
fn is_worth_a_step(load: &Load, rate: Rate) -> bool {
    load.ends_after().is_none_or(|step| step.as_secs_f64() * rate.as_per_second() >= 1.0)
}

impl Load {
    /// The same, at another rate; the gaps stay of the same kind.
    fn with_arrivals(self, rate: Rate) -> Self {
        let max_in_flight = self.max_in_flight();
        let arrivals = match &self.model {
            super::Model::Open { arrivals, .. } => arrivals.at(rate),
            super::Model::Closed { .. } => rate.into(),
        };
        Self { model: super::Model::Open { arrivals, max_in_flight }, ..self }
    }
}
