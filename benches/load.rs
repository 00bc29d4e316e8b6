//! How late the generator is, and how much of a machine it takes: printed, since both are the machine's.

use seawall::CancelToken;
use seawall::load::{Load, LoadResult, Rate};
use std::fs;
use std::time::Duration;

const TIME: Duration = Duration::from_secs(5);
/// Of the kernel, in which `/proc` counts a process's time.
const TICKS_A_SECOND: f64 = 100.0;

fn main() {
    for rate in [1000.0, 5000.0] {
        let load = Load::open(Rate::per_second(rate)).with_duration(TIME).with_warmup(Duration::from_millis(200));
        say(&format!("open, {rate} calls a second that take no time"), &load, Duration::ZERO);
    }
    let load = Load::open(Rate::per_second(1000.0)).with_duration(TIME).with_warmup(Duration::from_millis(200));
    say("open, 1000 calls a second that take 20 ms", &load, Duration::from_millis(20));
    say("closed, 8 callers whose calls take no time", &Load::closed(8).with_duration(TIME), Duration::ZERO);
}

fn say(what: &str, load: &Load, takes: Duration) {
    let before = processor_seconds();
    let result = load.run(&CancelToken::new(), |_| {
        if !takes.is_zero() {
            std::thread::sleep(takes);
        }
        Ok(())
    });
    let used = (processor_seconds() - before) / result.elapsed().as_secs_f64();
    eprintln!("{what}: {}, {:.0} % of a processor", lateness(&result), used * 100.0);
}

fn lateness(result: &LoadResult) -> String {
    let micros = |late: Option<Duration>| late.unwrap_or_default().as_secs_f64() * 1e6;
    format!(
        "{:.0} a second, late by p50 {:.0} µs, p99 {:.0} µs, max {:.0} µs, missed {}",
        result.rate(),
        micros(result.late().p50()),
        micros(result.late().p99()),
        micros(result.late().max()),
        result.missed(),
    )
}

/// Zero where nothing tells.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / TICKS_A_SECOND
}
