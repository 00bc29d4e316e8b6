//! What a peer does to its client.

use super::server::Peer;
use std::io::Read as _;
use std::thread;
use std::time::Duration;

pub(super) trait Peers: Peer {
    /// Waits until the client is gone.
    fn hang(&mut self) {
        while self.socket().read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
    }

    /// Sends single bytes with a pause after each, until the client is gone.
    fn drip(&mut self, bytes: &[u8], pause: Duration) {
        for byte in bytes {
            if self.write_all(&[*byte]).and_then(|()| self.flush()).is_err() {
                return;
            }
            thread::sleep(pause);
        }
    }

    /// Ends the connection by a reset.
    fn reset(&mut self) {
        rustix::net::sockopt::set_socket_linger(self.socket(), Some(Duration::ZERO)).unwrap();
    }
}

impl<P: Peer + ?Sized> Peers for P {}
