//! What belongs to a whole process: descriptors and threads. So these tests have one of their own each.
#![cfg(target_os = "linux")]

use super::{CommandBackend, send, sh, until};
use seawall::{CancelToken, Plan, Runner, Task};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, fs, thread};

/// Runs a test that is ignored here, alone.
fn alone(test: &str) {
    let mut command = Command::new(env::current_exe().unwrap());
    let output = command.args(["--ignored", "--exact", "--test-threads=1", test]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn no_attempt_keeps_a_descriptor_open() {
    alone("command::alone::no_attempt_keeps_a_descriptor_open_alone");
}

#[test]
#[ignore = "runs in a process of its own"]
fn no_attempt_keeps_a_descriptor_open_alone() {
    let attempts = || {
        for _ in 0..100 {
            send(&CommandBackend::new(["cat"]), "x").unwrap();
            send(&CommandBackend::new(["cat"]), &"x".repeat(100_000)).unwrap();
            send(&sh("exit 1"), "").unwrap_err();
            send(&CommandBackend::new(["no-such-program-here"]), "x").unwrap_err();
        }
    };
    attempts();
    let before = descriptors();
    attempts();
    assert_eq!(descriptors(), before);
    let runner = Runner::builder().backend("c", CommandBackend::new(["true"])).build().unwrap();
    let plan = Plan::builder().tasks((0..200).map(|n| Task::new(format!("t{n}"), "c", ""))).build().unwrap();
    assert!(runner.run(&plan, &CancelToken::new()).unwrap().is_success());
    until("the threads of the run to be gone", || (descriptors() == before).then_some(()));
}

#[test]
fn sixty_four_places_need_hardly_more_threads_than_that() {
    alone("command::alone::sixty_four_places_need_hardly_more_threads_than_that_alone");
}

#[test]
#[ignore = "runs in a process of its own"]
fn sixty_four_places_need_hardly_more_threads_than_that_alone() {
    let runner =
        Runner::builder().backend("c", CommandBackend::new(["sleep", "0.05"])).concurrency(64).build().unwrap();
    let plan = Plan::builder().tasks((0..512).map(|n| Task::new(format!("t{n}"), "c", ""))).build().unwrap();
    let is_over = AtomicBool::new(false);
    let most = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !is_over.load(Ordering::Relaxed) {
                most = most.max(threads());
                thread::yield_now();
            }
            most
        });
        assert!(runner.run(&plan, &CancelToken::new()).unwrap().is_success());
        is_over.store(true, Ordering::Relaxed);
        watch.join().unwrap()
    });
    assert!((64..80).contains(&most), "{most}");
}

#[test]
fn a_program_has_no_descriptor_of_its_siblings() {
    let list = || sh("ls -l /proc/self/fd | grep -c pipe:");
    let baseline = send(&list(), "x").unwrap().text().to_owned();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (0..25).map(|_| send(&list(), "x").unwrap().text().to_owned()).collect::<Vec<_>>()))
            .collect();
        for thread in threads {
            assert!(thread.join().unwrap().iter().all(|count| *count == baseline));
        }
    });
}
