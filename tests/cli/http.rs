//! Backends of kind `http`: what a plan may say, and what a run does with it.

use crate::certificates::certificates;
use crate::program::{Ended, Folder, Running, task};
use crate::server::{Server, reply};
use crate::verdicts::Verdicts as _;
use serde_json::{Value, json};

const KEY: &str = "sk-5f3a9c1e7b2d4608";

/// A plan with one task for a backend with these keys.
fn plan(keys: &str) -> String {
    format!("[backends.h]\nkind = \"http\"\n{keys}\n[[tasks]]\nid = \"t\"\nbackend = \"h\"\nprompt = \"what?\"\n")
}

/// Runs the program with variables of its own, and without those of this process that would change what it does.
fn run(folder: &Folder, args: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut program = folder.program(args);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        program.env_remove(name).env_remove(name.to_lowercase());
    }
    program.envs(variables.iter().copied());
    folder.end(Running::start(program))
}

/// Runs a plan with everything that is written, and comes back with its one task.
fn outcome(folder: &Folder, variables: &[(&str, &str)]) -> (Ended, Value) {
    let all = [
        "run",
        "plan.toml",
        "--report-json",
        "report.json",
        "--events",
        "events.jsonl",
        "--output",
        "out",
        "--verbose",
    ];
    let ended = run(folder, &all, variables);
    let report = folder.json("report.json");
    (ended, task(&report, "t").clone())
}

#[test]
fn a_task_is_one_request_and_its_answer() {
    let server = Server::saying(reply(200, &[], r#"{"result": {"text": "that"}}"#));
    let keys = format!(
        "url = \"{}\"\nmethod = \"PUT\"\nheaders = {{ X-Mode = \"fast\" }}\nbody = '{{\"q\": {{{{ prompt | tojson }}}}}}'\nanswer = \"/result/text\"\nmax_body = \"1MiB\"\nconnect_timeout = \"5s\"\n",
        server.url("/answer")
    );
    let (ended, outcome) = outcome(&Folder::with_plan(&plan(&keys)), &[]);
    assert_eq!((ended.code, outcome["response"].as_str()), (Some(0), Some("that")), "{ended:?}");
    let seen = server.requests().remove(0);
    assert_eq!(
        (seen.method.as_str(), seen.text().as_str(), seen.header("x-mode")),
        ("PUT", r#"{"q": "what?"}"#, Some("fast"))
    );
}

/// With less memory than there is in the answers.
#[test]
fn a_gibibyte_in_answer_error_and_redirect_needs_no_more_memory_than_is_kept_of_it() {
    const GIBIBYTE: usize = 1 << 30;
    let server = Server::start(|seen, peer| {
        let head = match &*seen.target {
            "/length" => format!("200 OK\r\nContent-Length: {GIBIBYTE}"),
            "/no-length" => "200 OK".to_owned(),
            "/error" => format!("404 Not Found\r\nContent-Length: {GIBIBYTE}"),
            "/redirect" => format!("307 Elsewhere\r\nLocation: /length\r\nContent-Length: {GIBIBYTE}"),
            _ => "204 No Content\r\nX:".to_owned() + &"x".repeat(GIBIBYTE / 8),
        };
        peer.write_all(format!("HTTP/1.1 {head}\r\n\r\n").as_bytes())?;
        let block = vec![b'x'; 1 << 20];
        (0..GIBIBYTE / block.len()).try_for_each(|_| peer.write_all(&block))?;
        Ok(false)
    });
    for (path, result, length) in [
        ("/length", "success", Some(16 << 20)),
        ("/no-length", "success", Some(16 << 20)),
        ("/redirect", "success", Some(16 << 20)),
        ("/error", "permanent", None),
        ("/head", "invalid_answer", None),
    ] {
        let keys = format!("url = '{}'\nretry = {{ max_attempts = 1 }}", server.url(path));
        let folder = Folder::with_plan(&plan(&keys));
        let mut shell = std::process::Command::new("bash");
        let script = "ulimit -v 800000; exec \"$0\" run plan.toml --report-json report.json";
        shell.args(["-c", script, env!("CARGO_BIN_EXE_seawall")]);
        let ended = folder.end(Running::start(folder.prepared(shell)));
        let outcome = task(&folder.json("report.json"), "t").clone();
        assert_eq!(outcome["attempts"][0]["result"], result, "{path}: {ended:?}");
        assert_eq!(outcome["response"].as_str().map(str::len), length, "{path}");
    }
}

#[test]
fn a_chat_tells_its_usage() {
    let answer =
        json!({"choices": [{"message": {"content": "that"}}], "usage": {"prompt_tokens": 11, "completion_tokens": 7}});
    let server = Server::saying(reply(200, &[], answer.to_string()));
    let keys = format!("openai = \"{}\"\nmodel = \"m\"\ntemperature = 1\nmax_tokens = 64\n", server.url("/v1"));
    let folder = Folder::with_plan(&plan(&keys));
    let (_, outcome) = outcome(&folder, &[]);
    assert_eq!(outcome["usage"], json!({"input_tokens": 11, "output_tokens": 7}));
    assert_eq!(folder.json("report.json")["run"]["usage"], outcome["usage"]);
}

/// Every file of a folder, as one text.
fn all_files(folder: &std::path::Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| {
        if path.is_dir() {
            all_files(&path)
        } else {
            String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
        }
    };
    entries.map(text).collect()
}

#[test]
fn a_key_goes_to_the_server_and_nowhere_else() {
    for status in [200, 401, 500] {
        let server = Server::start(move |seen, peer| {
            let echo = format!("you sent {}", seen.header("authorization").unwrap_or_default());
            peer.write_all(&reply(status, &[], echo)).map(|()| true)
        });
        let folder = Folder::with_plan(&plan(&format!(
            "url = \"{}\"\nkey_env = \"THE_KEY\"\nretry = {{ max_attempts = 1 }}",
            server.url("/")
        )));
        let (ended, _) = outcome(&folder, &[("THE_KEY", &format!(" {KEY}\n"))]);
        assert_eq!(server.requests()[0].header("authorization"), Some(&*format!("Bearer {KEY}")));
        let told = all_files(&folder.path("")) + &ended.out + &ended.err;
        assert!(!told.contains(KEY), "{told}");
        assert!(told.contains("you sent Bearer [redacted]"), "{told}");
    }
}

#[test]
fn a_key_file_is_found_from_the_folder_of_the_plan() {
    let server = Server::saying(reply(200, &[], "ok"));
    let folder = Folder::new();
    std::fs::create_dir(folder.path("sub")).unwrap();
    folder.write("sub/key", &format!("\n{KEY}\r\n"));
    folder.write("sub/plan.toml", &plan(&format!("url = \"{}\"\nkey_file = \"key\"", server.url("/"))));
    assert_eq!(run(&folder, &["run", "sub/plan.toml"], &[]).code, Some(0));
    assert_eq!(server.requests()[0].header("authorization"), Some(&*format!("Bearer {KEY}")));
    let effective = run(&folder, &["check", "--effective", "sub/plan.toml"], &[]).result();
    assert!(
        effective.contains("key_file = ") && effective.contains("max_body = \"16MiB\"") && !effective.contains(KEY)
    );
    folder.write("effective.toml", &effective);
    assert_eq!(run(&folder, &["check", "--effective", "effective.toml"], &[]).result(), effective);
}

#[test]
fn a_key_that_is_not_where_it_should_be_is_a_fault() {
    let server = Server::saying(reply(200, &[], "ok"));
    let folder = Folder::new();
    folder.write("empty", " \n");
    for (key, word) in [
        ("key_env = \"NO_SUCH_VARIABLE\"", "NO_SUCH_VARIABLE"),
        ("key_env = \"EMPTY\"", "empty"),
        ("key_file = \"nowhere\"", "nowhere"),
        ("key_file = \"empty\"", "empty"),
        ("key_env = \"A\"\nkey_file = \"empty\"", "both"),
    ] {
        folder.write("plan.toml", &plan(&format!("url = \"{}\"\n{key}", server.url("/"))));
        for command in ["run", "check"] {
            run(&folder, &[command, "plan.toml"], &[("EMPTY", ""), ("A", "a")]).is_refused(&[word, "backend `h`"]);
        }
    }
    assert_eq!(server.accepted(), 0);
}

#[test]
fn a_key_in_the_plan_is_a_fault_that_does_not_quote_it() {
    let folder = Folder::new();
    for (keys, name) in [
        (format!("url = \"http://h/\"\nkey = \"{KEY}\""), "`key`"),
        (format!("url = \"http://h/\"\napi_key = '{KEY}'"), "`api_key`"),
        (format!("url = \"http://h/\"\nheaders = {{ AUTHORIZATION = \"Bearer {KEY}\", nme = 1 }}"), "AUTHORIZATION"),
        (format!("url = \"http://h/\"\nheaders.proxy-authorization = \"{KEY}\""), "proxy-authorization"),
        (format!("url = \"http://h/\"\n[backends.h.headers]\nX-Api-Key = \"{KEY}\"\n"), "X-Api-Key"),
        (format!("url = \"http://h/\"\nheaders = {{ \"api-key\" = \"\"\"\n{KEY}\"\"\" }}"), "api-key"),
        (format!("url = \"http://user:{KEY}@h/\""), "`url`"),
        (format!("openai = \"http://{KEY}@h/\""), "`openai`"),
        (format!("url = \"http://h/\"\nkey = \"{KEY}\", broken"), "broken"),
        (format!("url = \"http://h/\"\nkey = {KEY}"), "key"),
    ] {
        folder.write("plan.toml", &plan(&keys));
        for command in [&["check", "plan.toml"][..], &["run", "plan.toml"], &["check", "--effective", "plan.toml"]] {
            let ended = run(&folder, command, &[]);
            ended.is_refused(&[name]);
            assert!(!ended.err.contains(KEY), "{}", ended.err);
        }
    }
}

#[test]
fn each_fault_is_named_with_its_line() {
    let folder = Folder::new();
    for (keys, words) in [
        ("", &["lacks `url`", "`openai`"][..]),
        ("url = \"http://h/\"\nopenai = \"http://h/\"", &["both `url` and `openai`"]),
        ("url = \"ftp://h/\"", &["plan.toml:3:", "`ftp`"]),
        ("url = \"http://h/\"\nanswer = \"a/b\"", &["plan.toml:4:", "`answer`", "JSON pointer"]),
        ("url = \"http://h/\"\nmethod = \"GE T\"", &["plan.toml:4:", "`method`"]),
        ("url = \"http://h/\"\nheaders = { X-A = \"1\\r\\nX-Evil: 2\" }", &["plan.toml:4:", "X-A"]),
        ("url = \"http://h/\"\nmax_body = \"lots\"", &["plan.toml:4:", "`max_body`", "16MiB"]),
        ("url = \"http://h/\"\nmax_body = 7", &["`max_body`"]),
        (
            "url = \"http://h/\"\nbody = '''\n{\n{{ prompt | tojsn }}}'''",
            &["plan.toml:4:", "`body`", "line 2", "tojsn"],
        ),
        ("url = \"http://h/\"\nbody = \"{{ promt }}\"", &["`body`", "promt"]),
        ("url = \"http://h/\"\nmodel = \"m\"", &["`model`", "belongs to `openai`"]),
        ("openai = \"http://h/\"\nanswer = \"/a\"", &["`answer`", "belongs to `url`"]),
        ("openai = \"http://h/\"\ntemperature = \"hot\"", &["`temperature`"]),
        ("url = \"http://h/\"\nargv = [\"true\"]", &["`argv`", "`command`"]),
        ("url = \"http://h/\"\nbdoy = \"x\"", &["`bdoy`", "`body`"]),
        ("url = \"http://h/\"\nconnect_timeout = \"0s\"", &["`connect_timeout`"]),
    ] {
        folder.write("plan.toml", &plan(keys));
        run(&folder, &["check", "plan.toml"], &[]).is_refused(words);
    }
}

#[test]
fn https_trusts_what_a_variable_names() {
    let (authority, tls) = certificates();
    let server =
        Server::start_tls(tls, false, |seen, peer| peer.write_all(&reply(200, &[], seen.text())).map(|()| true));
    let folder = Folder::new();
    let more = "[[tasks]]\nid = \"u\"\nbackend = \"h\"\nprompt = \"more\"\nafter = [\"t\"]\n";
    folder.write("plan.toml", &(plan(&format!("url = \"{}\"", server.url("/"))) + more));
    folder.write("ca.pem", &authority);
    let file = folder.path("ca.pem");
    let (ended, trusted) = outcome(&folder, &[("SSL_CERT_FILE", file.to_str().unwrap())]);
    assert_eq!((ended.code, trusted["response"].as_str()), (Some(0), Some("what?")), "{ended:?}");
    assert_eq!((server.requests().len(), server.accepted()), (2, 1), "a connection is kept");
    let (_, untrusted) = outcome(&folder, &[]);
    assert_eq!((&untrusted["attempts"][0]["result"], server.requests().len()), (&json!("permanent"), 2));
}

#[test]
fn proxies_are_taken_from_the_environment_and_never_for_loopback() {
    let proxy = Server::saying(reply(200, &[], "from afar"));
    let address = format!("http://user:p%40ss@127.0.0.1:{}", proxy.port());
    let folder = Folder::with_plan(&plan("url = \"http://far.example:81/answer?x=1\""));
    let (ended, far) = outcome(&folder, &[("HTTP_PROXY", &address)]);
    assert_eq!(far["response"], "from afar", "{ended:?}");
    let seen = proxy.requests().remove(0);
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "http://far.example:81/answer?x=1"));
    assert_eq!((seen.header("host"), seen.text().as_str()), (Some("far.example:81"), "what?"));
    assert_eq!(seen.header("proxy-authorization"), Some("Basic dXNlcjpwQHNz"));

    let server = Server::saying(reply(200, &[], "from here"));
    for host in ["127.0.0.1", "localhost"] {
        folder.write("plan.toml", &plan(&format!("url = \"http://{host}:{}/\"", server.port())));
        assert_eq!(outcome(&folder, &[("HTTP_PROXY", &address), ("ALL_PROXY", &address)]).1["response"], "from here");
    }
    assert_eq!(proxy.requests().len(), 1);
}

#[test]
fn https_goes_through_a_tunnel_and_a_proxy_that_makes_none_has_its_class() {
    let (authority, tls) = certificates();
    let proxy = Server::start_tls(tls, true, |seen, peer| peer.write_all(&reply(200, &[], seen.text())).map(|()| true));
    let address = format!("http://127.0.0.1:{}", proxy.port());
    let folder = Folder::with_plan(&plan("url = \"https://far.localdomain/answer\"\nretry = { max_attempts = 1 }"));
    folder.write("ca.pem", &authority);
    let file = folder.path("ca.pem");
    let trusted = [("HTTPS_PROXY", address.as_str()), ("SSL_CERT_FILE", file.to_str().unwrap())];
    let (ended, far) = outcome(&folder, &trusted);
    assert_eq!(far["response"], "what?", "{ended:?}");
    let seen = proxy.requests();
    assert_eq!((seen[0].method.as_str(), seen[0].target.as_str()), ("CONNECT", "far.localdomain:443"));
    assert_eq!((seen[1].method.as_str(), seen[1].target.as_str()), ("POST", "/answer"));

    for (status, result) in [(407, "permanent"), (503, "overloaded"), (502, "transient")] {
        let refusing = Server::saying(reply(status, &[], "no"));
        let (_, refused) = outcome(&folder, &[("HTTPS_PROXY", &format!("http://127.0.0.1:{}", refusing.port()))]);
        assert_eq!(refused["attempts"][0]["result"], result);
    }
}

#[test]
fn a_wait_that_is_longer_than_the_time_for_retries_ends_the_task_at_once() {
    for wait in ["3600", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let wait = wait.to_owned();
        let server =
            Server::start(move |_, peer| peer.write_all(&reply(503, &[("Retry-After", &wait)], "")).map(|()| true));
        let (ended, outcome) = outcome(&Folder::with_plan(&plan(&format!("url = \"{}\"", server.url("/")))), &[]);
        assert_eq!((ended.code, &outcome["failure"]["kind"]), (Some(1), &json!("exhausted")));
        assert_eq!(server.requests().len(), 1);
    }
}
