//! A call ends at once when it is cancelled, or its time is over, whatever the server does.

use super::*;
use seawall::{AttemptResult, Plan, RetryConfig, Runner, Task};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Far more than an end takes, and far less than the servers here take.
const SOON: Duration = Duration::from_secs(5);
const NEVER: Duration = Duration::from_secs(600);

/// A call that would never come to its end by itself, and what tells that it hangs.
struct Hanging {
    backend: HttpBackend,
    prompt: String,
    hangs: mpsc::Receiver<()>,
    _server: Box<dyn Send>,
}

fn at(server: Server, hangs: mpsc::Receiver<()>) -> Hanging {
    Hanging { backend: to(&server).build().unwrap(), prompt: String::new(), hangs, _server: Box::new(server) }
}

fn before_the_head() -> Hanging {
    let (sender, hangs) = mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    at(
        Server::start(move |_, peer| {
            sender.lock().unwrap().send(()).unwrap();
            peer.hang();
            Ok(false)
        }),
        hangs,
    )
}

fn dripping(head: &'static [u8]) -> Hanging {
    let (sender, hangs) = mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    at(
        Server::start(move |_, peer| {
            peer.write_all(head)?;
            peer.drip(b"x", Duration::ZERO);
            sender.lock().unwrap().send(()).unwrap();
            peer.drip(&[b'x'; 10_000], Duration::from_millis(20));
            Ok(false)
        }),
        hangs,
    )
}

fn dripping_body() -> Hanging {
    dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
}

fn dripping_head() -> Hanging {
    dripping(b"HTTP/1.1 200 OK\r\nX-Long: ")
}

fn dripping_error() -> Hanging {
    dripping(b"HTTP/1.1 500 Sorry\r\nContent-Length: 99999\r\n\r\n")
}

fn dripping_redirect() -> Hanging {
    dripping(b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 99999\r\n\r\n")
}

/// An answer that comes as fast as it can, and has no end.
fn flooding() -> Hanging {
    let (sender, hangs) = mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let server = Server::start(move |_, peer| {
        peer.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
        sender.lock().unwrap().send(()).unwrap();
        while peer.write_all(b"1\r\nx\r\n").is_ok() {}
        Ok(false)
    });
    let backend = to(&server).max_body(usize::MAX).build().unwrap();
    Hanging { backend, prompt: String::new(), hangs, _server: Box::new(server) }
}

/// A peer that takes the connection, and reads nothing of what is sent.
fn not_reading(scheme: &str, prompt: String) -> Hanging {
    let (sender, hangs) = mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("{scheme}://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        let socket = listener.accept();
        sender.send(()).unwrap();
        thread::sleep(NEVER);
        drop(socket);
    });
    Hanging { backend: HttpBackend::builder(url).build().unwrap(), prompt, hangs, _server: Box::new(()) }
}

fn within_the_request() -> Hanging {
    not_reading("http", "x".repeat(50_000_000))
}

fn in_the_handshake() -> Hanging {
    not_reading("https", String::new())
}

/// A listener whose queue is full, so that the system drops what comes after.
fn never_accepting() -> Hanging {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
    let full = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&full, &"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap()).unwrap();
    listen(&full, 0).unwrap();
    let address: std::net::SocketAddr = getsockname(&full).unwrap().try_into().unwrap();
    let callers: Vec<_> = (0..8)
        .map(|_| thread::spawn(move || TcpStream::connect_timeout(&address, Duration::from_millis(300))))
        .collect();
    let callers: Vec<_> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
    let (sender, hangs) = mpsc::channel();
    sender.send(()).unwrap();
    let backend = HttpBackend::builder(format!("http://{address}/")).build().unwrap();
    Hanging { backend, prompt: String::new(), hangs, _server: Box::new((full, callers)) }
}

type Hang = fn() -> Hanging;

const ALL: [(&str, Hang); 9] = [
    ("before the head", before_the_head),
    ("in the head", dripping_head),
    ("in the body", dripping_body),
    ("in an error's body", dripping_error),
    ("in a redirect's body", dripping_redirect),
    ("in a flood", flooding),
    ("in the request", within_the_request),
    ("in the handshake", in_the_handshake),
    ("in connecting", never_accepting),
];

#[test]
fn a_cancel_ends_it() {
    for (name, hanging) in ALL {
        let Hanging { backend, prompt, hangs, _server } = hanging();
        let cancel = CancelToken::new();
        thread::scope(|scope| {
            let call = scope.spawn(|| backend.send(&prompt.as_str().into(), &Context::new(&cancel)));
            hangs.recv().unwrap();
            let began = Instant::now();
            cancel.cancel();
            let failed = call.join().unwrap().unwrap_err();
            assert!(began.elapsed() < SOON, "{name}: {:?}", began.elapsed());
            assert_eq!((failed.class(), failed.to_string()), (ErrorClass::Cancelled, "cancelled".into()), "{name}");
        });
    }
}

#[test]
fn a_time_limit_ends_it() {
    const LIMIT: Duration = Duration::from_millis(150);
    for (name, hanging) in ALL {
        let Hanging { backend, prompt, hangs: _hangs, _server } = hanging();
        let runner = Runner::builder().backend("h", backend).retry(RetryConfig::once()).build().unwrap();
        let plan = Plan::builder().task(Task::new("t", "h", prompt).timeout(LIMIT)).build().unwrap();
        let began = Instant::now();
        let report = runner.run(&plan, &CancelToken::new()).unwrap();
        assert!(began.elapsed() >= LIMIT && began.elapsed() < SOON, "{name}: {:?}", began.elapsed());
        let AttemptResult::Error(failed) = &report.get("t").unwrap().attempts()[0].result else { panic!("{name}") };
        // A status that came stands, whatever becomes of its body.
        let wanted = if name == "in an error's body" { ErrorClass::Transient } else { ErrorClass::TimedOut };
        assert_eq!(failed.class(), wanted, "{name}: {failed}");
        assert!(
            wanted == ErrorClass::Transient || failed.to_string() == "ran past its time limit of 150ms",
            "{failed}"
        );
    }
}

#[test]
fn a_deadline_and_a_foreign_flag_end_it_though_nobody_wakes_it() {
    let Hanging { backend, hangs, _server, .. } = dripping_body();
    let token = CancelToken::new().with_deadline(Instant::now() + Duration::from_millis(100));
    let began = Instant::now();
    let failed = backend.send(&"".into(), &Context::new(&token)).unwrap_err();
    assert!(began.elapsed() < SOON);
    assert!(matches!(failed.class(), ErrorClass::Cancelled | ErrorClass::TimedOut), "{failed}");
    hangs.recv().unwrap();

    let Hanging { backend, hangs, _server, .. } = before_the_head();
    let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let token = CancelToken::from_flag(std::sync::Arc::clone(&flag));
    thread::scope(|scope| {
        let call = scope.spawn(|| backend.send(&"".into(), &Context::new(&token)));
        hangs.recv().unwrap();
        flag.store(true, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(call.join().unwrap().unwrap_err().class(), ErrorClass::Cancelled);
    });
}

#[test]
fn connecting_may_have_a_limit_of_its_own() {
    let Hanging { _server, backend, .. } = never_accepting();
    let shown = format!("{backend:?}");
    let url = shown.split("url: ").nth(1).unwrap().split(',').next().unwrap().trim().to_owned();
    let backend = HttpBackend::builder(url).connect_timeout(Duration::from_millis(100)).build().unwrap();
    let began = Instant::now();
    let failed = send(&backend, "").unwrap_err();
    assert!(began.elapsed() < SOON);
    assert_eq!(failed.class(), ErrorClass::TimedOut);
    assert!(failed.to_string().ends_with(" within 100ms"), "{failed}");
    // It is over when there is a connection.
    let server = Server::start(|_, peer| {
        thread::sleep(Duration::from_millis(150));
        peer.write_all(&reply(200, &[], "ok")).map(|()| true)
    });
    assert_eq!(verdict(to(&server).connect_timeout(Duration::from_millis(100))), Ok("ok".to_owned()));
}

#[test]
fn what_is_cancelled_before_is_never_sent() {
    let server = Server::saying(reply(200, &[], "ok"));
    let cancel = CancelToken::new();
    cancel.cancel();
    let failed = to(&server).build().unwrap().send(&"".into(), &Context::new(&cancel)).unwrap_err();
    assert_eq!((failed.class(), server.accepted()), (ErrorClass::Cancelled, 0));
}
