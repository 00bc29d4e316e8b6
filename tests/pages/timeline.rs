//! `run --timeline`.

use crate::browser::Browser;
use crate::program::{Folder, Running};
use serde_json::{Value, json};
use std::fmt::Write;

const PLAN: &str = "
    [run]
    concurrency = 2
    [backends.shaky]
    kind = 'simulated'
    latency = '50ms'
    fail_first = 2
    retry = { initial_interval = '60ms', randomization_factor = 0.0 }
    breaker = { failure_threshold = 2, open_for = '80ms' }
    when_open = 'wait'
    [[tasks]]
    id = 'first'
    run = 'sleep 0.1'
    [[tasks]]
    id = 'flaky'
    backend = 'shaky'
    prompt = 'x'
    after = ['first']
    [[tasks]]
    id = 'bad'
    run = 'echo stripes >&2; exit 3'
    [[tasks]]
    id = '</script><b>evil'
    run = 'echo \"<img src=x onerror=alert(1)>\"'
    after = ['flaky']
    [[tasks]]
    id = 'below'
    run = 'true'
    after = ['bad']
";

/// The page of a run, in a browser. `None` where there is none.
fn opened(plan: &str) -> Option<(Browser, Folder)> {
    let browser = Browser::start()?;
    let folder = Folder::with_plan(plan);
    let ended = folder.end(Running::start(folder.program(&["run", "plan.toml", "--quiet", "--timeline", "p.html"])));
    assert!(matches!(ended.code, Some(0 | 1)), "{}", ended.err);
    browser.open(&folder.path("p.html"));
    Some((browser, folder))
}

fn click_on(browser: &Browser, task: &str) {
    let place = browser.eval(&format!("return timeline.placeOf({})", json!(task)));
    let [x, y] = ["x", "y"].map(|axis| place[axis].as_f64().unwrap());
    #[expect(clippy::cast_possible_truncation, reason = "a page is not that large")]
    browser.click(x.round() as i64, y.round() as i64);
}

fn details(browser: &Browser) -> String {
    browser
        .eval("const d = document.getElementById('details'); return d.hidden ? '' : d.innerText")
        .as_str()
        .unwrap()
        .to_owned()
}

/// Nothing was said to the console, and nothing was asked for but the page itself.
fn is_quiet(browser: &Browser) {
    let said = browser.console();
    assert!(said.is_empty(), "{said:?}");
    let asked = browser.requests();
    assert!(
        !asked.is_empty() && asked.iter().all(|url| url.starts_with("file:///") && url.ends_with("/p.html")),
        "{asked:?}"
    );
}

#[test]
fn a_click_on_a_bar_shows_its_attempts_and_a_click_beside_lets_go() {
    let Some((browser, _folder)) = opened(PLAN) else { return };
    click_on(&browser, "flaky");
    let shown = details(&browser);
    for word in
        ["flaky", "completed", "ATTEMPTS: 3", "transient", "success", "simulated failure", "NEEDS", "first", "WAITS"]
    {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    assert_eq!(browser.eval("return document.querySelector('[aria-selected=true]').dataset.task"), "flaky");
    click_on(&browser, "bad");
    assert!(details(&browser).contains("exit code 3: stripes"));
    browser.eval("document.querySelector('[data-task=flaky]').click()");
    assert!(details(&browser).contains("ATTEMPTS: 3"));
    browser.press("\u{e00c}");
    assert_eq!(details(&browser), "");
    is_quiet(&browser);
}

#[test]
fn a_refusal_by_a_circuit_is_a_mark_that_can_be_clicked() {
    let plan = "
        [run]
        concurrency = 1
        [backends.down]
        kind = 'simulated'
        fail_rate = 1.0
        retry = { max_attempts = 1 }
        breaker = { failure_threshold = 1 }
        [[tasks]]
        id = 'cut'
        backend = 'down'
        prompt = 'x'
        [[tasks]]
        id = 'refused'
        backend = 'down'
        prompt = 'x'
        [[tasks]]
        id = 'last'
        run = 'sleep 0.1'
    ";
    let Some((browser, _folder)) = opened(plan) else { return };
    click_on(&browser, "refused");
    let shown = details(&browser);
    assert!(shown.starts_with("refused") && shown.contains("circuit_open"), "{shown}");
    is_quiet(&browser);
}

#[test]
fn a_screen_reader_finds_a_table_with_a_row_for_each_task() {
    let Some((browser, _folder)) = opened(PLAN) else { return };
    let tree = browser.command("Accessibility.getFullAXTree", &json!({}));
    let count = |role: &str| {
        let nodes = tree["nodes"].as_array().unwrap().iter();
        nodes.filter(|node| node["ignored"] == false && node["role"]["value"] == role).count()
    };
    assert_eq!(["table", "columnheader", "row"].map(count), [1, 8, 6]);
    assert!(count("cell") + count("gridcell") >= 5 * 8, "{tree}");
}

#[test]
fn keys_choose_zoom_filter_and_change_lanes() {
    let Some((browser, _folder)) = opened(PLAN) else { return };
    let state = |name: &str| browser.eval(&format!("return timeline.state.{name}"));
    browser.press("\u{e015}\u{e015}");
    assert_eq!(state("chosen"), 1);
    browser.press("\u{e013}");
    assert_eq!(state("chosen"), 0);
    let whole = state("to").as_f64().unwrap();
    browser.press("++");
    let from = state("from").as_f64().unwrap();
    assert!(from > 0.0 && state("to").as_f64().unwrap() - from < whole / 2.0);
    browser.press("\u{e014}");
    assert!(state("from").as_f64().unwrap() > from);
    browser.press("0");
    assert_eq!(state("from"), 0);
    for lanes in ["worker", "wave", "task"] {
        browser.press("l");
        assert_eq!(state("lanes"), lanes);
    }
    browser.press("/fail");
    let shown = "return [...document.querySelectorAll('[data-task]')].filter((row) => !row.hidden).map((row) => row.dataset.task)";
    assert_eq!(browser.eval(shown), json!(["bad"]));
    browser.press("\u{e00c}");
    assert_eq!(browser.eval(shown).as_array().unwrap().len(), 5);
    browser.press("?");
    assert_eq!(browser.eval("return document.getElementById('help').open"), true);
    is_quiet(&browser);
}

#[test]
fn both_colour_schemes_are_there_and_hostile_text_stays_text() {
    let Some((browser, _folder)) = opened(PLAN) else { return };
    // The page draws itself anew when it hears of the change.
    let paper = "const c = document.getElementById('canvas'), card = getComputedStyle(document.querySelector('.card')).backgroundColor; \
                 const copy = document.createElement('canvas').getContext('2d', { willReadFrequently: true }); \
                 const corner = () => { copy.drawImage(c, c.width - 3, c.height - 3, 1, 1, 0, 0, 1, 1); \
                 return 'rgb(' + [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3).join(', ') + ')'; }; \
                 return new Promise((done) => { const look = () => corner() === card ? done(card) : requestAnimationFrame(look); look(); })";
    let of = |scheme: &str| -> Value {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        browser.command("Emulation.setEmulatedMedia", &json!({ "features": features }));
        browser.eval(paper)
    };
    let (light, dark) = (of("light"), of("dark"));
    assert_ne!(light, dark);
    browser.press("tt");
    assert_eq!(browser.eval(paper), light);
    click_on(&browser, "</script><b>evil");
    assert!(details(&browser).contains("<img src=x onerror=alert(1)>"));
    assert_eq!(browser.eval("return document.querySelectorAll('img, b b, td b').length"), 0);
    is_quiet(&browser);
}

#[test]
fn five_thousand_tasks_load_and_move_at_once() {
    let mut plan = "[run]\nconcurrency = 16\nschedule = 'eager'\n[backends.s]\nkind = 'simulated'\nlatency = '1ms'\nfail_rate = 0.1\nbreaker = 'off'\nretry = { initial_interval = '5ms' }\n".to_owned();
    for n in 0..5000 {
        let _ = write!(plan, "[[tasks]]\nid = 'task-{n}'\nbackend = 's'\nprompt = 'x'\n");
        let _ = if n >= 100 { writeln!(plan, "after = ['task-{}']", n - 100) } else { Ok(()) };
    }
    let Some((browser, _folder)) = opened(&plan) else { return };
    assert_eq!(browser.eval("return document.querySelectorAll('[data-task]').length"), 5000);
    let loaded = browser.eval("return performance.getEntriesByType('navigation')[0].loadEventEnd").as_f64().unwrap();
    let drawn = browser.eval(
        "const frame = () => new Promise(requestAnimationFrame), begin = performance.now(); \
         return (async () => { for (let n = 0; n < 20; n++) { \
         document.dispatchEvent(new KeyboardEvent('keydown', { key: n % 2 ? '+' : 'l' })); await frame(); } \
         return (performance.now() - begin) / 20; })()",
    );
    let drawn = drawn.as_f64().unwrap();
    eprintln!("5,000 tasks: loaded after {loaded:.0} ms, {drawn:.1} ms a frame");
    assert!(loaded < 10_000.0 && drawn < 500.0, "{loaded} ms, {drawn} ms a frame");
    browser.press("0");
    click_on(&browser, "task-0");
    assert!(details(&browser).contains("task-0"));
    is_quiet(&browser);
}
