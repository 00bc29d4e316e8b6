//! Output that is not what it should be: a class, never a panic, never a success.

use super::{Folder, PROGRAMS, agent, call, home};
use std::fs;

fn said(name: &str) -> String {
    fs::read_to_string(home().join("recorded").join(name).join("stdout")).unwrap()
}

/// What no agent prints, or what one prints of which something is missing.
fn outputs(program: &str) -> Vec<Vec<u8>> {
    let ok = said(&format!("{program}/ok"));
    let mut outputs: Vec<Vec<u8>> = [
        "",
        "\n",
        "null\n",
        "[]\n",
        "{}\n",
        "0\n",
        "\"success\"\n",
        "Hello.\n",
        "<html>Sign in</html>\n",
        "{\"type\": 1e999999}\n",
    ]
    .map(Into::into)
    .to_vec();
    outputs.extend([b"\0\xff\xfe\x80".repeat(50), b"[".repeat(100_000), b"{\"a\":".repeat(100_000)]);
    outputs.extend([&ok[..ok.len() / 2], ok.trim_end().strip_suffix('}').unwrap()].map(Into::into));
    let changes: &[(&str, &str)] = match program {
        "claude" => &[
            ("\"is_error\":false", "\"is_error\":true"),
            ("\"is_error\":false", "\"is_error\":\"false\""),
            ("\"subtype\":\"success\"", "\"subtype\":\"error_during_execution\""),
            ("\"type\":\"result\"", "\"type\":\"assistant\""),
            ("\"result\":\"Hello from the mock.\"", "\"result\":null"),
            ("\"result\":\"Hello from the mock.\"", "\"result\":[\"yes\"]"),
            ("\"stop_reason\":\"end_turn\"", "\"stop_reason\":\"refusal\""),
        ],
        "codex" => &[
            ("turn.completed", "turn.failed"),
            ("turn.completed", "turn.ended"),
            ("agent_message", "reasoning"),
            ("\"text\":\"Hello from the mock.\"", "\"text\":7"),
        ],
        _ => &[
            ("\"status\": \"completed\"", "\"status\": \"error\""),
            ("\"role\": \"assistant\"", "\"role\": \"user\""),
            ("\"output_tokens\": 34", "\"output_tokens\": 0"),
            ("\"text\": \"Hello from the mock.\"", "\"text\": \"\""),
            ("\"messages\"", "\"message\""),
        ],
    };
    for (from, to) in changes {
        assert!(ok.contains(from), "{program}: {from}");
        outputs.push(ok.replace(from, to).into());
    }
    outputs
}

#[test]
fn what_is_no_answer_is_an_error_whatever_the_exit_code() {
    for program in PROGRAMS {
        let folder = Folder::new();
        let file = folder.path("out");
        for output in outputs(program) {
            fs::write(&file, &output).unwrap();
            for code in [0, 1] {
                let told = call(&*agent(program, &format!("cat '{}'; exit {code}", file.display())), "hello", None);
                let start = String::from_utf8_lossy(&output[..output.len().min(60)]).into_owned();
                assert!(told.result.is_err(), "{program}, exit code {code}: {start}");
                assert!(told.error().1.len() < 10_000, "{program}: {start}");
            }
        }
    }
}

#[test]
fn nothing_at_all_is_an_invalid_answer_if_the_exit_code_says_that_all_is_well() {
    for program in PROGRAMS {
        assert_eq!(call(&*agent(program, "exit 0"), "hello", None).class(), "invalid_answer", "{program}");
        assert_eq!(call(&*agent(program, "exit 3"), "hello", None).class(), "transient", "{program}");
    }
}

#[test]
fn what_a_program_says_of_how_it_was_called_is_permanent_on_either_stream_with_a_prefix_or_without() {
    for (program, said) in [
        ("claude", "No conversation found with session ID: 1 >&2"),
        ("claude", "Session ID 1 is already in use. >&2"),
        ("claude", "unknown option --x >&2"),
        ("claude", "Invalid session ID >&2"),
        ("claude", "Input must be provided >&2"),
        ("codex", "thread/resume failed: 1 >&2"),
        ("codex", "Not inside a trusted directory >&2"),
        ("codex", "Error loading config.toml >&2"),
        ("codex", "No such file or directory >&2"),
        ("goose", "No session found with name 1 >&2"),
        ("goose", "Cannot resume session 1"),
        ("goose", "No provider configured"),
        ("goose", "Unknown provider: x"),
        ("goose", "Tool approval required >&2"),
    ] {
        let told = call(&*agent(program, &format!("echo {said}; exit 1")), "hello", None);
        assert_eq!(told.class(), "permanent", "{program}: {said}");
    }
}

#[test]
fn a_notice_of_gooses_own_is_no_answer_though_nothing_is_marked_and_it_was_paid_for() {
    let notice = r#"{"type":"systemNotification","notificationType":"creditsExhausted","msg":"no credits"}"#;
    let output = format!(
        r#"{{"messages":[{{"role":"assistant","content":[{notice}]}}],"metadata":{{"status":"completed","output_tokens":5}}}}"#
    );
    let told = call(&*agent("goose", &format!("echo '{output}'")), "hello", None);
    assert_eq!(told.error(), (seawall::ErrorClass::Permanent, "no credits".into()));
}

#[test]
fn an_answer_that_ends_in_another_exit_code_is_none() {
    for program in PROGRAMS {
        let script = format!("cat \"$RECORDED/{program}/ok/stdout\"; exit 3");
        assert_eq!(call(&*agent(program, &script), "hello", None).class(), "transient", "{program}");
        let script = format!("cat \"$RECORDED/{program}/ok/stdout\"; exit 143");
        assert_eq!(call(&*agent(program, &script), "hello", None).class(), "killed", "{program}");
    }
}

#[test]
fn more_than_is_kept_is_judged_by_what_was_kept() {
    let events =
        "yes '{\"type\":\"item.completed\",\"item\":{\"type\":\"reasoning\",\"text\":\"abc\"}}' | head -c 20971520";
    for (program, noise) in [
        ("claude", "head -c 20971520 /dev/zero | tr '\\0' x"),
        ("codex", events),
        ("goose", "yes 'a {line}' | head -c 20971520"),
    ] {
        let told = call(&*agent(program, noise), "hello", None);
        assert_eq!(told.class(), "invalid_answer", "{program}");
        assert!(told.error().1.len() < 10_000, "{program}");
    }
    let answer_first = format!("cat \"$RECORDED/codex/ok/stdout\"; {events}");
    assert_eq!(call(&*agent("codex", &answer_first), "hello", None).text(), "Hello from the mock.");
}
