//! What goes in and what comes out.

use super::{error, send, sh};
use seawall::{CommandBackend, ErrorClass, Prompt};

#[test]
fn the_response_is_standard_output_byte_for_byte() {
    let response = send(&sh(r"printf 'a\000\377\n\n'; echo not me >&2"), "").unwrap();
    assert_eq!((response.bytes(), response.is_lossy(), response.is_truncated()), (&b"a\0\xff\n\n"[..], true, false));
    assert_eq!(send(&sh("printf 'é\n'"), "").unwrap().text(), "é\n");
}

#[test]
fn a_prompt_of_any_length_goes_to_standard_input_while_the_answer_is_read() {
    for length in [1, 4096, 4097, 3_000_000] {
        let prompt = "x".repeat(length);
        let response = send(&CommandBackend::new(["cat"]), &prompt).unwrap();
        assert!(response.text() == prompt, "{length} in, {} out", response.text().len());
    }
}

#[test]
fn a_program_that_does_not_read_its_input_is_no_error() {
    let prompt = "x".repeat(3_000_000);
    assert_eq!(send(&sh("echo fine"), &prompt).unwrap().text(), "fine\n");
    assert_eq!(send(&sh("exec 0<&-; echo fine"), &prompt).unwrap().text(), "fine\n");
    assert_eq!(send(&sh("head -c 5"), &prompt).unwrap().text(), "xxxxx");
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_prompt_for_it_standard_input_is_the_null_device() {
    let stdin = CommandBackend::new(["readlink", "/proc/self/fd/0"]);
    assert_eq!(send(&stdin, "").unwrap().text(), "/dev/null\n");
    assert_eq!(send(&stdin.with_prompt(Prompt::Argument), "x").unwrap().text(), "/dev/null\n");
}

#[test]
fn as_an_argument_the_prompt_fills_every_place_for_it_but_the_programs_name() {
    let printf = CommandBackend::new(["printf", "<%s>", "{prompt}", "--ask={prompt} and {prompt}", "plain"]);
    let response = send(&printf.with_prompt(Prompt::Argument), "$HOME; {prompt}").unwrap();
    assert_eq!(response.text(), "<$HOME; {prompt}><--ask=$HOME; {prompt} and $HOME; {prompt}><plain>");
    let named = CommandBackend::new(["{prompt}"]).with_prompt(Prompt::Argument);
    assert_eq!(error(&named, "true").0, ErrorClass::CouldNotStart);
}

#[test]
fn output_over_the_limit_is_cut_marked_and_never_blocks_the_program() {
    let large = sh("head -c 3000000 /dev/zero | tr '\\0' x; echo the end >&2").with_max_output(1000);
    let response = send(&large, "").unwrap();
    assert_eq!((response.text(), response.is_truncated()), (&*"x".repeat(1000), true));
    assert!(!send(&sh("printf 12345").with_max_output(5), "").unwrap().is_truncated());
}

#[test]
fn both_streams_are_drained_at_once_and_only_the_end_of_one_is_kept() {
    let script = "i=0; while [ $i -lt 40 ]; do head -c 9000 /dev/zero; head -c 9000 /dev/zero >&2; i=$((i+1)); done;
        echo the very end >&2; exit 7";
    let (class, sentence) = error(&sh(script), "");
    assert_eq!(class, ErrorClass::Transient);
    assert!(sentence.starts_with("exit code 7: \0") && sentence.ends_with("\0the very end"), "{}", sentence.len());
    assert_eq!(sentence.len(), "exit code 7: ".len() + 8 * 1024 - 1);
}

#[test]
fn a_program_sees_the_environment_and_the_folder_that_it_is_given() {
    let folder = super::Folder::new();
    let backend = sh("echo $ONE $TWO; pwd").with_env("ONE", "zero").with_env("TWO", "2").with_env("ONE", "1");
    let backend = backend.with_current_dir(folder.path());
    let path = folder.path().canonicalize().unwrap();
    assert_eq!(send(&backend, "").unwrap().text(), format!("1 2\n{}\n", path.display()));
    let debug = format!("{:?}", backend.with_env("TOKEN", "secret"));
    assert!(debug.contains("TOKEN") && !debug.contains("secret"), "{debug}");
}
