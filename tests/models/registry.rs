//! A registry that two threads ask for the same breaker.

use crate::check;
use seawall::CircuitBreakerRegistry;
use shuttle::thread;
use std::sync::Arc;

#[test]
fn two_who_ask_at_once_are_given_one_breaker() {
    check(|| {
        let registry = Arc::new(CircuitBreakerRegistry::new());
        let other = Arc::clone(&registry);
        let there = thread::spawn(move || other.get("claude"));
        let here = registry.get("claude");
        assert!(Arc::ptr_eq(&here, &there.join().unwrap()));
        assert_eq!(registry.breakers().len(), 1);
    });
}
