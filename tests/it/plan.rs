//! Plans: what they are, and what is wrong with some.

use crate::support::plan;
use seawall::{Error, FailureMode, Fault, Plan, PlanBuilder, Task, TaskId};
use std::time::Duration;

fn task(id: &str) -> Task {
    Task::new(id, "x", "")
}

fn faults<const N: usize>(tasks: [Task; N]) -> Vec<String> {
    let error = Plan::builder().tasks(tasks).build().unwrap_err();
    assert!(error.is_plan() && !error.is_settings() && !error.is_unknown_backend());
    error.faults().map(ToString::to_string).collect()
}

fn waves(plan: &Plan) -> Vec<String> {
    plan.waves().map(|wave| wave.map(|task| task.id().as_str()).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_wave_is_every_task_whose_dependencies_are_in_waves_before() {
    let diamond = plan([
        task("last").after(["left", "right"]),
        task("left").after(["first"]),
        task("alone"),
        task("first"),
        task("right").after(["first"]),
        task("skips-a-wave").after(["first", "last"]),
    ]);
    assert_eq!(waves(&diamond), ["alone first", "left right", "last", "skips-a-wave"]);
    assert_eq!((diamond.len(), diamond.is_empty()), (6, false));
    assert_eq!(diamond.tasks()[0].id(), "last", "the plan keeps its order");
}

#[test]
fn naming_a_dependency_twice_is_harmless() {
    let plan = plan([task("a"), task("b").after(["a", "a"]).after(["a"])]);
    assert_eq!(waves(&plan), ["a", "b"]);
    assert_eq!(plan.tasks()[1].dependencies().len(), 3);
}

#[test]
fn a_plan_is_a_value() {
    let first = plan([task("a"), task("b").after(["a"])]);
    let copy = first.clone();
    drop(first);
    assert_eq!(waves(&copy), ["a", "b"]);
    assert!(format!("{copy:?}").starts_with("Plan { tasks: [Task { id: \"a\""));
    let mut builder: PlanBuilder = ["a", "b"].into_iter().map(task).collect();
    builder.extend([task("c")]);
    assert_eq!(builder.task(task("d")).build().unwrap().len(), 4);
}

#[test]
fn dependencies_come_in_many_types() {
    let (owned, ids) = (String::from("a"), vec![TaskId::from("b")]);
    let last = task("d").after([&owned]).after(&ids).after(Some(String::from("c"))).after(None::<&str>);
    assert_eq!(last.dependencies(), [TaskId::from("a"), "b".into(), "c".into()]);
}

#[test]
fn a_task_is_what_was_said_of_it() {
    let task = task("a").failure_mode(FailureMode::Skip).timeout(Duration::from_secs(1)).writes(["x"]).writes(["y"]);
    assert_eq!((task.backend(), task.request().prompt(), task.mode()), ("x", "", FailureMode::Skip));
    assert_eq!(self::task("b").mode(), FailureMode::Hard);
}

#[test]
fn a_plan_without_tasks_has_a_fault() {
    assert_eq!(faults([]), ["there are no tasks"]);
}

#[test]
fn every_fault_is_named_in_plan_order() {
    let tasks = [
        task("a").after(["nowhere"]),
        task("b").after(["c"]),
        task("c").after(["b"]),
        task("a"),
        task("self").after(["self"]),
        task("design"),
        task("a"),
        task("d").after(["desing", "a"]),
    ];
    let expected = [
        "task `a` depends on `nowhere`, which is no task",
        "tasks `b` and `c` depend on one another in a circle",
        "there is more than one task `a`",
        "task `self` depends on itself",
        "task `d` depends on `desing`, which is no task; did you mean `design`?",
    ];
    assert_eq!(faults(tasks.clone()), expected);
    let error = Plan::builder().tasks(tasks).build().unwrap_err();
    assert_eq!(error.to_string(), format!("failed to build the plan: {}", expected.join("; ")));
}

#[test]
fn a_circle_is_named_in_the_order_of_its_arrows() {
    let circle = [
        task("a").after(["c"]),
        task("before"),
        task("b").after(["a", "before"]),
        task("c").after(["b"]),
        task("after").after(["c"]),
    ];
    assert_eq!(faults(circle), ["tasks `a`, `c` and `b` depend on one another in a circle"]);
}

#[test]
fn an_arrow_that_is_named_twice_does_not_change_how_a_circle_is_named() {
    let circle = [task("a").after(["c", "c"]), task("b").after(["a"]), task("c").after(["b"])];
    assert_eq!(faults(circle), ["tasks `a`, `c` and `b` depend on one another in a circle"]);
}

#[test]
fn two_circles_are_two_faults_and_entwined_ones_are_one() {
    let two = [task("a").after(["b"]), task("b").after(["a"]), task("c").after(["d", "a"]), task("d").after(["c"])];
    assert_eq!(
        faults(two),
        ["tasks `a` and `b` depend on one another in a circle", "tasks `c` and `d` depend on one another in a circle"]
    );
    let entwined = [task("a").after(["b", "c"]), task("b").after(["a"]), task("c").after(["a"])];
    assert_eq!(faults(entwined), ["tasks `a`, `b` and `c` depend on one another in a circle"]);
}

#[test]
fn a_fault_can_be_matched() {
    let error: Error = Plan::builder().task(task("code").after(["desing"])).task(task("design")).build().unwrap_err();
    let Some(Fault::UnknownDependency { task, dependency, nearest, .. }) = error.faults().next() else {
        panic!("{error}")
    };
    assert_eq!((task.as_str(), dependency.as_str(), nearest.clone()), ("code", "desing", Some("design".into())));
}

#[test]
fn of_many_unknown_names_each_is_a_fault() {
    let tasks = (0..200).map(|n| task(&format!("compile-{n}")).after([format!("compille-{n}")]));
    let error = Plan::builder().tasks(tasks).build().unwrap_err();
    assert_eq!(error.faults().count(), 200);
    // To find the nearest one costs much; after the first twenty nobody reads them.
    let has_nearest = |fault: &&Fault| matches!(fault, Fault::UnknownDependency { nearest: Some(_), .. });
    assert_eq!(error.faults().filter(has_nearest).count(), 20);
    let tasks = (0..200).map(|n| task(&format!("compile-{n}")).session(format!("compille-{n}")));
    let error = Plan::builder().tasks(tasks).build().unwrap_err();
    let has_nearest = |fault: &&Fault| matches!(fault, Fault::UnknownSession { nearest: Some(_), .. });
    assert_eq!((error.faults().count(), error.faults().filter(has_nearest).count()), (200, 20));
}

#[test]
fn a_circle_of_a_hundred_thousand_tasks_is_one_fault() {
    const TASKS: usize = 100_000;
    let tasks = (0..TASKS).map(|n| task(&n.to_string()).after([((n + 1) % TASKS).to_string()]));
    let error = Plan::builder().tasks(tasks).build().unwrap_err();
    let faults: Vec<_> = error.faults().collect();
    let [Fault::Cycle { tasks, .. }] = faults[..] else { panic!("{} faults", faults.len()) };
    assert_eq!((tasks.len(), tasks[0].as_str(), tasks[1].as_str()), (TASKS, "0", "1"));
}

#[test]
fn a_part_keeps_the_order_and_forgets_what_is_not_in_it() {
    let task = |id: &str, after: &[&str]| Task::new(id, "x", "").after(after.iter().copied());
    let tasks =
        [task("e", &["c", "d"]), task("a", &[]), task("b", &["a"]), task("c", &["b"]).session("b"), task("d", &[])];
    let plan = Plan::builder().tasks(tasks).build().unwrap();
    let ids = |plan: &Plan| plan.tasks().iter().map(|task| task.id().to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&plan.only(["c", "d"]).unwrap()), ["a", "b", "c", "d"]);
    let part = plan.starting_with(["c"]).unwrap();
    assert_eq!(ids(&part), ["e", "c"]);
    assert_eq!((part.tasks()[0].dependencies(), part.tasks()[1].dependencies()), (&["c".into()][..], &[][..]));
    assert_eq!((part.tasks()[1].session_of(), part.waves().count()), (None, 2));
    assert!(plan.only(["nobody"]).is_none() && plan.only(Vec::<String>::new()).is_none());
}
