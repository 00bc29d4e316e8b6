//! Connections that break, and peers that speak something else.

use super::*;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The class of a call to a server that answers with these bytes and closes the connection.
fn after(bytes: &'static [u8]) -> (ErrorClass, String) {
    error(to(&Server::start(move |_, peer| peer.write_all(bytes).map(|()| false))))
}

#[test]
fn a_connection_that_is_cut_is_transient_wherever_it_is_cut() {
    for bytes in [
        &b""[..],
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfour",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n",
    ] {
        let (class, sentence) = after(bytes);
        assert_eq!(class, ErrorClass::Transient, "{} {sentence}", String::from_utf8_lossy(bytes));
        assert!(sentence.starts_with("the connection was lost"), "{sentence}");
    }
}

#[test]
fn a_reset_is_transient_also_in_an_answer_that_has_no_length() {
    let before = Server::start(|_, peer| {
        peer.reset();
        Ok(false)
    });
    assert_eq!(error(to(&before)).0, ErrorClass::Transient);
    let reset = std::sync::Arc::new(std::sync::Barrier::new(2));
    let barrier = std::sync::Arc::clone(&reset);
    let within = Server::start(move |_, peer| {
        peer.write_all(b"HTTP/1.1 200 OK\r\n\r\nhalf of it")?;
        // What was read at the client is not lost to the reset.
        barrier.wait();
        peer.reset();
        Err(std::io::ErrorKind::Other.into())
    });
    let backend = to(&within).build().unwrap();
    let call = std::thread::spawn(move || send(&backend, ""));
    reset.wait();
    assert_eq!(call.join().unwrap().unwrap_err().class(), ErrorClass::Transient);
}

#[test]
fn a_connection_that_is_refused_is_transient_and_names_the_host() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (class, sentence) = error(HttpBackend::builder(format!("http://127.0.0.1:{port}/")));
    assert_eq!(class, ErrorClass::Transient);
    assert!(sentence.starts_with(&format!("failed to connect to 127.0.0.1:{port}: ")), "{sentence}");
}

#[test]
fn a_name_that_nobody_has_is_transient() {
    let (class, sentence) = error(HttpBackend::builder("http://no-such-host.invalid/"));
    assert_eq!(class, ErrorClass::Transient);
    assert!(sentence.starts_with("failed to look up no-such-host.invalid: "), "{sentence}");
}

#[test]
fn what_is_no_http_is_an_invalid_answer() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.2\r\n\r\n"[..],
        b"\x00\x01\x02\x03\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nfive!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nfive!",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let (class, sentence) = after(bytes);
        assert_eq!(class, ErrorClass::InvalidAnswer, "{}: {sentence}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn a_head_without_an_end_is_an_invalid_answer_and_bounded() {
    let server = Server::start(|_, peer| {
        peer.write_all(b"HTTP/1.1 200 OK\r\n")?;
        while peer.write_all(b"X-More: and more, and more, and more, and more, and more\r\n").is_ok() {}
        Ok(false)
    });
    assert_eq!(error(to(&server)).0, ErrorClass::InvalidAnswer);
    for length in [64 * 1024, 70_000, 1 << 20] {
        let long = Server::saying(reply(200, &[("X-Long", &"x".repeat(length))], "ok"));
        let (class, sentence) = error(to(&long));
        assert_eq!(class, ErrorClass::InvalidAnswer, "{length}: {sentence}");
        assert!(sentence.contains("the head of the answer has more than"), "{sentence}");
    }
}

#[test]
fn a_status_stands_though_its_body_is_cut() {
    let (class, sentence) = after(b"HTTP/1.1 503 Busy\r\nContent-Length: 99\r\n\r\ncome back later");
    assert_eq!(class, ErrorClass::Overloaded);
    assert!(sentence.ends_with(": come back later"), "{sentence}");
}

#[test]
fn https_to_a_port_that_speaks_plain_http_is_permanent_and_sends_nothing_in_the_clear() {
    use std::io::{Read, Write};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let mut socket = listener.accept().unwrap().0;
        let mut came = vec![0; 100];
        socket.read_exact(&mut came).unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        socket.read_to_end(&mut came).unwrap();
        came
    });
    let (class, sentence) = error(HttpBackend::builder(url).key("k-secret"));
    assert_eq!(class, ErrorClass::Permanent, "{sentence}");
    assert!(sentence.starts_with("the TLS handshake with 127.0.0.1 failed: "), "{sentence}");
    let came = thread.join().unwrap();
    assert!(!String::from_utf8_lossy(&came).contains("k-secret"));
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_permanent_and_its_server_is_sent_nothing() {
    let (_, tls) = super::certificates::certificates();
    let server = Server::start_tls(tls, false, |_, peer| peer.write_all(&reply(200, &[], "ok")).map(|()| true));
    let (class, sentence) = error(to(&server).key("k-secret"));
    assert_eq!(class, ErrorClass::Permanent, "{sentence}");
    assert!(sentence.starts_with("the TLS handshake with 127.0.0.1 failed: "), "{sentence}");
    assert_eq!((server.accepted(), server.requests().len()), (1, 0));
}

#[test]
fn a_peer_that_goes_away_in_the_handshake_is_transient() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || drop(listener.accept().unwrap()));
    assert_eq!(error(HttpBackend::builder(format!("https://127.0.0.1:{port}/"))).0, ErrorClass::Transient);
    thread.join().unwrap();
}

#[test]
fn a_request_whose_connection_broke_is_never_sent_again_unseen() {
    let count = std::sync::Arc::new(AtomicUsize::new(0));
    let seen = std::sync::Arc::clone(&count);
    // The first request is answered, and the connection kept; every later one is cut.
    let server = Server::start(move |_, peer| {
        let is_first = seen.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first {
            peer.write_all(&reply(200, &[], "ok"))?;
        }
        Ok(is_first)
    });
    let backend = to(&server).build().unwrap();
    assert_eq!(send(&backend, "").unwrap().text(), "ok");
    assert_eq!(send(&backend, "").unwrap_err().class(), ErrorClass::Transient);
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[test]
fn an_answer_that_comes_before_the_request_is_read_is_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let mut socket = listener.accept().unwrap().0;
        socket.read_exact(&mut [0; 100]).unwrap();
        socket.write_all(&reply(413, &[("Connection", "close")], "too much")).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        std::io::copy(&mut socket, &mut std::io::sink()).unwrap();
    });
    let backend = HttpBackend::builder(url).build().unwrap();
    let failed = send(&backend, &"x".repeat(20_000_000)).unwrap_err();
    assert_eq!(
        (failed.class(), failed.to_string()),
        (ErrorClass::Permanent, "status 413 Payload Too Large: too much".into())
    );
    thread.join().unwrap();
}
