//! A run once more under the virtual clock: the same attempts with other settings.

use super::account::made;
use seawall::{
    Attempt, AttemptResult, BackendConfig, CancelToken, CircuitBreakerConfig, CircuitBreakerRegistry, Clock, Context,
    ErrorClass, Plan, Report, Response, RetryConfig, Runner, Schedule, SendError, Status, Task,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Each attempt of the run takes the time that it took, ends as it ended, and is followed by the wait that was drawn. What is
/// asked anew is when it may begin. Circuits are none of it: what they refused is left out.
#[derive(Clone)]
pub(crate) struct Replay<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) report: &'a Report,
    /// Each backend with the limit of its calls, if it has one.
    pub(crate) backends: Vec<(Arc<str>, Option<usize>)>,
    pub(crate) concurrency: usize,
    pub(crate) schedule: Schedule,
    /// Whether a failed attempt is the last one.
    pub(crate) is_without_retries: bool,
}

impl Replay<'_> {
    /// What would have come of it; `None` if that is not known by `deadline`.
    pub(crate) fn run(&self, deadline: Instant) -> Option<Report> {
        let report = self.runner()?.run(&self.plan_again()?, &CancelToken::new().with_deadline(deadline)).ok()?;
        report.cancelled().is_none().then_some(report)
    }

    /// The same tasks. Their time-outs and retry policies have had their say.
    fn plan_again(&self) -> Option<Plan> {
        let tasks = self.plan.tasks().iter().cloned();
        Plan::builder().tasks(tasks.map(|task: Task| task.retry(as_recorded()).timeout(LONG))).build().ok()
    }

    fn runner(&self) -> Option<Runner<'_>> {
        let breakers = CircuitBreakerRegistry::new().with_default(CircuitBreakerConfig::disabled());
        let builder = Runner::builder()
            .circuit_breakers(Arc::new(breakers))
            .clock(Clock::simulated())
            .concurrency(self.concurrency)
            .schedule(self.schedule)
            .seed(0);
        let builder = self.backends.iter().fold(builder, |builder, (backend, limit)| {
            let config = limit.map_or(BackendConfig::new(), |limit| BackendConfig::new().with_concurrency(limit));
            let builder = builder.configure(Arc::clone(backend), config.with_retry(as_recorded()));
            builder.backend_fn(Arc::clone(backend), |_, cx| self.answer(cx))
        });
        builder.build().ok()
    }

    /// What came of the attempt that is asked for.
    fn answer(&self, cx: &Context<'_>) -> Result<Response, SendError> {
        let outcome = cx.task().and_then(|task| self.report.get(task.as_str()));
        let outcome = outcome.ok_or_else(|| SendError::permanent("not in the run"))?;
        if outcome.is_resumed() {
            return Ok("".into());
        }
        let attempt = made(outcome).nth(usize::try_from(cx.attempt()).unwrap_or(usize::MAX) - 1);
        let Some((_, Attempt { elapsed, result, delay, .. })) = attempt else {
            return ended(outcome.status() == Status::Completed);
        };
        cx.sleep(*elapsed)?;
        match delay {
            Some(delay) if !self.is_without_retries => Err(SendError::transient("again").with_retry_after(*delay)),
            _ => ended(matches!(result, AttemptResult::Success)),
        }
    }
}

/// No attempt takes longer.
const LONG: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Tried again whenever the recorded attempt was, after the wait that it had.
fn as_recorded() -> RetryConfig {
    let least = Duration::from_nanos(1);
    RetryConfig::new()
        .with_initial_interval(least)
        .with_max_interval(least)
        .with_randomization_factor(0.0)
        .with_max_elapsed_time(Duration::MAX)
        .with_retries_on(ErrorClass::Transient, true)
}

fn ended(is_well: bool) -> Result<Response, SendError> {
    if is_well { Ok("".into()) } else { Err(SendError::permanent("as recorded")) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use seawall::{FailureMode, Message, RunnerBuilder, SimulatedBackend};

    pub(crate) fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Takes as many seconds as the prompt says.
    fn take(message: &Message, cx: &Context<'_>) -> Result<Response, SendError> {
        cx.sleep(seconds(message.prompt().parse().unwrap_or(0)))?;
        Ok("done".into())
    }

    /// A run under the virtual clock, to be made again.
    #[derive(Clone)]
    pub(crate) struct Trial {
        plan: Plan,
        concurrency: usize,
        schedule: Schedule,
        limit: Option<usize>,
        seed: u64,
    }

    impl Trial {
        /// Backends: `x`, which answers; `flaky`, which does so at its second attempt, a second after the first;
        /// `random`, which takes its time and often fails.
        pub(crate) fn new(tasks: impl IntoIterator<Item = Task>) -> Self {
            let plan = Plan::builder().tasks(tasks).build().unwrap();
            Self { plan, concurrency: 8, schedule: Schedule::Waves, limit: None, seed: 1 }
        }

        pub(crate) fn on(self, concurrency: usize) -> Self {
            Self { concurrency, ..self }
        }

        pub(crate) fn eager(self) -> Self {
            Self { schedule: Schedule::Eager, ..self }
        }

        pub(crate) fn report(&self) -> Report {
            let random = SimulatedBackend::new().with_seed(self.seed).with_fail_rate(0.3);
            let random = random.with_latency(seawall::Latency::log_normal(seconds(2), seconds(20)));
            let flaky = |message: &Message, cx: &Context<'_>| {
                let answer = take(message, cx)?;
                if cx.attempt() == 1 { Err(SendError::transient("busy")) } else { Ok(answer) }
            };
            let config = self.limit.map_or(BackendConfig::new(), |limit| BackendConfig::new().with_concurrency(limit));
            let builder: RunnerBuilder<'_> = Runner::builder().backend_fn("x", take).backend_fn("flaky", flaky);
            let runner = builder
                .backend("random", random)
                .configure("random", config)
                .retry(
                    RetryConfig::new()
                        .with_initial_interval(seconds(1))
                        .with_randomization_factor(0.0)
                        .with_max_attempts(4),
                )
                .circuit_breakers(Arc::new(
                    CircuitBreakerRegistry::new().with_default(CircuitBreakerConfig::disabled()),
                ))
                .clock(Clock::simulated())
                .concurrency(self.concurrency)
                .schedule(self.schedule)
                .seed(self.seed)
                .build()
                .unwrap();
            runner.run(&self.plan, &CancelToken::new()).unwrap()
        }

        pub(crate) fn replay<'a>(&'a self, report: &'a Report) -> Replay<'a> {
            let backends = [("x", None), ("flaky", None), ("random", self.limit)];
            Replay {
                plan: &self.plan,
                report,
                backends: backends.map(|(backend, limit)| (backend.into(), limit)).into(),
                concurrency: self.concurrency,
                schedule: self.schedule,
                is_without_retries: false,
            }
        }
    }

    pub(crate) fn soon() -> Instant {
        Instant::now() + seconds(30)
    }

    /// Tasks that need each other, write the same, fail in every mode.
    fn random(seed: u64) -> Trial {
        let modes = [FailureMode::Hard, FailureMode::Soft, FailureMode::Skip];
        let task = |n: usize| {
            let after = [n / 2, n / 3].into_iter().filter(|_| n > 3).map(|n| format!("t{n}"));
            let task = Task::new(format!("t{n}"), "random", "").after(after).failure_mode(modes[n % 3]);
            if n.is_multiple_of(7) { task.writes(["target"]) } else { task }
        };
        let trial = Trial::new((0..60).map(task));
        let schedule = if seed.is_multiple_of(2) { Schedule::Waves } else { Schedule::Eager };
        Trial { seed, schedule, limit: seed.is_multiple_of(3).then_some(3), concurrency: 4, ..trial }
    }

    #[test]
    fn with_the_settings_that_it_had_a_run_takes_as_long_again() {
        for seed in 0..40 {
            let trial = random(seed);
            let report = trial.report();
            let again = trial.replay(&report).run(soon()).unwrap();
            let (took, takes) = (report.elapsed(), again.elapsed());
            assert!(takes.abs_diff(took) <= took / 20, "seed {seed}: {took:?}, and again {takes:?}");
            for status in Status::ALL {
                assert_eq!(report.count(status), again.count(status), "seed {seed}: {status}");
            }
        }
    }

    #[test]
    fn a_replay_that_takes_too_long_is_given_up() {
        let trial = random(0);
        assert!(trial.replay(&trial.report()).run(Instant::now()).is_none());
    }
}
