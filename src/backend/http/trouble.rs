//! What can come in the way of a call before there is an answer, and what class that has.

use super::verdict::class_of;
use crate::backend::time_limit::ran_past;
use crate::send_error::{ErrorClass, SendError};
use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;
use ureq::http::StatusCode;

/// The transport's own words, which go through `ureq` unharmed.
#[derive(Debug)]
pub(super) enum Trouble {
    Cancelled,
    TimeLimit(Duration),
    ConnectLimit {
        host: String,
        limit: Duration,
    },
    NoAddress {
        host: String,
        reason: String,
    },
    NotConnected {
        host: String,
        error: io::Error,
    },
    /// A connection that was reset or cut.
    Lost(io::Error),
    /// A peer that speaks no TLS, or none that is trusted.
    Handshake {
        host: String,
        reason: String,
    },
    /// What a proxy said instead of making a tunnel.
    Proxy {
        proxy: String,
        status: u16,
    },
    BadProxy(String),
}

impl Trouble {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Cancelled => ErrorClass::Cancelled,
            Self::TimeLimit(_) | Self::ConnectLimit { .. } => ErrorClass::TimedOut,
            Self::NotConnected { error, .. } | Self::Lost(error) if error.kind() == io::ErrorKind::TimedOut => {
                ErrorClass::TimedOut
            }
            Self::NoAddress { .. } | Self::NotConnected { .. } | Self::Lost(_) => ErrorClass::Transient,
            Self::Handshake { .. } | Self::BadProxy(_) => ErrorClass::Permanent,
            Self::Proxy { status, .. } => {
                StatusCode::from_u16(*status).ok().and_then(class_of).unwrap_or(ErrorClass::Permanent)
            }
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("cancelled"),
            Self::TimeLimit(limit) => f.write_str(&ran_past(*limit)),
            Self::ConnectLimit { host, limit } => write!(f, "failed to connect to {host} within {limit:?}"),
            Self::NoAddress { host, reason } => write!(f, "failed to look up {host}: {reason}"),
            Self::NotConnected { host, error } => write!(f, "failed to connect to {host}: {error}"),
            Self::Lost(error) => write!(f, "the connection was lost: {error}"),
            Self::Handshake { host, reason } => write!(f, "the TLS handshake with {host} failed: {reason}"),
            Self::Proxy { proxy, status } => write!(f, "the proxy {proxy} made no tunnel: status {status}"),
            Self::BadProxy(reason) => f.write_str(reason),
        }
    }
}

impl Error for Trouble {}

impl From<Trouble> for ureq::Error {
    fn from(trouble: Trouble) -> Self {
        Self::Other(Box::new(trouble))
    }
}

impl From<Trouble> for SendError {
    fn from(trouble: Trouble) -> Self {
        Self::new(trouble.class(), trouble)
    }
}

/// The class and the sentence of what `ureq` came back with.
pub(super) fn error_of(error: ureq::Error) -> SendError {
    match error {
        ureq::Error::Other(other) => match other.downcast::<Trouble>() {
            Ok(trouble) => (*trouble).into(),
            Err(other) => SendError::transient(other),
        },
        ureq::Error::Io(error) => Trouble::Lost(error).into(),
        ureq::Error::Protocol(error) => SendError::invalid_answer(format!("the answer is no HTTP: {error}")),
        ureq::Error::LargeResponseHeader(_, most) => {
            SendError::invalid_answer(format!("the head of the answer has more than {most} bytes"))
        }
        ureq::Error::Rustls(error) => Trouble::Lost(io::Error::other(error)).into(),
        ureq::Error::BodyStalled => SendError::invalid_answer("the answer's body cannot be read"),
        // What is left is about the request itself, which does not become better.
        error => SendError::permanent(format!("failed to send the request: {error}")),
    }
}
