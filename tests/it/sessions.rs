//! In which session a task goes on, what was used in it, and what a run may cost.

use crate::support::{SECOND, attempts, plan, statuses, virtual_runner};
use seawall::{
    Attempt, AttemptResult, BackendConfig, CancelToken, CircuitBreakerConfig, CircuitBreakerRegistry, Context,
    FailureMode, Journal, Message, Outcome, Plan, Recalled, Response, RetryConfig, RunOptions, SendError, Session,
    Task, TaskId, Usage, WhenOpen,
};
use std::io;
use std::sync::Arc;

fn faults<const N: usize>(tasks: [Task; N]) -> Vec<String> {
    Plan::builder().tasks(tasks).build().unwrap_err().faults().map(ToString::to_string).collect()
}

fn task(id: &str) -> Task {
    Task::new(id, "x", id)
}

#[test]
fn a_session_is_of_a_task_up_the_line_at_the_same_backend_and_nobody_else_is_in_it() {
    assert_eq!(
        faults([
            task("alpha"),
            task("lost").after(["alpha"]).session("alpa"),
            task("itself").session("itself"),
            task("stranger").session("alpha"),
            Task::new("elsewhere", "y", "").after(["alpha"]).session("alpha"),
        ]),
        [
            "task `lost` goes on in the session of `alpa`, which is no task; did you mean `alpha`?",
            "task `itself` goes on in its own session",
            "task `stranger` goes on in the session of `alpha`, and does not wait for it",
            "task `elsewhere` goes on in the session of `alpha`, which is for another backend",
            "tasks `stranger` and `elsewhere` go on in the session of `alpha`, and neither waits for the other",
        ]
    );
    let beside =
        |second: Task| [task("a"), task("b").after(["a"]).session("a"), task("c").after(["b"]).session("b"), second];
    assert_eq!(
        faults(beside(task("d").after(["b"]).session("a"))),
        ["tasks `c` and `d` go on in the session of `a`, and neither waits for the other"],
        "by whatever name it is called"
    );
    plan(beside(task("d").after(["c"]).session("a")));
}

/// A backend with sessions and running totals, as programs have them: each call reads 100 tokens and costs a quarter.
fn talk(request: &Message, cx: &Context<'_>) -> Result<Response, SendError> {
    let session = cx.session().cloned().unwrap_or_else(|| Session::new(format!("of {}", request.prompt())));
    let used = Usage::new().with_input_tokens(100).with_cost_usd(0.25);
    cx.add_usage(used);
    cx.ended_in(session.clone().with_total(session.total() + used));
    if request.prompt().contains("bad") || request.prompt().contains("flaky") && cx.attempt() == 1 {
        return Err(SendError::transient("busy"));
    }
    let total = session.total().input_tokens.unwrap_or(0);
    Ok(format!("{} after {total} at {}", session.id(), cx.backend()).into())
}

#[test]
fn a_task_goes_on_where_the_other_one_ended_with_what_was_used_there_up_to_then() {
    let runner = virtual_runner().backend_fn("x", talk).retry(RetryConfig::new().with_max_attempts(2)).build().unwrap();
    let plan = plan([
        task("a"),
        task("flaky").after(["a"]).session("a"),
        task("c").after(["flaky"]).session("a"),
        task("bad").failure_mode(FailureMode::Skip),
        task("e").after(["bad"]).session("bad"),
    ]);
    let report = runner.run(&plan, &CancelToken::new()).unwrap();
    assert_eq!(report.response("flaky").unwrap().text(), "of a after 200 at x", "its own first attempt counts");
    assert_eq!(report.response("c").unwrap().text(), "of a after 300 at x");
    assert_eq!(report.response("e").unwrap().text(), "of bad after 100 at x", "each attempt of `bad` began anew");
    let tokens = |id| report.get(id).unwrap().usage().unwrap().input_tokens;
    assert_eq!((tokens("a"), tokens("flaky"), tokens("bad")), (Some(100), Some(200), Some(200)));
    assert_eq!(report.usage().unwrap().cost_usd, Some(1.75));
    assert_eq!(report.get("bad").unwrap().session().unwrap().id(), "of bad");
}

#[test]
fn a_backend_that_tells_nothing_has_no_usage_and_no_session_to_go_on_in() {
    let quiet = |_: &Message, cx: &Context<'_>| Ok(Response::from(format!("{:?}", cx.session())));
    let runner = virtual_runner().backend_fn("x", quiet).build().unwrap();
    let plan = plan([task("a"), task("b").after(["a"]).session("a")]);
    let report = runner.run(&plan, &CancelToken::new()).unwrap();
    assert_eq!(report.response("b").unwrap().text(), "None");
    assert_eq!((report.usage(), report.get("b").unwrap().session()), (None, None));
}

#[test]
fn a_session_that_is_at_a_fallback_is_gone_on_in_there_and_one_that_is_here_never_elsewhere() {
    let breakers = CircuitBreakerRegistry::new()
        .with_config("x", CircuitBreakerConfig::new().with_failure_threshold(1))
        .with_config("y", CircuitBreakerConfig::disabled());
    let breakers = Arc::new(breakers);
    let runner = virtual_runner()
        .circuit_breakers(Arc::clone(&breakers))
        .backend_fn("x", talk)
        .backend_fn("y", talk)
        .configure("x", BackendConfig::new().with_when_open(WhenOpen::Fallback("y".into())))
        .retry(RetryConfig::once())
        .build()
        .unwrap();
    let two = || plan([task("a"), task("b").after(["a"]).session("a").retry(RetryConfig::new())]);
    breakers.get("x").force_open();
    let report = runner.run(&two(), &CancelToken::new()).unwrap();
    assert_eq!(report.response("b").unwrap().text(), "of a after 100 at y");
    assert_eq!((attempts(&report, "a"), attempts(&report, "b")), ("circuit_open success".into(), "success".into()));
    assert_eq!((report.get("b").unwrap().backend(), &*report.get("b").unwrap().attempts()[0].backend), ("x", "y"));

    breakers.get("x").reset();
    let three = plan([task("a"), Task::new("bad", "x", "bad").after(["a"]).failure_mode(FailureMode::Skip), {
        task("b").after(["bad"]).session("a")
    }]);
    let report = runner.run(&three, &CancelToken::new()).unwrap();
    assert_eq!(attempts(&report, "b"), "circuit_open");
    assert_eq!(statuses(&report), "a completed, bad failed, b failed");
}

#[test]
fn a_run_that_has_cost_enough_starts_nothing_new_and_no_retry() {
    let runner = virtual_runner().backend_fn("x", talk).concurrency(1).build().unwrap();
    let chain = || plan([task("a"), task("flaky").after(["a"]), task("c").after(["flaky"])]);
    let run =
        |dollars| runner.run_with(&chain(), &CancelToken::new(), RunOptions::new().with_max_cost(dollars)).unwrap();
    let report = run(0.5);
    assert_eq!(statuses(&report), "a completed, flaky failed, c skipped");
    assert_eq!(
        (attempts(&report, "flaky"), report.cancelled()),
        ("transient".into(), Some("max-cost")),
        "a retry was left to start"
    );
    let report = run(0.2);
    assert_eq!(statuses(&report), "a completed, flaky cancelled, c cancelled");
    assert_eq!((report.cancelled(), report.usage().unwrap().cost_usd), (Some("max-cost"), Some(0.25)));
    assert!(run(1.01).is_success());
    assert_eq!(statuses(&run(0.0)), "a cancelled, flaky cancelled, c cancelled");
}

/// What an earlier run paid half a dollar for.
struct Paid;

impl Journal for Paid {
    fn record(&self, _: &Outcome) -> io::Result<()> {
        Ok(())
    }

    fn recall(&self, task: &TaskId) -> io::Result<Option<Recalled>> {
        let paid = Usage::new().with_cost_usd(0.5);
        let session = Session::new("of yore").with_total(Usage::new().with_input_tokens(700));
        let attempt = Attempt::new("x", 0, SECOND, SECOND, AttemptResult::Success);
        let recalled = || Recalled::new("kept".into()).with_attempts([attempt.with_usage(paid).with_session(session)]);
        Ok((*task == "a").then(recalled))
    }
}

#[test]
fn what_was_taken_over_counts_with_what_it_cost_and_its_session_is_gone_on_in() {
    let runner = virtual_runner().backend_fn("x", talk).build().unwrap();
    let two = || plan([task("a"), task("b").after(["a"]).session("a")]);
    let run = |dollars: f64| {
        let options = RunOptions::new().with_journal(&Paid).with_resume().with_max_cost(dollars);
        runner.run_with(&two(), &CancelToken::new(), options).unwrap()
    };
    assert_eq!(statuses(&run(0.5)), "a completed, b cancelled");
    let report = run(0.6);
    assert_eq!(report.response("b").unwrap().text(), "of yore after 700 at x");
    assert_eq!(report.usage().unwrap().cost_usd, Some(0.75));
}

#[test]
fn a_call_that_panics_has_cost_what_it_told_before() {
    let spender = |_: &Message, cx: &Context<'_>| -> Result<Response, SendError> {
        cx.add_usage(Usage::new().with_cost_usd(2.0));
        panic!("after the bill");
    };
    let runner = virtual_runner().backend_fn("x", spender).build().unwrap();
    let report = runner.run(&plan([task("a")]), &CancelToken::new()).unwrap();
    assert_eq!(report.usage().unwrap().cost_usd, Some(2.0));
}
