//! Signals to a load: it ends, with its results so far.

use crate::processes::send;
use crate::program::{Folder, Running, wait_until};
use rustix::process::Signal;

fn start(folder: &Folder, script: &str) -> Running {
    let args = ["bench", "--json", "b.json", "--duration", "600s", "--concurrency", "2", "--", "sh", "-c", script];
    Running::start(folder.program(&args))
}

#[test]
fn a_signal_ends_the_load_and_keeps_the_results_so_far() {
    for (number, name, code) in
        [(Signal::INT, "SIGINT", 130), (Signal::TERM, "SIGTERM", 143), (Signal::HUP, "SIGHUP", 129)]
    {
        let folder = Folder::new();
        let running = start(&folder, "echo x >> n; sleep 0.02");
        wait_until("some calls", || folder.has("n") && folder.read("n").lines().count() > 5);
        send(&running, number);
        let ended = folder.end(running);
        let json = folder.json("b.json");
        assert_eq!((ended.code, json["cancelled"].as_str()), (Some(code), Some(name)), "{}", ended.err);
        assert!(json["ok"].as_u64().unwrap() >= 3 && ended.err.contains("p99"), "{json}");
        assert!(json["errors"].as_object().unwrap().keys().all(|class| class == "cancelled"), "{json}");
    }
}

#[test]
fn a_second_signal_kills_what_does_not_end() {
    let folder = Folder::new();
    let running = start(&folder, "trap '' TERM INT; echo x >> n; while :; do sleep 0.05; done");
    wait_until("the commands", || folder.has("n") && folder.read("n").lines().count() == 2);
    send(&running, Signal::INT);
    wait_until("the first signal to be heard", || folder.written("err").contains("SIGINT"));
    send(&running, Signal::INT);
    let ended = folder.end(running);
    assert_eq!((ended.code, &folder.json("b.json")["errors"]["cancelled"]), (Some(130), &2.into()), "{}", ended.err);
}
