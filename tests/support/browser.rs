//! A Chromium without a window, driven as <https://www.w3.org/TR/webdriver/> says.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a step may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Browser {
    driver: Child,
    agent: ureq::Agent,
    session: String,
}

impl Browser {
    /// `None`, and a word about it, where there is no Chromium or no driver of it.
    pub(crate) fn start() -> Option<Self> {
        let is_there = |name: &str| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
        let chromium = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| is_there(name));
        let (Some(chromium), true) = (chromium, is_there("chromedriver")) else {
            eprintln!("skipped: there is no `chromium` or no `chromedriver` here");
            return None;
        };
        let mut command = Command::new("chromedriver");
        let mut driver = command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port =
            lines.find_map(|line| Some(line.split_once("successfully on port ")?.1.trim_end_matches('.').to_owned()));
        std::thread::spawn(move || lines.for_each(drop));
        let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build();
        let base = format!("http://127.0.0.1:{}/session", port.unwrap());
        let mut browser = Self { driver, agent: config.into(), session: base };
        let id = browser.post("", &capabilities(chromium))["sessionId"].as_str().unwrap().to_owned();
        browser.session = format!("{}/{id}", browser.session);
        Some(browser)
    }

    /// Opens a file, and waits until it is loaded.
    pub(crate) fn open(&self, page: &Path) {
        self.visit(&format!("file://{}", page.display()));
    }

    /// Opens an address, and waits until it is loaded.
    pub(crate) fn visit(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// What `script`, the body of a function, returns in the page.
    pub(crate) fn eval(&self, script: &str) -> Value {
        self.call(script, &json!([]))
    }

    /// The same, with arguments.
    pub(crate) fn call(&self, script: &str, arguments: &Value) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// Clicks as a mouse does.
    pub(crate) fn click(&self, x: i64, y: i64) {
        let to = json!({ "type": "pointerMove", "duration": 0, "x": x, "y": y });
        let [down, up] = ["pointerDown", "pointerUp"].map(|kind| json!({ "type": kind, "button": 0 }));
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": [to, down, up] });
        self.post("/actions", &json!({ "actions": [mouse] }));
    }

    /// Types as a keyboard does; the keys without a character have one of <https://www.w3.org/TR/webdriver/#keyboard-actions>.
    pub(crate) fn press(&self, keys: &str) {
        let strokes =
            keys.chars().flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })));
        let keyboard = json!({ "type": "key", "id": "keys", "actions": strokes.collect::<Vec<_>>() });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    /// A command as <https://chromedevtools.github.io/devtools-protocol/> has them.
    pub(crate) fn command(&self, name: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": name, "params": parameters }))
    }

    /// What the page said to the console since this was last asked.
    pub(crate) fn console(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({ "type": "browser" }));
        entries.as_array().unwrap().iter().map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// The addresses that were asked for since this was last asked.
    pub(crate) fn requests(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({ "type": "performance" }));
        let messages = entries
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| -> Value { serde_json::from_str(entry["message"].as_str().unwrap()).unwrap() });
        let asked = messages.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        asked.map(|event| event["message"]["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.agent.post(format!("{}{path}", self.session)).header("content-type", "application/json");
        let mut response = request.send(body.to_string()).unwrap();
        let answer: Value = serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap();
        assert!(response.status().is_success(), "{path}: {answer}");
        answer["value"].clone()
    }
}

fn capabilities(chromium: &str) -> Value {
    let binary = Command::new("sh").args(["-c", &format!("command -v {chromium}")]).output().unwrap().stdout;
    let options = json!({
        "binary": String::from_utf8(binary).unwrap().trim(),
        "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1280,960"],
    });
    let logs = json!({ "browser": "ALL", "performance": "ALL" });
    json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": options, "goog:loggingPrefs": logs } } })
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
