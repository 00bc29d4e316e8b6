//! An HTTP server on loopback that does what a test tells it to, down to the bytes.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// A header by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A connection, for whoever answers on it.
pub(crate) trait Peer: Read + Write {
    fn socket(&self) -> &TcpStream;
}

impl Peer for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Peer for StreamOwned<ServerConnection, TcpStream> {
    fn socket(&self) -> &TcpStream {
        &self.sock
    }
}

/// How a connection becomes a secure one.
#[derive(Clone)]
struct Tls {
    config: Arc<ServerConfig>,
    /// After a request to connect to somebody.
    is_tunnel: bool,
}

/// Answers a request. `Ok(true)`: the connection is kept for the next one.
type Answer = dyn Fn(&Seen, &mut dyn Peer) -> io::Result<bool> + Send + Sync;

#[derive(Default)]
struct Record {
    requests: Mutex<Vec<Seen>>,
    accepted: AtomicUsize,
    is_over: AtomicBool,
}

/// The server, until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    record: Arc<Record>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Seen, &mut dyn Peer) -> io::Result<bool> + Send + Sync + 'static) -> Self {
        Self::begin(None, Arc::new(answer))
    }

    /// One that speaks TLS: at once, or at the end of a tunnel that it is asked for first, as a proxy is.
    pub(crate) fn start_tls(
        config: Arc<ServerConfig>,
        is_tunnel: bool,
        answer: impl Fn(&Seen, &mut dyn Peer) -> io::Result<bool> + Send + Sync + 'static,
    ) -> Self {
        Self::begin(Some(Tls { config, is_tunnel }), Arc::new(answer))
    }

    /// One that gives each request the same answer, and keeps its connections.
    pub(crate) fn saying(answer: Vec<u8>) -> Self {
        Self::start(move |_, peer| peer.write_all(&answer).map(|()| true))
    }

    fn begin(tls: Option<Tls>, answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let record = Arc::new(Record::default());
        let server = Self { address, scheme, record: Arc::clone(&record) };
        thread::spawn(move || {
            for connection in listener.incoming() {
                if record.is_over.load(Ordering::SeqCst) {
                    return;
                }
                record.accepted.fetch_add(1, Ordering::SeqCst);
                let (record, answer, tls) = (Arc::clone(&record), Arc::clone(&answer), tls.clone());
                thread::spawn(move || connection.and_then(|socket| serve(socket, tls, &record, &*answer)));
            }
        });
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// What has come so far.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.record.requests.lock().unwrap().clone()
    }

    /// How many connections there were.
    pub(crate) fn accepted(&self) -> usize {
        self.record.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.record.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

fn serve(mut socket: TcpStream, tls: Option<Tls>, record: &Record, answer: &Answer) -> io::Result<()> {
    socket.set_nodelay(true)?;
    match tls {
        None => talk(socket, record, answer),
        Some(Tls { config, is_tunnel }) => {
            if is_tunnel {
                record.requests.lock().unwrap().extend(request(&mut BufReader::with_capacity(1, &socket))?);
                socket.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
            }
            let connection = ServerConnection::new(config).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(connection, socket);
            let told = talk(&mut stream, record, answer);
            stream.conn.send_close_notify();
            drop(stream.flush());
            told
        }
    }
}

impl<P: Peer + ?Sized> Peer for &mut P {
    fn socket(&self) -> &TcpStream {
        (**self).socket()
    }
}

fn talk(mut peer: impl Peer, record: &Record, answer: &Answer) -> io::Result<()> {
    let mut reader = BufReader::new(&mut peer);
    loop {
        let Some(seen) = request(&mut reader)? else { return Ok(()) };
        record.requests.lock().unwrap().push(seen.clone());
        if !answer(&seen, reader.get_mut())? {
            reader.get_mut().flush()?;
            drop(reader.get_ref().socket().shutdown(Shutdown::Write));
            return Ok(());
        }
        reader.get_mut().flush()?;
    }
}

fn request(reader: &mut impl BufRead) -> io::Result<Option<Seen>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut seen = Seen { method, target, headers, body: Vec::new() };
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    // Whoever expects a 100 sends its body after it.
    if seen.header("expect").is_none() {
        seen.body.resize(length, 0);
        reader.read_exact(&mut seen.body)?;
    }
    Ok(Some(seen))
}

/// An answer with a length.
pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status} Words\r\nContent-Length: {}\r\n", body.as_ref().len());
    for (name, value) in headers {
        let _ = write!(answer, "{name}: {value}\r\n");
    }
    [answer.as_bytes(), b"\r\n", body.as_ref()].concat()
}
