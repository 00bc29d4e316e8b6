//! The three pipes between an attempt and its program.

use super::group::Group;
use super::output::{Output, Tail};
use rustix::event::{PollFd, PollFlags};
use rustix::io::{Errno, ioctl_fionbio};
use std::io;
use std::process::{ChildStderr, ChildStdin, ChildStdout};

/// What a fresh pipe takes in one write without blocking, whatever its capacity (`PIPE_BUF`).
const AT_ONCE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// The ends that are open still, and what came of them.
pub(super) struct Pipes<'p> {
    stdin: Option<Feed<'p>>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    pub(super) output: Output,
    pub(super) tail: Tail,
}

/// What is left to write, and where to.
struct Feed<'p> {
    pipe: ChildStdin,
    rest: &'p [u8],
}

impl<'p> Pipes<'p> {
    /// Takes the pipes of `group`, and begins to write `prompt` if there is one for it.
    pub(super) fn new(group: &mut Group, prompt: &'p [u8], max_output: usize) -> io::Result<Self> {
        let (stdin, stdout, stderr) = group.take_pipes();
        let stdin = stdin.map(|pipe| Feed::begin(pipe, prompt)).transpose()?.flatten();
        Ok(Self { stdin, stdout, stderr, output: Output::new(max_output), tail: Tail::default() })
    }

    /// Whether the program, or somebody who has its pipes, may still say something.
    pub(super) fn are_open(&self) -> bool {
        self.stdout.is_some() || self.stderr.is_some()
    }

    /// Nothing more is written; the program reads the end of its input.
    pub(super) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// What to poll, in the order in which [`pump`](Self::pump) takes the answers.
    pub(super) fn poll_fds(&self) -> impl Iterator<Item = PollFd<'_>> {
        let stdin = self.stdin.iter().map(|feed| PollFd::new(&feed.pipe, PollFlags::OUT));
        let stdout = self.stdout.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN));
        let stderr = self.stderr.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN));
        stdin.chain(stdout).chain(stderr)
    }

    /// Writes and reads once where it does not block; whether anything was read.
    pub(super) fn pump(&mut self, mut answers: impl Iterator<Item = PollFlags>) -> bool {
        let mut answer = |is_polled: bool| answers.by_ref().take(is_polled.into()).next().unwrap_or(PollFlags::empty());
        let stdin = answer(self.stdin.is_some());
        let (stdout, stderr) = (answer(self.stdout.is_some()), answer(self.stderr.is_some()));
        if !stdin.is_empty() {
            self.stdin = self.stdin.take().and_then(Feed::write);
        }
        let Self { output, tail, .. } = self;
        let came = drain_once(&mut self.stdout, stdout, |pipe| output.read_from(pipe));
        came | drain_once(&mut self.stderr, stderr, |pipe| tail.read_from(pipe))
    }
}

/// Reads what is there, and closes the pipe at its end; whether anything came.
fn drain_once<P>(pipe: &mut Option<P>, answer: PollFlags, read: impl FnOnce(&P) -> Result<usize, Errno>) -> bool {
    let Some(open) = pipe.as_ref().filter(|_| !answer.is_empty()) else { return false };
    // Hung up, and nothing in it: a read would only say so again.
    let read = if answer.contains(PollFlags::IN) { read(open) } else { Ok(0) };
    match read {
        Ok(0) => *pipe = None,
        Ok(_) => return true,
        Err(Errno::INTR | Errno::AGAIN) => {}
        Err(_) => *pipe = None,
    }
    false
}

impl<'p> Feed<'p> {
    /// A short prompt is written at once, which spares a round of the loop, and the call that makes the pipe non-blocking.
    fn begin(pipe: ChildStdin, prompt: &'p [u8]) -> io::Result<Option<Self>> {
        let feed = Self { pipe, rest: prompt };
        if prompt.len() > AT_ONCE {
            ioctl_fionbio(&feed.pipe, true)?;
        }
        Ok(feed.write())
    }

    /// `None` if nothing is left to write, or nobody to read it: a program need not read its input.
    fn write(self) -> Option<Self> {
        match rustix::io::write(&self.pipe, self.rest) {
            Ok(count) => Some(Self { rest: &self.rest[count..], ..self }).filter(|feed| !feed.rest.is_empty()),
            Err(Errno::INTR | Errno::AGAIN) => Some(self),
            Err(_) => None,
        }
    }
}
