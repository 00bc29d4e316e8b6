//! Sessions that go on, and usage taken apart.

use super::{Folder, PROGRAMS, Told, agent, call, stand_in};
use crate::support::{attempts, plan};
use seawall::{Backend, CancelToken, ClaudeBackend, ErrorClass, RetryConfig, Runner, Session, Task, Usage};
use std::collections::HashSet;
use std::time::Duration;

fn tokens(told: &Told) -> (Option<u64>, Option<u64>, Option<f64>) {
    (told.usage.input_tokens, told.usage.output_tokens, told.usage.cost_usd)
}

#[test]
fn a_second_call_goes_on_in_the_first_ones_session_and_has_its_own_share_of_what_was_used() {
    for (program, first, second, cost) in [
        ("claude", "claude/ok", "claude/resume", Some(0.00548)),
        ("codex", "codex/ok", "codex/resume", None),
        ("goose", "goose/ok", "goose/resume-by-name", Some(0.00334)),
        ("claude", "older/claude-2.1.49/ok", "older/claude-2.1.49/resume", Some(0.00685)),
    ] {
        let one = call(&*agent(program, &format!("replay {first}")), "hello", None);
        assert_eq!(tokens(&one), (Some(1200), Some(34), cost), "{first}");
        // The recorded answer has an id of its own: it is that one which is gone on in.
        let other = call(&*agent(program, &format!("replay {second}")), "again", None);
        let id = if program == "goose" { one.id() } else { other.id() };
        let session = Session::new(id.unwrap()).with_total(one.session.as_ref().unwrap().total());
        let two = call(&*agent(program, &format!("replay {second}")), "again", Some(&session));
        assert_eq!((two.text(), two.id()), ("Hello from the mock.", Some(session.id())), "{second}");
        assert_eq!(tokens(&two), (Some(1200), Some(34), cost), "{second}");
        assert!(two.session.unwrap().total().input_tokens >= Some(2400), "{second}");
    }
}

#[test]
fn an_answer_from_another_session_than_the_one_to_go_on_in_is_a_permanent_error() {
    for program in ["claude", "codex"] {
        let told = call(&*agent(program, &format!("replay {program}/ok")), "hello", Some(&Session::new("mine")));
        let (class, words) = told.error();
        assert_eq!(class, ErrorClass::Permanent, "{program}");
        assert!(words.contains("mine") && told.id() != Some("mine"), "{program}: {words}");
    }
}

#[test]
fn names_of_new_sessions_are_like_no_others() {
    let folder = Folder::new();
    let claude = stand_in!(ClaudeBackend::new(), "").with_env("BOX", &folder.0);
    (0..8).for_each(|_| drop(call(&claude, "hello", None)));
    let ids: HashSet<String> = (1..=8).map(|n| folder.argv(n).pop().unwrap()).collect();
    assert_eq!(ids.len(), 8);
}

#[test]
fn a_session_whose_name_was_sent_is_told_of_though_the_program_was_killed() {
    for (program, is_told) in [("claude", true), ("codex", false), ("goose", true)] {
        let told = call(&*agent(program, "kill -9 $$"), "hello", None);
        assert_eq!((told.class(), told.id().is_some()), ("killed", is_told), "{program}");
    }
    let told = call(&*agent("codex", "replay codex/resume-after-sigkill-1"), "hello", None);
    assert!(told.id().is_some(), "codex said it before it was killed");
    let told = call(&*agent("claude", "replay claude/session-id-already-exists"), "hello", None);
    assert_eq!((told.class(), told.id()), ("permanent", None), "nobody began one");
}

/// A run of two tasks in one session; a stand-in as claude that refuses a name twice, and fails as `first` says at first.
fn retried(first: &str) -> (String, String) {
    let folder = Folder::new();
    let script = format!(
        r#"id=; new=; before=
        for word in "$@"; do case $before in --session-id) id=$word; new=1 ;; --resume) id=$word ;; esac; before=$word; done
        if [ "$new" ]; then mkdir "$BOX/used-$id" || {{ echo "Error: Session ID $id is already in use." >&2; exit 1; }}
        else [ -d "$BOX/used-$id" ] || {{ echo "No conversation found with session ID: $id" >&2; exit 1; }}; fi
        if [ $n = 1 ] || [ $n = 3 ]; then {first}; fi
        old=$(sed -n 's/.*"session_id":"\([^"]*\)".*/\1/p' "$RECORDED/claude/ok/stdout")
        sed "s/$old/$id/" "$RECORDED/claude/ok/stdout""#
    );
    let claude = stand_in!(ClaudeBackend::new(), script).with_env("BOX", &folder.0).with_grace(Duration::ZERO);
    let retry = RetryConfig::new().with_initial_interval(Duration::from_millis(1)).with_max_attempts(2);
    let runner = Runner::builder().backend("claude", claude).retry(retry).build().unwrap();
    let plan =
        plan([Task::new("one", "claude", "begin"), Task::new("two", "claude", "go on").after(["one"]).session("one")]);
    let report = runner.run(&plan, &CancelToken::new()).unwrap();
    let sessions: Vec<_> = ["one", "two"].map(|task| report.get(task).unwrap().session().cloned()).into();
    assert!(report.is_success(), "{first}: {report:?}");
    assert_eq!(sessions[0].as_ref().unwrap().id(), sessions[1].as_ref().unwrap().id());
    (attempts(&report, "one"), attempts(&report, "two"))
}

#[test]
fn a_retry_never_begins_under_a_name_that_was_sent_and_goes_on_where_it_was_to_go_on() {
    let twice = |class: &str| (format!("{class} success"), format!("{class} success"));
    assert_eq!(retried("kill -9 $$"), twice("killed"));
    assert_eq!(retried("exit 143"), twice("killed"));
}

#[test]
fn one_that_failed_has_ended_in_a_session_too() {
    for program in PROGRAMS {
        let told = call(&*agent(program, &format!("replay {program}/api-500")), "hello", None);
        assert_eq!((told.class(), told.id().is_some()), ("transient", true), "{program}");
    }
}

#[test]
fn what_a_failed_call_used_is_told_too() {
    let told = call(&*agent("claude", "replay claude/max-turns"), "hello", None);
    assert_eq!((told.class(), tokens(&told)), ("permanent", (Some(2400), Some(68), Some(0.01096))));
    let told = call(&*agent("goose", "replay goose/max-turns"), "hello", None);
    assert_eq!((told.class(), tokens(&told)), ("permanent", (Some(2400), Some(68), Some(0.00668))));
    let told = call(&*agent("codex", "replay codex/api-500"), "hello", None);
    assert_eq!(told.usage, Usage::new());
}

#[test]
fn an_old_goose_marks_nothing_and_is_believed_if_it_was_paid() {
    let unmarked = |name: &str| format!("sed 's/\"inference\"/\"x\"/' \"$RECORDED/goose/{name}/stdout\"");
    let class = |name: &str| call(&*agent("goose", &unmarked(name)), "hello", None).class();
    assert_eq!(
        ["ok", "cut", "empty", "max-turns", "api-500"].map(class),
        ["success", "invalid_answer", "invalid_answer", "permanent", "transient"]
    );
}

#[test]
fn a_backend_can_be_shared_by_many_calls_at_once() {
    let claude = agent("claude", "replay claude/ok");
    let shared: &dyn Backend = &*claude;
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..4).map(|_| scope.spawn(move || call(shared, "hello", None).class())).collect();
        assert!(calls.into_iter().all(|call| call.join().unwrap() == "success"));
    });
}
