//! The connections of a backend, kept for as long as it lives.

use super::lookup::Lookups;
use super::proxy::Proxies;
use super::request::Request;
use super::tls;
use super::tls::TlsConnector;
use super::transport::{LateResolver, TcpConnector};
use std::sync::OnceLock;
use ureq::config::Config;
use ureq::http::Response;
use ureq::unversioned::transport::Connector as _;
use ureq::{Agent, Body, SendBody};

/// How many connections are kept at most. There are never more than there were calls at once.
const KEPT: usize = 10_000;

/// Makes connections, keeps them, and sends requests on them.
#[derive(Debug, Default)]
pub(super) struct Client {
    plain: OnceLock<Agent>,
    /// On its own, so that nobody reads the system's certificates for nothing.
    secure: OnceLock<Agent>,
    lookups: Lookups,
    pub(super) proxies: Proxies,
}

impl Client {
    pub(super) fn new(proxies: Proxies) -> Self {
        Self { proxies, ..Self::default() }
    }

    /// Sends a request once, and comes back with the head of the answer.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Response<Body>, ureq::Error> {
        let is_secure = request.uri.scheme_str() == Some("https");
        let agent = if is_secure { &self.secure } else { &self.plain };
        let agent = agent.get_or_init(|| self.agent(is_secure));
        let (parts, ()) = request.to_http().into_parts();
        match &request.body {
            Some(body) => agent.run(ureq::http::Request::from_parts(parts, &**body)),
            None => agent.run(ureq::http::Request::from_parts(parts, SendBody::none())),
        }
    }

    fn agent(&self, is_secure: bool) -> Agent {
        let config = Config::builder()
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .max_idle_connections(KEPT)
            .max_idle_connections_per_host(KEPT)
            .user_agent(concat!("seawall/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("");
        let config = if is_secure { config.tls_config(tls::config()) } else { config };
        let tcp = TcpConnector::new(self.lookups.clone(), self.proxies.clone());
        Agent::with_parts(config.build(), tcp.chain(TlsConnector::default()), LateResolver)
    }
}
