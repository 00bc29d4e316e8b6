//! Proxies that the environment names.

use super::lookup::literal;
use super::transport::{ForwardHead, TcpTransport};
use super::trouble::Trouble;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::env;
use std::fmt;
use std::io;
use ureq::http::Uri;
use ureq::unversioned::transport::{NextTimeout, Transport as _};
use ureq::{Proxy, ProxyProtocol};

/// What a proxy may say before a tunnel is open, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// The proxies for each scheme, and whom not to use them for.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies {
    http: Option<Result<ProxyServer, String>>,
    https: Option<Result<ProxyServer, String>>,
    exceptions: Vec<String>,
}

/// Which way a request goes.
pub(super) enum Route<'a> {
    Direct {
        host: &'a str,
        port: u16,
    },
    /// The proxy is given the whole address, and sends the request on.
    Forward {
        proxy: &'a ProxyServer,
        origin: String,
    },
    /// The proxy opens a connection, and passes bytes on.
    Tunnel {
        proxy: &'a ProxyServer,
        host: &'a str,
        port: u16,
    },
}

impl Proxies {
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` for both, and `NO_PROXY`; each may be in small letters.
    pub(super) fn from_environment() -> Self {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let either = |name: &str| {
            let small = variable(&name.to_lowercase()).filter(|value| !value.is_empty());
            small.or_else(|| variable(name).filter(|value| !value.is_empty()))
        };
        let server = |name| {
            let value = either(name).or_else(|| either("ALL_PROXY"))?;
            Some(ProxyServer::parse(&value).ok_or_else(|| format!("the proxy that {name} names is no http:// address")))
        };
        let exceptions = either("NO_PROXY").unwrap_or_default();
        let exceptions = exceptions.split([',', ' ']).filter(|name| !name.is_empty());
        Self {
            http: server("HTTP_PROXY"),
            https: server("HTTPS_PROXY"),
            exceptions: exceptions.map(str::to_lowercase).collect(),
        }
    }

    /// What must not be told of them.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let servers = [&self.http, &self.https].into_iter().flatten().flatten();
        servers.flat_map(|server| [server.password.as_deref(), server.credentials.as_deref()]).flatten()
    }

    /// The way to an address; an error where its proxy cannot be used, since going past it might tell what it is to hide.
    pub(super) fn route<'a>(&'a self, uri: &'a Uri) -> Result<Route<'a>, Trouble> {
        let (host, port) = (uri.host().unwrap_or_default(), port_of(uri));
        let is_secure = uri.scheme_str() == Some("https");
        let proxy = if is_secure { &self.https } else { &self.http };
        let Some(proxy) = proxy.as_ref().filter(|_| !is_loopback(host) && !self.is_exception(host, port)) else {
            return Ok(Route::Direct { host, port });
        };
        let proxy = proxy.as_ref().map_err(|reason| Trouble::BadProxy(reason.clone()))?;
        if is_secure {
            return Ok(Route::Tunnel { proxy, host, port });
        }
        let authority = uri.authority().map_or(host, |authority| authority.as_str());
        Ok(Route::Forward { proxy, origin: format!("http://{authority}") })
    }

    /// As `curl` reads `NO_PROXY`: a name stands for what is under it too, `*` for all.
    fn is_exception(&self, host: &str, port: u16) -> bool {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_lowercase();
        self.exceptions.iter().any(|entry| {
            let (name, of_port) = match entry.rsplit_once(':') {
                Some((name, digits)) if !name.contains(':') => (name, digits.parse::<u16>().ok()),
                _ => (entry.as_str(), None),
            };
            let name = name.trim_matches(['[', ']']);
            let name = name.strip_prefix("*.").or_else(|| name.strip_prefix('.')).unwrap_or(name);
            let is_under = || host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'));
            entry == "*" || of_port.is_none_or(|of_port| of_port == port) && !name.is_empty() && is_under()
        })
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_lowercase();
    let is_named = name == "localhost" || name.ends_with(".localhost");
    is_named || literal(&name).is_some_and(|address| address.to_canonical().is_loopback())
}

/// The port of an address of either scheme.
pub(super) fn port_of(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 })
}

impl Route<'_> {
    /// Whom to connect to.
    pub(super) fn first_hop(&self) -> (&str, u16) {
        match self {
            Self::Direct { host, port } => (host, *port),
            Self::Forward { proxy, .. } | Self::Tunnel { proxy, .. } => (&proxy.host, proxy.port),
        }
    }
}

/// A proxy that is spoken to in plain HTTP.
#[derive(Clone)]
pub(super) struct ProxyServer {
    host: String,
    port: u16,
    password: Option<String>,
    /// As they stand in the header.
    credentials: Option<String>,
}

impl ProxyServer {
    fn parse(value: &str) -> Option<Self> {
        let proxy = Proxy::new(value).ok().filter(|proxy| proxy.protocol() == ProxyProtocol::Http)?;
        let password = proxy.password().filter(|password| !password.is_empty()).map(str::to_owned);
        let credentials = proxy
            .username()
            .map(|user| BASE64_STANDARD.encode(format!("{user}:{}", password.as_deref().unwrap_or_default())));
        Some(Self { host: proxy.host().to_owned(), port: proxy.port(), password, credentials })
    }

    /// The header that lets its users in, as a line.
    fn header(&self) -> String {
        let credentials = self.credentials.as_ref();
        credentials.map(|credentials| format!("Proxy-Authorization: Basic {credentials}\r\n")).unwrap_or_default()
    }

    /// What makes a request one to this proxy.
    pub(super) fn forward_head(&self, origin: &str) -> ForwardHead {
        ForwardHead { origin: origin.to_owned(), headers: self.header() }
    }

    /// Asks for a connection to `host` on a connection to this proxy.
    pub(super) fn open_tunnel(&self, transport: &mut TcpTransport, host: &str, port: u16) -> Result<(), ureq::Error> {
        let head = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{}\r\n", self.header());
        let timeout = NextTimeout::default();
        transport.buffers().output()[..head.len()].copy_from_slice(head.as_bytes());
        transport.transmit_output(head.len(), timeout)?;
        let (length, status) = loop {
            let is_more = transport.await_input(timeout)?;
            let input = transport.buffers().input();
            if let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") {
                break (end + 4, status_of(input));
            }
            if !is_more || input.len() > LONGEST_HEAD {
                return Err(Trouble::Lost(io::ErrorKind::UnexpectedEof.into()).into());
            }
        };
        transport.buffers().input_consume(length);
        match status {
            Some(200..=299) => Ok(()),
            status => {
                let proxy = format!("{}:{}", self.host, self.port);
                Err(Trouble::Proxy { proxy, status: status.unwrap_or_default() }.into())
            }
        }
    }
}

fn status_of(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\r').next()?).ok()?;
    line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()
}

/// Without the password.
impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyServer").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(variables: &[(&str, &str)], uri: &str) -> String {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let proxies = Proxies::from_variables(variable);
        let uri: Uri = uri.parse().unwrap();
        match proxies.route(&uri) {
            Ok(Route::Direct { host, port }) => format!("{host}:{port}"),
            Ok(Route::Forward { proxy, origin }) => format!("{origin} by {}:{}", proxy.host, proxy.port),
            Ok(Route::Tunnel { proxy, host, port }) => {
                format!("tunnel to {host}:{port} by {}:{}", proxy.host, proxy.port)
            }
            Err(trouble) => trouble.to_string(),
        }
    }

    #[test]
    fn each_scheme_has_its_proxy_and_one_may_be_for_all() {
        let both = [("HTTP_PROXY", "http://p:1"), ("HTTPS_PROXY", "q:2")];
        assert_eq!(way(&both, "http://a.b/x"), "http://a.b by p:1");
        assert_eq!(way(&both, "https://a.b/x"), "tunnel to a.b:443 by q:2");
        assert_eq!(way(&both[..1], "https://a.b/x"), "a.b:443");
        assert_eq!(way(&[("ALL_PROXY", "p:1"), ("http_proxy", "r:3")], "http://a.b:8/x"), "http://a.b:8 by r:3");
        assert_eq!(way(&[("ALL_PROXY", "p:1")], "https://a.b/x"), "tunnel to a.b:443 by p:1");
        assert_eq!(way(&[("HTTP_PROXY", "")], "http://a.b/x"), "a.b:80");
    }

    #[test]
    fn loopback_never_has_a_proxy() {
        for host in ["localhost", "LOCALHOST", "x.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"] {
            assert!(!way(&[("ALL_PROXY", "p:1")], &format!("http://{host}/")).contains("by p:1"), "{host}");
        }
    }

    #[test]
    fn an_exception_is_a_name_with_what_is_under_it() {
        let way = |no_proxy, uri| way(&[("http_proxy", "p:1"), ("no_proxy", no_proxy)], uri).ends_with("by p:1");
        for no_proxy in ["a.b", ".a.b", "*.a.b", "x, A.B", "*", "b", "a.b:80"] {
            assert!(!way(no_proxy, "http://a.b/"), "{no_proxy}");
        }
        assert!(!way("a.b", "http://c.a.b/") && !way("10.0.0.1", "http://10.0.0.1/") && !way("::2", "http://[::2]/"));
        for no_proxy in ["ca.b", "a", "c.a.b", "a.b:81", ","] {
            assert!(way(no_proxy, "http://a.b/"), "{no_proxy}");
        }
    }

    #[test]
    fn a_proxy_that_is_none_is_said_and_not_passed_by() {
        let said = way(&[("HTTP_PROXY", "socks5://user:secret@p:1")], "http://a.b/");
        assert_eq!(said, "the proxy that HTTP_PROXY names is no http:// address");
    }
}
