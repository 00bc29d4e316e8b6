//! What an end means.

use super::{error, send, sh};
use seawall::{CommandBackend, ErrorClass, ProcessGroups, Prompt};

#[test]
fn an_exit_code_has_its_class_and_the_error_its_code_and_the_end_of_standard_error() {
    let of = |script: &str| error(&sh(script).with_exit_class(22, ErrorClass::Permanent), "");
    assert_eq!(of("exit 7"), (ErrorClass::Transient, "exit code 7".into()));
    assert_eq!(of("echo no >&2; echo such >&2; exit 22"), (ErrorClass::Permanent, "exit code 22: no\nsuch".into()));
    assert_eq!(of("exit 126"), (ErrorClass::CouldNotStart, "exit code 126".into()));
    let (class, sentence) = of("no-such-program-here");
    assert_eq!(class, ErrorClass::CouldNotStart);
    assert!(sentence.starts_with("exit code 127: ") && sentence.contains("no-such-program-here"), "{sentence}");
}

#[test]
fn a_class_can_be_given_to_any_code_but_that_of_success() {
    let backend = |script: &str| sh(script).with_exit_class(127, ErrorClass::RateLimited);
    assert_eq!(error(&backend("exit 127"), "").0, ErrorClass::RateLimited);
    let zero = sh("echo fine").with_exit_class(0, ErrorClass::Permanent);
    assert_eq!(send(&zero, "").unwrap().text(), "fine\n");
}

#[test]
fn a_signal_from_elsewhere_is_named() {
    let killed = (ErrorClass::Killed, "killed by signal 9 (SIGKILL): help".into());
    assert_eq!(error(&sh("echo help >&2; kill -9 $$"), ""), killed);
    assert_eq!(error(&sh("kill -TERM $$"), ""), (ErrorClass::Killed, "killed by signal 15 (SIGTERM)".into()));
}

#[test]
fn what_cannot_be_started_says_why() {
    let not_found = error(&CommandBackend::new(["no-such-program-here"]), "");
    let sentence = "failed to start `no-such-program-here`: No such file or directory (os error 2)";
    assert_eq!(not_found, (ErrorClass::CouldNotStart, sentence.into()));

    let (class, sentence) = error(&CommandBackend::new(["/etc/passwd"]), "");
    assert_eq!(class, ErrorClass::CouldNotStart);
    assert!(sentence.starts_with("failed to start `/etc/passwd`: Permission denied"), "{sentence}");

    let nowhere = error(&sh("true").with_current_dir("/no/such/folder"), "");
    assert_eq!(nowhere, (ErrorClass::CouldNotStart, "failed to start `sh`: no directory `/no/such/folder`".into()));

    let nothing = error(&CommandBackend::new(Vec::<String>::new()), "");
    assert_eq!(nothing, (ErrorClass::CouldNotStart, "no program to start: its argv is empty".into()));
}

#[test]
fn a_prompt_that_no_argument_can_hold_could_not_start() {
    let backend = CommandBackend::new(["echo", "{prompt}"]).with_prompt(Prompt::Argument);
    assert_eq!(error(&backend, &"x".repeat(10_000_000)).0, ErrorClass::CouldNotStart);
    assert_eq!(error(&backend, "a\0b").0, ErrorClass::CouldNotStart);
}

#[test]
fn the_handle_of_a_backend_that_is_idle_knows_of_nothing() {
    let groups = ProcessGroups::new();
    let backend = CommandBackend::new(["true"]).with_groups(&groups);
    send(&backend, "").unwrap();
    assert_eq!(format!("{groups:?}"), "ProcessGroups { running: 0, is_suspended: false, is_killed: false }");
}
