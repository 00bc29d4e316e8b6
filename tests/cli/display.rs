//! What people see at a terminal.

use crate::program::{Folder, wait_until};
use crate::terminal::Terminal;

const USUAL: (usize, usize) = (100, 30);
const WAITS: &str = "touch up; while [ ! -e go ]; do sleep 0.01; done";

/// A run during which a display would be drawn.
const LONG_ENOUGH: &str = "[[tasks]]\nid = 'quagga'\nrun = 'sleep 0.4'\n";

fn two_tasks() -> Folder {
    Folder::with_plan(&format!(
        "[[tasks]]\nid = 'quagga'\nrun = 'true'\n[[tasks]]\nid = 'okapi'\nrun = '{WAITS}'\nafter = ['quagga']\n"
    ))
}

#[test]
fn what_runs_is_shown_while_it_runs_and_gone_when_all_is_over() {
    let folder = two_tasks();
    let terminal = Terminal::start(&folder, USUAL, &["run", "plan.toml"], &[]);
    terminal.wait_for("1s okapi");
    assert!(terminal.screen().rows().iter().any(|row| row.contains("running [") && row.contains("1/2")));
    folder.write("go", "");
    let (code, screen, _) = terminal.end();
    assert_eq!(code, Some(0));
    assert!(screen.is_settled(), "{screen:?}");
    let rows = screen.rows();
    assert!(rows.last().unwrap().contains("2 tasks: 2 completed"), "{rows:#?}");
    assert_eq!(rows.iter().filter(|row| row.contains("okapi")).count(), 1, "{rows:#?}");
    assert!(!screen.shows("1/2"), "{rows:#?}");
}

#[test]
fn waits_and_circuits_are_shown() {
    let plan = r#"
[backends.s]
kind = "simulated"
latency = "1ms"
fail_first = 1
breaker = { failure_threshold = 1, open_for = "1min" }
when_open = "wait"
[[tasks]]
id = "okapi"
backend = "s"
prompt = "x"
"#;
    let folder = Folder::with_plan(plan);
    let mut terminal = Terminal::start(&folder, USUAL, &["run", "plan.toml"], &[]);
    terminal.wait_for("circuit s is open, tried in 5");
    terminal.wait_for("okapi (circuit)");
    terminal.press(b"\x03");
    let (code, screen, _) = terminal.end();
    assert_eq!(code, Some(130));
    assert!(screen.is_settled() && screen.shows("1 task by SIGINT"), "{screen:?}");
}

#[test]
fn what_somebody_types_leaves_no_row_behind() {
    let folder = two_tasks();
    let mut terminal = Terminal::start(&folder, USUAL, &["run", "plan.toml"], &[]);
    terminal.wait_for("1s okapi");
    terminal.press(b"\n\nzebra\n");
    terminal.wait_for("2s okapi");
    folder.write("go", "");
    let (code, screen, _) = terminal.end();
    assert_eq!(code, Some(0));
    assert!(screen.is_settled() && !screen.shows("1/2") && !screen.shows("zebra"), "{screen:?}");
}

#[test]
fn a_window_that_is_made_narrower_keeps_no_row() {
    let folder = two_tasks();
    let terminal = Terminal::start(&folder, USUAL, &["run", "plan.toml"], &[]);
    terminal.wait_for("1s okapi");
    terminal.resize((30, 30));
    // The frame had two rows. Its first one takes several of the narrower ones, so the cursor goes up by more.
    let climbs = |raw: &str| {
        raw.split("\r\x1b[").any(|part| part.starts_with(['3', '4', '5']) && part[1..].starts_with("A\x1b[J"))
    };
    wait_until("the narrower frame", || climbs(&terminal.raw()));
    folder.write("go", "");
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn any_size_will_do() {
    let id = "okapi-".repeat(12);
    let plan = format!(
        "[[tasks]]\nid = '{id}'\nrun = '{WAITS}; echo tail-of-it >&2; exit 43'\n[[tasks]]\nid = 'below'\nrun = 'true'\nafter = ['{id}']\n"
    );
    for size in [(20, 5), (20, 24), (1, 1), (3, 3), (13, 2), (0, 0)] {
        let folder = Folder::with_plan(&plan);
        let terminal = Terminal::start(&folder, size, &["run", "plan.toml"], &[]);
        wait_until("the task to start", || folder.has("up"));
        if size.0 >= 20 {
            terminal.wait_for("1s okapi");
        }
        folder.write("go", "");
        let (code, screen, raw) = terminal.end();
        assert_eq!(code, Some(1), "{size:?}");
        assert!(raw.contains("tail-of-it"), "{size:?}: {raw}");
        assert!(size.0 == 0 || screen.is_settled(), "{size:?}: {screen:?}");
        assert!(!screen.shows("running 0/2"), "{size:?}: {screen:?}");
    }
}

#[test]
fn with_quiet_on_a_dumb_terminal_and_in_a_log_nothing_is_drawn() {
    let run: &[&str] = &["run", "plan.toml"];
    let quiet: &[&str] = &["run", "plan.toml", "--quiet"];
    for (options, env) in [(quiet, ("TERM", "xterm")), (run, ("TERM", "dumb")), (run, ("CI", "true"))] {
        let folder = Folder::with_plan(LONG_ENOUGH);
        let terminal = Terminal::start(&folder, USUAL, options, &[env]);
        let (code, _, raw) = terminal.end();
        assert_eq!(code, Some(0));
        let is_quiet = options.len() > 2;
        assert_eq!(raw.contains("quagga"), !is_quiet, "{raw:?}");
        assert!(!raw.contains("\x1b[1A") && !raw.contains("\x1b[J"), "{raw:?}");
        assert!(is_quiet || !raw.contains('\x1b'), "{raw:?}");
    }
}

#[test]
fn colours_follow_the_option_and_the_environment() {
    let is_coloured = |options: &[&str], env: &[(&str, &str)]| {
        let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'exit 1'\n");
        let (_, screen, raw) = Terminal::start(&folder, USUAL, &[&["run", "plan.toml"], options].concat(), env).end();
        assert!(screen.is_settled(), "{screen:?}");
        raw.contains("\x1b[31m")
    };
    assert!(is_coloured(&[], &[]));
    assert!(is_coloured(&[], &[("NO_COLOR", "")]));
    assert!(!is_coloured(&[], &[("NO_COLOR", "1")]));
    assert!(is_coloured(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!is_coloured(&["--color", "never"], &[]));
}

#[test]
fn a_thousand_tasks_leave_no_row_of_the_display_behind() {
    let tasks = (0..1000).map(|n| format!("[[tasks]]\nid = 'task-{n}'\nbackend = 's'\nprompt = 'x'\n"));
    let backend = "[run]\nconcurrency = 16\n[backends.s]\nkind = 'simulated'\nlatency = '5ms'\nfail_rate = 0.1\nbreaker = 'off'\n";
    let folder = Folder::with_plan(&format!("{backend}{}", tasks.collect::<String>()));
    let (code, screen, raw) = Terminal::start(&folder, (80, 24), &["run", "plan.toml"], &[]).end();
    assert_eq!(code, Some(0));
    assert!(raw.contains("/1000"), "nothing was drawn");
    let rows = screen.rows();
    assert!(
        screen.is_settled() && !rows.iter().any(|row| row.contains("/1000") || row.contains("… and ")),
        "{rows:#?}"
    );
    assert_eq!(rows.iter().filter(|row| row.starts_with("completed [") && row.contains("] task-")).count(), 1000);
}

#[test]
fn events_on_the_terminal_leave_no_room_for_a_display() {
    let folder = Folder::with_plan(LONG_ENOUGH);
    let terminal = Terminal::start(&folder, USUAL, &["run", "plan.toml", "--events", "-"], &[]);
    let (code, screen, raw) = terminal.end();
    assert_eq!(code, Some(0));
    assert!(screen.shows("run_ended") && !raw.contains("\x1b[J"), "{raw:?}");
}
