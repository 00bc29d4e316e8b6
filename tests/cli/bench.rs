//! `seawall bench`: what it refuses, what it measures of answers that are known, what it writes.

use crate::program::{Ended, Folder};
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;
use serde_json::Value;

const PLAN: &str = r#"
[backends.flaky]
kind = "simulated"
latency = "5ms"
fail_first = 1
retry = { initial_interval = "20ms", randomization_factor = 0.0 }

[backends.half]
kind = "simulated"
fail_rate = 0.5
retry = { max_attempts = 1 }
breaker = "off"

[backends.down]
kind = "simulated"
fail_rate = 1.0
retry = { max_attempts = 1 }
breaker = { failure_threshold = 3 }

[backends.cat]
kind = "command"
argv = ["sh", "-c", "cat >> got; echo >> got"]
"#;

/// Loads with `--json`, which is read, and the laws that hold for every result.
#[track_caller]
fn load(folder: &Folder, args: &[&str], code: i32) -> (Value, Ended) {
    let ended = folder.run(&[&["bench", "--json", "b.json"], args].concat());
    assert_eq!((ended.code, ended.out.as_str()), (Some(code), ""), "{}", ended.err);
    let json = folder.json("b.json");
    let errors: u64 = json["errors"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["ok"].as_u64().unwrap() + errors, json["calls"].as_u64().unwrap(), "{json}");
    let series = json["series"].as_array().unwrap();
    let sum: u64 = series.iter().map(|second| second["calls"].as_u64().unwrap()).sum();
    assert_eq!(sum, json["calls"].as_u64().unwrap());
    assert!(series.iter().zip(0..).all(|(second, at)| second["t_s"] == at));
    (json, ended)
}

fn backend<'a>(name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["plan.toml", "--backend", name, "--prompt", "x"], more].concat()
}

fn p50(json: &Value) -> f64 {
    json["latency_s"]["corrected"]["p50"].as_f64().unwrap()
}

#[track_caller]
fn refused(args: &[&str], words: &[&str]) {
    let folder = Folder::with_plan(PLAN);
    folder.run(&[&["bench"], args].concat()).is_refused(words);
    assert!(folder.names(".").iter().all(|name| name == "plan.toml"), "something was sent or written");
}

#[test]
fn a_command_is_run_again_and_again_and_its_output_is_swallowed() {
    let folder = Folder::new();
    let (json, ended) =
        load(&folder, &["--count", "6", "--", "sh", "-c", "echo x >> n; echo loud; read a || sleep 0.02"], 0);
    assert_eq!((&json["calls"], &json["ok"], &json["attempts"]), (&6.into(), &6.into(), &6.into()));
    assert_eq!(folder.read("n").lines().count(), 6);
    assert!(p50(&json) >= 0.02, "{json}");
    assert!(!ended.err.contains("loud"));
    ended.says(&["6 calls", "p50", "p99", "all ok"]);
}

#[test]
fn commands_that_fail_are_counted_by_class_and_not_retried() {
    let script = "echo x >> n; case $(($(wc -l < n) % 3)) in 0) exit 1;; 1) kill -9 $$;; esac";
    let (json, _) = load(&Folder::new(), &["--count", "6", "--", "sh", "-c", script], 0);
    assert_eq!(json["errors"], serde_json::json!({"transient": 2, "killed": 2}));
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let (json, ended) = load(&Folder::new(), &["--count", "2", "--", "no-such-program"], 1);
    assert_eq!(json["errors"], serde_json::json!({"could_not_start": 2}));
    ended.says(&["no-such-program"]);
}

#[test]
fn a_backend_has_its_retries_and_they_are_a_part_of_the_latency() {
    let folder = Folder::with_plan(PLAN);
    let (json, ended) = load(&folder, &backend("flaky", &["--count", "4"]), 0);
    assert_eq!((&json["ok"], &json["attempts"], &json["saved"]), (&4.into(), &8.into(), &4.into()));
    assert!(p50(&json) >= 0.03, "{json}");
    ended.says(&["8 attempts", "4 calls ok only because of a retry"]);
    let (json, _) = load(&folder, &backend("flaky", &["--count", "4", "--no-retry"]), 1);
    assert_eq!((&json["errors"]["transient"], &json["attempts"]), (&4.into(), &4.into()));
}

#[test]
fn a_circuit_is_told_of_and_can_be_left_out() {
    let folder = Folder::with_plan(PLAN);
    let (json, ended) = load(&folder, &backend("down", &["--count", "8"]), 1);
    assert_eq!(
        (&json["attempts"], &json["rejected"], &json["errors"]["circuit_open"]),
        (&3.into(), &5.into(), &5.into())
    );
    assert_eq!((&json["circuit"][0]["backend"], &json["circuit"][0]["to"]), (&"down".into(), &"open".into()));
    assert_eq!(json["latency_s"]["corrected"]["count"], 3);
    ended.says(&["5 asks refused", "first `down`"]);
    let (json, _) = load(&folder, &backend("down", &["--count", "8", "--no-breaker"]), 1);
    assert_eq!((&json["attempts"], &json["rejected"]), (&8.into(), &0.into()));
}

#[test]
fn the_prompt_reaches_the_backend() {
    let folder = Folder::with_plan(PLAN);
    load(&folder, &["plan.toml", "--backend", "cat", "--prompt", "what is it?", "--count", "2"], 0);
    assert_eq!(folder.read("got"), "what is it?\nwhat is it?\n");
}

#[test]
fn a_whole_plan_is_run_over_and_over_with_its_own_files_each_time() {
    let plan = "[[tasks]]\nid = \"one\"\nrun = \"echo $$\"\n[[tasks]]\nid = \"two\"\nrun = 'cat \"$SEAWALL_RESPONSES/one\" >> n'\nafter = [\"one\"]\n";
    let folder = Folder::with_plan(plan);
    let (json, _) = load(&folder, &["plan.toml", "--count", "5", "--concurrency", "2"], 0);
    assert_eq!((&json["calls"], &json["ok"], &json["attempts"]), (&5.into(), &5.into(), &10.into()));
    let mut numbers: Vec<String> = folder.read("n").lines().map(str::to_owned).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 5, "each run has responses of its own");
}

#[test]
fn a_plan_whose_run_fails_is_an_error_of_its_first_failures_class() {
    let plan = "[[tasks]]\nid = \"b\"\nrun = \"true\"\nafter = [\"a\"]\n[[tasks]]\nid = \"a\"\nrun = \"exit 3\"\n[[tasks]]\nid = \"c\"\nrun = \"exit 4\"\nfailure_mode = \"skip\"\n";
    let (json, ended) = load(&Folder::with_plan(plan), &["plan.toml", "--count", "3"], 1);
    assert_eq!(json["errors"], serde_json::json!({"transient": 3}));
    ended.says(&["task `a`: exit code 3"]);
}

#[test]
fn a_seed_decides_what_is_drawn_and_calls_differ() {
    let folder = Folder::with_plan(PLAN);
    let ok = |seed| {
        let args = backend("half", &["--count", "100", "--concurrency", "3", "--seed", seed]);
        load(&folder, &args, 0).0["ok"].as_u64().unwrap()
    };
    assert!((25..75).contains(&ok("1")));
    assert_eq!(ok("1"), ok("1"));
    assert!([ok("2"), ok("3"), ok("4")] != [ok("1"); 3]);
}

#[test]
fn the_open_model_keeps_its_schedule() {
    let args = ["--rate", "50/s", "--duration", "600ms", "--", "sleep", "0.3"];
    let (json, _) = load(&Folder::new(), &args, 0);
    assert_eq!(json["calls"], 30);
    assert!(json["elapsed_s"].as_f64().unwrap() < 3.0, "{json}");
    let (json, _) = load(&Folder::new(), &["--stages", "20/s:200ms,100/s:100ms", "--", "true"], 0);
    assert_eq!(json["calls"], 14);
    let args = ["--rate", "300/min", "--arrivals", "poisson", "--seed", "3", "--count", "3", "--", "true"];
    assert_eq!(load(&Folder::new(), &args, 0).0["calls"], 3);
}

#[test]
fn a_generator_that_is_the_limit_says_so() {
    let args = ["--rate", "2000/s", "--duration", "200ms", "--max-in-flight", "1", "--", "sleep", "0.05"];
    let (json, ended) = load(&Folder::new(), &args, 0);
    assert_eq!((&json["generator"]["limited"], json["generator"]["missed"].as_u64() > Some(300)), (&true.into(), true));
    ended.says(&["the generator was the limit", "never began"]);
}

#[test]
fn objectives_are_judged_one_by_one_and_the_missed_ones_are_told() {
    let folder = Folder::with_plan(PLAN);
    let slos = ["p50<1ms", "max<10s", "mean<1us", "errors<1%", "rate>100000/s", "p99.9 < 5s"];
    let args: Vec<&str> = slos.iter().flat_map(|slo| ["--slo", slo]).collect();
    let (json, ended) = load(&folder, &backend("flaky", &[&["--count", "3"], &args[..]].concat()), 1);
    let judged: Vec<(&str, bool)> = json["slo"]
        .as_array()
        .unwrap()
        .iter()
        .map(|slo| (slo["text"].as_str().unwrap(), slo["met"].as_bool().unwrap()))
        .collect();
    let wanted = [false, true, false, true, false, true];
    assert_eq!(judged, slos.into_iter().zip(wanted).collect::<Vec<_>>());
    assert_eq!(json["slo"][3]["value"], 0.0);
    ended.says(&["missed  p50<1ms: ", "met  max<10s: ", "missed  rate>100000/s: "]);
}

#[test]
fn a_capacity_is_searched_and_its_steps_are_told() {
    let folder = Folder::with_plan(PLAN);
    let slow = ["--find-capacity", "--slo", "p99<1us", "--duration", "100ms", "--", "sleep", "0.01"];
    let (json, _) = load(&folder, &slow, 1);
    assert_eq!(json["capacity"]["rate"], Value::Null);
    assert!(json["capacity"]["steps"].as_array().unwrap().iter().all(|step| step["met"] == false));

    let args =
        ["--find-capacity", "--slo", "p90<10s", "--duration", "200ms", "--max-in-flight", "1", "--", "sleep", "0.02"];
    let (json, ended) = load(&folder, &args, 0);
    let rate = json["capacity"]["rate"].as_f64().unwrap();
    assert!((5.0..=60.0).contains(&rate), "one at a time of 20 ms: {json}");
    ended.says(&["capacity"]);
}

#[test]
fn a_load_is_compared_with_an_earlier_one() {
    let folder = Folder::new();
    let sleep =
        |seconds, more: &[&str]| load(&folder, &[&["--count", "6"], more, &["--", "sleep", seconds]].concat(), 0);
    sleep("0.1", &[]);
    std::fs::rename(folder.path("b.json"), folder.path("base.json")).unwrap();
    for (seconds, verdict) in [("0.5", "slower"), ("0.01", "faster")] {
        let (json, ended) = sleep(seconds, &["--baseline", "base.json"]);
        assert_eq!(json["baseline"]["verdict"], verdict);
        assert!(json["baseline"]["p50"].as_f64().is_some_and(|ratio| (ratio > 1.0) == (verdict == "slower")), "{json}");
        ended.says(&[verdict]);
    }
}

#[test]
fn files_are_tried_before_anything_is_sent_and_one_may_be_standard_output() {
    let folder = Folder::with_plan(PLAN);
    for option in ["--json", "--hdr", "--html"] {
        let ended = folder.run(&["bench", "plan.toml", "--backend", "cat", "--prompt", "x", option, "none/x"]);
        assert_eq!(ended.code, Some(3));
        ended.says(&["none/x"]);
    }
    assert!(!folder.has("got"));
    let ended = folder.run(&["bench", "--count", "1", "--json", "-", "--hdr", "b.hdr", "--", "true"]);
    assert_eq!(serde_json::from_str::<Value>(&ended.out).unwrap()["calls"], 1);
    assert!(folder.read("b.hdr").starts_with("#[Histogram log format version 1.3]\n#[StartTime: "));
}

#[test]
fn the_page_is_one_file_that_loads_nothing() {
    let folder = Folder::new();
    load(&folder, &["--count", "2", "--html", "b.html", "--", "sh", "-c", "exit 1 # <script>alert(1)</script>"], 1);
    let page = folder.read("b.html");
    assert!(page.contains("<html") && page.contains("p99") && page.contains("default-src 'none'"));
    assert!(!page.contains("<script>alert") && !page.contains("src=") && !page.contains("href="));
}

#[test]
fn a_target_is_needed_and_one_only() {
    refused(&[], &["COMMAND"]);
    refused(&["--count", "1"], &["COMMAND"]);
    refused(&["--"], &["COMMAND"]);
    refused(&["plan.toml", "--count", "1", "--", "touch", "ran"], &["cannot be used with"]);
    refused(&["plan.toml", "--backend", "flaky"], &["--prompt"]);
    refused(&["--backend", "flaky", "--prompt", "x"], &["PLAN"]);
    refused(&["plan.toml", "--backend", "flakey", "--prompt", "x"], &["no backend `flakey`", "did you mean `flaky`?"]);
    refused(&["plan.toml", "--backend", "zzz", "--prompt", "x"], &["there are flaky, half, down, cat, sh"]);
    refused(&["plan.toml"], &["there are no tasks"]);
    refused(&["no-such.toml"], &["failed to read no-such.toml"]);
    refused(&["--count", "1", "--", ""], &["the command after -- has no name"]);
}

#[test]
fn options_that_make_no_sense_are_named() {
    let with = |args: &[&str], words: &[&str]| refused(&[args, &["--", "touch", "ran"]].concat(), words);
    with(&["--rate", "10/s", "--concurrency", "2"], &["--rate", "--concurrency"]);
    with(&["--rate", "10/s", "--stages", "1/s:1s"], &["--rate", "--stages"]);
    with(&["--find-capacity", "--slo", "p99<1s", "--rate", "1/s"], &["--find-capacity", "--rate"]);
    with(&["--find-capacity"], &["--slo"]);
    with(&["--arrivals", "poisson"], &["--rate"]);
    with(&["--arrivals", "poisson", "--concurrency", "2"], &["--arrivals", "cannot be used with"]);
    with(&["--max-in-flight", "5", "--concurrency", "2"], &["--max-in-flight", "cannot be used with"]);
    with(&["--rate", "1/s", "--arrivals", "poison"], &["poison", "'poisson'"]);
    for rate in ["10", "0/s", "-1/s", "10/parsec", "x/s", "nan/s", ""] {
        with(&["--rate", rate], &["--rate"]);
    }
    for stages in ["10/s", "10/s:0s", "10/s:1s,", "1s:10/s"] {
        with(&["--stages", stages], &["--stages", stages]);
    }
    for slo in ["p99", "p99>1s", "p98x<1s", "errors<2", "rate>1", "max<1"] {
        with(&["--slo", slo], &["--slo", slo]);
    }
    with(&["--slo", "eror<1%"], &["did you mean `errors`?"]);
    for (option, value) in
        [("--count", "0"), ("--count", "x"), ("--duration", "0s"), ("--duration", "5"), ("--timeout", "0s")]
    {
        with(&[option, value], &[option, value]);
    }
    for (option, value) in [("--concurrency", "0"), ("--warmup", "-1s"), ("--grace", "x"), ("--seed", "-1")] {
        with(&[option, value], &[option, value]);
    }
    with(&["--json", "-", "--html", "-"], &["--json and --html cannot both write to standard output"]);
}

#[test]
fn a_baseline_that_is_none_is_named_before_anything_is_sent() {
    let folder = Folder::with_plan(PLAN);
    folder.write("rubbish.json", "{{{");
    folder.write("other.json", "{\"schema\": 1, \"run\": {}}");
    folder.write("later.json", "{\"schema\": 2, \"latency_s\": {\"corrected\": {}}, \"series\": []}");
    for name in ["missing.json", "rubbish.json", "other.json", "later.json"] {
        let args = ["bench", "--baseline", name, "plan.toml", "--backend", "cat", "--prompt", "x"];
        folder.run(&args).is_refused(&[name]);
    }
    assert!(!folder.has("got"));
}

#[test]
fn a_time_limit_is_of_each_attempt() {
    let (json, _) = load(&Folder::new(), &["--count", "2", "--timeout", "50ms", "--", "sleep", "60"], 1);
    assert_eq!(json["errors"], serde_json::json!({"timed_out": 2}));
}

#[test]
fn what_is_under_way_at_the_end_is_cut_off_after_the_grace() {
    let args =
        ["--duration", "50ms", "--grace", "100ms", "--", "sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"];
    let (json, _) = load(&Folder::new(), &args, 1);
    assert_eq!(json["errors"], serde_json::json!({"timed_out": 1}));
    assert_eq!(json["cancelled"], Value::Null);
    assert!((0.1..5.0).contains(&p50(&json)), "{json}");
}

/// Keeps connections, echoes a header into answers that fail, and notes what it is sent.
mod web {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};
    use std::thread;

    pub(super) struct Server {
        pub(super) url: String,
        /// Head and body of each request.
        pub(super) seen: Arc<Mutex<Vec<(String, String)>>>,
        pub(super) connections: Arc<Mutex<usize>>,
    }

    pub(super) fn serve(statuses: &'static [u16]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (seen, connections) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<usize>>::default());
        let server = Server { url, seen: Arc::clone(&seen), connections: Arc::clone(&connections) };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                *connections.lock().unwrap() += 1;
                let seen = Arc::clone(&seen);
                thread::spawn(move || while answer(&stream, statuses, &seen).is_some() {});
            }
        });
        server
    }

    fn answer(stream: &TcpStream, statuses: &[u16], seen: &Mutex<Vec<(String, String)>>) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).ok().filter(|length| *length > 0)?;
        }
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push((head.clone(), String::from_utf8_lossy(&body).into_owned()));
            seen.len() - 1
        };
        let status = statuses[number % statuses.len()];
        let mode = head.lines().find_map(|line| line.to_lowercase().strip_prefix("x-mode: ").map(str::to_owned));
        let text = format!("mode {}", mode.unwrap_or_default());
        write!(&mut &*stream, "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{text}", text.len()).ok()
    }
}

#[test]
fn an_address_is_asked_on_kept_connections() {
    let server = web::serve(&[200]);
    let (json, _) = load(&Folder::new(), &["--url", &server.url, "--concurrency", "2", "--count", "60"], 0);
    assert_eq!((&json["ok"], &json["attempts"]), (&60.into(), &60.into()));
    assert!(*server.connections.lock().unwrap() < 10);
    let seen = server.seen.lock().unwrap();
    assert!(seen.len() == 60 && seen.iter().all(|(head, body)| head.starts_with("GET / HTTP/1.1") && body.is_empty()));
}

#[test]
fn a_header_reaches_the_server_and_nobody_else_even_if_the_server_repeats_it() {
    let server = web::serve(&[200, 500]);
    let args =
        ["--url", &server.url, "--count", "2", "--header", "X-Mode: s3cret", "--body", "hello", "--html", "b.html"];
    let folder = Folder::new();
    let (json, ended) = load(&folder, &args, 0);
    assert_eq!(json["errors"], serde_json::json!({"transient": 1}));
    let seen = server.seen.lock().unwrap();
    assert!(seen.iter().all(|(head, body)| head.starts_with("POST /") && body == "hello"));
    assert!(seen.iter().all(|(head, _)| head.to_lowercase().contains("x-mode: s3cret")));
    assert!([&ended.err, &folder.read("b.json"), &folder.read("b.html")].iter().all(|text| !text.contains("s3cret")));
    assert!(ended.err.contains("[redacted]"), "{}", ended.err);
}

#[test]
fn an_address_makes_one_attempt_and_has_no_breaker() {
    let server = web::serve(&[503]);
    let (json, _) = load(&Folder::new(), &["--url", &server.url, "--count", "12"], 1);
    assert_eq!((&json["attempts"], &json["errors"]["overloaded"]), (&12.into(), &12.into()));
}

#[test]
fn an_address_that_is_none_and_what_belongs_to_one_are_refused() {
    refused(&["--url", "nothing"], &["`url` must be an address"]);
    refused(&["--url", "gopher://127.0.0.1/"], &["`url` must be an address"]);
    refused(&["--url", "http://x/", "plan.toml"], &["cannot be used with"]);
    for more in [&["--backend", "flaky", "--prompt", "x"][..], &["--backend", "flaky"], &["--prompt", "x"]] {
        refused(&[&["--url", "http://x/"], more].concat(), &["cannot be used with"]);
        refused(&[more, &["--", "touch", "ran"]].concat(), &["cannot be used with"]);
    }
    for of_url in [["--header", "a: b"], ["--method", "PUT"], ["--body", "x"]] {
        refused(&[&of_url[..], &["--", "touch", "ran"]].concat(), &[of_url[0], "cannot be used with"]);
        refused(&[&of_url[..], &["plan.toml"]].concat(), &[of_url[0], "cannot be used with"]);
    }
    refused(&["--url", "http://x/", "--method", "G ET"], &["method"]);
    let ended = Folder::new().run(&["bench", "--url", "http://x/", "--header", "s3cret"]);
    ended.is_refused(&["--header must be a name, a colon and a value"]);
    assert!(!ended.err.contains("s3cret"));
}
