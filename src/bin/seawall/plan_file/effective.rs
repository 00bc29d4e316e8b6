//! The plan as it is meant: a plan file in which nothing is left to defaults.

mod http;

use super::backend::agent::Agent;
use super::backend::command::{Command, EXIT_CLASSES, Input};
use super::backend::simulated::{Latency, Simulated};
use super::backend::{Backend, Kind};
use super::for_each::Item;
use super::task::FAILURE_MODES;
use super::toml_text::{array, key, string, table, text};
use super::{Overrides, PlanFile, SCHEDULES};
use crate::duration;
use seawall::{CircuitBreakerConfig, ErrorClass, FailureMode, RetryConfig, Task, WhenOpen};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

impl PlanFile {
    /// The plan as TOML, with all defaults filled in. It is a plan that means the same, wherever it is: paths in it are
    /// absolute, and what was in prompt files is in it.
    pub(crate) fn effective(&self) -> String {
        let mut document = Document::default();
        document.run(self);
        document.section("[retry]", retry_entries(&self.retry.config()));
        document.section("[breaker]", breaker_entries(&self.breaker.config()));
        let used = self.used_backends();
        // An undeclared `sh` is no part of a plan that does not use it.
        let is_shown = |backend: &&Backend| backend.is_declared || used.iter().any(|used| used.name == backend.name);
        self.backends.iter().filter(is_shown).for_each(|backend| document.backend(backend));
        let mut tasks = self.plan.tasks().iter();
        for own in &self.overrides {
            match &own.many {
                Some(many) => {
                    tasks.by_ref().take(many.items.len()).for_each(drop);
                    document.task(&many.task, own);
                }
                None => tasks.by_ref().take(1).for_each(|task| document.task(task, own)),
            }
        }
        document.text
    }
}

/// Keys with their values, as TOML.
pub(super) type Entries = Vec<(&'static str, String)>;

#[derive(Default)]
struct Document {
    text: String,
}

impl Document {
    fn section(&mut self, header: &str, entries: Entries) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        let _ = writeln!(self.text, "{gap}{header}");
        for (key, value) in entries {
            let _ = writeln!(self.text, "{key} = {value}");
        }
    }

    fn run(&mut self, plan: &PlanFile) {
        let schedule =
            SCHEDULES.iter().find(|(_, schedule)| *schedule == plan.schedule).map_or("waves", |(word, _)| word);
        let mut entries = vec![("concurrency", plan.concurrency.to_string()), ("schedule", string(schedule))];
        entries.extend(plan.seed.map(|seed| ("seed", seed.to_string())));
        entries.extend(plan.max_cost.map(|dollars| ("max_cost", number(dollars))));
        self.section("[run]", entries);
    }

    fn backend(&mut self, backend: &Backend) {
        let mut entries = kind_entries(&backend.kind);
        entries.extend(backend.timeout.map(|timeout| ("timeout", time(timeout))));
        entries.push(("when_open", when_open(&backend.when_open)));
        entries.push(("retry", inline(retry_entries(&backend.retry.config()))));
        let breaker = backend.breaker.as_ref().map(|breaker| inline(breaker_entries(breaker)));
        entries.push(("breaker", breaker.unwrap_or_else(|| string("off"))));
        entries.extend(backend.concurrency.map(|concurrency| ("concurrency", concurrency.to_string())));
        self.section(&format!("[backends.{}]", key(&backend.name)), entries);
    }

    fn task(&mut self, task: &Task, own: &Overrides) {
        let prompt = text(task.request().prompt());
        let mut entries =
            vec![("id", string(task.id().as_str())), ("backend", string(task.backend())), ("prompt", prompt)];
        if own.is_plain {
            entries.push(("template", false.to_string()));
        }
        entries.extend(own.many.as_ref().map(|many| ("for_each", for_each(&many.items))));
        let after = own.after.as_deref().unwrap_or(task.dependencies());
        if !after.is_empty() {
            entries.push(("after", strings(after)));
        }
        entries.extend(task.session_of().map(|session| ("session", string(session.as_str()))));
        entries.push(("failure_mode", string(failure_mode(task.mode()))));
        entries.extend(own.timeout.map(|timeout| ("timeout", time(timeout))));
        entries.extend(own.retry.map(|retry| ("retry", inline(retry_entries(&retry)))));
        if !own.writes.is_empty() {
            entries.push(("writes", strings(&own.writes)));
        }
        if !own.inputs.is_empty() {
            entries.push(("inputs", strings(&own.inputs)));
        }
        self.section("[[tasks]]", entries);
    }
}

fn kind_entries(kind: &Kind) -> Entries {
    let mut entries = vec![("kind", string(kind.word()))];
    entries.extend(match kind {
        Kind::Agent(agent) => agent_entries(agent),
        Kind::Command(command) => command_entries(command),
        Kind::Http(http) => http::entries(http),
        Kind::Simulated(simulated) => simulated_entries(simulated),
    });
    entries
}

/// What decides an answer: not how often it is asked for, how long it may take, nor what an exit code means.
pub(super) fn deciding_entries(backend: &Backend) -> Entries {
    const OTHERS: [&str; 8] =
        ["exit", "connect_timeout", "latency", "fail_rate", "fail_first", "panic_rate", "hang_rate", "down"];
    kind_entries(&backend.kind).into_iter().filter(|(key, _)| !OTHERS.contains(key)).collect()
}

/// What the items came from may change, so they themselves are named.
fn for_each(items: &[Item]) -> String {
    let values = ("values".to_owned(), array(items.iter().map(Item::toml)));
    let allow_empty = items.is_empty().then(|| ("allow_empty".to_owned(), true.to_string()));
    table([values].into_iter().chain(allow_empty))
}

fn retry_entries(retry: &RetryConfig) -> Entries {
    vec![
        ("initial_interval", time(retry.initial_interval())),
        ("max_interval", time(retry.max_interval())),
        ("max_elapsed_time", time(retry.max_elapsed_time())),
        ("multiplier", number(retry.multiplier())),
        ("randomization_factor", number(retry.randomization_factor())),
        ("max_attempts", retry.max_attempts().map_or(0, u32::from).to_string()),
    ]
}

fn breaker_entries(breaker: &CircuitBreakerConfig) -> Entries {
    vec![
        ("failure_threshold", breaker.failure_threshold().to_string()),
        ("open_for", time(breaker.open_for())),
        ("half_open_requests", breaker.half_open_requests().to_string()),
    ]
}

fn command_entries(command: &Command) -> Entries {
    let input = match command.input {
        Input::Stdin => "stdin",
        Input::Argument => "arg",
    };
    let mut entries = vec![("argv", strings(&command.argv)), ("input", string(input))];
    if !command.exit.is_empty() {
        let classes = EXIT_CLASSES.iter().filter_map(|(word, class)| exit_entry(command, word, *class));
        entries.push(("exit", table(classes)));
    }
    entries.extend(surroundings_entries(&command.env, &command.cwd));
    entries
}

fn surroundings_entries(env: &BTreeMap<String, String>, cwd: &Path) -> Entries {
    let mut entries = Entries::new();
    if !env.is_empty() {
        entries.push(("env", table(env.iter().map(|(name, value)| (key(name), string(value))))));
    }
    // TOML cannot say a path that is not UTF-8; then the plan is right in its own folder alone.
    entries.extend(cwd.to_str().map(|cwd| ("cwd", string(cwd))));
    entries
}

fn agent_entries(agent: &Agent) -> Entries {
    let list = |key, items: &[String]| (!items.is_empty()).then(|| (key, strings(items)));
    let count = |key, number: Option<u32>| number.map(|number| (key, number.to_string()));
    let entries = [
        Some(("program", string(&agent.program))),
        agent.model.as_ref().map(|model| ("model", string(model))),
        agent.system_prompt.as_ref().map(|prompt| ("system_prompt", text(prompt))),
        list("allowed_tools", &agent.allowed_tools),
        agent.permission_mode.as_ref().map(|mode| ("permission_mode", string(mode))),
        count("max_turns", agent.max_turns),
        agent.max_cost.map(|dollars| ("max_cost", number(dollars))),
        list("extra_args", &agent.extra_args),
        count("own_retries", agent.own_retries),
    ];
    entries.into_iter().flatten().chain(surroundings_entries(&agent.env, &agent.cwd)).collect()
}

fn exit_entry(command: &Command, word: &str, class: ErrorClass) -> Option<(String, String)> {
    let codes: Vec<u8> = command.exit.iter().filter(|(_, of)| **of == class).map(|(code, _)| *code).collect();
    (!codes.is_empty()).then(|| (word.to_owned(), array(codes)))
}

fn simulated_entries(simulated: &Simulated) -> Entries {
    let latency = match simulated.latency {
        Latency::Fixed(latency) => time(latency),
        Latency::Spread { median, p99 } => inline(vec![("median", time(median)), ("p99", time(p99))]),
    };
    let mut entries = vec![
        ("latency", latency),
        ("fail_rate", number(simulated.fail_rate)),
        ("fail_first", simulated.fail_first.to_string()),
        ("panic_rate", number(simulated.panic_rate)),
        ("hang_rate", number(simulated.hang_rate)),
    ];
    entries.extend(simulated.down.map(|(from, to)| ("down", array([time(from), time(to)]))));
    entries.extend(simulated.response.as_ref().map(|response| ("response", text(response))));
    entries
}

fn when_open(when_open: &WhenOpen) -> String {
    match when_open {
        WhenOpen::Wait => string("wait"),
        WhenOpen::Fallback(other) => inline(vec![("fallback", string(other))]),
        _ => string("fail"),
    }
}

fn failure_mode(mode: FailureMode) -> &'static str {
    FAILURE_MODES.iter().find(|(_, other)| *other == mode).map_or("hard", |(word, _)| word)
}

fn inline(entries: Entries) -> String {
    table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)))
}

fn strings<T: AsRef<str>>(items: &[T]) -> String {
    array(items.iter().map(|item| string(item.as_ref())))
}

pub(super) fn time(duration: Duration) -> String {
    string(&duration::format(duration))
}

/// With a point or an exponent, so that it stays a number with a fraction.
pub(super) fn number(number: f64) -> String {
    format!("{number:?}")
}
