//! What it costs to send small requests through a run, against `ureq` alone in as many threads.

#[path = "support/paired.rs"]
mod paired;
#[path = "support/server.rs"]
mod server;

use paired::{compare, criterion, timed};
use seawall::{CancelToken, HttpBackend, Plan, Runner, Task};
use server::server;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

const CALLS: u32 = 10_000;
const PLACES: usize = 32;
const LIMIT: f64 = 1.15;

fn main() {
    let url = format!("http://{}/answer", server(Duration::ZERO));
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
