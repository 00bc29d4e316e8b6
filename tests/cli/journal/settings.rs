//! Settings: which of them decide what a backend answers, and which do not.

use super::changes::run_again;
use super::logging;
use crate::program::Folder;
use crate::server::{Server, reply};
use std::path::Path;

/// A plan of one task for a backend with these keys.
fn plan(keys: &str) -> String {
    format!("[backends.x]\n{keys}\n[[tasks]]\nid = 'a'\nbackend = 'x'\nprompt = 'true'\n")
}

/// The task is run again where the second keys stand in place of the first ones, and only then.
#[track_caller]
fn decides(old: &str, new: &str) {
    let folder = Folder::new();
    assert_eq!(run_again(&folder, &plan(old), &plan(new), || ()), ["a"], "{old} → {new}");
    assert_eq!(run_again(&folder, &plan(new), &plan(new), || ()), [""; 0], "{new}");
}

#[test]
fn the_kind() {
    decides("kind = 'command'\nargv = ['cat']", "kind = 'simulated'");
}

#[test]
fn the_arguments() {
    decides("kind = 'command'\nargv = ['sh']", "kind = 'command'\nargv = ['sh', '-e']");
}

#[test]
fn the_way_of_the_input() {
    let keys = "kind = 'command'\nargv = ['sh', '-c', 'cat; : {prompt}']\n";
    decides(&format!("{keys}input = 'stdin'"), &format!("{keys}input = 'arg'"));
}

#[test]
fn the_environment() {
    let keys = |env: &str| format!("kind = 'command'\nargv = ['sh']\nenv = {{ {env} }}");
    decides(&keys("A = '1'"), &keys("A = '2'"));
    decides(&keys("A = '1'"), &keys("A = '1', B = '1'"));
}

#[test]
fn the_working_directory() {
    decides("kind = 'command'\nargv = ['sh']", "kind = 'command'\nargv = ['sh']\ncwd = '/'");
}

#[test]
fn the_answer_of_a_simulation() {
    decides("kind = 'simulated'\nresponse = 'x'", "kind = 'simulated'\nresponse = 'y'");
}

#[test]
fn what_an_agent_is_started_with() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents");
    let (program, recorded) = (home.join("stand-in"), home.join("recorded"));
    let keys = |more: &str| {
        format!(
            "kind = 'claude'\nprogram = '{}'\nenv = {{ BOX = '.', RECORDED = '{}', SCRIPT = 'replay claude/ok' }}\n{more}",
            program.display(),
            recorded.display()
        )
    };
    for (old, new) in [
        ("", "model = 'm'"),
        ("model = 'm'", "model = 'n'"),
        ("", "max_turns = 3"),
        ("", "extra_args = ['--bare']"),
        ("", "allowed_tools = ['Read']"),
    ] {
        decides(&keys(old), &keys(new));
    }
    decides(&keys(""), &keys("").replace("/stand-in", "/../agents/stand-in"));
}

#[test]
fn what_an_endpoint_is_sent() {
    let server = Server::saying(reply(200, &[], r#"{"a": "x", "b": "y"}"#));
    let keys = |path: &str, more: &str| format!("kind = 'http'\nurl = '{}'\n{more}", server.url(path));
    for (old, new) in [
        (keys("/1", ""), keys("/2", "")),
        (keys("/1", ""), keys("/1", "method = 'PUT'")),
        (keys("/1", ""), keys("/1", "body = '{}'")),
        (keys("/1", ""), keys("/1", "headers = { X-Mode = '1' }")),
        (keys("/1", "headers = { X-Mode = '1' }"), keys("/1", "headers = { X-Mode = '2' }")),
        (keys("/1", "answer = '/a'"), keys("/1", "answer = '/b'")),
    ] {
        decides(&old, &new);
    }
}

/// Each is added to the keys of the backend, of the task, or of the plan, and runs nothing again.
#[test]
fn nothing_that_says_when_and_how_often_it_is_sent_and_what_its_failure_means() {
    let folder = Folder::new();
    let plan = |run: &str, backend: &str, task: &str| {
        let (a, b) = (logging("a", "true"), logging("b", "true"));
        format!(
            "{run}\n[backends.x]\nkind = 'command'\nargv = ['sh']\n{backend}\n[[tasks]]\nid = 'a'\nbackend = 'x'\n\
             prompt = '''{a}'''\n{task}\n[[tasks]]\nid = 'b'\nrun = '''{b}'''\nafter = ['a']\n"
        )
    };
    let bare = plan("", "", "");
    for run in [
        "[run]\nconcurrency = 2\nschedule = 'eager'\nseed = 3",
        "[retry]\nmax_attempts = 9",
        "[breaker]\nopen_for = '9s'",
    ] {
        assert_eq!(run_again(&folder, &bare, &plan(run, "", ""), || ()), [""; 0], "{run}");
    }
    for keys in [
        "retry = { max_attempts = 9 }",
        "breaker = { failure_threshold = 9 }",
        "breaker = 'off'",
        "timeout = '30s'",
        "concurrency = 3",
        "when_open = 'wait'",
        "when_open = { fallback = 'sh' }",
        "exit = { permanent = [22], overloaded = [75] }",
    ] {
        assert_eq!(run_again(&folder, &bare, &plan("", keys, ""), || ()), [""; 0], "{keys}");
    }
    for keys in ["retry = { max_attempts = 8 }", "timeout = '20s'", "failure_mode = 'soft'", "writes = ['x']"] {
        assert_eq!(run_again(&folder, &bare, &plan("", "", keys), || ()), [""; 0], "{keys}");
    }
}

#[test]
fn no_faults_of_a_simulation_and_no_speed() {
    let folder = Folder::new();
    let simulated = |keys: &str| "[run]\nseed = 1\n".to_owned() + &plan(&format!("kind = 'simulated'\n{keys}"));
    for keys in [
        "latency = '1ms'",
        "fail_rate = 0.01",
        "fail_first = 1",
        "panic_rate = 0.01",
        "hang_rate = 0.01",
        "down = ['1h', '2h']",
    ] {
        assert_eq!(run_again(&folder, &simulated(""), &simulated(keys), || ()), [""; 0], "{keys}");
    }
}

#[test]
fn no_layout_no_comment_no_order_and_no_option() {
    use super::Journaled as _;
    let (a, b) = (logging("a", "true"), logging("b", "true"));
    let old = format!(
        "[backends.x]\nkind = 'command'\nargv = ['sh']\nenv = {{ A = '1', B = '2' }}\n[[tasks]]\nid = 'a'\nbackend = 'x'\nprompt = '''{a}'''\n\
         [[tasks]]\nid = 'b'\nrun = '''{b}'''\nafter = ['a']\n"
    );
    let new = format!(
        "# A comment.\n\n[[tasks]]\nafter = [ \"a\", ]\nrun = '''{b}''' # another\nid    =   'b'\n[[tasks]]\nprompt = '''{a}'''\n\
         backend = \"x\"\nid = 'a'\n[backends.x]\nenv = {{ B = '2', A = '1' }}\ninput = 'stdin'\nargv = [\n 'sh', ]\nkind = 'command'\n"
    );
    let folder = Folder::new();
    assert_eq!(run_again(&folder, &old, &new, || ()), [""; 0]);
    let options =
        ["--concurrency", "2", "--schedule", "eager", "--seed", "7", "--grace", "1s", "--quiet", "--output", "out"];
    folder.log();
    assert_eq!(folder.resume(&options).code, Some(0));
    assert_eq!((folder.log().len(), folder.taken_over().len()), (0, 2));
}
