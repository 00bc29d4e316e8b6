//! What a task cannot do to others, and a run to the program around it.

use crate::support::{PATIENCE, SECOND, attempts, plan, statuses, until, virtual_runner};
use rayon::prelude::*;
use seawall::{
    Backend, CancelToken, Context, Failure, Message, Plan, Response, Runner, SendError, Status, Task, backend_fn,
};
use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;

fn many(tasks: usize) -> Plan {
    Plan::builder().tasks((0..tasks).map(|n| Task::new(format!("t{n}"), "x", n.to_string()))).build().unwrap()
}

#[test]
fn a_panic_fails_its_task_and_no_other() {
    let runner = virtual_runner()
        .backend_fn("x", |request, _| match request.prompt() {
            "3" => resume_unwind(Box::new("boom")),
            _ => Ok("ok".into()),
        })
        .concurrency(2)
        .build()
        .unwrap();
    let report = runner.run(&many(6), &CancelToken::new()).unwrap();
    assert_eq!((report.count(Status::Completed), report.count(Status::Failed)), (5, 1));
    let outcome = report.get("t3").unwrap();
    assert!(matches!(outcome.result(), Err(Failure::Panicked { message, .. }) if message == "boom"));
    assert_eq!(attempts(&report, "t3"), "panicked", "and it is not retried");
}

#[test]
fn a_slow_or_failing_task_neither_delays_nor_starves_another() {
    let runner = virtual_runner()
        .backend_fn("x", |request, cx| match request.prompt() {
            "0" => cx.sleep(100 * SECOND).map(|()| Ok("slow".into()))?,
            "1" => Err(SendError::transient("flaky")),
            _ => cx.sleep(SECOND).map(|()| Ok("ok".into()))?,
        })
        .concurrency(2)
        .build()
        .unwrap();
    let report = runner.run(&many(10), &CancelToken::new()).unwrap();
    let ended = |task: &str| report.get(task).map(|outcome| outcome.started().unwrap() + outcome.elapsed()).unwrap();
    assert!((2..10).all(|n| ended(&format!("t{n}")) <= 8 * SECOND), "{report:?}");
    assert_eq!(report.count(Status::Completed), 9);
}

struct Dictionary<'w>(&'w [String]);
impl Backend for Dictionary<'_> {
    fn send(&self, request: &Message, _: &Context<'_>) -> Result<Response, SendError> {
        let place: usize = request.prompt().parse().map_err(SendError::permanent)?;
        self.0.get(place).map(|word| word.as_str().into()).ok_or_else(|| SendError::permanent("no such word"))
    }
}

#[test]
fn backends_may_borrow_from_the_stack() {
    let (calls, words) = (AtomicU32::new(0), vec!["zero".to_owned(), "one".to_owned()]);
    let dictionary = Dictionary(&words);
    let runner = Runner::builder()
        .backend("x", &dictionary)
        .backend_fn("count", |_, _| {
            calls.fetch_add(1, Ordering::Relaxed);
            Ok("ok".into())
        })
        .build()
        .unwrap();
    let report = runner.run(&many(3), &CancelToken::new()).unwrap();
    assert_eq!(report.response("t1").unwrap().text(), "one");
    assert_eq!(statuses(&report), "t0 completed, t1 completed, t2 failed");
    runner.run(&plan([Task::new("a", "count", "")]), &CancelToken::new()).unwrap();
    drop(runner);
    assert_eq!(calls.into_inner(), 1);
}

struct Job<'t>(&'t str);

#[derive(Debug, PartialEq)]
struct Length(usize);

#[test]
fn requests_and_responses_may_be_of_any_type() {
    let text = String::from("neither is Clone, Default or Debug");
    let runner =
        Runner::builder_for::<Job<'_>, Length>().backend_fn("len", |job, _| Ok(Length(job.0.len()))).build().unwrap();
    let plan = Plan::builder().task(Task::for_request("a", "len", Job(&text))).build().unwrap();
    let report = runner.run(&plan, &CancelToken::new()).unwrap();
    assert_eq!(report.response("a"), Some(&Length(34)));
    let owned: Vec<Length> = report.into_iter().filter_map(|outcome| outcome.into_result().ok()).collect();
    assert_eq!(owned, [Length(34)]);
}

#[test]
fn a_run_within_a_backend_of_a_run_comes_to_its_end() {
    let inner =
        Runner::builder().backend_fn("x", |request, _| Ok(request.prompt().into())).concurrency(2).build().unwrap();
    let outer = Runner::builder()
        .backend_fn("x", |_, cx| {
            let report = inner.run(&many(20), cx.cancel_token()).map_err(SendError::permanent)?;
            Ok(report.count(Status::Completed).to_string().into())
        })
        .concurrency(2)
        .build()
        .unwrap();
    let report = outer.run(&many(6), &CancelToken::new()).unwrap();
    assert!(report.iter().all(|outcome| outcome.result().unwrap().text() == "20"));
}

#[test]
fn a_runner_may_run_itself_in_its_own_backend() {
    let home: Arc<OnceLock<Runner<'static>>> = Arc::default();
    let own = Arc::downgrade(&home);
    let runner = Runner::builder()
        .backend_fn("x", move |request, cx| {
            let depth: u32 = request.prompt().parse().map_err(SendError::permanent)?;
            let Some(deeper) = depth.checked_sub(1) else { return Ok("bottom".into()) };
            let (home, deeper) = (own.upgrade().unwrap(), plan([Task::new("a", "x", deeper.to_string())]));
            let report = home.get().unwrap().run(&deeper, cx.cancel_token()).map_err(SendError::permanent)?;
            Ok(report.response("a").unwrap().clone())
        })
        .concurrency(1)
        .build()
        .unwrap();
    home.set(runner).unwrap();
    let report = home.get().unwrap().run(&plan([Task::new("a", "x", "5")]), &CancelToken::new()).unwrap();
    assert_eq!(report.response("a").unwrap().text(), "bottom");
}

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// How deep calls of one backend are nested on one stack.
fn nested<T>(deepest: &AtomicUsize, call: impl FnOnce() -> T) -> T {
    DEPTH.set(DEPTH.get() + 1);
    deepest.fetch_max(DEPTH.get(), Ordering::Relaxed);
    let result = call();
    DEPTH.set(DEPTH.get() - 1);
    result
}

#[test]
fn a_backend_that_uses_rayon_never_runs_a_sibling_on_its_own_stack() {
    for concurrency in [1, 2, 4] {
        let (deepest, sums) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let runner = Runner::builder()
            .backend_fn("x", |_, _| {
                nested(&deepest, || {
                    let sum: usize = (0..2000_usize).into_par_iter().map(|n| std::hint::black_box(n % 7)).sum();
                    rayon::join(thread::yield_now, thread::yield_now);
                    rayon::scope(|scope| (0..4).for_each(|_| scope.spawn(|_| thread::yield_now())));
                    sums.fetch_add(sum, Ordering::Relaxed);
                });
                Ok("ok".into())
            })
            .concurrency(concurrency)
            .build()
            .unwrap();
        assert!(runner.run(&many(60), &CancelToken::new()).unwrap().is_success());
        assert_eq!(deepest.load(Ordering::Relaxed), 1);
        assert_eq!(sums.load(Ordering::Relaxed), 60 * (0..2000_usize).map(|n| n % 7).sum::<usize>());
    }
}

#[test]
fn within_somebody_elses_pool_a_run_neither_hangs_nor_runs_that_pools_jobs() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let deepest = AtomicUsize::new(0);
    let runner = Runner::builder().backend_fn("x", |_, _| Ok("ok".into())).concurrency(2).build().unwrap();
    let plan = many(10);
    let done = Mutex::new(0);
    pool.scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|_| {
                nested(&deepest, || assert!(runner.run(&plan, &CancelToken::new()).unwrap().is_success()));
                *done.lock().unwrap() += 1;
            });
        }
    });
    assert_eq!((*done.lock().unwrap(), deepest.load(Ordering::Relaxed)), (6, 1));
}

#[test]
fn no_run_waits_for_another() {
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let runner = Runner::builder()
        .backend_fn("x", |request, _| {
            if request.prompt() == "hold" {
                held.lock().unwrap().recv_timeout(PATIENCE).map_err(SendError::permanent)?;
            }
            Ok("ok".into())
        })
        .concurrency(1)
        .build()
        .unwrap();
    thread::scope(|scope| {
        let first = scope.spawn(|| runner.run(&plan([Task::new("a", "x", "hold")]), &CancelToken::new()).unwrap());
        let others = [(); 4].map(|()| scope.spawn(|| runner.run(&many(5), &CancelToken::new()).unwrap()));
        assert!(others.into_iter().all(|other| other.join().unwrap().is_success()));
        assert!(!first.is_finished());
        release.send(()).unwrap();
        assert!(first.join().unwrap().is_success());
    });
}

#[test]
fn a_call_that_heeds_no_cancel_holds_up_its_run_and_nothing_else() {
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let calls = AtomicU32::new(0);
    let deaf = backend_fn(|_: &Message, _: &Context<'_>| {
        calls.fetch_add(1, Ordering::AcqRel);
        held.lock().unwrap().recv_timeout(PATIENCE).map_err(SendError::permanent)?;
        Ok(Response::from("deaf"))
    });
    let runner = Runner::builder()
        .backend("deaf", deaf)
        .backend_fn("hears", |_, cx| {
            cx.sleep(PATIENCE)?;
            Ok("late".into())
        })
        .concurrency(2)
        .build()
        .unwrap();
    let cancel = CancelToken::new();
    let tasks = [Task::new("a", "deaf", ""), Task::new("b", "hears", ""), Task::new("c", "hears", "")];
    let report = thread::scope(|scope| {
        let run = scope.spawn(|| runner.run(&plan(tasks), &cancel).unwrap());
        until("the call", || calls.load(Ordering::Acquire) == 1);
        cancel.cancel();
        release.send(()).unwrap();
        run.join().unwrap()
    });
    assert_eq!(statuses(&report), "a completed, b cancelled, c cancelled");
}

#[test]
fn a_task_reads_its_ancestors_answers_and_no_others() {
    let runner = virtual_runner()
        .backend_fn("say", |request, _| Ok(request.prompt().into()))
        .backend_fn("fail", |_, _| Err(SendError::permanent("no")))
        .backend_fn("read", |request, cx| Ok(format!("<{}>", cx.response_of(request.prompt())?.text()).into()))
        .concurrency(1)
        .build()
        .unwrap();
    let soft = seawall::FailureMode::Soft;
    let tasks = [
        Task::new("design", "say", "three layers"),
        Task::new("stranger", "say", "hidden"),
        Task::new("broken", "fail", "").failure_mode(soft),
        Task::new("between", "read", "design").after(["design", "broken"]),
        Task::new("far", "read", "design").after(["between"]),
        Task::new("broken-reader", "read", "broken").after(["between"]),
        Task::new("spy", "read", "stranger").after(["between"]),
        Task::new("unknown", "read", "nobody").after(["between"]),
        Task::new("self", "read", "self").after(["between"]),
    ];
    let report = runner.run(&plan(tasks), &CancelToken::new()).unwrap();
    assert_eq!(["between", "far"].map(|task| report.response(task).unwrap().text()), ["<three layers>"; 2]);
    let sentences = ["broken-reader", "spy", "unknown", "self"]
        .map(|task| report.get(task).unwrap().result().unwrap_err().to_string());
    assert_eq!(
        sentences,
        [
            "`broken` has no response (failed)",
            "`stranger` is not an ancestor of `spy`",
            "`nobody` is not an ancestor of `unknown`",
            "`self` is not an ancestor of `self`",
        ]
    );
    assert!(report.failures().all(|(_, failure)| failure.kind() == "permanent"));
}

#[test]
fn who_is_no_ancestor_is_found_out_at_once_however_many_ways_lead_up() {
    const RUNGS: usize = 64; // each of two tasks, after both of the one below
    let runner = virtual_runner()
        .backend_fn("say", |_, _| Ok("".into()))
        .backend_fn("read", |_, cx| cx.response_of("stranger").cloned())
        .build()
        .unwrap();
    let rung = |n: usize| {
        let below = n.checked_sub(1).into_iter().flat_map(|below| [format!("l{below}"), format!("r{below}")]);
        let task = |side: char| Task::new(format!("{side}{n}"), "say", "").after(below.clone());
        [task('l'), task('r')]
    };
    let top = Task::new("spy", "read", "").after([format!("l{}", RUNGS - 1)]);
    let tasks = (0..RUNGS).flat_map(rung).chain([Task::new("stranger", "say", ""), top]);
    let plan = Plan::builder().tasks(tasks).build().unwrap();
    let report = runner.run(&plan, &CancelToken::new()).unwrap();
    let (task, failure) = report.failures().next().unwrap();
    assert_eq!((task.as_str(), failure.to_string().as_str()), ("spy", "`stranger` is not an ancestor of `spy`"));
}

#[test]
fn all_ancestors_are_there_in_plan_order_with_how_they_ended() {
    let runner = virtual_runner()
        .backend_fn("say", |request, _| Ok(request.prompt().into()))
        .backend_fn("fail", |_, _| Err(SendError::permanent("no")))
        .backend_fn("list", |_, cx| {
            let each = cx.ancestors().map(|(task, status, response)| {
                format!("{task} {status} {}", response.map_or("-", |response: &Response| response.text()))
            });
            Ok(each.collect::<Vec<_>>().join(", ").into())
        })
        .build()
        .unwrap();
    let soft = seawall::FailureMode::Soft;
    let tasks = [
        Task::new("last", "list", "").after(["b", "soft"]),
        Task::new("stranger", "say", "hidden"),
        Task::new("soft", "say", "x").after(["bad"]).failure_mode(soft),
        Task::new("b", "say", "B").after(["a"]),
        Task::new("bad", "fail", ""),
        Task::new("a", "say", "A"),
        Task::new("first", "list", ""),
    ];
    let report = runner.run(&plan(tasks), &CancelToken::new()).unwrap();
    let expected = "soft skipped -, b completed B, bad failed -, a completed A";
    assert_eq!(report.response("last").unwrap().text(), expected);
    assert_eq!(report.response("first").unwrap().text(), "");
}

#[test]
fn an_attempt_in_a_run_knows_whose_it_is() {
    let runner = virtual_runner()
        .backend_fn("x", |_, cx| {
            let knows = format!("{} {} {} {:?}", cx.task().unwrap(), cx.backend(), cx.attempt(), cx.elapsed());
            if cx.attempt() == 1 { Err(SendError::transient(knows)) } else { Ok(knows.into()) }
        })
        .retry(seawall::RetryConfig::new().with_initial_interval(SECOND).with_randomization_factor(0.0))
        .build()
        .unwrap();
    let report = runner.run(&plan([Task::new("a", "x", "")]), &CancelToken::new()).unwrap();
    assert_eq!(report.response("a").unwrap().text(), "a x 2 1s");
    assert!(format!("{runner:?}").starts_with(r#"Runner { backends: ["x"], concurrency: 8, schedule: Waves"#));
}
