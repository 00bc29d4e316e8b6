//! The forms that other tools read: JUnit, trace, Markdown.

#[path = "pictures/junit.rs"]
pub(crate) mod junit;
#[path = "pictures/timeline.rs"]
mod timeline;
#[path = "pictures/trace.rs"]
mod trace;

use crate::program::{Folder, Running, wait_until};
use crate::runs::Runs;
use std::process::Command;

/// Completed, flaky, failed, failed after retries, skipped, and a circuit that opens.
pub(crate) const MIXED: &str = "
    [run]
    concurrency = 4
    [backends.shaky]
    kind = 'simulated'
    fail_first = 2
    retry = { initial_interval = '20ms', randomization_factor = 0.0 }
    [backends.rough]
    kind = 'command'
    argv = ['sh']
    breaker = 'off'
    retry = { initial_interval = '20ms', max_attempts = 3 }
    [backends.broken]
    kind = 'command'
    argv = ['false']
    retry = { max_attempts = 1 }
    breaker = { failure_threshold = 1 }
    [[tasks]]
    id = 'oryx'
    run = 'echo fine'
    [[tasks]]
    id = 'ibex'
    backend = 'shaky'
    prompt = 'x'
    [[tasks]]
    id = 'zebra'
    run = 'echo stripes >&2; exit 3'
    [[tasks]]
    id = 'lemur'
    backend = 'rough'
    prompt = 'echo tail-$$ >&2; exit 4'
    [[tasks]]
    id = 'below'
    run = 'true'
    after = ['zebra']
    [[tasks]]
    id = 'next'
    run = 'true'
    after = ['oryx']
    [[tasks]]
    id = 'cut'
    backend = 'broken'
    prompt = 'x'
    failure_mode = 'skip'
    [[tasks]]
    id = 'refused'
    backend = 'broken'
    prompt = 'x'
    after = ['cut', 'oryx']
";

pub(crate) const ALL: [&str; 8] =
    ["--junit", "j.xml", "--trace", "t.json", "--timeline", "p.html", "--markdown", "m.md"];

/// Runs a plan with every picture; its exit code is `code`.
pub(crate) fn pictured(plan: &str, code: i32) -> Folder {
    let folder = Folder::with_plan(plan);
    let ended = folder.run_plan(&ALL);
    assert_eq!(ended.code, Some(code), "{}", ended.err);
    folder
}

/// Runs a plan whose task says `touch up`, and interrupts it.
pub(crate) fn interrupted(plan: &str) -> Folder {
    let folder = Folder::with_plan(plan);
    let options = [&["run", "plan.toml", "--report-json", "report.json"][..], &ALL].concat();
    let mut running = Running::start(folder.program(&options));
    wait_until("the task to start", || folder.has("up"));
    let id = running.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(running.code(), Some(130));
    folder
}

/// What ends a run early.
pub(crate) const LONG: &str = "
    [[tasks]]
    id = 'okapi'
    run = 'true'
    [[tasks]]
    id = 'tapir'
    run = 'touch up; sleep 60'
    after = ['okapi']
    [[tasks]]
    id = 'quoll'
    run = 'true'
    after = ['tapir']
";

#[test]
fn the_summary_in_markdown_has_every_task_its_cause_and_where_the_time_went() {
    let text = pictured(MIXED, 1).read("m.md");
    assert!(text.starts_with("## `plan.toml`: failed\n\n**8 tasks** in "), "{text}");
    for id in ["oryx", "ibex", "zebra", "lemur", "below", "next", "cut", "refused"] {
        assert!(text.contains(&format!("| `{id}` |")), "{id}: {text}");
    }
    assert!(text.contains("stripes") && text.contains("exit code 3"), "{text}");
    assert!(text.contains("- **Flaky**, completed after a retry: `ibex`\n"), "{text}");
    assert!(text.contains("- **Circuit** of `broken` is open\n"), "{text}");
    assert!(text.contains(" to backoff"), "{text}");
}

#[test]
fn the_summary_in_markdown_stays_short_and_still_has_every_task() {
    let task = |n| format!("[[tasks]]\nid = 'task-{n}'\nrun = 'echo stripes-{n} >&2; exit 3'\n");
    let text = pictured(&(0..30).map(task).collect::<String>(), 1).read("m.md");
    assert_eq!(text.matches("\n### `task-").count(), 20, "{text}");
    assert!(text.contains("\nand 10 more, which are in the table below.\n"), "{text}");
    assert!((0..30).all(|n| text.contains(&format!("| `task-{n}` | **failed** |"))), "{text}");
}

#[test]
fn nothing_in_the_summary_in_markdown_becomes_markup() {
    let plan = "[[tasks]]\nid = '`</details>|<script>'\nrun = '''printf '```\\n<b>&\\n````\\n' >&2; exit 1'''\n";
    let text = pictured(plan, 1).read("m.md");
    assert!(text.contains("### `` `</details>|<script> `` on `sh`\n"), "{text}");
    assert!(text.contains("| `` `</details>\\|<script> `` |"), "{text}");
    assert!(text.contains("\n`````text\n") && text.contains("<b>&\n````\n`````\n"), "{text}");
}

#[test]
fn pictures_are_whole_after_a_signal() {
    let folder = interrupted(LONG);
    assert!(folder.read("m.md").contains("cancelled by `SIGINT`") && folder.read("m.md").contains("`quoll`"));
    assert!(folder.read("j.xml").ends_with("</testsuites>\n") && folder.read("j.xml").contains("quoll"));
    assert!(folder.read("t.json").ends_with("]}\n"));
    assert!(folder.read("p.html").ends_with("</html>\n") && folder.read("p.html").contains("data-task=\"quoll\""));
}

#[test]
fn every_place_is_tried_before_the_run_and_two_on_standard_output_are_one_too_many() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'touch ran'\n");
    let ended = folder.run_plan(&["--junit", "nowhere/j.xml", "--trace", "t/here", "--markdown", "."]);
    assert_eq!(ended.code, Some(3));
    for place in ["`nowhere/j.xml`", "`t/here`", "`.`"] {
        assert!(ended.err.contains(place), "{}", ended.err);
    }
    let ended = folder.run_plan(&["--junit", "-", "--trace", "-"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("--junit and --trace"), "{}", ended.err);
    assert!(!folder.has("ran"));
}

#[test]
fn one_that_is_lost_is_named_and_takes_none_of_the_others_with_it() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'rm -r gone'\n");
    std::fs::create_dir(folder.path("gone")).unwrap();
    let ended = folder.run_plan(&["--junit", "gone/j.xml", "--trace", "t.json", "--markdown", "m.md"]);
    assert_eq!(ended.code, Some(3));
    assert!(ended.err.contains("failed to write the JUnit report to `gone/j.xml`"), "{}", ended.err);
    assert!(folder.has("t.json") && folder.has("m.md") && folder.has("report.json"));
}
