//! Connections that are kept.

use super::*;
use std::sync::{Arc, Barrier};
use std::thread;

#[test]
fn a_connection_is_used_again_after_success_error_and_redirect() {
    let server = Server::start(|seen, peer| {
        let answer = match seen.text().as_str() {
            "error" => reply(500, &[], "sorry"),
            "away" if seen.target == "/answer" => reply(307, &[("Location", "/there")], "over there"),
            _ => reply(200, &[], "ok"),
        };
        peer.write_all(&answer).map(|()| true)
    });
    let backend = to(&server).build().unwrap();
    for prompt in ["a", "error", "away", "b"] {
        assert_eq!(send(&backend, prompt).is_ok(), prompt != "error");
    }
    assert_eq!((server.requests().len(), server.accepted()), (5, 1));
}

#[test]
fn as_many_connections_are_kept_as_there_were_calls_at_once() {
    const CALLS: usize = 16;
    let together = Barrier::new(CALLS);
    let arrived = Arc::new(Barrier::new(CALLS));
    let server = Server::start(move |_, peer| {
        arrived.wait();
        peer.write_all(&reply(200, &[], "ok")).map(|()| true)
    });
    let backend = to(&server).build().unwrap();
    for _ in 0..3 {
        thread::scope(|scope| {
            for _ in 0..CALLS {
                scope.spawn(|| {
                    together.wait();
                    assert_eq!(send(&backend, "").unwrap().text(), "ok");
                    together.wait();
                });
            }
        });
    }
    assert_eq!(server.accepted(), CALLS);
}

#[test]
fn a_kept_connection_that_the_peer_has_closed_is_no_error() {
    let (closed, is_closed) = std::sync::mpsc::channel();
    let closed = std::sync::Mutex::new(closed);
    let server = Server::start(move |_, peer| {
        peer.write_all(&reply(200, &[], "ok"))?;
        peer.socket().shutdown(std::net::Shutdown::Both)?;
        closed.lock().unwrap().send(()).unwrap();
        Ok(false)
    });
    let backend = to(&server).build().unwrap();
    for n in 1..4 {
        assert_eq!(send(&backend, "").unwrap().text(), "ok");
        is_closed.recv().unwrap();
        assert_eq!((server.requests().len(), server.accepted()), (n, n));
    }
}

#[test]
fn a_connection_with_more_on_it_than_the_answer_is_not_used_again() {
    let server = Server::saying([reply(200, &[], "ok"), reply(200, &[], "smuggled")].concat());
    let backend = to(&server).build().unwrap();
    for _ in 0..3 {
        assert_eq!(send(&backend, "").unwrap().text(), "ok");
    }
}

#[test]
fn clones_share_their_connections() {
    let server = Server::saying(reply(200, &[], "ok"));
    let backend = to(&server).build().unwrap();
    assert!(send(&backend, "").is_ok() && send(&backend.clone(), "").is_ok());
    assert_eq!(server.accepted(), 1);
}
