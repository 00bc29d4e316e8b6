//! What is never told.

use super::*;

const KEY: &str = "sk-5f3a9c1e/7b\"2d";

/// Repeats all headers of a request.
fn echo(status: u16, before: usize) -> Server {
    Server::start(move |seen, peer| {
        let body = format!("{}{}", "x".repeat(before), serde_json::to_string(&seen.headers).unwrap());
        let raw = format!("{body} {}", seen.header("authorization").unwrap_or_default());
        peer.write_all(&reply(status, &[("Retry-After", "3")], raw)).map(|()| true)
    })
}

#[test]
fn a_key_that_an_answer_repeats_is_redacted_in_response_and_error() {
    let response = send(&to(&echo(200, 0)).key(KEY).build().unwrap(), "").unwrap();
    assert_eq!(response.text().matches("[redacted]").count(), 2, "{response:?}");
    assert!(!response.text().contains("sk-5f"));
    for status in [401, 500] {
        let failed = send(&to(&echo(status, 0)).key(KEY).build().unwrap(), "").unwrap_err();
        assert!(failed.to_string().contains("Bearer [redacted]") && !failed.to_string().contains("sk-5f"), "{failed}");
        assert!(!format!("{failed:?}").contains("sk-5f"));
        assert_eq!(failed.retry_after().unwrap().as_secs(), 3);
    }
}

#[test]
fn a_key_in_what_a_pointer_names_is_redacted_though_json_escapes_it() {
    let body = serde_json::json!({"text": format!("you sent {KEY}"), "all": {"key": KEY}}).to_string();
    let server = Server::saying(reply(200, &[], body));
    for (pointer, wanted) in [("/text", "you sent [redacted]"), ("/all", r#"{"key":"[redacted]"}"#)] {
        assert_eq!(verdict(to(&server).key(KEY).answer(pointer)), Ok(wanted.to_owned()));
    }
}

#[test]
fn no_part_of_a_key_is_left_where_an_answer_is_cut() {
    let whole = format!("x{KEY}");
    let server = Server::saying(reply(200, &[], whole.repeat(3)));
    for most in 1..3 * whole.len() {
        let response = send(&to(&server).key(KEY).max_body(most).build().unwrap(), "").unwrap();
        assert!(!response.text().contains("sk-5"), "{most}: {response:?}");
    }
    for before in 8192 - 200..8192 {
        let failed = error(to(&echo(500, before)).key(KEY)).1;
        assert!(!failed.contains("sk-5"), "{before}");
    }
}

#[test]
fn headers_that_are_keys_are_as_secret_as_the_key() {
    let server = echo(200, 0);
    let backend =
        to(&server).header("X-Api-Key", "x-secret").header("Authorization", "Token t-secret").build().unwrap();
    let response = send(&backend, "").unwrap();
    assert!(!response.text().contains("x-secret") && !response.text().contains("t-secret"), "{response:?}");
}

#[test]
fn debugging_tells_no_key_and_no_header() {
    let builder = HttpBackend::builder("http://h/").key("k-secret").header("X-Mode", "m-secret");
    let shown = format!("{builder:?}");
    let shown = shown + &format!("{:?}", builder.build().unwrap());
    assert!(shown.contains("x-mode") && !shown.contains("secret"), "{shown}");
}
