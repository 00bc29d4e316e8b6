//! The way from asking a program to end to ending it. Pure in time.

use super::exit::Cause;
use crate::backend::time_limit::TimeLimit;
use crate::cancel::Stage;
use std::time::{Duration, Instant};

/// What is to be done to a process group now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rung {
    /// SIGTERM.
    Ask,
    /// SIGKILL.
    Kill,
}

/// How far an attempt is on its way to being stopped, and for which cause.
#[derive(Clone, Copy)]
pub(super) struct Ladder {
    limit: Option<TimeLimit>,
    grace: Duration,
    phase: Phase,
    cause: Option<Cause>,
}

#[derive(Clone, Copy)]
enum Phase {
    Running { until: Option<Instant> },
    Asked { kill_at: Option<Instant> },
    Killed,
}

impl Ladder {
    /// A limit, or a grace, that is too long for an `Instant` is none, or has no end.
    pub(super) fn new(now: Instant, limit: Option<TimeLimit>, grace: Duration) -> Self {
        let until = limit.and_then(|limit| now.checked_add(limit.left));
        Self { limit, grace, phase: Phase::Running { until }, cause: None }
    }

    /// What is due. To be asked again until nothing is.
    pub(super) fn step(&mut self, now: Instant, stage: Stage) -> Option<Rung> {
        let is_over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        // A cancel wins over the time limit, also if it comes later.
        if stage >= Stage::Cancelled {
            self.cause = Some(Cause::Cancelled);
        }
        match self.phase {
            Phase::Running { .. } if stage >= Stage::Killed => Some(self.kill()),
            Phase::Running { .. } if stage >= Stage::Cancelled => Some(self.ask(now)),
            Phase::Running { until } if is_over(until) => {
                self.cause = self.limit.map(|limit| Cause::TimeLimit(limit.whole));
                Some(self.ask(now))
            }
            Phase::Asked { kill_at } if stage >= Stage::Killed || is_over(kill_at) => Some(self.kill()),
            Phase::Running { .. } | Phase::Asked { .. } | Phase::Killed => None,
        }
    }

    /// Asks the program to end, which would not by itself; nothing, if it has been asked already.
    pub(super) fn give_up(&mut self, now: Instant) -> Option<Rung> {
        let Phase::Running { .. } = self.phase else { return None };
        self.cause = Some(Cause::Hopeless);
        Some(self.ask(now))
    }

    /// When to look again, if nothing happens before.
    pub(super) fn next(&self) -> Option<Instant> {
        match self.phase {
            Phase::Running { until } => until,
            Phase::Asked { kill_at } => kill_at,
            Phase::Killed => None,
        }
    }

    /// Why the program was stopped; `None` if it was not.
    pub(super) fn cause(&self) -> Option<Cause> {
        self.cause
    }

    fn ask(&mut self, now: Instant) -> Rung {
        self.phase = Phase::Asked { kill_at: now.checked_add(self.grace) };
        Rung::Ask
    }

    fn kill(&mut self) -> Rung {
        self.phase = Phase::Killed;
        Rung::Kill
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn only(left: Duration) -> TimeLimit {
        TimeLimit { left, whole: left }
    }

    fn ladder(limit: Option<Duration>) -> (Ladder, Instant) {
        let now = Instant::now();
        (Ladder::new(now, limit.map(only), 5 * SECOND), now)
    }

    #[test]
    fn a_limit_that_is_over_asks_once_and_kills_when_the_grace_is_over() {
        let (mut ladder, now) = ladder(Some(SECOND));
        assert_eq!((ladder.step(now, Stage::Running), ladder.next()), (None, Some(now + SECOND)));
        assert_eq!(ladder.cause(), None);
        assert_eq!(ladder.step(now + SECOND, Stage::Running), Some(Rung::Ask));
        assert_eq!((ladder.step(now + SECOND, Stage::Running), ladder.next()), (None, Some(now + 6 * SECOND)));
        assert_eq!(ladder.step(now + 6 * SECOND, Stage::Running), Some(Rung::Kill));
        assert_eq!((ladder.step(now + 60 * SECOND, Stage::Killed), ladder.next()), (None, None));
    }

    #[test]
    fn a_cancel_asks_and_a_kill_gives_no_grace() {
        let (mut ladder, now) = ladder(None);
        assert_eq!(ladder.step(now, Stage::Draining), None);
        assert_eq!(ladder.step(now, Stage::Cancelled), Some(Rung::Ask));
        assert_eq!(ladder.step(now, Stage::Cancelled), None);
        assert_eq!(ladder.step(now, Stage::Killed), Some(Rung::Kill));
        assert_eq!(ladder.cause(), Some(Cause::Cancelled));
        assert_eq!(Ladder::new(now, None, SECOND).step(now, Stage::Killed), Some(Rung::Kill));
    }

    #[test]
    fn a_cancel_wins_over_the_limit_whichever_comes_first() {
        let (mut late, now) = ladder(Some(SECOND));
        assert_eq!(late.step(now + SECOND, Stage::Running), Some(Rung::Ask));
        assert_eq!(late.cause(), Some(Cause::TimeLimit(SECOND)));
        assert_eq!(late.step(now + 2 * SECOND, Stage::Cancelled), None);
        assert_eq!((late.cause(), late.next()), (Some(Cause::Cancelled), Some(now + 6 * SECOND)));
        let (mut both, now) = ladder(Some(SECOND));
        assert_eq!(both.step(now + SECOND, Stage::Cancelled), Some(Rung::Ask));
        assert_eq!(both.cause(), Some(Cause::Cancelled));
    }

    #[test]
    fn one_that_would_never_end_is_asked_once_and_killed_when_the_grace_is_over() {
        let (mut ladder, now) = ladder(Some(SECOND));
        assert_eq!((ladder.give_up(now), ladder.give_up(now)), (Some(Rung::Ask), None));
        assert_eq!((ladder.step(now + SECOND, Stage::Running), ladder.cause()), (None, Some(Cause::Hopeless)));
        assert_eq!(ladder.step(now + 5 * SECOND, Stage::Running), Some(Rung::Kill));
        assert_eq!((ladder.step(now, Stage::Cancelled), ladder.cause()), (None, Some(Cause::Cancelled)));
    }

    #[test]
    fn no_grace_kills_at_once_and_the_longest_never() {
        let now = Instant::now();
        let mut short = Ladder::new(now, None, Duration::ZERO);
        assert_eq!(short.step(now, Stage::Cancelled), Some(Rung::Ask));
        assert_eq!(short.step(now, Stage::Cancelled), Some(Rung::Kill));
        let mut long = Ladder::new(now, Some(only(Duration::MAX)), Duration::MAX);
        assert_eq!((long.step(now, Stage::Running), long.next()), (None, None));
        assert_eq!((long.step(now, Stage::Cancelled), long.next()), (Some(Rung::Ask), None));
    }
}
