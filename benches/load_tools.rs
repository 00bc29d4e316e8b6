//! `seawall bench` beside `wrk` and `hyperfine`: the same work, in turn, and how far what they say agrees.
//!
//! A tool that is not installed is said to be missing, and passes.

#[path = "support/server.rs"]
mod server;

use serde_json::Value;
use server::server;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Of `wrk`'s calls a second, which are those of an event loop that looks at nothing but the length of an answer.
const LEAST_SHARE: f64 = 0.5;
const CONNECTIONS: &str = "8";
const SECONDS: u32 = 3;
const ROUNDS: usize = 3;
/// What percentiles of the same server may differ by: a tenth, and what the scheduler of a shared machine adds to one call
/// in a hundred.
const NOISE: (f64, f64) = (0.1, 0.003);

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    if is_there("wrk") {
        throughput(folder.path());
        percentiles(folder.path());
    }
    if is_there("hyperfine") {
        commands(folder.path());
    }
}

fn is_there(tool: &str) -> bool {
    let is_there = Command::new(tool).arg("--version").output().is_ok();
    if !is_there {
        eprintln!("{tool} is not installed: nothing is compared with it");
    }
    is_there
}

/// Calls a second of a server that answers at once.
fn throughput(folder: &Path) {
    let url = format!("http://{}/", server(Duration::ZERO));
    let rounds = (0..ROUNDS).map(|_| (seawall_on(folder, &url).rate, wrk_on(&url).rate));
    let (mut ours, mut theirs): (Vec<f64>, Vec<f64>) = rounds.unzip();
    ours.sort_by(f64::total_cmp);
    theirs.sort_by(f64::total_cmp);
    let (ours, theirs) = (ours[ROUNDS / 2], theirs[ROUNDS / 2]);
    let share = ours / theirs;
    eprintln!(
        "{CONNECTIONS} connections, no latency: {ours:.0} calls a second, wrk {theirs:.0}: {share:.2} of it (at least {LEAST_SHARE})"
    );
    assert!(share >= LEAST_SHARE, "{share:.2} of wrk's calls a second");
}

/// Percentiles of a server that takes 20 ms, which is the same rate for both.
fn percentiles(folder: &Path) {
    let url = format!("http://{}/", server(Duration::from_millis(20)));
    let (ours, theirs) = (seawall_on(folder, &url), wrk_on(&url));
    for (name, ours, theirs) in [("p50", ours.p50, theirs.p50), ("p99", ours.p99, theirs.p99)] {
        eprintln!("20 ms, {name}: {:.2} ms, wrk {:.2} ms", ours * 1e3, theirs * 1e3);
        let most = (theirs * NOISE.0).max(NOISE.1);
        assert!((ours - theirs).abs() <= most, "{name} is {ours} s, and {theirs} s as wrk has it");
    }
}

/// The mean of a command that takes 50 ms.
fn commands(folder: &Path) {
    let (count, json) = ("40", folder.join("hyperfine.json"));
    output(
        Command::new("hyperfine").args(["-N", "-w", "2", "-r", count, "--export-json"]).arg(&json).arg("sleep 0.05"),
    );
    let theirs = &read(&json)["results"][0];
    let ours = seawall(folder, &["--count", count, "--", "sleep", "0.05"]);
    let ours = number(&ours["latency_s"]["corrected"]["mean"]);
    let (mean, deviation) = (number(&theirs["mean"]), number(&theirs["stddev"]));
    eprintln!("sleep 0.05: mean {:.2} ms, hyperfine {:.2} ± {:.2} ms", ours * 1e3, mean * 1e3, deviation * 1e3);
    let most = (3.0 * deviation).max(0.002);
    assert!((ours - mean).abs() <= most, "the mean is {ours} s, and {mean} s as hyperfine has it");
}

/// What a tool says of a load.
struct Said {
    rate: f64,
    p50: f64,
    p99: f64,
}

fn seawall_on(folder: &Path, url: &str) -> Said {
    let json = seawall(folder, &["--concurrency", CONNECTIONS, "--duration", &format!("{SECONDS}s"), "--url", url]);
    let latency = &json["latency_s"]["corrected"];
    Said { rate: number(&json["rate"]), p50: number(&latency["p50"]), p99: number(&latency["p99"]) }
}

fn seawall(folder: &Path, args: &[&str]) -> Value {
    let json = folder.join("seawall.json");
    output(Command::new(env!("CARGO_BIN_EXE_seawall")).args(["bench", "--json"]).arg(&json).args(args));
    read(&json)
}

fn wrk_on(url: &str) -> Said {
    let said =
        output(Command::new("wrk").args(["-t1", "-c", CONNECTIONS, "-d", &format!("{SECONDS}s"), "--latency", url]));
    let word_after = |label: &str| {
        let rest = said.split_once(label).unwrap_or_else(|| panic!("no {label} in {said}")).1;
        rest.split_whitespace().next().unwrap_or_default().to_owned()
    };
    let rate = word_after("Requests/sec:").parse().expect("a number");
    Said { rate, p50: seconds(&word_after("50%")), p99: seconds(&word_after("99%")) }
}

/// As `wrk` writes them: `72.00us`, `1.96ms`, `1.10s`.
fn seconds(text: &str) -> f64 {
    let (number, scale) = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)]
        .into_iter()
        .find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)))
        .unwrap_or_else(|| panic!("{text} is no duration"));
    number.parse::<f64>().expect("a number") * scale
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn read(json: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(json).expect("it is written")).expect("it is JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}
