//! Help, version, completions, and how standard output may end.

use crate::program::{Folder, Running};
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;
use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};

const COMMANDS: [&str; 7] = ["run", "check", "graph", "init", "demo", "bench", "completions"];

#[test]
fn the_long_help_is_longer_and_has_examples() {
    let folder = Folder::new();
    for command in COMMANDS.map(|command| vec![command]).into_iter().chain([vec![]]) {
        let help = |option| folder.run(&[&command[..], &[option]].concat()).result();
        let (short, long) = (help("-h"), help("--help"));
        assert!(!short.is_empty() && short.len() < long.len(), "{command:?}");
        assert!(long.contains("Examples:\n  seawall") && !short.contains("Examples"), "{command:?}");
        assert!(short.ends_with('\n') && long.ends_with('\n'), "{command:?}");
        assert!(short.lines().chain(long.lines()).all(|line| line.trim_end().chars().count() <= 100), "{command:?}");
    }
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(Folder::new().run(&["--version"]).result(), format!("seawall {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_shell_has_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Folder::new().run(&["completions", shell]).result();
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell}");
    }
}

#[test]
fn bash_reads_its_completions() {
    let folder = Folder::new();
    folder.write("completions.bash", &folder.run(&["completions", "bash"]).result());
    let read = Command::new("bash").arg("-n").arg(folder.path("completions.bash")).status();
    assert!(read.is_err() || read.is_ok_and(|status| status.success()));
}

/// Enough to fill any pipe.
fn long_plan() -> Folder {
    let task = |n: u32| format!("[[tasks]]\nid = \"task-number-{n}\"\nrun = \"true\"\n");
    Folder::with_plan(&(0..3000).map(task).collect::<Vec<_>>().concat())
}

const LONG_OUTPUTS: [&[&str]; 4] = [
    &["graph", "plan.toml"],
    &["graph", "plan.toml", "--format", "dot"],
    &["check", "--effective", "plan.toml"],
    &["--help"],
];

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let folder = long_plan();
    for args in LONG_OUTPUTS {
        let mut child = folder.program(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0]).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{args:?}");
    }
}

#[test]
fn a_reader_of_messages_that_goes_away_changes_nothing() {
    let folder = Folder::with_plan(&"x = 1\n".repeat(5000));
    let mut child = folder.program(&["check", "plan.toml"]).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_that_is_full_is_a_failure() {
    let folder = long_plan();
    for args in LONG_OUTPUTS {
        let mut program = folder.program(args);
        program.stdout(File::options().write(true).open("/dev/full").unwrap());
        let ended = folder.end(Running::start(program));
        assert_eq!(ended.code, Some(3), "{args:?}");
        ended.says(&["failed to write to standard output"]);
    }
}
