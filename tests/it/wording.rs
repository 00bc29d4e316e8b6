//! What people read: every sentence of a failure and of an error, and where its cause is.

use crate::support::{SECOND, plan, virtual_runner};
use seawall::{
    CallError, CancelToken, CircuitBreaker, CircuitBreakerConfig, CircuitState, ErrorClass, Failure, GaveUp, Recalled,
    Rejected, Report, Response, RetryConfig, RunOptions, SendError, Status, Task, call_with_retry,
};
use std::error::Error;
use std::io;
use std::time::Instant;

fn failure_of(retry: RetryConfig, error: &SendError) -> Failure {
    call_with_retry(&CircuitBreaker::default(), &retry, &CancelToken::new(), |_| Err::<(), _>(error.clone()))
        .unwrap_err()
}

const TWICE: RetryConfig =
    RetryConfig::new().with_initial_interval(std::time::Duration::from_millis(1)).with_max_attempts(2);

/// Display, kind, and the sentence of the source.
fn said(failure: &Failure) -> (String, &'static str, Option<String>) {
    (failure.to_string(), failure.kind(), failure.source().map(ToString::to_string))
}

#[test]
fn a_failure_says_its_sentence_and_its_cause_is_the_last_real_error() {
    let down = || SendError::transient("connection reset");
    let cases = [
        (failure_of(RetryConfig::once(), &down()), "gave up after 1 attempt", "exhausted"),
        (failure_of(TWICE, &down()), "gave up after 2 attempts", "exhausted"),
        (
            failure_of(RetryConfig::new().with_max_elapsed_time(std::time::Duration::ZERO), &down()),
            "gave up after 1 attempt, since another would begin after max_elapsed_time",
            "exhausted",
        ),
        (failure_of(TWICE, &SendError::timed_out("connection reset")), "timed out after 2 attempts", "timed_out"),
    ];
    for (failure, sentence, kind) in cases {
        assert_eq!(said(&failure), (sentence.into(), kind, Some("connection reset".into())));
        assert!(!failure.is_cancelled() && !failure.is_circuit_open());
    }
}

#[test]
fn a_permanent_failure_is_transparent() {
    let failure = failure_of(TWICE, &SendError::permanent("no such model"));
    assert_eq!(said(&failure), ("no such model".into(), "permanent", None));
    let wrapped = io::Error::other("x".parse::<u32>().unwrap_err());
    let failure = failure_of(TWICE, &SendError::new(ErrorClass::CouldNotStart, wrapped));
    assert_eq!(failure.to_string(), "invalid digit found in string");
    assert_eq!(failure.last_error().unwrap().class(), ErrorClass::CouldNotStart);
    assert!(failure.last_error().unwrap().get_ref().is::<io::Error>());
}

#[test]
fn a_drained_a_cancelled_and_a_panicked_call_say_so() {
    let cancel = CancelToken::new();
    let drained = call_with_retry(&CircuitBreaker::default(), &TWICE, &cancel, |cx| {
        cx.cancel_token().drain("budget");
        Err::<(), _>(SendError::transient("down"))
    });
    let drained = drained.unwrap_err();
    assert_eq!(said(&drained).0, "gave up after 1 attempt, since nothing new is started");
    assert!(matches!(drained, Failure::Exhausted { gave_up: GaveUp::Draining, .. }));
    cancel.cancel();
    let cancelled = call_with_retry(&CircuitBreaker::default(), &TWICE, &cancel, |_| Ok(())).unwrap_err();
    assert_eq!(said(&cancelled), ("cancelled".into(), "cancelled", None));
    let panicked =
        call_with_retry(&CircuitBreaker::default(), &TWICE, &CancelToken::new(), |_| -> Result<(), SendError> {
            std::panic::resume_unwind(Box::new("index out of bounds"))
        });
    let expected = ("the backend panicked: index out of bounds".into(), "panicked", None);
    assert_eq!(said(&panicked.unwrap_err()), expected);
}

#[test]
fn a_refusal_says_which_and_keeps_the_last_error() {
    let breaker = CircuitBreaker::new(CircuitBreakerConfig::new().with_failure_threshold(1));
    let call =
        || call_with_retry(&breaker, &TWICE, &CancelToken::new(), |_| Err::<(), _>(SendError::transient("down")));
    let open = call().unwrap_err();
    assert_eq!(said(&open), ("the circuit is open".into(), "circuit_open", Some("down".into())));
    breaker.force_open();
    let forced = call().unwrap_err();
    assert_eq!(said(&forced), ("the circuit is open until it is reset".into(), "circuit_open", None));
    assert!(forced.is_circuit_open() && !forced.is_cancelled());
    assert_eq!(Rejected::TooManyRequests.to_string(), "the circuit is half-open and takes no more requests");
}

#[test]
fn a_skipped_task_names_its_root() {
    let runner = virtual_runner().backend_fn("x", |_, _| Err(SendError::permanent("no"))).build().unwrap();
    let tasks = [Task::new("a", "x", ""), Task::new("b", "x", "").after(["a"]), Task::new("c", "x", "").after(["b"])];
    let report: Report = runner.run(&plan(tasks), &CancelToken::new()).unwrap();
    for skipped in ["b", "c"] {
        let failure = report.get(skipped).unwrap().result().unwrap_err();
        assert_eq!(said(failure), ("skipped, since `a` failed".into(), "skipped", None));
        assert!(failure.last_error().is_none());
    }
}

#[test]
fn an_attempt_that_ran_past_its_limit_names_the_limit() {
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| {
            cx.sleep(60 * SECOND)?;
            Ok("late".into())
        })
        .retry(RetryConfig::once())
        .build()
        .unwrap();
    let report = runner.run(&plan([Task::new("a", "x", "").timeout(SECOND)]), &CancelToken::new()).unwrap();
    let failure = report.get("a").unwrap().result().unwrap_err();
    let cause = Some("ran past its time limit of 1s".into());
    assert_eq!(said(failure), ("timed out after 1 attempt".into(), "timed_out", cause));
}

#[test]
fn an_error_of_a_breakers_call_is_transparent() {
    let inner: CallError<io::Error> = CallError::Inner(io::Error::other("x".parse::<u32>().unwrap_err()));
    assert_eq!((inner.to_string(), inner.rejected()), ("invalid digit found in string".into(), None));
    let refused: CallError<io::Error> = CallError::Rejected(Rejected::TooManyRequests);
    assert_eq!(refused.to_string(), Rejected::TooManyRequests.to_string());
    assert!(refused.source().is_none());
    let failure = call_with_retry::<()>(&CircuitBreaker::default(), &RetryConfig::once(), &CancelToken::new(), |_| {
        Err(SendError::transient("the line is dead"))
    });
    let inner = CallError::Inner(failure.unwrap_err());
    assert_eq!(inner.source().unwrap().to_string(), "the line is dead");
    assert_eq!(CallError::Inner("text").into_boxed().to_string(), "text");
    assert!(CallError::<String>::Rejected(Rejected::TooManyRequests).into_boxed().is::<Rejected>());
}

#[test]
fn words_for_reports_are_as_promised() {
    let classes = [
        (ErrorClass::Transient, "transient"),
        (ErrorClass::Overloaded, "overloaded"),
        (ErrorClass::RateLimited, "rate_limited"),
        (ErrorClass::TimedOut, "timed_out"),
        (ErrorClass::Permanent, "permanent"),
        (ErrorClass::InvalidAnswer, "invalid_answer"),
        (ErrorClass::Killed, "killed"),
        (ErrorClass::CouldNotStart, "could_not_start"),
        (ErrorClass::Cancelled, "cancelled"),
    ];
    classes.iter().for_each(|(class, word)| assert_eq!(class.to_string(), *word));
    assert_eq!(Status::ALL.map(Status::as_str), ["completed", "failed", "skipped", "cancelled"]);
    let states = [CircuitState::Closed, CircuitState::Open, CircuitState::HalfOpen];
    assert_eq!(states.map(CircuitState::as_str), ["closed", "open", "half_open"]);
    assert_eq!(format!("{:>9}|{:<9}|", Status::Failed, CircuitState::Open), "   failed|open     |");
}

#[test]
fn an_io_error_has_the_class_of_its_kind() {
    use io::ErrorKind as Kind;
    let classes = [
        (ErrorClass::TimedOut, vec![Kind::TimedOut]),
        (ErrorClass::InvalidAnswer, vec![Kind::InvalidData]),
        (
            ErrorClass::Permanent,
            vec![
                Kind::NotFound,
                Kind::PermissionDenied,
                Kind::AlreadyExists,
                Kind::InvalidInput,
                Kind::Unsupported,
                Kind::NotADirectory,
                Kind::IsADirectory,
                Kind::DirectoryNotEmpty,
                Kind::ReadOnlyFilesystem,
                Kind::AddrNotAvailable,
            ],
        ),
        (
            ErrorClass::Transient,
            vec![
                Kind::ConnectionRefused,
                Kind::ConnectionReset,
                Kind::ConnectionAborted,
                Kind::BrokenPipe,
                Kind::UnexpectedEof,
                Kind::Interrupted,
                Kind::WouldBlock,
                Kind::ResourceBusy,
                Kind::StorageFull,
                Kind::Other,
            ],
        ),
    ];
    for (class, kinds) in classes {
        for kind in kinds {
            assert_eq!(SendError::from(io::Error::from(kind)).class(), class, "{kind:?}");
        }
    }
}

#[test]
fn what_is_passed_about_by_value_is_small() {
    assert_eq!(size_of::<SendError>(), 8);
    assert!(size_of::<Failure>() <= 32, "{}", size_of::<Failure>());
    assert!(size_of::<RetryConfig>() <= 80, "{}", size_of::<RetryConfig>());
}

#[test]
fn an_error_shows_its_class_and_its_delay_to_programmers() {
    let error = SendError::rate_limited("slow down").with_retry_after(SECOND);
    assert_eq!(format!("{error:?}"), r#"SendError { class: RateLimited, source: "slow down", retry_after: 1s }"#);
    let cancelled: SendError = seawall::Cancelled.into();
    assert_eq!(format!("{cancelled:?}"), "SendError { class: Cancelled, source: Cancelled }");
    let breaker = CircuitBreaker::default();
    let permit = breaker.admit(Instant::now()).unwrap();
    assert_eq!(format!("{permit:?}"), "Permit { state_change: None, .. }");
}

#[test]
fn a_run_shows_its_parts_to_programmers() {
    let runner = virtual_runner().backend_fn("x", |_, _| Err(SendError::permanent("no"))).build().unwrap();
    let report = runner.run(&plan([Task::new("a", "x", "")]), &CancelToken::new()).unwrap();
    let outcome = format!("{:?}", report.get("a").unwrap());
    assert!(
        outcome.starts_with(r#"Outcome { task: "a", status: Failed, attempts: [Attempt { backend: "x", "#),
        "{outcome}"
    );
    assert!(outcome.contains("failure: Some("), "{outcome}");
    assert!(format!("{report:?}").starts_with("Report { outcomes: [Outcome { "), "{report:?}");
    let options: RunOptions = RunOptions::new().with_fail_fast().with_time_limit(SECOND).with_max_cost(0.5);
    let shown = "RunOptions { is_fail_fast: true, time_limit: Some(1s), max_cost: Some(0.5), .. }";
    assert_eq!(format!("{options:?}"), shown);
    assert_eq!(format!("{:?}", Recalled::new(Response::from("x"))), "Recalled { attempts: [], .. }");
}

#[test]
fn the_lists_of_words_hold_every_word_that_is_said() {
    use ErrorClass as C;
    let classes = [
        C::Transient,
        C::Overloaded,
        C::RateLimited,
        C::TimedOut,
        C::Permanent,
        C::InvalidAnswer,
        C::Killed,
        C::CouldNotStart,
        C::Cancelled,
    ];
    let words = classes.map(ErrorClass::as_str).into_iter().chain(["success", "panicked", "circuit_open"]);
    let mut words: Vec<&str> = words.collect();
    let mut listed = seawall::AttemptResult::WORDS;
    words.sort_unstable();
    listed.sort_unstable();
    assert_eq!(words, listed);
    let kinds = [
        failure_of(TWICE, &SendError::permanent("x")),
        failure_of(TWICE, &SendError::transient("x")),
        failure_of(TWICE, &SendError::timed_out("x")),
    ];
    assert!(kinds.iter().all(|failure| Failure::KINDS.contains(&failure.kind())));
    assert_eq!(CircuitState::ALL.map(CircuitState::as_str), ["closed", "open", "half_open"]);
    assert_eq!(seawall::Wait::ALL.map(seawall::Wait::as_str), ["backoff", "circuit", "backend", "resource"]);
}
