//! The addresses of a name. The system's look-up cannot be interrupted, so it has a thread, which may be left behind.

use super::call::Call;
use super::trouble::Trouble;
use crate::backend::wake::Wake;
use crate::sync::{Arc, Mutex};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::thread;
use std::time::Instant;

/// The look-ups that are under way. Whoever asks for a name that is being looked up waits with the others, so that a name
/// server that does not answer costs one thread a name, however often it is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Lookups(Arc<Mutex<ByName>>);

type ByName = HashMap<(String, u16), Arc<Lookup>>;

#[derive(Default)]
struct Lookup(Mutex<State>);

#[derive(Default)]
struct State {
    found: Option<Result<Vec<SocketAddr>, String>>,
    waiting: Vec<Arc<Wake>>,
}

impl Lookups {
    /// The addresses of `host`, which may be one itself, also in brackets; `None` if `until` comes before that.
    pub(super) fn addresses(
        &self,
        host: &str,
        port: u16,
        call: &Call,
        until: Option<Instant>,
    ) -> Result<Option<Vec<SocketAddr>>, Trouble> {
        if let Some(address) = literal(host) {
            return Ok(Some(vec![SocketAddr::new(address, port)]));
        }
        let failed = |reason| Trouble::NoAddress { host: host.to_owned(), reason };
        let lookup = self.join(host, port, &call.wake).map_err(|error| failed(error.to_string()))?;
        loop {
            if let Some(found) = lookup.0.lock().found.clone() {
                return found.map(Some).map_err(failed);
            }
            if until.is_some_and(|until| until <= call.now()) {
                return Ok(None);
            }
            call.turn(&[], until)?;
        }
    }

    /// The look-up that is under way, or one that begins.
    fn join(&self, host: &str, port: u16, wake: &Arc<Wake>) -> io::Result<Arc<Lookup>> {
        let key = (host.to_owned(), port);
        let mut under_way = self.0.lock();
        if let Some(lookup) = under_way.get(&key) {
            lookup.0.lock().waiting.push(Arc::clone(wake));
            return Ok(Arc::clone(lookup));
        }
        let lookup = Arc::new(Lookup::default());
        lookup.0.lock().waiting.push(Arc::clone(wake));
        let (lookups, own) = (self.clone(), Arc::clone(&lookup));
        under_way.insert(key.clone(), Arc::clone(&lookup));
        let thread = thread::Builder::new().name("seawall-lookup".into()).spawn({
            let key = key.clone();
            move || {
                let found = (key.0.as_str(), key.1).to_socket_addrs();
                lookups.0.lock().remove(&key);
                own.end(found.map(Iterator::collect).map_err(|error| error.to_string()));
            }
        });
        if let Err(error) = thread {
            under_way.remove(&key);
            return Err(error);
        }
        Ok(lookup)
    }
}

impl Lookup {
    fn end(&self, found: Result<Vec<SocketAddr>, String>) {
        let mut state = self.0.lock();
        state.found = Some(found);
        state.waiting.iter().for_each(|wake| wake.wake());
    }
}

impl std::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookup").finish_non_exhaustive()
    }
}

/// The address that `host` is.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_its_own_answer_and_a_name_is_none() {
        assert_eq!(literal("127.0.0.1"), Some([127, 0, 0, 1].into()));
        assert_eq!(literal("[::1]"), "::1".parse().ok());
        assert_eq!(literal("localhost"), None);
    }
}
