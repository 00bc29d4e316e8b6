//! A circuit that remembers between calls.

use crate::exec::{count, exec, program};
use crate::program::{Ended, Folder, Running, wait_until};
use serde_json::Value;
use std::fs;
use std::hash::{BuildHasher, RandomState};

const STATE: &str = "state/seawall/breakers/api.json";

fn failing(folder: &Folder, times: usize, more: &[&str]) {
    for _ in 0..times {
        assert_eq!(call(folder, more, "echo x >> n; exit 1").code, Some(1));
    }
}

fn call(folder: &Folder, more: &[&str], script: &str) -> Ended {
    exec(folder, &[&["--breaker", "api"], more].concat(), script)
}

#[test]
fn five_failures_open_it_and_then_nothing_is_run() {
    let folder = Folder::new();
    failing(&folder, 5, &[]);
    let ended = call(&folder, &[], "echo x >> n");
    assert_eq!((ended.code, count(&folder, "n")), (Some(75), 5), "{ended:?}");
    assert!(ended.err.contains("`api` is open") && ended.err.contains("nothing was run"), "{ended:?}");
    assert_eq!(exec(&folder, &["--breaker", "other"], "true").code, Some(0), "another name, another circuit");
    assert_eq!(exec(&folder, &[], "true").code, Some(0), "without a name there is none");
    assert_eq!(folder.names("state/seawall/breakers"), ["api.json", "api.lock", "other.json", "other.lock"]);
}

#[test]
fn a_success_begins_the_count_anew_and_permanent_exits_count_nothing() {
    let folder = Folder::new();
    failing(&folder, 4, &[]);
    assert_eq!(call(&folder, &["--permanent-exit", "9"], "exit 9").code, Some(9));
    assert_eq!(call(&folder, &[], "exit 127").code, Some(127));
    assert_eq!(folder.json(STATE)["consecutive_failures"], 4);
    assert_eq!(call(&folder, &[], "true").code, Some(0));
    failing(&folder, 4, &[]);
    assert_eq!(call(&folder, &[], "true").code, Some(0));
}

#[test]
fn its_own_retries_open_it_too() {
    let folder = Folder::new();
    let ended = call(&folder, &["--retries", "20", "--initial-interval", "1ms"], "echo x >> n; exit 7");
    assert_eq!((ended.code, count(&folder, "n")), (Some(7), 5), "something was run: {ended:?}");
    assert!(ended.err.contains("`api` is open"), "{ended:?}");
}

#[test]
fn an_open_one_is_tried_again_when_its_time_is_over() {
    let how = ["--failure-threshold", "1", "--open-for", "50ms", "--half-open-requests", "2"];
    let folder = Folder::new();
    failing(&folder, 1, &how);
    wait_until("the end of its time", || call(&folder, &how, "true").code == Some(0));
    assert_eq!(folder.json(STATE)["state"], "half_open");
    assert_eq!(call(&folder, &how, "true").code, Some(0));
    let state = folder.json(STATE);
    assert_eq!((&state["state"], &state["trips"]), (&"closed".into(), &1.into()));
}

#[test]
fn a_half_open_one_lets_no_more_calls_through_than_it_may_whoever_makes_them() {
    let how = ["--failure-threshold", "1", "--open-for", "1h", "--half-open-requests", "1"];
    let folder = Folder::new();
    failing(&folder, 1, &how);
    let mut state = folder.json(STATE);
    state["retry_in_ns"] = 0.into();
    folder.write(STATE, &state.to_string());
    let options = [&["--breaker", "api"], &how[..]].concat();
    let mut probe = Running::start(program(&folder, &options, "touch up; while [ ! -e go ]; do sleep 0.01; done"));
    wait_until("the one call", || folder.has("up"));
    let others: Vec<_> = (0..8).map(|_| Running::start(program(&folder, &options, "touch ran"))).collect();
    assert!(others.into_iter().all(|mut other| other.code() == Some(75)) && !folder.has("ran"));
    folder.write("go", "");
    assert_eq!(probe.code(), Some(0));
    assert_eq!(folder.json(STATE)["state"], "closed");
}

#[test]
fn the_place_of_a_call_that_was_killed_is_free_again_after_its_lease() {
    let how = ["--breaker", "api", "--failure-threshold", "1", "--open-for", "100ms", "--half-open-requests", "1"];
    let folder = Folder::new();
    assert_eq!(exec(&folder, &how, "exit 1").code, Some(1));
    // One of them is let through when the time is over, and dies with the place.
    wait_until("a call that is let through", || {
        let mut probe = Running::start(program(&folder, &how, "touch up; sleep 60"));
        wait_until("its end, or its beginning", || folder.has("up") || probe.child.try_wait().unwrap().is_some());
        folder.has("up")
    });
    assert_eq!(folder.json(STATE)["places"].as_array().unwrap().len(), 1);
    wait_until("its place", || exec(&folder, &how, "true").code == Some(0));
    assert_eq!(folder.json(STATE)["state"], "closed");
}

#[test]
fn a_clock_that_was_put_back_holds_no_circuit_open_for_ever() {
    let how = ["--failure-threshold", "1", "--open-for", "300ms"];
    let folder = Folder::new();
    failing(&folder, 1, &how);
    let mut state = folder.json(STATE);
    let year = 365 * 24 * 3600 * 1_000_000_000_u64;
    state["written_ns"] = (state["written_ns"].as_u64().unwrap() + year).into();
    folder.write(STATE, &state.to_string());
    wait_until("the end of its time", || call(&folder, &how, "true").code == Some(0));
}

#[test]
fn a_state_that_cannot_be_read_is_put_aside_said_and_begun_anew() {
    for rubbish in [&b"\xff\x00{{{rubbish"[..], b"", b"{\"version\": 99}", b"[]"] {
        let folder = Folder::new();
        failing(&folder, 5, &[]);
        fs::write(folder.path(STATE), rubbish).unwrap();
        let ended = call(&folder, &[], "echo yes");
        assert_eq!((ended.code, &*ended.out), (Some(0), "yes\n"), "{ended:?}");
        assert!(ended.err.contains("`api` cannot be read") && ended.err.contains("api.json.unreadable"), "{ended:?}");
        assert_eq!(fs::read(folder.path("state/seawall/breakers/api.json.unreadable")).unwrap(), rubbish);
        assert_eq!(folder.json(STATE)["successes"], 1);
        assert_eq!(call(&folder, &[], "true").err, "", "it is said once");
    }
}

#[test]
fn whatever_lies_where_the_state_should_be_or_is_to_be_put_is_no_hindrance() {
    let (folder, aside) = (Folder::new(), "state/seawall/breakers/api.json.unreadable");
    for round in 0..2 {
        fs::create_dir_all(folder.path(STATE).join("with/something")).unwrap();
        let ended = call(&folder, &[], "echo yes");
        assert_eq!((ended.code, &*ended.out), (Some(0), "yes\n"), "{round}: {ended:?}");
        assert!(ended.err.contains("api.json.unreadable") && folder.path(aside).is_dir(), "{ended:?}");
        fs::remove_file(folder.path(STATE)).unwrap();
    }
    folder.write(STATE, "rubbish");
    assert_eq!(call(&folder, &[], "true").code, Some(0));
}

#[test]
fn a_state_with_any_numbers_is_one() {
    for state in ["closed", "open", "half_open"] {
        let folder = Folder::new();
        failing(&folder, 1, &["--failure-threshold", "1", "--half-open-requests", "2"]);
        let mut row = folder.json(STATE);
        for counter in ["requests", "failures", "consecutive_failures"] {
            row[counter] = u32::MAX.into();
        }
        for number in ["trips", "generation", "next_place"] {
            row[number] = u64::MAX.into();
        }
        (row["state"], row["retry_in_ns"]) = (state.into(), 0.into());
        folder.write(STATE, &row.to_string());
        let ended = call(&folder, &["--failure-threshold", "1", "--half-open-requests", "2"], "exit 1");
        assert_eq!(ended.code, Some(1), "{state}: {ended:?}");
        assert_eq!(folder.json(STATE)["state"], "open", "{state}");
    }
}

#[test]
fn where_no_state_can_be_kept_nothing_is_run() {
    let folder = Folder::new();
    folder.write("state", "a file");
    let ended = call(&folder, &[], "touch ran");
    assert_eq!((ended.code, folder.has("ran")), (Some(125), false));
    assert!(ended.err.contains("state/seawall"), "{ended:?}");
}

#[test]
fn any_name_is_a_safe_one() {
    let folder = Folder::new();
    for name in ["../../up", "a/b", ".", "ü", &"long".repeat(100)] {
        assert_eq!(exec(&folder, &["--breaker", name], "true").code, Some(0), "{name}");
    }
    assert_eq!(folder.names("state/seawall/breakers").len(), 10);
    assert_eq!(folder.names("."), ["state"]);
}

/// Calls from many processes at once, and two hundred of them killed in the midst of it: whoever ended by itself has been
/// counted, once, and nobody left a lock.
#[test]
fn counts_are_right_whoever_is_killed_meanwhile() {
    let (folder, processes) = (Folder::new(), 64);
    let how = ["--breaker", "api", "--failure-threshold", "1000000"];
    let (mut ended, mut killed) = (0_u64, 0_u64);
    while killed < 200 {
        let mut running: Vec<Running> =
            (0..processes).map(|_| Running::start(program(&folder, &how, "exit 1"))).collect();
        for one in &mut running {
            if RandomState::new().hash_one(0).is_multiple_of(2) {
                one.child.kill().unwrap();
            }
        }
        for mut one in running {
            match one.code() {
                Some(1) => ended += 1,
                None => killed += 1,
                other => panic!("{other:?}: {}", folder.written("err")),
            }
        }
    }
    let state: Value = folder.json(STATE);
    let failures = state["failures"].as_u64().unwrap();
    assert!(ended > 0, "all of {killed} were killed");
    assert!((ended..=ended + killed).contains(&failures), "{failures} of {ended} that ended and {killed} killed");
    assert!(state["requests"].as_u64().unwrap() <= ended + killed);
    failures_after(&folder, &how, failures);
}

/// One call more is one failure more.
fn failures_after(folder: &Folder, how: &[&str], before: u64) {
    assert_eq!(exec(folder, how, "exit 1").code, Some(1));
    assert_eq!(folder.json(STATE)["failures"], before + 1);
}
