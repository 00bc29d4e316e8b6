//! What a poll loop waits on so that another thread can end its wait.

use crate::sync::Arc;
use rustix::event::Timespec;
use rustix::fd::{AsFd, BorrowedFd};
use std::cell::OnceCell;
use std::io;
use std::time::Duration;

/// A descriptor that becomes readable when somebody calls [`wake`](Wake::wake), and stays so until it is cleared.
///
/// A thread has one for all its attempts, since each makes two system calls. So a wake-up meant for an attempt that is
/// over may reach the next one on that thread, which looks around and waits again.
pub(super) struct Wake(descriptor::Pair);

thread_local! {
    static OWN: OnceCell<Arc<Wake>> = const { OnceCell::new() };
}

impl Wake {
    pub(super) fn of_this_thread() -> io::Result<Arc<Self>> {
        OWN.with(|own| {
            if let Some(wake) = own.get() {
                return Ok(Arc::clone(wake));
            }
            let wake = Arc::new(Self(descriptor::Pair::new()?));
            Ok(Arc::clone(own.get_or_init(|| wake)))
        })
    }

    /// Neither blocks nor fails: a descriptor that is full is readable already.
    pub(super) fn wake(&self) {
        let _ = rustix::io::write(self.0.writer(), &1_u64.to_ne_bytes());
    }

    pub(super) fn clear(&self) {
        let _ = rustix::io::read(self.0.reader(), &mut [0_u8; 64]);
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.reader()
    }
}

/// How long to poll. Some systems refuse what is longer than 24 days.
pub(super) fn timespec(timeout: Duration) -> Timespec {
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    Timespec::try_from(timeout.min(LONGEST)).unwrap_or_default()
}

#[cfg(target_os = "linux")]
mod descriptor {
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
    use std::io;

    pub(super) struct Pair(OwnedFd);

    impl Pair {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
        }

        pub(super) fn reader(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }

        pub(super) fn writer(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod descriptor {
    use rustix::fd::{AsFd, BorrowedFd};
    use rustix::io::ioctl_fionbio;
    use std::io::{self, PipeReader, PipeWriter};

    pub(super) struct Pair(PipeReader, PipeWriter);

    impl Pair {
        pub(super) fn new() -> io::Result<Self> {
            let (reader, writer) = io::pipe()?;
            ioctl_fionbio(&reader, true)?;
            ioctl_fionbio(&writer, true)?;
            Ok(Self(reader, writer))
        }

        pub(super) fn reader(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }

        pub(super) fn writer(&self) -> BorrowedFd<'_> {
            self.1.as_fd()
        }
    }
}
