//! The settings of a runner, judged whole.

use super::Runner;
use crate::backend::{Backend, Context, FnBackend, Message, Response, backend_fn};
use crate::clock::Clock;
use crate::error::{Error, Fault, nearest};
use crate::resilience::{CircuitBreakerRegistry, RetryConfig};
use crate::send_error::SendError;
use crate::sync::Arc;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

const DEFAULT_CONCURRENCY: usize = 8;

/// What a task does when the circuit of its backend refuses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenOpen {
    /// It fails at once.
    #[default]
    Fail,
    /// It waits until it may be tried, within the retry's max elapsed time, and holds nothing meanwhile.
    Wait,
    /// It goes to another backend, whose own retry, time-out and breaker apply. The refusal is one of its attempts.
    Fallback(Arc<str>),
}

/// Whether a wave waits for the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Schedule {
    /// It does: a task starts when every task of the wave before has ended.
    #[default]
    Waves,
    /// It does not: a task starts as soon as its own dependencies have ended.
    Eager,
}

impl Schedule {
    /// The word for it in plan files and reports: `waves`, `eager`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waves => "waves",
            Self::Eager => "eager",
        }
    }
}

/// How a runner treats one backend. The settings of its circuit breaker are in the [`CircuitBreakerRegistry`].
///
/// Defaults: the runner's retry policy, [`WhenOpen::Fail`], no limit of concurrency but the run's, no time-out.
#[derive(Clone, Debug, Default)]
pub struct BackendConfig {
    pub(super) retry: Option<RetryConfig>,
    pub(super) when_open: WhenOpen,
    pub(super) concurrency: Option<usize>,
    pub(super) timeout: Option<Duration>,
}

impl BackendConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The retry policy of its tasks, in place of the runner's.
    #[must_use]
    pub fn with_retry(self, retry: RetryConfig) -> Self {
        Self { retry: Some(retry), ..self }
    }

    /// What happens while its circuit is open.
    #[must_use]
    pub fn with_when_open(self, when_open: WhenOpen) -> Self {
        Self { when_open, ..self }
    }

    /// How many calls of it are made at once. A task that waits for a place holds no worker.
    #[must_use]
    pub fn with_concurrency(self, calls: usize) -> Self {
        Self { concurrency: Some(calls), ..self }
    }

    /// The limit of one attempt: see [`Context::remaining`].
    #[must_use]
    pub fn with_timeout(self, limit: Duration) -> Self {
        Self { timeout: Some(limit), ..self }
    }
}

pub(super) type BoxedBackend<'a, Q, R> = Box<dyn Backend<Q, R> + 'a>;

/// What holds for all backends of a runner.
pub(super) struct Settings {
    pub(super) circuit_breakers: Arc<CircuitBreakerRegistry>,
    pub(super) retry: RetryConfig,
    pub(super) concurrency: usize,
    pub(super) schedule: Schedule,
    pub(super) clock: Clock,
    pub(super) seed: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            circuit_breakers: Arc::default(),
            retry: RetryConfig::new(),
            concurrency: DEFAULT_CONCURRENCY,
            schedule: Schedule::default(),
            clock: Clock::default(),
            seed: None,
        }
    }
}

/// Collects the backends and settings of a [`Runner`].
#[must_use = "a runner is made by `build`"]
pub struct RunnerBuilder<'a, Q = Message, R = Response> {
    backends: Vec<(Arc<str>, BoxedBackend<'a, Q, R>)>,
    configs: BTreeMap<Arc<str>, BackendConfig>,
    settings: Settings,
}

impl<Q, R> RunnerBuilder<'_, Q, R> {
    pub(super) fn new() -> Self {
        Self { backends: Vec::new(), configs: BTreeMap::new(), settings: Settings::default() }
    }
}

impl<'a, Q, R> RunnerBuilder<'a, Q, R> {
    /// Adds a backend that is a type: a value, a reference, a `Box` or an `Arc` of one.
    pub fn backend(mut self, kind: impl Into<Arc<str>>, backend: impl Backend<Q, R> + 'a) -> Self {
        self.backends.push((kind.into(), Box::new(backend)));
        self
    }

    /// Adds a backend that is a closure or a function. Its arguments need no annotation if it is written in place.
    pub fn backend_fn<F>(self, kind: impl Into<Arc<str>>, f: F) -> Self
    where
        F: Fn(&Q, &Context<'_, R>) -> Result<R, SendError> + Send + Sync + 'a,
    {
        let backend: FnBackend<F> = backend_fn::<Q, R, F>(f);
        self.backend(kind, backend)
    }

    /// How to treat a backend; before or after it is added.
    pub fn configure(mut self, kind: impl Into<Arc<str>>, config: BackendConfig) -> Self {
        self.configs.insert(kind.into(), config);
        self
    }

    /// The circuit breakers to use. Default: a registry of its own, with default settings.
    pub fn circuit_breakers(self, breakers: Arc<CircuitBreakerRegistry>) -> Self {
        Self { settings: Settings { circuit_breakers: breakers, ..self.settings }, ..self }
    }

    /// The retry policy where neither task nor backend has one. Default: [`RetryConfig::new`].
    pub fn retry(self, retry: RetryConfig) -> Self {
        Self { settings: Settings { retry, ..self.settings }, ..self }
    }

    /// How many calls are made at once. Default: 8. Calls block, so it may well exceed the number of cores.
    pub fn concurrency(self, workers: usize) -> Self {
        Self { settings: Settings { concurrency: workers, ..self.settings }, ..self }
    }

    /// Whether a wave waits for the one before. Default: [`Schedule::Waves`].
    pub fn schedule(self, schedule: Schedule) -> Self {
        Self { settings: Settings { schedule, ..self.settings }, ..self }
    }

    /// The clock of attempts, waits and circuits. Default: the system's.
    pub fn clock(self, clock: Clock) -> Self {
        Self { settings: Settings { clock, ..self.settings }, ..self }
    }

    /// The seed of the jitter, and under a simulated clock of the order in which workers take turns. Default: fresh entropy
    /// for each run. No two tasks of a run have the same jitter.
    pub fn seed(self, seed: u64) -> Self {
        Self { settings: Settings { seed: Some(seed), ..self.settings }, ..self }
    }

    /// Judges the settings.
    ///
    /// # Errors
    ///
    /// Every [`Fault`] at once: a concurrency of zero, two backends of one name, settings for a backend that there is not,
    /// a fallback to one that there is not, fallbacks in a circle.
    pub fn build(self) -> Result<Runner<'a, Q, R>, Error> {
        let faults = self.faults();
        if !faults.is_empty() {
            return Err(Error::settings(faults));
        }
        let Self { backends, mut configs, settings } = self;
        let configured = backends.into_iter().map(|(kind, backend)| {
            let config = configs.remove(&kind).unwrap_or_default();
            (kind, backend, config)
        });
        Ok(Runner { backends: configured.collect(), settings })
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.settings.concurrency == 0 {
            faults.push(Fault::ZeroConcurrency { backend: None });
        }
        for (n, (kind, _)) in self.backends.iter().enumerate() {
            if self.backends[..n].iter().filter(|(other, _)| other == kind).count() == 1 {
                faults.push(Fault::DuplicateBackend { backend: Arc::clone(kind) });
            }
        }
        for (kind, config) in &self.configs {
            self.judge(kind, config, &mut faults);
        }
        faults.extend(self.fallback_circles());
        faults
    }

    fn judge(&self, kind: &Arc<str>, config: &BackendConfig, faults: &mut Vec<Fault>) {
        let backend = Arc::clone(kind);
        if !self.has_backend(kind) {
            faults.push(Fault::UnknownConfigured { backend: Arc::clone(kind), nearest: self.nearest(kind) });
        }
        if config.concurrency == Some(0) {
            faults.push(Fault::ZeroConcurrency { backend: Some(Arc::clone(kind)) });
        }
        if let Some(fallback) = config.when_open.fallback().filter(|fallback| !self.has_backend(fallback)) {
            let nearest = self.nearest(fallback);
            faults.push(Fault::UnknownFallback { backend, fallback: Arc::clone(fallback), nearest });
        }
    }

    /// Each circle once, from its first member by name. From every backend leads at most one way.
    fn fallback_circles(&self) -> impl Iterator<Item = Fault> {
        let next = |kind: &Arc<str>| self.configs.get(kind).and_then(|config| config.when_open.fallback());
        let circle = move |first: &Arc<str>| {
            let mut backends = vec![Arc::clone(first)];
            while let Some(kind) = next(&backends[backends.len() - 1]) {
                if kind == first {
                    return backends.iter().all(|other| other >= first).then_some(Fault::FallbackCycle { backends });
                }
                if backends.contains(kind) {
                    return None;
                }
                backends.push(Arc::clone(kind));
            }
            None
        };
        self.configs.keys().filter_map(circle)
    }

    fn has_backend(&self, kind: &str) -> bool {
        self.backends.iter().any(|(other, _)| &**other == kind)
    }

    fn nearest(&self, kind: &str) -> Option<Arc<str>> {
        nearest(kind, self.backends.iter().map(|(other, _)| other)).cloned()
    }
}

impl WhenOpen {
    pub(super) fn fallback(&self) -> Option<&Arc<str>> {
        if let Self::Fallback(kind) = self { Some(kind) } else { None }
    }
}

impl<Q, R> fmt::Debug for RunnerBuilder<'_, Q, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<&str> = self.backends.iter().map(|(kind, _)| &**kind).collect();
        f.debug_struct("RunnerBuilder").field("backends", &kinds).finish_non_exhaustive()
    }
}
