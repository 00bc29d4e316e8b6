//! What it costs to send small requests through a run, against `ureq` alone in as many threads.

#[path = "support/paired.rs"]
mod paired;

use paired::{compare, criterion, timed};
use seawall::{CancelToken, HttpBackend, Plan, Runner, Task};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

const CALLS: u32 = 10_000;
const PLACES: usize = 32;
const LIMIT: f64 = 1.15;

fn main() {
    let url = format!("http://{}/answer", server());
    let plan = Plan::builder().tasks((0..CALLS).map(|n| Task::new(n.to_string(), "h", "what?"))).build();
    let plan = plan.expect("the plan has no faults");
    let backend = HttpBackend::builder(&url).build().expect("the address is fine");
    let runner = Runner::builder().backend("h", backend).concurrency(PLACES).build().expect("the settings are fine");
    let ours = || timed(|| assert!(runner.run(&plan, &CancelToken::new()).expect("it runs").is_success()));
    let agent = ureq::Agent::new_with_config(
        ureq::Agent::config_builder()
            .proxy(None)
            .max_idle_connections(PLACES)
            .max_idle_connections_per_host(PLACES)
            .build(),
    );
    let theirs = || timed(|| ureq_alone(&agent, &url));
    let mut criterion = criterion();
    compare(&mut criterion, "10,000 requests at 32 places, against ureq in 32 threads", CALLS, LIMIT, ours, theirs);
    criterion.final_summary();
}

fn ureq_alone(agent: &ureq::Agent, url: &str) {
    let next = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..PLACES {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < CALLS {
                    let mut response = agent.post(url).send("what?").expect("the server answers");
                    assert_eq!(response.body_mut().read_to_string().expect("there is a body"), "that");
                }
            });
        }
    });
}

/// Answers every request alike, on as many connections as come.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve(&connection));
        }
    });
    address
}

fn serve(mut connection: &TcpStream) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap_or_default();
            }
            if line == "\r\n" {
                break;
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
        connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nthat")?;
    }
}
