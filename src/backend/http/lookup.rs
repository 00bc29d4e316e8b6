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
#[derive(Clone, Debug)]
pub(super) struct Lookups {
    under_way: Arc<Mutex<ByName>>,
    system: System,
}

type ByName = HashMap<(String, u16), Arc<Lookup>>;

/// The system's look-up, or that of a test.
type System = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

impl Default for Lookups {
    fn default() -> Self {
        Self { under_way: Arc::default(), system: |host, port| (host, port).to_socket_addrs().map(Iterator::collect) }
    }
}

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
        let mut under_way = self.under_way.lock();
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
                let found = (lookups.system)(&key.0, key.1);
                lookups.under_way.lock().remove(&key);
                own.end(found.map_err(|error| error.to_string()));
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
    use super::super::call::CallClock;
    use super::*;
    use crate::backend::time_limit::TimeLimit;
    use crate::cancel::CancelToken;
    use std::time::Duration;

    #[test]
    fn an_address_is_its_own_answer_and_a_name_is_none() {
        assert_eq!(literal("127.0.0.1"), Some([127, 0, 0, 1].into()));
        assert_eq!(literal("[::1]"), "::1".parse().ok());
        assert_eq!(literal("localhost"), None);
    }

    /// Comes to no end in the time of a test.
    #[expect(clippy::unnecessary_wraps, reason = "it stands in for a look-up that may fail")]
    fn hanging(_: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        thread::sleep(Duration::from_secs(600));
        Ok(Vec::new())
    }

    fn on_a_call<T>(cancel: &CancelToken, limit: Option<Duration>, work: impl FnOnce(&Call) -> T) -> T {
        let limit = limit.map(|limit| TimeLimit { left: limit, whole: limit });
        let call = Call::new(cancel, limit, None, &CallClock::default()).unwrap();
        call.run(|| work(&Call::current().unwrap()))
    }

    #[test]
    fn a_look_up_that_hangs_is_left_behind_at_a_cancel_and_at_each_limit() {
        const SHORT: Duration = Duration::from_millis(20);
        let lookups = Lookups { system: hanging, ..Lookups::default() };
        let cancel = CancelToken::new();
        let late = on_a_call(&cancel, Some(SHORT), |call| lookups.addresses("a", 80, call, None));
        assert!(matches!(late, Err(Trouble::TimeLimit(SHORT))));
        let late = on_a_call(&cancel, None, |call| lookups.addresses("a", 80, call, Some(call.now() + SHORT)));
        assert!(matches!(late, Ok(None)));
        thread::scope(|scope| {
            let asked = scope.spawn(|| on_a_call(&cancel, None, |call| lookups.addresses("a", 80, call, None)));
            cancel.cancel();
            assert!(matches!(asked.join().unwrap(), Err(Trouble::Cancelled)));
        });
        // All three have waited for the same one.
        assert_eq!(lookups.under_way.lock().len(), 1);
    }

    #[test]
    fn a_name_that_was_looked_up_is_looked_up_anew() {
        let lookups = Lookups { system: |_, port| Ok(vec![([1, 2, 3, 4], port).into()]), ..Lookups::default() };
        for port in [80, 81, 80] {
            let found = on_a_call(&CancelToken::new(), None, |call| lookups.addresses("a", port, call, None));
            assert_eq!(found.unwrap(), Some(vec![([1, 2, 3, 4], port).into()]));
        }
        assert!(lookups.under_way.lock().is_empty());
        let lookups = Lookups { system: |_, _| Err(io::Error::other("no such name")), ..Lookups::default() };
        let failed = on_a_call(&CancelToken::new(), None, |call| lookups.addresses("a", 1, call, None)).unwrap_err();
        assert_eq!(failed.to_string(), "failed to look up a: no such name");
    }
}
