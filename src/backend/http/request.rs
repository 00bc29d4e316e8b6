//! One request, as it goes to one address.

use std::borrow::Cow;
use ureq::http::{self, HeaderMap, HeaderValue, Method, Uri, header};

/// What is sent.
#[derive(Clone)]
pub(super) struct Request<'b> {
    pub(super) uri: Uri,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    /// The value of `Authorization`, if there is no such header.
    pub(super) key: Option<HeaderValue>,
    /// `None` where none is sent, which is not the same as an empty one.
    pub(super) body: Option<Cow<'b, [u8]>>,
}

impl Request<'_> {
    /// Whether gzip may come back packed.
    pub(super) fn asks_for_gzip(&self) -> bool {
        let values = self.headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let mut codings = values.flat_map(|value| value.split(','));
        codings.any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let is_refused = weight.trim().strip_prefix("q=").and_then(|q| q.parse().ok()) == Some(0.0);
            ["gzip", "x-gzip"].contains(&name.trim().to_ascii_lowercase().as_str()) && !is_refused
        })
    }

    /// A header that says another length than the body has would let the peer wait, or be told what is no request.
    pub(super) fn check_length(&self) -> Result<(), String> {
        let length = self.body.as_ref().map_or(0, |body| body.len());
        let said = self.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        match said.filter(|said| said.trim().parse() != Ok(length)) {
            Some(said) => Err(format!("the header `Content-Length` says {said}, and the body has {length} bytes")),
            None => Ok(()),
        }
    }

    /// As `ureq` takes it.
    pub(super) fn to_http(&self) -> http::Request<()> {
        let mut request = http::Request::new(());
        *request.uri_mut() = self.uri.clone();
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = self.headers.clone();
        if let Some(key) = &self.key {
            request.headers_mut().entry(header::AUTHORIZATION).or_insert_with(|| key.clone());
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_asked_for_by_its_header() {
        let asks = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            Request { uri: Uri::default(), method: Method::GET, headers, key: None, body: None }.asks_for_gzip()
        };
        assert!(asks("gzip") && asks("br, GZIP;q=0.5") && asks("x-gzip"));
        assert!(!asks("identity") && !asks("gzip;q=0, br") && !asks(""));
    }
}
