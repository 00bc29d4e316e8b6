//! `bench --html`, and the page of `demo load`'s kind: several loads side by side.

use crate::browser::Browser;
use crate::program::{Folder, Running};
use serde_json::{Value, json};

const PLAN: &str = "
    [run]
    seed = 3
    [backends.shaky]
    kind = 'simulated'
    latency = '4ms'
    fail_rate = 0.4
    retry = { initial_interval = '5ms', max_attempts = 3 }
    breaker = { failure_threshold = 3, open_for = '60ms' }
    [backends.'</script><b>evil']
    kind = 'command'
    argv = ['sh', '-c', 'echo \"<img src=x onerror=alert(1)>\" >&2; exit 1']
    retry = { max_attempts = 1 }
";

/// The page of a load, in a browser. `None` where there is none.
fn opened(backend: &str, more: &[&str]) -> Option<(Browser, Folder)> {
    let browser = Browser::start()?;
    let folder = Folder::with_plan(PLAN);
    let load = ["bench", "plan.toml", "--backend", backend, "--prompt", "x", "--html", "p.html"];
    let ended = folder.end(Running::start(folder.program(&[&load[..], more].concat())));
    assert!(matches!(ended.code, Some(0 | 1)), "{}", ended.err);
    browser.open(&folder.path("p.html"));
    Some((browser, folder))
}

const OPEN: [&str; 4] = ["--rate", "100/s", "--duration", "1s"];

/// Nothing was said to the console, and nothing was asked for but the page itself.
fn is_quiet(browser: &Browser) {
    let said = browser.console();
    assert!(said.is_empty(), "{said:?}");
    let asked = browser.requests();
    let is_page = |url: &String| url.starts_with("file:///") && url.ends_with("/p.html");
    assert!(!asked.is_empty() && asked.iter().all(is_page), "{asked:?}");
}

fn count(browser: &Browser, what: &str) -> Value {
    browser.eval(&format!("return document.querySelectorAll({}).length", json!(what)))
}

#[test]
fn a_load_is_seen_said_and_read_by_keys() {
    let Some((browser, _folder)) = opened("shaky", &[&OPEN[..], &["--slo", "p99<10s"]].concat()) else { return };
    for chart in ["heat", "circuit", "rate", "errors", "queue", "curve"] {
        assert_eq!(count(&browser, &format!("[data-chart={chart}] .plot[tabindex='0'][aria-label]")), 1, "{chart}");
    }
    let text = browser.eval("return document.body.innerText");
    for words in ["p99<10s: met", "100 calls in", "The circuit of shaky opened", "ok only because of"] {
        assert!(text.as_str().unwrap().contains(words), "{words}: {text}");
    }
    let tip = "const tip = document.getElementById('tip'); return tip.hidden ? '' : tip.textContent";
    browser.eval("document.querySelector('[data-chart=rate] .plot').focus()");
    browser.press("\u{e014}\u{e014}");
    let first = browser.eval(tip);
    assert!(first.as_str().unwrap().starts_with("from 0.05 s\n"), "{first}");
    assert_eq!(count(&browser, "tr.here"), 1);
    browser.press("\u{e010}");
    assert_ne!(browser.eval(tip), first);
    browser.press("\u{e00c}");
    assert_eq!(browser.eval(tip), "");
    is_quiet(&browser);
}

#[test]
fn four_loads_stand_side_by_side_on_the_same_axes() {
    let Some((browser, _folder)) = opened("shaky", &[&OPEN[..], &["--compare"]].concat()) else { return };
    assert_eq!(count(&browser, "section.load"), 4);
    assert_eq!(count(&browser, ".story"), 4);
    assert_eq!(count(&browser, "[data-chart=curve] .line"), 4);
    let axes = "return new Set([...document.querySelectorAll('[data-chart=heat] .up')].map((up) => up.innerHTML)).size";
    assert_eq!(browser.eval(axes), 1);
    is_quiet(&browser);
}

#[test]
fn no_width_makes_the_page_wider_and_both_colour_schemes_are_there() {
    let Some((browser, _folder)) = opened("shaky", &[&OPEN[..], &["--compare"]].concat()) else { return };
    for width in [400, 900, 1600] {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        browser.command("Emulation.setDeviceMetricsOverride", &size);
        let wide = browser.eval("return document.documentElement.scrollWidth").as_u64().unwrap();
        assert!(wide <= width, "{wide} in {width}");
    }
    let colour = "return getComputedStyle(document.querySelector('.card')).backgroundColor";
    let of = |scheme: &str| -> Value {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        browser.command("Emulation.setEmulatedMedia", &json!({ "features": features }));
        browser.eval(colour)
    };
    let (light, dark) = (of("light"), of("dark"));
    assert_ne!(light, dark);
    browser.press("tt");
    assert_eq!(browser.eval(colour), light);
    is_quiet(&browser);
}

#[test]
fn hostile_names_and_answers_stay_text() {
    let Some((browser, _folder)) = opened("</script><b>evil", &["--count", "3"]) else { return };
    let text = browser.eval("return document.body.innerText");
    for words in ["</script><b>evil of plan.toml", "<img src=x onerror=alert(1)>"] {
        assert!(text.as_str().unwrap().contains(words), "{words}: {text}");
    }
    assert_eq!(count(&browser, "img, h1 b"), 0);
    is_quiet(&browser);
}
