//! Where a redirect leads, and what goes along.

use super::proxy::port_of;
use super::request::Request;
use fluent_uri::{Uri as Reference, UriRef};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

/// What stands nowhere in an address as it is.
const NOWHERE: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Whether a status asks to go elsewhere.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The request that follows an answer with this status; or, as the end of a sentence, why there is none.
pub(super) fn follow<'b>(
    request: &Request<'b>,
    status: StatusCode,
    location: Option<&HeaderValue>,
) -> Result<Request<'b>, String> {
    let location = location.ok_or("it does not say where to")?;
    let uri = resolved(&request.uri, location)?;
    if (request.uri.scheme_str(), uri.scheme_str()) == (Some("https"), Some("http")) {
        return Err("it leads from https to http".to_owned());
    }
    let mut next = Request { uri, ..request.clone() };
    if becomes_get(status, &next.method) {
        next.method = Method::GET;
        next.body = None;
        drop_headers(&mut next.headers, |name| {
            name.as_str().starts_with("content-") || *name == header::TRANSFER_ENCODING
        });
    }
    if origin(&next.uri) != origin(&request.uri) {
        // It stays behind for good: who leads back might lead to what the key opens.
        next.key = None;
        drop_headers(&mut next.headers, |name| *name == header::HOST || is_secret(name));
    }
    Ok(next)
}

/// Headers that hold keys.
pub(super) fn is_secret(name: &HeaderName) -> bool {
    const SECRET: [&str; 6] =
        ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token"];
    SECRET.contains(&name.as_str())
}

fn drop_headers(headers: &mut HeaderMap, is_dropped: impl Fn(&HeaderName) -> bool) {
    let names: Vec<_> = headers.keys().filter(|name| is_dropped(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// RFC 9110, section 15.4, and what everybody does on 301 and 302.
fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        303 => *method != Method::GET && *method != Method::HEAD,
        301 | 302 => *method == Method::POST,
        _ => false,
    }
}

/// Whom a key is for: scheme, host and port, the default one included.
fn origin(uri: &Uri) -> (Option<&str>, Option<String>, u16) {
    (uri.scheme_str(), uri.host().map(str::to_lowercase), port_of(uri))
}

/// RFC 3986, section 5; what no address may hold is encoded, as browsers do it.
fn resolved(base: &Uri, location: &HeaderValue) -> Result<Uri, &'static str> {
    const NO_ADDRESS: &str = "it leads to what is no address";
    let encoded = |bytes: &[u8]| percent_encode(bytes, NOWHERE).to_string();
    let location = encoded(location.as_bytes().trim_ascii());
    let base = Reference::parse(encoded(base.to_string().as_bytes())).map_err(|_| NO_ADDRESS)?;
    let target = UriRef::parse(location).map_err(|_| NO_ADDRESS)?.resolve_against(&base).map_err(|_| NO_ADDRESS)?;
    if !["http", "https"].contains(&target.scheme().as_str().to_ascii_lowercase().as_str()) {
        return Err("it leads to what is neither http nor https");
    }
    let target: Uri = target.as_str().parse().map_err(|_| NO_ADDRESS)?;
    if target.host().is_none_or(str::is_empty) { Err(NO_ADDRESS) } else { Ok(target) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, method: Method) -> Request<'static> {
        let headers = [("content-type", "a/b"), ("x-mode", "fast"), ("cookie", "c"), ("host", "other")];
        let headers = headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        Request {
            uri: uri.parse().unwrap(),
            method,
            headers: headers.into_iter().collect(),
            key: Some(HeaderValue::from_static("Bearer k")),
            body: Some(b"body".into()),
        }
    }

    fn to(uri: &str, location: &str) -> Result<String, String> {
        let location = HeaderValue::from_bytes(location.as_bytes()).unwrap();
        follow(&request(uri, Method::POST), StatusCode::TEMPORARY_REDIRECT, Some(&location))
            .map(|next| next.uri.to_string())
    }

    #[test]
    fn an_address_may_be_whole_or_in_part() {
        let of = |location| to("http://h:1/a/b?c", location).unwrap();
        for (location, wanted) in [
            ("/x", "http://h:1/x"),
            ("x", "http://h:1/a/x"),
            ("../x?y", "http://h:1/x?y"),
            ("?z", "http://h:1/a/b?z"),
            ("//i/x", "http://i/x"),
            ("https://i:2/x#part", "https://i:2/x"),
            ("HTTP://i", "http://i/"),
            ("/a b/ß", "http://h:1/a%20b/%C3%9F"),
            ("/a%20b", "http://h:1/a%20b"),
        ] {
            assert_eq!(of(location), wanted, "{location}");
        }
    }

    #[test]
    fn nothing_leads_from_https_to_http_or_to_anything_else() {
        assert_eq!(to("https://h/", "http://h/"), Err("it leads from https to http".into()));
        for location in ["file:///etc/passwd", "ftp://h/", "data:,x", "javascript:x", "//"] {
            assert!(to("http://h/", location).is_err(), "{location}");
        }
        let without = follow(&request("http://h/", Method::GET), StatusCode::FOUND, None);
        assert_eq!(without.map(|next| next.uri), Err("it does not say where to".into()));
    }

    #[test]
    fn a_status_decides_on_method_and_body() {
        let of = |status, method| {
            let location = HeaderValue::from_static("/x");
            let next =
                follow(&request("http://h/", method), StatusCode::from_u16(status).unwrap(), Some(&location)).unwrap();
            assert_eq!(next.body.is_some(), next.headers.contains_key("content-type"));
            assert!(next.headers.contains_key("x-mode"));
            (next.method, next.body.is_some())
        };
        for status in [301, 302, 303] {
            assert_eq!(of(status, Method::POST), (Method::GET, false));
            assert_eq!(of(status, Method::HEAD).0, Method::HEAD);
        }
        assert_eq!((of(303, Method::PUT).0, of(302, Method::PUT)), (Method::GET, (Method::PUT, true)));
        for status in [307, 308] {
            assert_eq!(of(status, Method::POST), (Method::POST, true));
        }
    }

    #[test]
    fn a_key_goes_along_within_scheme_host_and_port_alone() {
        let of = |location| {
            let location = HeaderValue::from_static(location);
            let next =
                follow(&request("http://h/", Method::POST), StatusCode::PERMANENT_REDIRECT, Some(&location)).unwrap();
            assert_eq!(next.key.is_some(), next.headers.contains_key("cookie"));
            assert_eq!(next.key.is_some(), next.headers.contains_key("host"));
            next.key.is_some()
        };
        assert!(of("/x") && of("http://H/x") && of("http://h:80/x"));
        assert!(!of("https://h/x") && !of("http://h:81/x") && !of("http://i/x") && !of("http://h.i/x"));
    }
}
