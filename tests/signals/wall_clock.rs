//! A wall clock that is put forward or back, in front of the real program.
//!
//! A library that is loaded before the C library's shows a wall clock that a file sets; the monotonic clock stays the system's.

use crate::program::{Ended, Folder, Running, wait_until};
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

const SHIM: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long ahead(void) {
    int before = errno;
    long seconds = 0;
    const char *path = getenv("WALL_CLOCK_AHEAD");
    FILE *file = path ? fopen(path, "re") : NULL;
    if (file) {
        if (fscanf(file, "%ld", &seconds) != 1) seconds = 0;
        fclose(file);
    }
    errno = before;
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}
"#;

/// `None`, with a word, where there is no compiler.
static BUILT: LazyLock<Option<TempDir>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shim.c"), SHIM).unwrap();
    let mut compiler = Command::new("cc");
    let built = compiler.current_dir(&folder).args(["-shared", "-fPIC", "-o", "shim.so", "shim.c"]).status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no C compiler");
        return None;
    }
    Some(folder)
});

const DAY: i64 = 86_400;

/// The program, with a wall clock that is as far ahead as `ahead` in its folder says.
fn program(folder: &Folder, args: &[&str]) -> Option<Command> {
    let mut program = folder.program(args);
    let shim = BUILT.as_ref()?.path().join("shim.so");
    program.env("LD_PRELOAD", shim).env("WALL_CLOCK_AHEAD", folder.path("ahead"));
    program.env("XDG_STATE_HOME", folder.path("state"));
    Some(program)
}

fn ended(folder: &Folder, args: &[&str]) -> Option<Ended> {
    program(folder, args).map(|program| folder.end(Running::start(program)))
}

fn put(folder: &Folder, ahead: i64) {
    folder.write("ahead", &ahead.to_string());
}

#[test]
fn in_the_middle_of_a_run_nothing_changes() {
    let folder = Folder::with_plan(
        "[run]\nconcurrency = 2\n\
         [backends.c]\nkind = 'command'\nargv = ['sh']\ntimeout = '1h'\nwhen_open = 'wait'\n\
         retry = { max_attempts = 3, initial_interval = '20ms', randomization_factor = 0 }\n\
         breaker = { failure_threshold = 1, open_for = '20ms' }\n\
         [[tasks]]\nid = 'forward'\nbackend = 'c'\nprompt = '[ -e tried ] || { touch tried; echo 864000 > ahead; exit 1; }'\n\
         [[tasks]]\nid = 'back'\nbackend = 'c'\nprompt = 'echo -864000 > ahead; sleep 0.02'\nafter = ['forward']\n\
         [[tasks]]\nid = 'last'\nbackend = 'c'\nprompt = 'date +%s'\nafter = ['back']\n",
    );
    put(&folder, -20_000 * DAY);
    let outputs = ["--journal", "j.db", "--report-json", "report.json", "--events", "events"];
    let Some(ended) = ended(&folder, &[&["run", "plan.toml"], &outputs[..]].concat()) else { return };
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let report = folder.json("report.json");
    let began = report["run"]["started"].as_str().unwrap();
    assert!(began.starts_with("197"), "the wall clock is not the one that was set: {began}");
    let is_short = |seconds: &serde_json::Value| (0.0..30.0).contains(&seconds.as_f64().unwrap());
    assert!(is_short(&report["run"]["elapsed_s"]), "{report}");
    for task in report["tasks"].as_array().unwrap() {
        assert!(task["status"] == "completed" && is_short(&task["elapsed_s"]), "{report}");
        assert!(task["attempts"].as_array().unwrap().iter().all(|attempt| is_short(&attempt["elapsed_s"])), "{report}");
    }
    let events = folder.read("events");
    let events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let instants: Vec<f64> = events.map(|event| event["t_s"].as_f64().unwrap()).collect();
    assert!(instants.is_sorted() && instants.last().is_some_and(|last| *last < 30.0), "{instants:?}");
    assert_eq!(crate::program::task(&report, "forward")["attempts"].as_array().unwrap().len(), 2);
}

#[test]
fn between_a_run_and_its_resume_it_holds_no_circuit_open_for_longer_than_its_time() {
    for (ahead, open_for) in [(-DAY, "300ms"), (DAY, "1h")] {
        let folder = Folder::with_plan(&format!(
            "[backends.c]\nkind = 'command'\nargv = ['sh']\nwhen_open = 'wait'\nretry = {{ max_attempts = 1 }}\n\
             breaker = {{ failure_threshold = 1, open_for = '{open_for}' }}\n\
             [[tasks]]\nid = 'a'\nbackend = 'c'\nprompt = '[ -e go ]'\n"
        ));
        let run = ["run", "plan.toml", "--report-json", "report.json", "--journal", "j.db"];
        let Some(first) = ended(&folder, &run) else { return };
        assert_eq!(first.code, Some(1), "{first:?}");
        assert_eq!(folder.json("report.json")["breakers"][0]["state"], "open");
        folder.write("go", "");
        put(&folder, ahead);
        let resumed = ended(&folder, &[&run[..], &["--resume"]].concat()).unwrap();
        assert_eq!(resumed.code, Some(0), "{ahead}: {resumed:?}");
    }
}

#[test]
fn between_two_commands_it_holds_no_circuit_open_for_longer_than_its_time() {
    for (ahead, open_for) in [(-DAY, "300ms"), (DAY, "1h")] {
        let folder = Folder::new();
        let how = ["exec", "--breaker", "api", "--failure-threshold", "1", "--open-for", open_for, "--"];
        let call = |command: &str| ended(&folder, &[&how[..], &[command]].concat()).map(|ended| ended.code);
        let Some(failed) = call("false") else { return };
        assert_eq!((failed, call("true")), (Some(1), Some(Some(75))), "{ahead}: it opens");
        put(&folder, ahead);
        wait_until("the end of its time", || call("true") == Some(Some(0)));
    }
}
