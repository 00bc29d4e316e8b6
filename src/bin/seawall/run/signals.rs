//! What signals do to a run.

use super::screen::Screen;
use super::stream::Patience;
use super::whole_file::Temporaries;
use crate::exit_code::ExitCode;
use crate::inherited::Ignored;
use seawall::crossbeam_channel::{Receiver, Sender, unbounded};
use seawall::{CancelToken, ProcessGroups};
use signal_hook::consts::{
    SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, signal_name};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// What ends a program that does not know them. It still does, and what was started does not outlive it.
const DEADLY: [i32; 7] = [SIGQUIT, SIGALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU];

/// How long somebody who ends the program at once waits for what it kills.
const LAST_WAIT: Duration = Duration::from_millis(200);

/// What a run and the signals to it have in common.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) cancel: CancelToken,
    pub(crate) groups: ProcessGroups,
    pub(crate) screen: Screen,
    pub(crate) patience: Patience,
    pub(crate) temporaries: Arc<Temporaries>,
    /// Takes what is to be said of signals. Their own thread says nothing: it must not hang on a pipe that is full.
    news: Sender<News>,
    /// Where it is heard.
    pub(crate) heard: Receiver<News>,
    /// Before, the plan is being read, and there is nothing to end in order.
    has_begun: AtomicBool,
}

/// What people are told of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) signal: &'static str,
    pub(crate) effect: &'static str,
}

impl Session {
    pub(crate) fn new() -> Self {
        let (news, heard) = unbounded();
        let cancel = CancelToken::new();
        let patience = Patience::until_after(&cancel);
        Self {
            cancel,
            groups: ProcessGroups::new(),
            screen: Screen::new(&patience),
            patience,
            temporaries: Arc::default(),
            news,
            heard,
            has_begun: AtomicBool::new(false),
        }
    }

    /// From here on a signal ends the run in order, and does not just end the program.
    pub(crate) fn begin(&self) {
        self.has_begun.store(true, Ordering::Release);
    }

    /// Hears signals from now on, on a thread of its own. One that was ignored when the program began stays ignored.
    pub(crate) fn listen(self: &Arc<Self>) -> io::Result<()> {
        let ignored = Ignored::of_this_process();
        let known = [SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT].into_iter().chain(DEADLY);
        let wanted = known.filter(|&signal| !ignored.contains(signal));
        let mut signals = Signals::new(wanted)?;
        let session = Arc::clone(self);
        let hear = move || {
            let mut ladder = Ladder::default();
            signals.forever().for_each(|signal| session.hear(signal, &mut ladder));
        };
        thread::Builder::new().name("signals".into()).spawn(hear).map(drop)
    }

    fn hear(&self, signal: i32, ladder: &mut Ladder) {
        match signal {
            SIGTSTP => self.stop(),
            SIGCONT => self.groups.resume(),
            signal if DEADLY.contains(&signal) => self.die(signal),
            _ => self.descend(signal_name(signal).unwrap_or("signal"), &ladder.step(signal, self.has_begun())),
        }
    }

    fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Acquire)
    }

    fn descend(&self, signal: &'static str, step: &Step) {
        match step {
            Step::Cancel => {
                self.cancel.cancel_because(signal);
                self.tell(signal, "what runs is asked to end; a second signal kills it");
            }
            Step::Kill => {
                self.cancel.kill();
                self.tell(signal, "what runs is killed; a third signal leaves at once");
            }
            Step::Exit(code) => self.exit(*code),
        }
    }

    fn tell(&self, signal: &'static str, effect: &'static str) {
        // The other end lives as long as this one.
        let _ = self.news.send(News { signal, effect });
    }

    /// Stops what was started, and then the program itself. It goes on here when it is continued.
    fn stop(&self) {
        self.groups.suspend();
        let settled = self.screen.settle();
        // It fails for signals without a default action only, and this one has one.
        let _ = emulate_default_handler(SIGTSTP);
        drop(settled);
        self.groups.resume();
    }

    /// Ends the program at once.
    fn exit(&self, code: ExitCode) {
        let _left = self.leave();
        std::process::exit(code.number().into());
    }

    /// Ends the program as the signal would have done.
    fn die(&self, signal: i32) {
        let _left = self.leave();
        let _ = emulate_default_handler(signal);
    }

    /// Leaves neither children nor temporary files nor a display behind. None are made while the guard lives.
    fn leave(&self) -> impl Sized + '_ {
        self.groups.kill(LAST_WAIT);
        (self.temporaries.remove_all(), self.screen.settle())
    }
}

/// How often the program was told to end.
#[derive(Debug, Default)]
struct Ladder {
    first: Option<i32>,
    steps: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Cancel,
    Kill,
    Exit(ExitCode),
}

impl Ladder {
    /// The next step down. The first signal gives the exit code.
    fn step(&mut self, signal: i32, has_begun: bool) -> Step {
        let first = *self.first.get_or_insert(signal);
        self.steps += 1;
        match self.steps {
            1 if has_begun => Step::Cancel,
            2 if has_begun => Step::Kill,
            _ => Step::Exit(exit_code(first)),
        }
    }
}

fn exit_code(signal: i32) -> ExitCode {
    ExitCode::Signal(u8::try_from(signal).unwrap_or(0))
}

/// The exit code of a run that was cancelled for this reason, if the reason is a signal.
pub(crate) fn exit_code_of(reason: &str) -> Option<ExitCode> {
    let signal = [SIGINT, SIGTERM, SIGHUP].into_iter().find(|&signal| signal_name(signal) == Some(reason))?;
    Some(exit_code(signal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_cancels_the_second_kills_the_third_exits_as_the_first() {
        let mut ladder = Ladder::default();
        assert_eq!(ladder.step(SIGTERM, true), Step::Cancel);
        assert_eq!(ladder.step(SIGINT, true), Step::Kill);
        assert_eq!(ladder.step(SIGINT, true), Step::Exit(ExitCode::Signal(15)));
    }

    #[test]
    fn before_anything_has_begun_one_signal_is_enough() {
        assert_eq!(Ladder::default().step(SIGHUP, false), Step::Exit(ExitCode::Signal(1)));
    }

    #[test]
    fn a_reason_that_is_a_signal_has_an_exit_code() {
        let number = |reason| exit_code_of(reason).map(ExitCode::number);
        assert_eq!(["SIGINT", "SIGTERM", "SIGHUP"].map(number), [Some(130), Some(143), Some(129)]);
        assert_eq!(number("fail-fast"), None);
    }
}
