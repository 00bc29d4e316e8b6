//! One circuit breaker a backend kind.

use super::breaker::{CircuitBreaker, CircuitBreakerConfig, Hook, StateChange};
use crate::sync::{Arc, Mutex};
use std::collections::BTreeMap;
use std::fmt;

/// The circuit breakers of a program, one a backend kind: the one home of their settings.
///
/// A breaker is made when it is first asked for, and it is the same one ever after, whoever asks: two runners that share a
/// registry (by [`Arc`]) share its circuits, and so does a plain call.
///
/// ```
/// use seawall::{CircuitBreakerConfig, CircuitBreakerRegistry};
/// use std::{sync::Arc, time::Duration};
///
/// let breakers = CircuitBreakerRegistry::new()
///     .with_default(CircuitBreakerConfig::new().with_open_for(Duration::from_secs(60)))
///     .with_config("sh", CircuitBreakerConfig::disabled());
/// assert!(Arc::ptr_eq(&breakers.get("api"), &breakers.get("api")));
/// assert_eq!(breakers.get("api").config().open_for(), Duration::from_secs(60));
/// ```
#[derive(Default)]
pub struct CircuitBreakerRegistry {
    default: CircuitBreakerConfig,
    configs: BTreeMap<Box<str>, CircuitBreakerConfig>,
    hook: Option<Hook>,
    breakers: Mutex<BTreeMap<Box<str>, Arc<CircuitBreaker>>>,
}

impl CircuitBreakerRegistry {
    /// No breakers yet; each kind will have the default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// The settings of kinds that have none of their own. They hold for breakers that are made after.
    #[must_use]
    pub fn with_default(self, config: CircuitBreakerConfig) -> Self {
        Self { default: config, ..self }
    }

    /// The settings of one kind. They hold for a breaker that is made after.
    #[must_use]
    pub fn with_config(mut self, kind: impl Into<Box<str>>, config: CircuitBreakerConfig) -> Self {
        self.configs.insert(kind.into(), config);
        self
    }

    /// Calls `hook` after each change of state, with the kind, whoever caused it; for breakers that are made after.
    ///
    /// It runs on the thread that caused the change, after the lock is let go, so it may ask the breaker. Two changes by two
    /// threads may come in either order; their `generation` tells. A panic in it is caught and logged.
    #[must_use]
    pub fn with_hook(self, hook: impl Fn(&str, StateChange) + Send + Sync + 'static) -> Self {
        Self { hook: Some(Arc::new(hook)), ..self }
    }

    /// The breaker of `kind`: made at the first call, the same one at each further one.
    pub fn get(&self, kind: &str) -> Arc<CircuitBreaker> {
        let mut breakers = self.breakers.lock();
        if let Some(breaker) = breakers.get(kind) {
            return Arc::clone(breaker);
        }
        let config = self.configs.get(kind).copied().unwrap_or(self.default);
        let breaker = Arc::new(CircuitBreaker::of_kind(kind.into(), config, self.hook.clone()));
        breakers.insert(kind.into(), Arc::clone(&breaker));
        breaker
    }

    /// Those made so far, by name.
    pub fn breakers(&self) -> Vec<(Box<str>, Arc<CircuitBreaker>)> {
        self.breakers.lock().iter().map(|(kind, breaker)| (kind.clone(), Arc::clone(breaker))).collect()
    }
}

impl fmt::Debug for CircuitBreakerRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.breakers()).finish()
    }
}

// A hook runs outside of every lock, and a panic in it is caught.
impl std::panic::UnwindSafe for CircuitBreakerRegistry {}
impl std::panic::RefUnwindSafe for CircuitBreakerRegistry {}
