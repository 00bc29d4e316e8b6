//! What each key of a plan holds.

use crate::plan_file::SCHEDULES;
use crate::plan_file::task::FAILURE_MODES;
use serde_json::{Value, json};

/// What a key holds; one that means the same in several tables is here once.
pub(super) fn of_key(key: &str) -> Value {
    of_run(key).or_else(|| of_retry(key)).or_else(|| of_task(key)).or_else(|| of_backend(key)).unwrap_or(json!({}))
}

fn of_run(key: &str) -> Option<Value> {
    Some(match key {
        "concurrency" => whole("How many at once.", 1, 10_000),
        "schedule" => words("Whether waves wait for one another.", &SCHEDULES.map(|(word, _)| word)),
        "seed" => whole("Seeds simulated backends and jitter; fresh entropy where there is none.", 0, i64::MAX),
        "max_cost" => json!({
            "description": "In USD: of a run, after which nothing new starts; of an attempt, for a backend.",
            "type": "number",
            "minimum": 0,
        }),
        _ => return None,
    })
}

fn of_retry(key: &str) -> Option<Value> {
    Some(match key {
        "initial_interval" => duration("The first wait."),
        "max_interval" => duration("The longest wait."),
        "max_elapsed_time" => duration("After so long no further attempt begins."),
        "multiplier" => json!({ "description": "By how much each wait is longer.", "type": "number", "minimum": 1 }),
        "randomization_factor" => share("How far a wait strays from what was calculated."),
        "max_attempts" => whole("At most so many attempts; 0: no limit.", 0, u32::MAX.into()),
        "failure_threshold" => whole("Consecutive failures that open the circuit.", 1, u32::MAX.into()),
        "open_for" => duration("How long an open circuit refuses every call."),
        "half_open_requests" => whole("Calls that must go well to close it again.", 1, u32::MAX.into()),
        _ => return None,
    })
}

fn of_task(key: &str) -> Option<Value> {
    Some(match key {
        "id" => json!({ "description": "Its name.", "type": "string", "minLength": 1, "maxLength": 200 }),
        "run" => text("A shell script: short for the backend `sh` and a prompt."),
        "backend" => text("Whom it is sent to."),
        "prompt" => text("What is sent."),
        "prompt_file" => text("A file with what is sent, from the plan's folder."),
        "template" => json!({ "description": "Whether the prompt is a template.", "type": "boolean" }),
        "after" => texts("The tasks that must have ended before."),
        "failure_mode" => {
            words("What its failure means for its dependents and for the run.", &FAILURE_MODES.map(|(word, _)| word))
        }
        "timeout" => duration("Of one attempt."),
        "writes" => texts("What no other task may write at the same time."),
        "session" => text("The task in whose session it goes on."),
        "inputs" => texts("Globs of files that its answer depends on."),
        "for_each" => for_each(),
        _ => return None,
    })
}

fn for_each() -> Value {
    let item = json!({ "type": ["string", "number", "boolean"] });
    json!({
        "description": "One task for each item.",
        "type": "object",
        "properties": {
            "values": { "description": "The items.", "type": "array", "items": item },
            "lines": text("A file with an item a line."),
            "glob": text("Each file that it names is an item."),
            "range": {
                "description": "The first and the last of the items.",
                "type": "array",
                "items": { "type": "integer" },
                "minItems": 2,
                "maxItems": 2,
            },
            "allow_empty": { "description": "Whether there may be no item.", "type": "boolean" },
        },
        "additionalProperties": false,
    })
}

fn of_backend(key: &str) -> Option<Value> {
    of_command(key).or_else(|| of_agent(key)).or_else(|| of_http(key)).or_else(|| of_simulated(key))
}

fn of_command(key: &str) -> Option<Value> {
    let table_of = |what: &str, of: Value| json!({ "description": what, "type": "object", "additionalProperties": of });
    let codes = json!({ "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 255 } });
    Some(match key {
        "argv" => json!({
            "description": "The program, and its arguments.",
            "type": "array",
            "items": { "type": "string" },
            "minItems": 1,
        }),
        "input" => {
            words("Whether the prompt goes to standard input, or replaces \"{prompt}\" in argv.", &["stdin", "arg"])
        }
        "exit" => json!({
            "description": "What exit codes mean.",
            "type": "object",
            "properties": { "permanent": codes, "overloaded": codes },
            "additionalProperties": false,
        }),
        "env" => table_of("What is added to the environment.", json!({ "type": "string" })),
        "headers" => table_of("What is sent beside what is sent anyway.", json!({ "type": "string" })),
        "cwd" => text("Where the program runs, from the plan's folder."),
        "when_open" => json!({
            "description": "What a task does when the circuit is open.",
            "anyOf": [
                { "enum": ["fail", "wait"] },
                {
                    "type": "object",
                    "properties": { "fallback": text("Another backend.") },
                    "required": ["fallback"],
                    "additionalProperties": false,
                },
            ],
        }),
        _ => return None,
    })
}

fn of_agent(key: &str) -> Option<Value> {
    Some(match key {
        "program" => text("Another name or path of the program."),
        "model" => text("Which model."),
        "system_prompt" => text("What is added to the program's own."),
        "system_prompt_file" => text("A file with what is added, from the plan's folder."),
        "allowed_tools" => texts("Tools that need no permission."),
        "permission_mode" => text("What it may do without being asked."),
        "max_turns" => whole("At most so many turns.", 1, u32::MAX.into()),
        "extra_args" => texts("What else stands on its command line."),
        "own_retries" => whole("The program's own retries.", 0, u32::MAX.into()),
        _ => return None,
    })
}

fn of_http(key: &str) -> Option<Value> {
    Some(match key {
        "url" => text("Where requests go."),
        "openai" => text("Where a server of chat completions is."),
        "method" => text("The method of a request; POST where there is none."),
        "body" => text("A template of what is sent, which knows `prompt` alone."),
        "answer" => text("A JSON pointer into the answer."),
        "max_body" => text("How much of an answer is read: a size, such as \"16MiB\"."),
        "key_env" => text("The variable that holds the key."),
        "key_file" => text("The file that holds the key, from the plan's folder."),
        "connect_timeout" => duration("Of name and connection."),
        "temperature" => json!({ "description": "Sent as it is.", "type": "number" }),
        "max_tokens" => whole("Sent as it is.", 1, u32::MAX.into()),
        _ => return None,
    })
}

fn of_simulated(key: &str) -> Option<Value> {
    let spread = json!({
        "type": "object",
        "properties": { "median": duration("Half are quicker."), "p99" : duration("All but one in a hundred are quicker.") },
        "required": ["median", "p99"],
        "additionalProperties": false,
    });
    Some(match key {
        "latency" => json!({ "description": "How long an attempt takes.", "anyOf": [duration("Always."), spread] }),
        "fail_rate" => share("How many attempts fail."),
        "fail_first" => whole("So many attempts of each task fail.", 0, u32::MAX.into()),
        "down" => json!({
            "description": "From when to when every attempt fails, since the run began.",
            "type": "array",
            "items": duration("An instant."),
            "minItems": 2,
            "maxItems": 2,
        }),
        "panic_rate" => share("How many attempts panic."),
        "hang_rate" => share("How many attempts hang."),
        "response" => text("What is answered."),
        _ => return None,
    })
}

fn text(what: &str) -> Value {
    json!({ "description": what, "type": "string" })
}

fn texts(what: &str) -> Value {
    json!({ "description": what, "type": "array", "items": { "type": "string" } })
}

fn words(what: &str, words: &[&str]) -> Value {
    json!({ "description": what, "type": "string", "enum": words })
}

fn whole(what: &str, least: i64, most: i64) -> Value {
    json!({ "description": what, "type": "integer", "minimum": least, "maximum": most })
}

fn share(what: &str) -> Value {
    json!({ "description": what, "type": "number", "minimum": 0, "maximum": 1 })
}

/// A number with a unit, or several of them.
fn duration(what: &str) -> Value {
    json!({ "description": what, "type": "string", "pattern": "^\\s*([0-9][0-9_.]*\\s*[A-Za-zµ]+\\s*)+$" })
}
