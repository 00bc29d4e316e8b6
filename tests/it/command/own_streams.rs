//! Programs with this process's own streams.

use super::{LONG, send, sh};
use seawall::{Backend, CancelToken, CommandBackend, Context, ErrorClass, Input, ProgramError, SendError};
use std::fs::{self, File};
use std::io::{ErrorKind, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::Duration;

fn cause(error: &SendError) -> &ProgramError {
    error.get_ref().downcast_ref().unwrap()
}

#[test]
fn each_attempt_reads_the_whole_input_and_nothing_is_kept_of_the_output() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    let long = "0123456789".repeat(50_000);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(long.as_bytes()).unwrap();
    for input in [Input::Bytes(long.as_bytes().into()), Input::File(Arc::new(file))] {
        let cat = sh(&format!("cat > '{}'", copy.display())).with_own_streams(input);
        for _ in 0..2 {
            assert_eq!(send(&cat, "not this").unwrap().bytes(), b"");
            assert_eq!(fs::read_to_string(&copy).unwrap(), long);
        }
    }
    let none = sh("[ $(wc -c) = 0 ]").with_own_streams(Input::Bytes(Arc::default()));
    assert!(send(&none, "not this").is_ok());
}

#[test]
fn a_file_is_read_from_its_beginning_wherever_it_stands() {
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(b"word").unwrap();
    file.seek(std::io::SeekFrom::Start(2)).unwrap();
    let check = sh("[ $(cat) = word ]").with_own_streams(Input::File(Arc::new(file)));
    assert!(send(&check, "").is_ok());
}

#[test]
fn an_error_says_how_the_program_ended() {
    let failed = send(&sh("exit 7").with_own_streams(Input::Inherited), "").unwrap_err();
    assert_eq!((cause(&failed).status().unwrap().code(), failed.to_string()), (Some(7), "exit code 7".into()));
    let killed = send(&sh("kill -9 $$"), "").unwrap_err();
    assert_eq!(cause(&killed).status().unwrap().signal(), Some(9));
    let absent = send(&CommandBackend::new(["./no-such-program"]), "").unwrap_err();
    assert_eq!((cause(&absent).start_error(), cause(&absent).status()), (Some(ErrorKind::NotFound), None));
}

#[test]
fn a_context_may_limit_one_call() {
    let (cancel, sleep) = (CancelToken::new(), CommandBackend::new(["sleep", "60"]));
    let cx = Context::new(&cancel).with_time_limit(Duration::from_millis(200));
    let error = sleep.send(&"".into(), &cx).unwrap_err();
    assert_eq!((error.class(), error.to_string()), (ErrorClass::TimedOut, "ran past its time limit of 200ms".into()));
    assert!(cx.check().is_err() && cx.elapsed() < LONG);
}
