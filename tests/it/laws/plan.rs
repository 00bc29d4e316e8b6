//! Plans against an algorithm that is slow and plain.

use super::cases;
use proptest::prelude::*;
use seawall::{Fault, Plan, Task};
use std::collections::BTreeSet;

/// A task's name, and what it depends on, as numbers.
type Sketch = Vec<(usize, Vec<usize>)>;

fn sketch() -> impl Strategy<Value = Sketch> {
    (1_usize..10).prop_flat_map(|tasks| {
        // Names and dependencies may be any number: some are there twice, some not at all.
        let names = tasks + 2;
        prop::collection::vec((0..names, prop::collection::vec(0..names, 0..3)), tasks)
    })
}

/// Distinct names, and arrows that only go back, in an order that has nothing to do with them.
fn sound_sketch() -> impl Strategy<Value = Sketch> {
    (1_usize..14)
        .prop_flat_map(|tasks| prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), tasks))
        .prop_map(|wishes| {
            let before = |task: usize, wishes: Vec<prop::sample::Index>| {
                wishes.into_iter().filter(|_| task > 0).map(|wish| wish.index(task)).collect()
            };
            wishes.into_iter().enumerate().map(|(task, wishes)| (task, before(task, wishes))).collect::<Sketch>()
        })
        .prop_shuffle()
}

fn built(sketch: &Sketch) -> Result<Plan, seawall::Error> {
    let name = |n: &usize| format!("t{n}");
    let task =
        |(id, dependencies): &(usize, Vec<usize>)| Task::new(name(id), "x", "").after(dependencies.iter().map(name));
    Plan::builder().tasks(sketch.iter().map(task)).build()
}

/// The first task of that name.
fn place(sketch: &Sketch, name: usize) -> Option<usize> {
    sketch.iter().position(|(id, _)| *id == name)
}

/// Whom each task reaches along its dependencies.
fn reached(sketch: &Sketch) -> Vec<BTreeSet<usize>> {
    let direct =
        |(_, dependencies): &(usize, Vec<usize>)| dependencies.iter().filter_map(|name| place(sketch, *name)).collect();
    let mut reached: Vec<BTreeSet<usize>> = sketch.iter().map(direct).collect();
    for _ in 0..sketch.len() {
        for task in 0..sketch.len() {
            let further: Vec<usize> = reached[task].iter().flat_map(|next| reached[*next].clone()).collect();
            reached[task].extend(further);
        }
    }
    reached
}

/// Each fault as a word and the tasks that it is about.
fn faults(sketch: &Sketch) -> BTreeSet<(String, Vec<String>)> {
    let name = |n: usize| format!("t{n}");
    let reached = reached(sketch);
    let mut faults = BTreeSet::new();
    for (task, (id, dependencies)) in sketch.iter().enumerate() {
        if sketch.iter().filter(|(other, _)| other == id).count() > 1 {
            faults.insert(("twice".into(), vec![name(*id)]));
        }
        for dependency in dependencies.iter().filter(|dependency| place(sketch, **dependency).is_none()) {
            faults.insert(("unknown".into(), vec![name(*id), name(*dependency)]));
        }
        if reached[task].contains(&task) {
            let circle = reached[task].iter().filter(|other| reached[**other].contains(&task));
            let mut members: Vec<String> = circle.map(|other| name(sketch[*other].0)).collect();
            members.sort();
            faults.insert(("circle".into(), members));
        }
    }
    faults
}

fn word(fault: &Fault) -> (String, Vec<String>) {
    match fault {
        Fault::DuplicateTask { task, .. } => ("twice".into(), vec![task.to_string()]),
        Fault::UnknownDependency { task, dependency, .. } => {
            ("unknown".into(), vec![task.to_string(), dependency.to_string()])
        }
        Fault::Cycle { tasks, .. } => {
            let mut tasks: Vec<String> = tasks.iter().map(ToString::to_string).collect();
            tasks.sort();
            ("circle".into(), tasks)
        }
        other => panic!("{other}"),
    }
}

fn wave(sketch: &Sketch, task: usize) -> usize {
    let dependencies = sketch[task].1.iter().filter_map(|name| place(sketch, *name));
    dependencies.map(|dependency| wave(sketch, dependency) + 1).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn every_fault_is_found_and_nothing_else(sketch in sketch()) {
        let expected = faults(&sketch);
        let found: Vec<_> = match built(&sketch) {
            Ok(plan) => { prop_assert_eq!(plan.len(), sketch.len()); Vec::new() }
            Err(error) => error.faults().map(word).collect(),
        };
        prop_assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn a_circles_members_are_each_named_once_and_in_a_circle(sketch in sketch()) {
        let Err(error) = built(&sketch) else { return Ok(()) };
        for fault in error.faults() {
            if let Fault::Cycle { tasks, .. } = fault {
                prop_assert_eq!(tasks.iter().collect::<BTreeSet<_>>().len(), tasks.len());
            }
        }
    }

    #[test]
    fn a_wave_is_the_longest_way_to_a_task_without_dependencies(sketch in sound_sketch()) {
        let plan = built(&sketch).unwrap();
        let mut seen = 0;
        for (number, tasks) in plan.waves().enumerate() {
            let places: Vec<usize> = tasks.map(|task| plan.tasks().iter().position(|other| other.id() == task.id()).unwrap()).collect();
            prop_assert!(!places.is_empty() && places.is_sorted(), "in plan order");
            prop_assert!(places.iter().all(|place| wave(&sketch, *place) == number));
            seen += places.len();
        }
        prop_assert_eq!(seen, sketch.len());
    }
}
