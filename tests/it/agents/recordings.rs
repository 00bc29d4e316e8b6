//! What the real programs were seen to print and how they ended, each in its class.

use super::{PROGRAMS, agent, home};
use seawall::{CancelToken, Context, Session};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, thread};

/// Where the recording alone does not tell, or tells more than the word that stands with it.
const OTHERWISE: [(&str, &str); 6] = [
    // It said twice that it waits for the network, and would do so for ever: it is not left to run out of time.
    ("codex/refused", "transient"),
    ("codex/refused-default-retries", "transient"),
    // That it was interrupted is known to who did it alone: it printed nothing, or half an answer, and exited with 0.
    ("older/claude-1.0.128/sigint-mid-call", "invalid_answer"),
    ("older/claude-2.0.76/sigint-mid-call", "invalid_answer"),
    ("older/claude-2.1.49/sigint-mid-call", "invalid_answer"),
    ("older/goose-1.50.0/sigint-mid-call", "invalid_answer"),
];

/// Those that answer under another id than the one to go on in, which is nothing that can be seen in the answer alone.
const ELSEWHERE: [&str; 3] =
    ["codex/resume-not-a-uuid", "older/codex-0.98.0/resume-not-a-uuid", "older/codex-0.98.0/resume-unknown-id"];

struct Recording {
    name: String,
    exit: String,
    class: String,
}

fn recordings() -> Vec<Recording> {
    let index = fs::read_to_string(home().join("recorded/index.tsv")).unwrap();
    let recording = |line: &str| {
        let [name, _, class] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let exit = fs::read_to_string(home().join("recorded").join(name).join("exit")).unwrap();
        let otherwise = OTHERWISE.iter().find(|(other, _)| *other == name).map(|(_, class)| (*class).to_owned());
        Recording { name: name.to_owned(), exit, class: otherwise.unwrap_or(class.replace('-', "_")) }
    };
    index.lines().skip(1).map(recording).collect()
}

/// The class that is reached, and whether anything was said.
fn reached(recording: &Recording) -> (String, bool) {
    let program = PROGRAMS.into_iter().find(|program| recording.name.contains(program)).unwrap();
    let backend = agent(program, &format!("replay {}", recording.name));
    let (cancel, other) = (CancelToken::new(), Session::new("99999999-9999-4999-8999-999999999999"));
    // Only what is to run out of time has little of it.
    let never_ends = recording.exit.starts_with("none") && recording.class == "timed_out";
    let limit = if never_ends { Duration::from_millis(700) } else { Duration::from_secs(60) };
    let cx = Context::new(&cancel).with_time_limit(limit);
    let cx = if ELSEWHERE.contains(&&*recording.name) { cx.with_session(&other) } else { cx };
    match backend.send(&"hello".into(), &cx) {
        Ok(response) => ("success".to_owned(), !response.text().is_empty()),
        Err(error) => (error.class().as_str().to_owned(), !error.to_string().is_empty()),
    }
}

#[test]
fn each_reaches_its_class() {
    // What was never a program, and so printed nothing, is tested with programs that are none.
    let recordings: Vec<Recording> =
        recordings().into_iter().filter(|recording| !recording.exit.starts_with("spawn-error")).collect();
    assert!(recordings.len() > 350, "{}", recordings.len());
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(recording) = recordings.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (class, has_words) = reached(recording);
                    if class != recording.class || !has_words {
                        wrong.lock().unwrap().push(format!("{}: {class}, not {}", recording.name, recording.class));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), recordings.len());
}

#[test]
fn every_class_is_among_them() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    recordings().into_iter().for_each(|recording| *counts.entry(recording.class).or_default() += 1);
    let classes: Vec<&str> = counts.keys().map(String::as_str).collect();
    assert_eq!(
        classes,
        [
            "cancelled",
            "could_not_start",
            "invalid_answer",
            "killed",
            "overloaded",
            "permanent",
            "rate_limited",
            "success",
            "timed_out",
            "transient"
        ]
    );
}

#[test]
fn answers_are_whole_and_nothing_but_the_answer() {
    let multiline = "line one\n{\"is_error\": true}\n```json\n{\"a\": \"\u{e9} \u{6f22}\"}\n```\nlast line\n";
    for program in PROGRAMS {
        let answer = |name: &str| {
            let told = super::call(&*agent(program, &format!("replay {program}/{name}")), "hello", None);
            told.text().to_owned()
        };
        assert_eq!(answer("ok"), "Hello from the mock.", "{program}");
        assert_eq!(answer("answer-multiline"), multiline, "{program}");
        assert!(answer("answer-over-64KiB").len() > 65536, "{program}");
    }
}

#[test]
fn an_error_is_the_agents_own_words() {
    for (name, words) in [
        ("claude/api-529", "529 Overloaded"),
        ("claude/max-turns", "Reached maximum number of turns (2)"),
        ("claude/resume-unknown-id", "No conversation found"),
        ("codex/stream-429", "try again in 1.5s"),
        ("codex/not-a-git-repository", "Not inside a trusted directory"),
        ("goose/api-400", "Bad request (400)"),
        ("goose/api-402", "add more credits"),
        ("goose/no-provider", "No provider configured"),
        ("goose/unknown-flag", "unexpected argument"),
    ] {
        let program = name.split('/').next().unwrap();
        let told = super::call(&*agent(program, &format!("replay {name}")), "hello", None);
        assert!(told.error().1.contains(words), "{name}: {}", told.error().1);
    }
}

#[test]
fn a_delay_that_is_named_is_the_backends_own() {
    let told = super::call(&*agent("codex", "replay codex/stream-429"), "hello", None);
    assert_eq!(told.result.unwrap_err().retry_after(), Some(Duration::from_millis(1500)));
    let told = super::call(&*agent("claude", "replay claude/usage-limit-subscription"), "hello", None);
    let delay = told.result.unwrap_err().retry_after().unwrap();
    assert!(delay <= Duration::from_secs(24 * 3600), "{delay:?}: until 12:15 in UTC, today or tomorrow");
}
