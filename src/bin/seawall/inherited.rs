//! What a program gets from whoever starts it, and may not be able to use: the signals that are ignored.

use signal_hook::consts::{SIGCHLD, SIGXFSZ};
use signal_hook::flag;
use std::fs;
use std::sync::Arc;

/// The signals that are ignored, one bit each: under `nohup`, or in the background of a shell without job control.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ignored(u64);

impl Ignored {
    /// Where nothing tells, none.
    pub(crate) fn of_this_process() -> Self {
        fs::read_to_string("/proc/self/status").map_or(Self(0), |status| Self::from_status(&status))
    }

    fn from_status(status: &str) -> Self {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        Self(mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0))
    }

    /// Whether this one is.
    pub(crate) fn contains(&self, signal: i32) -> bool {
        self.0 & (1 << (signal - 1)) != 0
    }
}

/// Lets no file that grows too large end the program, and no program end unseen.
///
/// Both signals are caught, and nothing is done about them: so a write fails with an error, exit codes are kept, and what is
/// started has the default of both again.
pub(crate) fn mend() {
    let caught = if Ignored::of_this_process().contains(SIGCHLD) { &[SIGXFSZ, SIGCHLD][..] } else { &[SIGXFSZ] };
    for signal in caught {
        // Without it, all is as it was inherited.
        let _ = flag::register(*signal, Arc::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    #[test]
    fn ignored_signals_are_read_from_the_mask() {
        let ignored = Ignored::from_status("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000004002\n");
        assert!(ignored.contains(SIGHUP) && !ignored.contains(SIGINT) && !ignored.contains(SIGTERM));
        assert_eq!(Ignored::from_status("nothing"), Ignored(0));
    }
}
