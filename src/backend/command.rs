//! Any program as a backend: a process group of its own, drained pipes, and a way to stop it.

mod attempt;
mod descendants;
mod exit;
mod foreground;
mod group;
mod groups;
mod input;
mod ladder;
mod lookup;
mod order;
mod output;
mod pipes;
mod placeholder;
mod program_error;

pub use groups::ProcessGroups;
pub use input::Input;
pub(super) use order::{Exit, Finished, Order, Stopped};
pub use program_error::ProgramError;

use super::time_limit::ran_past;
use super::wake::Wake;
use super::{Backend, Context, Message, Response};
use crate::send_error::{ErrorClass, SendError};
use attempt::{Attempt, Ended};
use descendants::Mark;
use exit::ExitClasses;
use ladder::Ladder;
use lookup::Lookup;

use pipes::Pipes;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How a program is given its prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Prompt {
    /// On standard input, which then ends. An empty prompt is `/dev/null`.
    #[default]
    Stdin,
    /// In place of every `{prompt}` in the arguments, also within a word; standard input is `/dev/null`.
    ///
    /// The program's own name stays as it is. Where there is no `{prompt}`, the program does not get to know the prompt.
    Argument,
}

/// A program as a backend: each attempt runs it once, and its standard output is the response.
///
/// | setting | default |
/// | --- | --- |
/// | prompt | [`Prompt::Stdin`] |
/// | environment, directory | this process's own |
/// | grace | 5 s |
/// | max output | 16 MiB |
/// | process groups | its own |
///
/// The program is looked for in `PATH`, once for all attempts, and started without a shell. Its environment and directory are this process's,
/// with what [`with_env`](Self::with_env) and [`with_current_dir`](Self::with_current_dir) change, and then what the
/// [message](Message::with_env) brings.
///
/// # What an end means
///
/// | what happened | class |
/// | --- | --- |
/// | exit code 0 | success |
/// | an exit code set by [`with_exit_class`](Self::with_exit_class) | that one |
/// | it cannot be started: not found, not executable, an argument too long, no program named; exit codes 126 and 127 | [could not start](ErrorClass::CouldNotStart) |
/// | any other exit code; it cannot be started for want of memory, processes or descriptors | [transient](ErrorClass::Transient) |
/// | a signal ended it that was not sent from here | [killed](ErrorClass::Killed) |
/// | it ran past its time limit | [timed out](ErrorClass::TimedOut), whatever the exit code |
/// | it was ended because its caller cancelled | [cancelled](ErrorClass::Cancelled), whatever the exit code |
///
/// The message of an error says so, and ends with the last 8 KiB of standard error: `exit code 7: no such table`.
///
/// # What it promises
///
/// - The response is standard output byte for byte, up to the max output; of a longer one the rest is read and thrown
///   away, and it is marked [truncated](Response::is_truncated). The program is never blocked by what it writes, and a
///   program that does not read its input is no error.
/// - The program runs in a process group of its own. When it has ended, what is left of the group is killed: `setsid` is
///   the way out. Whoever got out, and still has the program's output open, is listened to until 200 ms after the last
///   byte, for 2 s at most.
/// - When [`Context::remaining`] is over, and when the token is cancelled, the group gets SIGTERM (and SIGCONT, should it be
///   stopped), and SIGKILL when the grace is over; at [`Stage::Killed`](crate::Stage::Killed), SIGKILL at once. What had
///   ended before is what it is. When both happen, it is cancelled.
/// - The limit is in real time, also on a simulated clock. Time in which [`ProcessGroups`] are suspended does not count.
/// - No thread is started. An attempt that panics, or whose thread ends, leaves no process behind.
///
/// SIGPIPE must be ignored, as it is in each Rust program from its start, and SIGCHLD must not be: else the exit code is lost.
///
/// ```
/// use seawall::{Backend, CancelToken, CommandBackend, Context, ErrorClass, Prompt};
///
/// let cancel = CancelToken::new();
/// let cx = Context::new(&cancel);
/// let sort = CommandBackend::new(["sort", "-r"]);
/// assert_eq!(sort.send(&"a\nb\n".into(), &cx)?.text(), "b\na\n");
///
/// let shell = CommandBackend::new(["sh", "-c", "{prompt}"])
///     .with_prompt(Prompt::Argument)
///     .with_exit_class(75, ErrorClass::Overloaded);
/// let error = shell.send(&"echo too busy >&2; exit 75".into(), &cx).unwrap_err();
/// assert_eq!((error.class(), error.to_string()), (ErrorClass::Overloaded, "exit code 75: too busy".into()));
/// # Ok::<(), seawall::SendError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct CommandBackend {
    argv: Vec<OsString>,
    lookup: Lookup,
    prompt: Prompt,
    env: Vec<(OsString, OsString)>,
    current_dir: Option<PathBuf>,
    own_streams: Option<Input>,
    exit_classes: ExitClasses,
    grace: Duration,
    max_output: usize,
    groups: ProcessGroups,
}

impl CommandBackend {
    /// A backend that runs the program named by the first word with the others as its arguments.
    ///
    /// With no word at all, each call is an error of class [could not start](ErrorClass::CouldNotStart).
    pub fn new(argv: impl IntoIterator<Item: Into<OsString>>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            prompt: Prompt::default(),
            lookup: Lookup::default(),
            env: Vec::new(),
            current_dir: None,
            own_streams: None,
            exit_classes: ExitClasses::default(),
            grace: Duration::from_secs(5),
            max_output: 16 * 1024 * 1024,
            groups: ProcessGroups::new(),
        }
    }

    /// The same for another program, without arguments.
    pub(super) fn with_program(self, program: OsString) -> Self {
        Self { argv: vec![program], lookup: Lookup::default(), ..self }
    }

    /// How the program is given its prompt.
    pub fn with_prompt(self, prompt: Prompt) -> Self {
        Self { prompt, ..self }
    }

    /// One more variable in the program's environment, in place of an inherited one of that name.
    pub fn with_env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Where the program runs.
    pub fn with_current_dir(self, directory: impl Into<PathBuf>) -> Self {
        Self { current_dir: Some(directory.into()), ..self }
    }

    /// Gives the program this process's own standard output and error, and `input` in place of the prompt.
    ///
    /// Nothing of what it writes is kept: a response is empty, and no error quotes it. If this process is in the foreground of
    /// the terminal on its standard input, the program is for as long as it runs; then a stop of the program (Ctrl-Z) stops
    /// this process's group as well, and both go on together. A program that the terminal interrupts has ended by that
    /// signal, and this process has not heard it.
    pub fn with_own_streams(self, input: Input) -> Self {
        Self { own_streams: Some(input), ..self }
    }

    /// The class of an exit code. Zero stays a success.
    pub fn with_exit_class(mut self, code: i32, class: ErrorClass) -> Self {
        self.exit_classes.set(code, class);
        self
    }

    /// How long after SIGTERM comes SIGKILL. Zero: at once; [`Duration::MAX`]: never.
    pub fn with_grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// How much of standard output is kept, in bytes.
    pub fn with_max_output(self, bytes: usize) -> Self {
        Self { max_output: bytes, ..self }
    }

    /// The handle that stops, continues and ends what this backend runs.
    pub fn with_groups(self, groups: &ProcessGroups) -> Self {
        Self { groups: groups.clone(), ..self }
    }

    /// What is to be run for a prompt.
    fn order<'a>(&'a self, request: &'a Message) -> Order<'a> {
        let prompt = request.prompt();
        let arguments = self.argv.iter().skip(1);
        let (arguments, input) = match self.prompt {
            Prompt::Stdin => (arguments.map(|word| Cow::Borrowed(&**word)).collect(), prompt.as_bytes()),
            Prompt::Argument => (arguments.map(|word| placeholder::filled(word, prompt)).collect(), &[][..]),
        };
        let input = self.own_streams.as_ref().map_or(input, Input::bytes);
        Order { arguments, env: request.env().map(|(name, value)| (name, value.into())).collect(), input, mark: None }
    }

    fn command(&self, program: &OsStr, order: &Order<'_>) -> io::Result<Command> {
        let mut command = self.command_of(program);
        command.args(&order.arguments);
        command
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .envs(order.env.iter().map(|(name, value)| (name, value)));
        command.envs(order.mark.as_ref().map(Mark::variable));
        if let Some(directory) = &self.current_dir {
            command.current_dir(directory);
        }
        let stdin = if order.input.is_empty() { Stdio::null() } else { Stdio::piped() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        self.own_streams.as_ref().map_or(Ok(()), |input| input.hand_to(&mut command))?;
        Ok(command)
    }

    fn command_of(&self, program: &OsStr) -> Command {
        let has_own_path = self.env.iter().any(|(name, _)| name == "PATH");
        let Some(place) = self.lookup.place_of(program).filter(|_| !has_own_path) else { return Command::new(program) };
        let mut command = Command::new(place);
        command.arg0(program);
        command
    }

    /// Starts the program; if it fails after that, or panics, the program is ended.
    fn begin<'a>(
        &'a self,
        order: Order<'a>,
        cx: &Context<'a>,
        is_hopeless: &'a mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<Attempt<'a>, SendError> {
        let Some(program) = self.argv.first() else {
            return Err(SendError::new(ErrorClass::CouldNotStart, "no program to start: its argv is empty"));
        };
        let limit = cx.time_limit();
        if let Some(limit) = limit.filter(|limit| limit.left.is_zero()) {
            return Err(SendError::timed_out(ran_past(limit.whole)));
        }
        let failed = |error: &_| exit::could_not_start(program, self.current_dir.as_deref(), error);
        let wake = Wake::of_this_thread().map_err(|error| failed(&error))?;
        let ladder = Ladder::new(self.groups.now(), limit, self.grace);
        let command = self.command(program, &order);
        let started = command.and_then(|mut command| self.groups.spawn(&mut command, order.mark));
        let Some(mut group) = started.map_err(|error| failed(&error))? else { return Err(killed()) };
        if self.own_streams.is_some() {
            group.bring_to_foreground();
        }
        let pipes = Pipes::new(&mut group, order.input, self.max_output).map_err(|error| failed(&error))?;
        Ok(Attempt { group, pipes, ladder, groups: &self.groups, cancel: cx.cancel_token(), wake, is_hopeless })
    }
}

impl Backend for CommandBackend {
    fn send(&self, request: &Message, cx: &Context<'_>) -> Result<Response, SendError> {
        cx.cancel_token().check()?;
        let mut never = |_: &[u8]| false;
        let attempt = self.begin(self.order(request), cx, &mut never)?;
        let Ended { status, cause, pipes } = attempt.run().map_err(|error| exit::lost(&self.argv[0], &error))?;
        match exit::error_of(status, cause, &self.exit_classes, || pipes.tail.text()) {
            Some(error) if error.class() == ErrorClass::Killed && self.groups.is_killed() => Err(killed()),
            Some(error) => Err(error),
            None => Ok(pipes.output.into_response()),
        }
    }
}

/// The error of what [`ProcessGroups::kill`] ends, or keeps from starting.
fn killed() -> SendError {
    SendError::new(ErrorClass::Cancelled, "cancelled: all process groups were killed")
}

/// Without the values of environment variables, which may be secrets.
impl fmt::Debug for CommandBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let env: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        let mut debug = f.debug_struct("CommandBackend");
        debug.field("argv", &self.argv).field("prompt", &self.prompt).field("env", &env);
        debug
            .field("current_dir", &self.current_dir)
            .field("own_streams", &self.own_streams)
            .field("exit_classes", &self.exit_classes);
        debug.field("grace", &self.grace).field("max_output", &self.max_output).field("groups", &self.groups);
        debug.finish_non_exhaustive()
    }
}
