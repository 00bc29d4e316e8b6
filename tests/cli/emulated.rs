//! What an emulator of terminals shows of a run.

use crate::program::{Folder, wait_until};
use crate::terminal::Terminal;
use std::num::NonZero;
use std::time::Instant;

/// A backend whose circuit is open for a minute, one that backs off for a minute, a script that runs until there is a file `go`,
/// and one that fails at once.
const ALL_AT_ONCE: &str = r#"
[backends.down]
kind = "simulated"
latency = "1ms"
fail_first = 1
breaker = { failure_threshold = 1, open_for = "1min" }
when_open = "wait"
[backends.busy]
kind = "simulated"
latency = "1ms"
fail_first = 1
retry = { initial_interval = "40s", max_interval = "40s", randomization_factor = 0.0 }
[[tasks]]
id = "okapi"
backend = "down"
prompt = "x"
[[tasks]]
id = "ibex"
backend = "busy"
prompt = "x"
[[tasks]]
id = "quagga"
run = "while [ ! -e go ]; do sleep 0.01; done"
[[tasks]]
id = "zebra"
run = "echo stripes >&2; exit 3"
"#;

/// What an emulator, which is none of ours, makes of these bytes.
fn emulated(raw: &str, (columns, height): (usize, usize)) -> vt100::Parser {
    let [columns, height] = [columns, height].map(|n| NonZero::try_from(u16::try_from(n).unwrap()).unwrap());
    let mut parser = vt100::Parser::new(height, columns, 0);
    parser.process(raw.as_bytes());
    parser
}

fn rows(parser: &vt100::Parser) -> Vec<String> {
    let (_, columns) = parser.screen().size();
    parser.screen().rows(0, columns.into()).map(|row| row.trim_end().to_owned()).collect()
}

fn shows(parser: &vt100::Parser, text: &str) -> bool {
    rows(parser).iter().any(|row| row.contains(text))
}

/// The cursor is seen and stands below the last row, nothing is hidden, no colour is left on.
fn is_given_back(parser: &vt100::Parser) -> bool {
    let screen = parser.screen();
    let last = rows(parser).iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
    let (row, column) = screen.cursor_position();
    let has_style = screen.fgcolor() != vt100::Color::Default || screen.bold() || screen.inverse();
    !screen.hide_cursor() && !screen.alternate_screen() && !has_style && column == 0 && usize::from(row) == last
}

#[test]
fn a_load_shows_where_a_circuit_stands() {
    let plan = "[backends.down]\nkind = 'simulated'\nlatency = '1ms'\nfail_rate = 1.0\nretry = { max_attempts = 1 }\n\
                breaker = { failure_threshold = 1, open_for = '1min' }\n";
    let (folder, size) = (Folder::with_plan(plan), (80, 24));
    let args = ["bench", "plan.toml", "--backend", "down", "--prompt", "x", "--rate", "50/s", "--duration", "1min"];
    let mut terminal = Terminal::start(&folder, size, &args, &[]);
    wait_until("the circuit's row", || {
        let seen = emulated(&terminal.raw(), size);
        shows(&seen, "circuit  down open for ") && shows(&seen, " refused") && shows(&seen, "under way")
    });
    terminal.press(b"\x03");
    let (code, _, raw) = terminal.end();
    assert_eq!(code, Some(130));
    assert!(is_given_back(&emulated(&raw, size)), "{raw:?}");
}

#[test]
fn what_runs_what_waits_and_each_circuit_are_seen_together() {
    let (folder, size) = (Folder::with_plan(ALL_AT_ONCE), (80, 24));
    let mut terminal = Terminal::start(&folder, size, &["run", "plan.toml"], &[]);
    wait_until("a frame with all of it", || {
        let seen = emulated(&terminal.raw(), size);
        let is_seen = |words: [&str; 2]| rows(&seen).iter().any(|row| words.iter().all(|word| row.contains(word)));
        is_seen(["running", "] 1/4, 1 failed, 1s"])
            && is_seen(["1s", " quagga"])
            && is_seen(["in 3", "s ibex (backoff)"])
            && is_seen(["in 5", "s okapi (circuit)"])
            && is_seen(["circuit down is open", "tried in 5"])
    });
    terminal.press(b"\x03");
    let (code, _, raw) = terminal.end();
    assert_eq!(code, Some(130));
    let seen = emulated(&raw, size);
    assert!(is_given_back(&seen), "{:#?}", rows(&seen));
    assert!(
        shows(&seen, "4 tasks by SIGINT") && !shows(&seen, "1/4") && !shows(&seen, "tried in"),
        "{:#?}",
        rows(&seen)
    );
}

/// What is left of a screen that is made narrower or lower, as most terminals have it: rows that are too long go on below,
/// and what there is no room for leaves at the top.
fn resized(before: &vt100::Parser, size: (usize, usize)) -> vt100::Parser {
    let (cursor, _) = before.screen().cursor_position();
    let above = rows(before)[..cursor.into()].join("\r\n");
    emulated(&format!("{above}\r\n"), size)
}

#[test]
fn a_window_that_is_made_narrower_and_lower_in_the_middle_keeps_no_rest_of_a_row() {
    let (folder, size) = (Folder::with_plan(ALL_AT_ONCE), (100, 24));
    for small in [(24, 24), (100, 8), (24, 8), (20, 5)] {
        let mut terminal = Terminal::start(&folder, size, &["run", "plan.toml"], &[]);
        wait_until("a frame", || shows(&emulated(&terminal.raw(), size), "tried in 5"));
        // A frame changes once a second. Just after one, none is under way.
        let length = terminal.raw().len();
        wait_until("the next frame", || terminal.raw().len() > length);
        terminal.resize(small);
        let length = terminal.raw().len();
        let seen = |raw: &str| {
            let mut seen = resized(&emulated(&raw[..length], size), small);
            seen.process(&raw.as_bytes()[length..]);
            seen
        };
        wait_until("a frame of the new size", || terminal.raw().len() > length);
        let heads = || rows(&seen(&terminal.raw())).iter().filter(|row| row.contains("1/4")).count();
        wait_until("the only frame", || heads() == 1);
        terminal.press(b"\x03");
        let (code, _, raw) = terminal.end();
        assert_eq!(code, Some(130));
        let seen = seen(&raw);
        assert!(is_given_back(&seen), "{small:?}: {:#?}", rows(&seen));
        assert!(!shows(&seen, "1/4") && !shows(&seen, "circuit down is"), "{small:?}: {:#?}", rows(&seen));
    }
}

#[test]
fn a_run_that_is_stopped_gives_the_terminal_back_and_draws_again_when_it_goes_on() {
    let (folder, size) = (Folder::with_plan(ALL_AT_ONCE), (80, 24));
    let mut terminal = Terminal::start(&folder, size, &["run", "plan.toml"], &[]);
    wait_until("a frame", || shows(&emulated(&terminal.raw(), size), "tried in 5"));
    terminal.press(b"\x1a");
    wait_until("it to stop", || terminal.is_stopped());
    wait_until("the terminal as it was", || {
        let stopped = emulated(&terminal.raw(), size);
        is_given_back(&stopped) && !shows(&stopped, "1/4") && terminal.has_its_modes()
    });
    terminal.proceed();
    wait_until("a frame", || shows(&emulated(&terminal.raw(), size), "1/4"));
    assert!(!terminal.has_its_modes(), "what is typed would stand in the frame");
    terminal.press(b"\x03");
    let (code, _, raw) = terminal.end();
    assert_eq!(code, Some(130));
    let seen = emulated(&raw, size);
    assert!(is_given_back(&seen) && !shows(&seen, "1/4") && !shows(&seen, "tried in"), "{:#?}", rows(&seen));
}

#[test]
fn ten_thousand_tasks_fit_twenty_columns_and_five_rows() {
    let tasks = (0..10_000).map(|n| format!("[[tasks]]\nid = 'task-{n}'\nbackend = 's'\nprompt = 'x'\n"));
    let plan = "[run]\nconcurrency = 500\n[backends.s]\nkind = 'simulated'\nlatency = '100ms'\nbreaker = 'off'\n";
    let folder = Folder::with_plan(&format!("{plan}{}", tasks.collect::<String>()));
    for size in [(20, 5), (80, 24)] {
        let mut terminal = Terminal::start(&folder, size, &["run", "plan.toml"], &[]);
        wait_until("a frame", || {
            let rows = rows(&emulated(&terminal.raw(), size));
            let head = rows.iter().position(|row| row.trim_start().starts_with("running ") && row.contains("/10000"));
            head.is_some_and(|head| rows[head..].iter().any(|row| row.contains("task-") || row.contains("… and")))
        });
        terminal.press(b"\x03");
        let (code, _, raw) = terminal.end();
        assert_eq!(code, Some(130));
        let seen = emulated(&raw, size);
        assert!(is_given_back(&seen) && !shows(&seen, "/10000"), "{size:?}: {:#?}", rows(&seen));
    }
}

#[test]
fn there_are_at_most_ten_frames_a_second() {
    let tasks = (0..2000).map(|n| format!("[[tasks]]\nid = 'task-{n}'\nbackend = 's'\nprompt = 'x'\n"));
    let plan = "[run]\nconcurrency = 16\n[backends.s]\nkind = 'simulated'\nlatency = '5ms'\nbreaker = 'off'\n";
    let folder = Folder::with_plan(&format!("{plan}{}", tasks.collect::<String>()));
    let began = Instant::now();
    let (code, _, raw) = Terminal::start(&folder, (80, 24), &["run", "plan.toml"], &[]).end();
    let most = began.elapsed().as_millis() / 100 + 1;
    assert_eq!(code, Some(0));
    let frames = raw.matches("/2000").count();
    assert!(frames > 0 && frames as u128 <= most, "{frames} frames, {most} at most");
}
