//! What a status means, and when to come back.

use crate::send_error::ErrorClass;
use std::time::{Duration, SystemTime};
use ureq::http::{HeaderMap, StatusCode, header};

/// The class of an answer with this status; `None` for a success.
pub(super) fn class_of(status: StatusCode) -> Option<ErrorClass> {
    match status.as_u16() {
        200..=299 => None,
        429 => Some(ErrorClass::RateLimited),
        503 | 529 => Some(ErrorClass::Overloaded),
        408 | 425 | 500..=599 => Some(ErrorClass::Transient),
        _ => Some(ErrorClass::Permanent),
    }
}

/// As people know it: `404 Not Found`.
pub(super) fn name_of(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// How long `Retry-After` asks to wait from `now` on (RFC 9110, section 10.2.3): seconds, or a date. What is neither, or
/// past, asks for nothing.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are a long time all the same.
        return Some(value.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    httpdate::parse_http_date(value).ok()?.duration_since(now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_class() {
        let of = |status| class_of(StatusCode::from_u16(status).unwrap());
        assert!([200, 201, 204, 206, 299].map(of).iter().all(Option::is_none));
        for (statuses, class) in [
            (&[408, 425, 500, 501, 502, 504, 505, 507, 520, 599][..], ErrorClass::Transient),
            (&[503, 529], ErrorClass::Overloaded),
            (&[429], ErrorClass::RateLimited),
            (&[101, 300, 301, 304, 400, 401, 404, 409, 418, 499, 600, 999], ErrorClass::Permanent),
        ] {
            assert!(statuses.iter().all(|status| of(*status) == Some(class)), "{class}");
        }
    }

    #[test]
    fn a_wait_is_a_number_of_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let of = |value: &str| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())]);
            retry_after(&headers, now).map(|delay| delay.as_secs())
        };
        assert_eq!((of("0"), of("120"), of(" 7 ")), (Some(0), Some(120), Some(7)));
        assert_eq!(of("99999999999999999999999"), Some(u64::MAX));
        assert_eq!(of("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
        assert_eq!(of("Sunday, 06-Nov-94 08:50:37 GMT"), Some(60));
        assert_eq!(of("Sun Nov  6 08:49:38 1994"), Some(1));
        for none in ["", "-1", "+1", "1.5", "1s", "soon", "Sun, 06 Nov 1994 08:49:36 GMT"] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
