//! What programs rely on without calling anything: traits, lifetimes, sizes.

use seawall::testing::{Responses, ScriptedBackend};
use seawall::*;
use std::error;
use std::panic::{RefUnwindSafe, UnwindSafe};

fn shared<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
fn error<T: error::Error + Send + Sync + 'static>() {}
fn plain<T: Copy + Send + Sync>() {}

/// A context may be passed on with a shorter life, and so may a runner.
fn shorter<'short, 'long: 'short>(cx: Context<'long>, runner: Runner<'long>) -> (Context<'short>, Runner<'short>) {
    (cx, runner)
}

#[test]
fn what_is_shared_is_safe_to_share_also_around_a_catch_unwind() {
    shared::<CancelToken>();
    shared::<CircuitBreaker>();
    shared::<CircuitBreakerRegistry>();
    shared::<Permit<'_>>();
    shared::<Clock>();
    shared::<SendError>();
    shared::<Failure>();
    shared::<Plan>();
    shared::<Task>();
    shared::<Report>();
    shared::<Outcome>();
    shared::<Event>();
    shared::<Runner<'_>>();
    shared::<RetryConfig>();
    shared::<Delays>();
    shared::<ScriptedBackend>();
    shared::<Responses>();
}

#[test]
fn what_is_an_error_is_one_and_what_is_a_value_is_copied() {
    error::<Error>();
    error::<SendError>();
    error::<Failure>();
    error::<Rejected>();
    error::<Cancelled>();
    error::<InvalidSetting>();
    error::<CallError<std::io::Error>>();
    plain::<RetryConfig>();
    plain::<CircuitBreakerConfig>();
    plain::<Counts>();
    plain::<StateChange>();
    plain::<Rejected>();
    plain::<InvalidSetting>();
    plain::<Stage>();
    plain::<ErrorClass>();
    plain::<Status>();
}

#[test]
fn a_backend_is_object_safe_and_what_borrows_may_live_shorter() {
    let echo = backend_fn(|request: &Message, _: &Context<'_>| Ok(Response::from(request.prompt())));
    let boxed: Box<dyn Backend> = Box::new(&echo);
    let cancel = CancelToken::new();
    let runner = Runner::builder().backend("x", &*boxed).build().unwrap();
    let (cx, runner) = shorter(Context::new(&cancel), runner);
    assert_eq!(boxed.send(&"hello".into(), &cx).unwrap().text(), "hello");
    assert!(runner.run(&Plan::builder().task(Task::new("a", "x", "")).build().unwrap(), &cancel).unwrap().is_success());
}
