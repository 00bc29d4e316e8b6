//! What the programs are given: their command line, their environment, their input.

use super::{Folder, PROGRAMS, agent, call, stand_in};
use seawall::{Backend, ClaudeBackend, CodexBackend, GooseBackend, Message, Session};

const LONG: &str = "Be \"short\".\nUse C:\\new, é, 'single'.";

/// The arguments of one call that does nothing but keep them; the session's id, random as it is, in a word.
fn argv(backend: &dyn Backend, folder: &Folder, n: usize, session: Option<&Session>) -> Vec<String> {
    let _ = call(backend, "hello", session);
    let argv = folder.argv(n).into_iter();
    argv.map(|word| if word.len() > 35 && word.matches('-').count() >= 4 { "ID".into() } else { word }).collect()
}

#[test]
fn nothing_is_passed_that_was_not_asked_for() {
    let folder = Folder::new();
    let claude = stand_in!(ClaudeBackend::new(), "").with_env("BOX", &folder.0);
    assert_eq!(argv(&claude, &folder, 1, None), ["-p", "--output-format", "json", "--session-id", "ID"]);
    let codex = stand_in!(CodexBackend::new(), "").with_env("BOX", &folder.0);
    assert_eq!(argv(&codex, &folder, 2, None), ["exec", "--json", "--skip-git-repo-check", "-"]);
    let goose = stand_in!(GooseBackend::new(), "").with_env("BOX", &folder.0);
    assert_eq!(argv(&goose, &folder, 3, None), ["run", "-q", "--output-format", "json", "-n", "ID", "-i", "-"]);
    for n in 1..=3 {
        let env = folder.given(n, "env");
        assert!(!env.contains("GOOSE_MODE=") && !env.contains("CLAUDE_CODE_MAX_RETRIES="), "{env}");
    }
}

#[test]
fn a_session_that_there_is_is_named_where_each_program_wants_it() {
    let (folder, session) = (Folder::new(), Session::new("the-one"));
    let claude = stand_in!(ClaudeBackend::new(), "").with_env("BOX", &folder.0).with_extra_args(["--add-dir", "x"]);
    let wanted = ["-p", "--output-format", "json", "--add-dir", "x", "--resume", "the-one"];
    assert_eq!(argv(&claude, &folder, 1, Some(&session)), wanted);
    let codex = stand_in!(CodexBackend::new(), "").with_env("BOX", &folder.0).with_extra_args(["--add-dir", "x"]);
    let wanted = ["exec", "--json", "--skip-git-repo-check", "--add-dir", "x", "resume", "the-one", "-"];
    assert_eq!(argv(&codex, &folder, 2, Some(&session)), wanted);
    let goose = stand_in!(GooseBackend::new(), "").with_env("BOX", &folder.0).with_extra_args(["--no-profile"]);
    let wanted = ["run", "-q", "--output-format", "json", "--no-profile", "-r", "-n", "the-one", "-i", "-"];
    assert_eq!(argv(&goose, &folder, 3, Some(&session)), wanted);
}

#[test]
fn what_claude_is_told_it_is_told_as_its_own_options() {
    let folder = Folder::new();
    let claude = stand_in!(ClaudeBackend::new(), "")
        .with_env("BOX", &folder.0)
        .with_model("opus")
        .with_system_prompt(LONG)
        .with_allowed_tools(["Read", "Bash(git log:*)"])
        .with_permission_mode("plan")
        .with_max_turns(20)
        .with_max_cost(2.5)
        .with_own_retries(0);
    let wanted = [
        "-p",
        "--allowedTools",
        "Read,Bash(git log:*)",
        "--output-format",
        "json",
        "--model",
        "opus",
        "--append-system-prompt",
        LONG,
        "--permission-mode",
        "plan",
        "--max-turns",
        "20",
        "--max-budget-usd",
        "2.5",
        "--session-id",
        "ID",
    ];
    assert_eq!(argv(&claude, &folder, 1, None), wanted);
    assert!(folder.given(1, "env").contains("\nCLAUDE_CODE_MAX_RETRIES=0\n"));
}

#[test]
fn what_codex_is_told_it_is_told_before_the_prompt() {
    let folder = Folder::new();
    let codex = stand_in!(CodexBackend::new(), "")
        .with_env("BOX", &folder.0)
        .with_model("gpt")
        .with_system_prompt(LONG)
        .with_permission_mode("workspace-write")
        .with_own_retries(1);
    let instructions = r#"developer_instructions="Be \"short\".\nUse C:\\new, é, 'single'.""#;
    let options = ["exec", "--json", "--skip-git-repo-check", "-m", "gpt", "-s", "workspace-write", "-c", instructions];
    assert_eq!(argv(&codex, &folder, 1, None), [&options[..], &["-"]].concat(), "of no provider it could be told");
    let mine = ["-c", "model_provider=\"mine\""];
    let codex = codex.with_extra_args(mine);
    let retries =
        ["-c", "model_providers.mine.request_max_retries=1", "-c", "model_providers.mine.stream_max_retries=1"];
    assert_eq!(argv(&codex, &folder, 2, None), [&options[..], &retries, &mine, &["-"]].concat());
}

#[test]
fn what_goose_is_told_may_begin_with_a_dash() {
    let folder = Folder::new();
    let goose = stand_in!(GooseBackend::new(), "")
        .with_env("BOX", &folder.0)
        .with_model("gpt")
        .with_system_prompt("- be brief")
        .with_max_turns(5)
        .with_permission_mode("chat");
    let wanted =
        ["run", "-q", "--output-format", "json", "--model=gpt", "--system=- be brief", "--max-turns=5", "-n", "ID"];
    assert_eq!(argv(&goose, &folder, 1, None), [&wanted[..], &["-i", "-"]].concat());
    assert!(folder.given(1, "env").contains("\nGOOSE_MODE=chat\n"));
}

#[test]
fn a_prompt_arrives_byte_for_byte_whatever_is_in_it() {
    let tricky = "First.\n--help \"x\" {prompt} $HOME `x` \\n é\n\n  indented\r\nlast without an end";
    for prompt in [tricky, "--version", "/cost", "@file", "", &"x".repeat(1_000_000)] {
        for program in PROGRAMS {
            let folder = Folder::new();
            let script = format!("replay {program}/ok");
            let message = Message::new(prompt).with_env("BOX", folder.0.to_str().unwrap());
            let cancel = seawall::CancelToken::new();
            agent(program, &script).send(&message, &seawall::Context::new(&cancel)).unwrap();
            let newline = if program == "claude" && prompt.starts_with('/') { "\n" } else { "" };
            assert!(folder.given(1, "stdin") == format!("{newline}{prompt}"), "{program}: {prompt:.80}");
        }
    }
}

#[test]
fn a_program_that_does_not_read_or_talks_first_answers_all_the_same() {
    let prompt = "x".repeat(1_000_000);
    for program in PROGRAMS {
        let replay = format!("replay {program}/ok");
        let deaf = Message::new(&*prompt).with_env("DEAF", "1");
        let noise = "head -c 200000 /dev/zero | tr '\\0' ' ' >&2; cat > /dev/null; ";
        let cancel = seawall::CancelToken::new();
        for script in [replay.clone(), format!("{noise}{replay}")] {
            let response = agent(program, &script).send(&deaf, &seawall::Context::new(&cancel)).unwrap();
            assert_eq!(response.text(), "Hello from the mock.");
        }
    }
}

#[test]
fn a_program_that_is_none_could_not_start() {
    let folder = Folder::new();
    let (plain, placeholder) = (folder.path("plain"), folder.path("placeholder"));
    std::fs::write(&plain, "echo no\n").unwrap();
    std::fs::write(&placeholder, "a placeholder\n").unwrap();
    std::fs::set_permissions(&placeholder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let backends = [
        ClaudeBackend::new().with_program("no-such-agent-here"),
        ClaudeBackend::new().with_program(plain),
        ClaudeBackend::new().with_program(placeholder),
        stand_in!(ClaudeBackend::new(), "").with_current_dir(folder.path("nowhere")),
        stand_in!(ClaudeBackend::new(), "exit 126"),
        stand_in!(ClaudeBackend::new(), "exit 127"),
    ];
    for backend in backends {
        let told = call(&backend, "hello", None);
        assert_eq!((told.class(), told.id()), ("could_not_start", None), "{:?}", told.error());
    }
}
