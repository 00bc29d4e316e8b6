//! Ctrl-C, for those who ask: one handler a process, over any number of tokens.

use super::{CancelToken, Shared};
use crate::error::Error;
use crate::sync::{Arc, Mutex};
use std::sync::Weak;

struct Interrupt {
    is_installed: bool,
    hearers: Vec<Hearer>,
}

/// A token that asked, without keeping it alive, and how often Ctrl-C was pressed since.
struct Hearer {
    shared: Weak<Shared>,
    presses: u32,
}

static INTERRUPT: Mutex<Interrupt> = Mutex::new(Interrupt { is_installed: false, hearers: Vec::new() });

/// As a shell reports a program that SIGINT ended.
const EXIT_CODE: i32 = 130;

impl CancelToken {
    /// From now on the first Ctrl-C cancels this token, and the second one kills it.
    ///
    /// Any number of tokens may ask; the process gets one handler, through the crate `ctrlc`, at the first call. With the
    /// feature `termination` SIGTERM and SIGHUP are heard in the same way. The handler does not keep a token alive; when
    /// no token that asked is alive any more, Ctrl-C ends the process with exit code 130, as if there were no handler.
    ///
    /// A signal that is ignored stays ignored, as under `nohup` or in a shell's background job, and that is no error; then
    /// no handler is installed for any of them (on Linux, where it can be known; elsewhere it counts as a foreign one).
    ///
    /// # Errors
    ///
    /// Somebody else's handler is never replaced: if there is one, or the handler's thread cannot start, nothing changes
    /// and an [`Error`] says so.
    pub fn cancel_on_ctrlc(&self) -> Result<(), Error> {
        let mut interrupt = INTERRUPT.lock();
        if !interrupt.is_installed {
            if is_a_signal_ignored() {
                return Ok(());
            }
            ctrlc::try_set_handler(interrupted).map_err(Error::handler)?;
            interrupt.is_installed = true;
        }
        interrupt.hearers.retain(|hearer| hearer.shared.strong_count() > 0);
        interrupt.hearers.push(Hearer { shared: Arc::downgrade(&self.shared), presses: 0 });
        Ok(())
    }
}

/// Runs on the thread that `ctrlc` keeps for it, not in the signal handler.
fn interrupted() {
    let pressed = press(&mut INTERRUPT.lock().hearers);
    if pressed.is_empty() {
        std::process::exit(EXIT_CODE);
    }
    for (token, presses) in pressed {
        if presses == 1 { token.cancel() } else { token.kill() }
    }
}

fn press(hearers: &mut Vec<Hearer>) -> Vec<(CancelToken, u32)> {
    hearers.retain(|hearer| hearer.shared.strong_count() > 0);
    hearers
        .iter_mut()
        .filter_map(|hearer| {
            hearer.presses += 1;
            Some((CancelToken { shared: hearer.shared.upgrade()?, deadline: None }, hearer.presses))
        })
        .collect()
}

/// `ctrlc` takes a signal that is ignored for one that has a handler, and would refuse.
fn is_a_signal_ignored() -> bool {
    const SIGHUP: u32 = 1;
    const SIGINT: u32 = 2;
    const SIGTERM: u32 = 15;
    let heard: &[u32] = if cfg!(feature = "termination") { &[SIGINT, SIGTERM, SIGHUP] } else { &[SIGINT] };
    let ignored = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| ignored_signals(&status));
    ignored.is_some_and(|mask| heard.iter().any(|signal| mask & (1 << (signal - 1)) != 0))
}

/// The mask of `SigIgn`, one bit a signal, as proc(5) describes it.
fn ignored_signals(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;

    #[test]
    fn the_first_press_cancels_and_the_second_kills_each_token_by_its_own_count() {
        let (first, second) = (CancelToken::new(), CancelToken::new());
        let hearer = |token: &CancelToken| Hearer { shared: Arc::downgrade(&token.shared), presses: 0 };
        let mut hearers = vec![hearer(&first)];
        assert_eq!(press(&mut hearers).iter().map(|(_, presses)| *presses).collect::<Vec<_>>(), [1]);
        hearers.push(hearer(&second));
        assert_eq!(press(&mut hearers).iter().map(|(_, presses)| *presses).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(first.stage(), Stage::Running, "pressing alone does nothing: the handler does");
    }

    #[test]
    fn a_token_that_nobody_holds_any_more_is_forgotten() {
        let token = CancelToken::new();
        let mut hearers = vec![Hearer { shared: Arc::downgrade(&token.shared), presses: 0 }];
        drop(token);
        assert!(press(&mut hearers).is_empty() && hearers.is_empty());
    }

    #[test]
    fn the_mask_of_ignored_signals_is_read_as_proc_writes_it() {
        assert_eq!(ignored_signals("Name:\tx\nSigIgn:\t0000000000001003\nSigCgt:\t0\n"), Some(0x1003));
        assert_eq!(ignored_signals("Name:\tx\n"), None);
    }
}
