//! TLS on top of a connection.

use super::transport::TcpTransport;
use super::trouble::Trouble;
use std::io::ErrorKind;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::transport::{ConnectionDetails, Connector, RustlsConnector};

/// `ureq`'s own, whose errors say that they are of the handshake.
#[derive(Debug, Default)]
pub(super) struct TlsConnector(RustlsConnector);

impl Connector<TcpTransport> for TlsConnector {
    type Out = <RustlsConnector as Connector<TcpTransport>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<TcpTransport>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        self.0.connect(details, chained).map_err(|error| {
            let reason = match error {
                ureq::Error::Other(_) => return error,
                ureq::Error::Io(error) if is_loss(error.kind()) => return Trouble::Lost(error).into(),
                ureq::Error::Io(error) => error.to_string(),
                error => error.to_string(),
            };
            Trouble::Handshake { host: details.uri.host().unwrap_or_default().to_owned(), reason }.into()
        })
    }
}

fn is_loss(kind: ErrorKind) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

/// What the system trusts, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
pub(super) fn config() -> TlsConfig {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        log::warn!("failed to read trusted certificates: {error}");
    }
    let trusted: Vec<_> = found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    TlsConfig::builder().root_certs(RootCerts::from(trusted)).build()
}
