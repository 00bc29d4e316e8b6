//! Sockets for `ureq` whose every wait ends with the call.

use super::call::Call;
use super::connect::connect;
use super::lookup::Lookups;
use super::proxy::{Proxies, Route};
use super::trouble::Trouble;
use rustix::event::PollFlags;
use rustix::fd::AsFd as _;
use std::fmt;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use ureq::Timeout;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport, time::Duration,
};

/// What is read and written at once, in bytes.
const BUFFER: usize = 64 * 1024;

/// Looks no name up: the connector does, and only where there is no kept connection.
#[derive(Debug)]
pub(super) struct LateResolver;

impl Resolver for LateResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// Makes connections, through a proxy where one is set.
#[derive(Debug)]
pub(super) struct TcpConnector {
    lookups: Lookups,
    proxies: Proxies,
}

impl TcpConnector {
    pub(super) fn new(lookups: Lookups, proxies: Proxies) -> Self {
        Self { lookups, proxies }
    }

    /// A connection to a host, within the limit for that.
    fn dial(&self, host: &str, port: u16) -> Result<TcpStream, Trouble> {
        let call = Call::current().map_err(Trouble::Lost)?;
        let until = call.connect_timeout.and_then(|limit| call.now().checked_add(limit));
        let late = || Trouble::ConnectLimit {
            host: format!("{host}:{port}"),
            limit: call.connect_timeout.unwrap_or_default(),
        };
        let addresses = self.lookups.addresses(host, port, &call, until)?.ok_or_else(late)?;
        match connect(&addresses, &call, until)? {
            Ok(stream) => stream.ok_or_else(late),
            Err(error) => Err(Trouble::NotConnected { host: format!("{host}:{port}"), error }),
        }
    }
}

impl Connector for TcpConnector {
    type Out = TcpTransport;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<TcpTransport>, ureq::Error> {
        let route = self.proxies.route(details.uri)?;
        let (host, port) = route.first_hop();
        let mut transport = TcpTransport::new(self.dial(host, port)?);
        match route {
            Route::Direct { .. } => {}
            Route::Forward { proxy, origin } => transport.forward = Some(proxy.forward_head(&origin)),
            Route::Tunnel { proxy, host, port } => proxy.open_tunnel(&mut transport, host, port)?,
        }
        Ok(Some(transport))
    }
}

/// How a request to a forwarding proxy differs: the whole address in its first line, and a header more.
pub(super) struct ForwardHead {
    pub(super) origin: String,
    pub(super) headers: String,
}

/// A connection.
pub(super) struct TcpTransport {
    stream: TcpStream,
    buffers: LazyBuffers,
    /// The peer does not listen any more. It may have said why before that, so what it said is read all the same.
    deaf: Option<io::Error>,
    /// The last read filled all that there was room for, so that the next one need not wait.
    has_more: bool,
    /// Set where the peer is a proxy that sends requests on.
    forward: Option<ForwardHead>,
    /// Nothing of the next request is sent yet.
    is_fresh: bool,
    /// The head of a request, which goes with what follows it: one packet wakes the peer once.
    held: Vec<u8>,
}

impl TcpTransport {
    fn new(stream: TcpStream) -> Self {
        let buffers = LazyBuffers::new(BUFFER, BUFFER);
        Self { stream, buffers, deaf: None, has_more: false, forward: None, is_fresh: true, held: Vec::new() }
    }

    /// Reads once, after waiting if need be.
    fn read(&mut self, timeout: NextTimeout) -> Result<usize, ureq::Error> {
        let call = Call::current()?;
        // `ureq` is told of no limit, so this is the wait for a 100.
        let until = match timeout.after {
            Duration::Exact(after) if timeout.reason == Timeout::Await100 => call.now().checked_add(after),
            _ => None,
        };
        let mut is_ready = std::mem::take(&mut self.has_more);
        loop {
            if !is_ready && !call.wait(self.stream.as_fd(), PollFlags::IN, until)? {
                return Err(ureq::Error::Timeout(timeout.reason));
            }
            call.check()?;
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(count) => return Ok(count),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                    is_ready = false;
                }
                // `ureq` would take a reset for the end of an answer that has no length.
                Err(error) => return Err(Trouble::Lost(error).into()),
            }
        }
    }
}

/// Writes all of it, unless the peer does not listen any more: then there is an error in `deaf`, and nothing is written.
fn write(stream: &mut TcpStream, mut rest: &[u8], deaf: &mut Option<io::Error>) -> Result<(), Trouble> {
    let call = Call::current().map_err(Trouble::Lost)?;
    while !rest.is_empty() && deaf.is_none() {
        call.check()?;
        match stream.write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                call.wait(stream.as_fd(), PollFlags::OUT, None)?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => *deaf = Some(error),
        }
    }
    Ok(())
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let is_head = std::mem::take(&mut self.is_fresh);
        let Self { stream, buffers, deaf, forward, held, .. } = self;
        let output = &buffers.output()[..amount];
        match forward.as_ref().filter(|_| is_head) {
            Some(forward) => held.extend_from_slice(&forward.rewritten(output)),
            None if is_head || held.len() + amount <= BUFFER => held.extend_from_slice(output),
            None => {
                write(stream, held, deaf)?;
                write(stream, output, deaf)?;
                held.clear();
            }
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        if !self.held.is_empty() {
            write(&mut self.stream, &self.held, &mut self.deaf)?;
            self.held.clear();
        }
        let room = self.buffers.input_append_buf().len();
        if room == 0 {
            // A head is taken as a whole, and bodies as they come.
            return Err(ureq::Error::LargeResponseHeader(BUFFER, BUFFER));
        }
        let count = self.read(timeout)?;
        self.has_more = count == room && count > 0;
        self.buffers.input_appended(count);
        if count == 0
            && let Some(error) = self.deaf.take()
        {
            return Err(Trouble::Lost(error).into());
        }
        Ok(count > 0)
    }

    fn is_open(&mut self) -> bool {
        self.is_fresh = true;
        // What broke off on the way is not finished by the next request.
        if !self.held.is_empty() {
            return false;
        }
        let mut is_quiet = || self.stream.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        self.deaf.is_none() && is_quiet()
    }
}

impl ForwardHead {
    /// The beginning of a request, as it goes to the proxy.
    fn rewritten(&self, head: &[u8]) -> Vec<u8> {
        let Some(target) = head.iter().position(|byte| *byte == b' ') else { return head.to_vec() };
        let Some(line) = head.windows(2).position(|pair| pair == b"\r\n") else { return head.to_vec() };
        let (start, rest) = head.split_at(line + 2);
        let (method, target) = start.split_at(target + 1);
        [method, self.origin.as_bytes(), target, self.headers.as_bytes(), rest].concat()
    }
}

/// Without the headers, which may hold a password.
impl fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpTransport").field("peer", &self.stream.peer_addr().ok()).finish_non_exhaustive()
    }
}
