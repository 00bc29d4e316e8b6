//! What becomes of a command: a result, or a refusal.

use crate::program::{Ended, Folder, Running};
use std::fs::{self, File};

pub(crate) trait Inputs {
    /// Runs the program with something on its standard input.
    fn run_with_input(&self, args: &[&str], input: &[u8]) -> Ended;

    /// One with these bytes in `plan.toml`.
    fn with_bytes(plan: &[u8]) -> Self;
}

impl Inputs for Folder {
    fn run_with_input(&self, args: &[&str], input: &[u8]) -> Ended {
        fs::write(self.path("stdin"), input).unwrap();
        let mut program = self.program(args);
        program.stdin(File::open(self.path("stdin")).unwrap());
        self.end(Running::start(program))
    }

    fn with_bytes(plan: &[u8]) -> Self {
        let folder = Self::new();
        fs::write(folder.path("plan.toml"), plan).unwrap();
        folder
    }
}

pub(crate) trait Verdicts {
    /// It was refused with exit code 2, with these words on standard error and nothing on standard output.
    fn is_refused(&self, words: &[&str]);

    /// These words are on standard error.
    fn says(&self, words: &[&str]);

    /// What is on standard output, if it went well and without a word on standard error.
    fn result(self) -> String;
}

impl Verdicts for Ended {
    #[track_caller]
    fn is_refused(&self, words: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (Some(2), ""), "{self:?}");
        self.says(words);
    }

    #[track_caller]
    fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.err.contains(word), "`{word}` is not in:\n{}", self.err);
        }
        assert!(!self.err.contains("panicked") && !self.err.contains("a bug in seawall"), "{}", self.err);
    }

    #[track_caller]
    fn result(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""));
        self.out
    }
}
