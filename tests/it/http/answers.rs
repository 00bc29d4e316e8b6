//! What an answer means.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::time::{Duration, SystemTime};

fn saying(status: u16, headers: &[(&str, &str)], body: &str) -> (Server, HttpBackendBuilder<Generic>) {
    let server = Server::saying(reply(status, headers, body));
    let backend = to(&server);
    (server, backend)
}

#[test]
fn each_status_has_its_class_and_the_message_names_it() {
    for (status, class) in [
        (400, ErrorClass::Permanent),
        (404, ErrorClass::Permanent),
        (408, ErrorClass::Transient),
        (425, ErrorClass::Transient),
        (429, ErrorClass::RateLimited),
        (500, ErrorClass::Transient),
        (503, ErrorClass::Overloaded),
        (529, ErrorClass::Overloaded),
        (304, ErrorClass::Permanent),
    ] {
        let (server, backend) = saying(status, &[], if status == 304 { "" } else { "no luck" });
        let (found, sentence) = error(backend);
        assert_eq!(found, class, "{status}");
        assert!(sentence.starts_with(&format!("status {status}")), "{sentence}");
        assert!(status == 304 || sentence.ends_with(": no luck"), "{sentence}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn every_2xx_is_a_success_also_without_a_body() {
    for (status, body) in [(200, "x"), (201, "x"), (206, "x"), (200, "")] {
        assert_eq!(verdict(saying(status, &[], body).1), Ok(body.to_owned()));
    }
    let server = Server::saying(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
    let backend = to(&server).build().unwrap();
    assert_eq!(send(&backend, "").unwrap().text(), "");
    assert_eq!(send(&backend, "").unwrap().text(), "");
    assert_eq!(server.accepted(), 1);
}

#[test]
fn an_error_holds_eight_kibibytes_of_the_answer_at_most() {
    let (_server, backend) = saying(500, &[], &"ü".repeat(100_000));
    let (_, sentence) = error(backend);
    assert_eq!(sentence.matches('ü').count(), 4096);
}

#[test]
fn a_wait_that_an_answer_asks_for_is_handed_on() {
    let asked = |status, value: &str, answer: Option<&str>| {
        let server = Server::saying(reply(status, &[("Retry-After", value)], "{}"));
        let backend = answer.into_iter().fold(to(&server), HttpBackendBuilder::answer).build().unwrap();
        send(&backend, "").unwrap_err().retry_after()
    };
    for status in [408, 425, 429, 500, 502, 503, 504, 529] {
        assert_eq!(asked(status, "7", None), Some(Duration::from_secs(7)), "{status}");
    }
    assert_eq!(asked(200, "7", Some("/x")), Some(Duration::from_secs(7)), "an answer that is invalid is retried too");
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
    let delay = asked(503, &date, None).unwrap();
    assert!(delay > Duration::from_secs(60) && delay <= Duration::from_secs(100), "{delay:?}");
    assert_eq!((asked(503, "soon", None), asked(503, "-5", None)), (None, None));
}

#[test]
fn a_response_is_the_body_byte_for_byte() {
    let server = Server::saying(reply(200, &[], b"a\0\xff\r\n\n"));
    let response = send(&to(&server).build().unwrap(), "").unwrap();
    assert_eq!((response.bytes(), response.is_lossy(), response.is_truncated()), (&b"a\0\xff\r\n\n"[..], true, false));
}

#[test]
fn what_is_over_the_max_body_is_not_read() {
    const GIBIBYTE: usize = 1 << 30;
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&sent);
    let server = Server::start(move |_, peer| {
        let block = vec![b'x'; 65536];
        write!(peer, "HTTP/1.1 200 OK\r\nContent-Length: {GIBIBYTE}\r\n\r\n")?;
        while peer.write_all(&block).is_ok() {
            count.fetch_add(65536, std::sync::atomic::Ordering::SeqCst);
        }
        Ok(false)
    });
    let response = send(&to(&server).max_body(100_000).build().unwrap(), "").unwrap();
    assert_eq!((response.bytes().len(), response.is_truncated()), (100_000, true));
    assert!(sent.load(std::sync::atomic::Ordering::SeqCst) < GIBIBYTE / 8);
}

#[test]
fn a_body_that_just_fits_is_whole_and_one_that_is_cut_ends_with_a_whole_character() {
    let (server, _) = saying(200, &[], "aü");
    let of = |most| {
        let response = send(&to(&server).max_body(most).build().unwrap(), "").unwrap();
        (response.text().to_owned(), response.is_truncated())
    };
    assert_eq!(of(3), ("aü".to_owned(), false));
    assert_eq!(of(2), ("a".to_owned(), true));
    assert_eq!(of(0), (String::new(), true));
}

#[test]
fn a_pointer_finds_the_response_and_what_lacks_it_is_invalid() {
    let of = |body: &str, pointer| verdict(saying(200, &[], body).1.answer(pointer));
    assert_eq!(of(r#"{"a": [{"b": "x\ny"}]}"#, "/a/0/b"), Ok("x\ny".to_owned()));
    assert_eq!(of(r#"{"a": {"b": 1.0, "c": [1]}}"#, "/a"), Ok(r#"{"b": 1.0, "c": [1]}"#.to_owned()));
    assert_eq!(of(r#"{"a": false}"#, "/a"), Ok("false".to_owned()));
    for (body, word) in [(r#"{"b": 1}"#, "/a"), (r#"{"a": null}"#, "/a"), ("<html>", "no JSON"), ("", "no JSON")] {
        let (class, sentence) = of(body, "/a").unwrap_err();
        assert_eq!(class, ErrorClass::InvalidAnswer);
        assert!(sentence.starts_with("status 200 OK: ") && sentence.contains(word), "{sentence}");
    }
    let (class, sentence) = error(saying(200, &[], r#"{"a": "xxxxxxxxxxxx"}"#).1.answer("/a").max_body(10));
    assert_eq!((class, sentence.contains("more than 10 bytes")), (ErrorClass::InvalidAnswer, true));
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn gzip_is_unpacked_if_it_was_asked_for_and_not_otherwise() {
    let bytes = packed("hello");
    let server = Server::saying(reply(200, &[("Content-Encoding", "gzip")], &bytes));
    let asking = || to(&server).header("Accept-Encoding", "gzip");
    assert_eq!(verdict(asking()), Ok("hello".to_owned()));
    assert_eq!(send(&to(&server).build().unwrap(), "").unwrap().bytes(), bytes);
    assert_eq!(server.requests()[1].header("accept-encoding"), None);

    let bomb = packed(&"x".repeat(10_000_000));
    let server = Server::saying(reply(200, &[("Content-Encoding", "gzip")], bomb));
    let response = send(&to(&server).header("Accept-Encoding", "gzip").max_body(1000).build().unwrap(), "").unwrap();
    assert_eq!((response.text(), response.is_truncated()), ("x".repeat(1000).as_str(), true));

    for broken in [&bytes[..12], b"no gzip at all"] {
        let server = Server::saying(reply(200, &[("Content-Encoding", "gzip")], broken));
        let (class, sentence) = error(to(&server).header("Accept-Encoding", "gzip"));
        assert_eq!((class, sentence.contains("unpacked")), (ErrorClass::InvalidAnswer, true), "{sentence}");
    }
}

#[test]
fn chunks_come_together_and_trailers_and_early_answers_are_no_part_of_it() {
    let server = Server::start(|_, peer| {
        peer.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")?;
        peer.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
        for part in
            [&b"3;ext=1\r\nsn\xc3\r\n"[..], b"4\r\n\xb6 \xe2\x98\r\n", b"1\r\n\x83\r\n", b"0\r\nX-Trailer: 1\r\n\r\n"]
        {
            peer.write_all(part)?;
            peer.flush()?;
        }
        Ok(true)
    });
    let backend = to(&server).build().unwrap();
    for _ in 0..2 {
        assert_eq!(send(&backend, "").unwrap().text(), "snö ☃");
    }
    assert_eq!(server.accepted(), 1);
}

#[test]
fn an_answer_without_a_length_ends_with_its_connection() {
    let server = Server::start(|_, peer| peer.write_all(b"HTTP/1.0 200 OK\r\n\r\none two").map(|()| false));
    assert_eq!(verdict(to(&server)), Ok("one two".to_owned()));
}
