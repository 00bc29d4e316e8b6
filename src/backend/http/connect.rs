//! Connections to a host: to each of its addresses, without blocking, the quickest one wins.

use super::call::Call;
use super::trouble::Trouble;
use rustix::event::PollFlags;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, sockopt};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long an address has before the next one is tried beside it (RFC 8305, section 8).
const HEAD_START: Duration = Duration::from_millis(250);

/// What is under way to one host.
struct Race<'a> {
    /// Addresses that are not tried yet.
    rest: std::slice::Iter<'a, SocketAddr>,
    /// Sockets that are on their way.
    runners: Vec<OwnedFd>,
    /// When the next one starts, though the others may still win.
    next_start: Instant,
    /// Why the last one that gave up did.
    last_error: io::Error,
}

/// Connects to one of `addresses`; `None` if `until` comes before that.
pub(super) fn connect(
    addresses: &[SocketAddr],
    call: &Call,
    until: Option<Instant>,
) -> Result<Result<Option<TcpStream>, io::Error>, Trouble> {
    let mut race = Race {
        rest: addresses.iter(),
        runners: Vec::new(),
        next_start: call.now(),
        last_error: io::ErrorKind::AddrNotAvailable.into(),
    };
    loop {
        if let Some(stream) = race.start(call.now()) {
            return Ok(Ok(Some(stream)));
        }
        if race.runners.is_empty() && race.rest.len() == 0 {
            return Ok(Err(race.last_error));
        }
        if let Some(stream) = race.turn(call, until)? {
            return Ok(Ok(Some(stream)));
        }
        if until.is_some_and(|until| until <= call.now()) {
            return Ok(Ok(None));
        }
    }
}

impl Race<'_> {
    /// Starts what is due: the first, and the next one when the others have failed, or are slow.
    fn start(&mut self, now: Instant) -> Option<TcpStream> {
        while self.runners.is_empty() || self.next_start <= now {
            let address = self.rest.next()?;
            self.next_start = now + HEAD_START;
            match begin(address) {
                Ok((socket, true)) => return Some(socket.into()),
                Ok((socket, false)) => self.runners.push(socket),
                Err(error) => self.last_error = error,
            }
        }
        None
    }

    /// Waits for one of them.
    fn turn(&mut self, call: &Call, until: Option<Instant>) -> Result<Option<TcpStream>, Trouble> {
        let next = (self.rest.len() > 0).then_some(self.next_start);
        let until = [until, next].into_iter().flatten().min();
        let fds: Vec<_> = self.runners.iter().map(|runner| (runner.as_fd(), PollFlags::OUT)).collect();
        let answers = call.turn(&fds, until)?;
        // From the last one on, so that a removal moves none that is still to be looked at.
        for at in (0..self.runners.len()).rev().filter(|at| !answers[*at].is_empty()) {
            let runner = self.runners.swap_remove(at);
            match sockopt::socket_error(&runner) {
                Ok(Ok(())) => return Ok(Some(runner.into())),
                Ok(Err(error)) | Err(error) => self.last_error = error.into(),
            }
        }
        Ok(None)
    }
}

/// A socket that is on its way to `address`, and whether it is there already.
fn begin(address: &SocketAddr) -> io::Result<(OwnedFd, bool)> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket(family)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    match rustix::net::connect(&socket, address) {
        Ok(()) => Ok((socket, true)),
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((socket, false)),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_vendor = "apple"))]
fn socket(family: AddressFamily) -> io::Result<OwnedFd> {
    use rustix::net::SocketFlags;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::socket_with(family, SocketType::STREAM, flags, None)?)
}

#[cfg(target_vendor = "apple")]
fn socket(family: AddressFamily) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}
