//! Redirects, and what goes along.

use super::*;

/// A server that sends `/5` on to `/4`, and so on to `/0`.
fn stairs() -> Server {
    Server::start(|seen, peer| {
        let answer = match seen.target[1..].parse::<u32>() {
            Ok(0) => reply(200, &[], "there"),
            Ok(n) => reply(307, &[("Location", &format!("/{}", n - 1))], ""),
            Err(_) => reply(404, &[], ""),
        };
        peer.write_all(&answer).map(|()| true)
    })
}

#[test]
fn five_are_followed_and_no_more() {
    let server = stairs();
    assert_eq!(verdict(HttpBackend::builder(server.url("/5"))), Ok("there".to_owned()));
    let (class, sentence) = error(HttpBackend::builder(server.url("/6")));
    assert_eq!(
        (class, sentence),
        (ErrorClass::Permanent, "status 307 Temporary Redirect: more than 5 redirects".into())
    );
    assert_eq!(server.requests().len(), 12);
    let circle = Server::saying(reply(302, &[("Location", "/answer")], ""));
    assert_eq!(error(to(&circle)).0, ErrorClass::Permanent);
    assert_eq!(circle.requests().len(), 6);
}

#[test]
fn a_status_decides_on_method_and_body() {
    for (status, method) in [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")] {
        let server = Server::start(move |seen, peer| {
            let moved = reply(status, &[("Location", "there?x=1")], "moved");
            peer.write_all(&if seen.target == "/answer" { moved } else { reply(200, &[], "ok") }).map(|()| true)
        });
        assert_eq!(verdict(to(&server).header("X-Mode", "fast")), Ok("ok".to_owned()));
        let last = server.requests().remove(1);
        assert_eq!((last.method.as_str(), last.target.as_str()), (method, "/there?x=1"));
        assert_eq!((last.text() == "prompt", last.header("x-mode")), (method == "POST", Some("fast")));
        assert_eq!(last.header("content-type").is_some(), method == "POST");
        assert_eq!(last.header("content-length").is_some(), method == "POST");
    }
}

#[test]
fn a_key_stays_behind_when_host_or_port_change_and_does_not_come_back() {
    let second = Server::start(|seen, peer| {
        let back = format!("http://127.0.0.1:{}/back", seen.target.trim_start_matches('/'));
        peer.write_all(&reply(307, &[("Location", &back)], "")).map(|()| true)
    });
    let away = second.port();
    let first = Server::start(move |seen, peer| {
        let port = seen.header("host").unwrap().rsplit(':').next().unwrap().to_owned();
        let location = match seen.target.as_str() {
            "/answer" => "/same".to_owned(),
            "/same" => format!("http://127.0.0.1:{away}/{port}"),
            _ => return peer.write_all(&reply(200, &[], "ok")).map(|()| true),
        };
        peer.write_all(&reply(307, &[("Location", &location)], "")).map(|()| true)
    });
    assert_eq!(verdict(to(&first).key("k-1").header("Cookie", "c=1")), Ok("ok".to_owned()));
    let keys = |server: &Server| -> Vec<_> {
        let requests = server.requests().into_iter();
        requests.map(|seen| (seen.header("authorization").is_some(), seen.header("cookie").is_some())).collect()
    };
    assert_eq!(keys(&first), [(true, true), (true, true), (false, false)]);
    assert_eq!(keys(&second), [(false, false)]);
}

#[test]
fn a_redirect_that_leads_nowhere_is_permanent() {
    for (headers, word) in [
        (&[("Location", "file:///etc/passwd")][..], "neither http nor https"),
        (&[("Location", "http://")], "no address"),
        (&[], "where to"),
    ] {
        let server = Server::saying(reply(302, headers, ""));
        let (class, sentence) = error(to(&server));
        assert_eq!(class, ErrorClass::Permanent);
        assert!(sentence.starts_with("status 302 Found: ") && sentence.contains(word), "{sentence}");
    }
}
