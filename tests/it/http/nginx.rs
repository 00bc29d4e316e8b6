//! A server of another hand.

use super::*;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// nginx with a configuration of its own, until it is dropped.
struct Nginx {
    child: Child,
    folder: std::path::PathBuf,
    port: u16,
}

impl Nginx {
    /// `None` where there is none. `server` is what stands in its `server` block.
    fn start(name: &str, server: &str) -> Option<Self> {
        let folder = env::temp_dir().join(format!("seawall-nginx-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("html")).unwrap();
        fs::write(folder.join("html/file.txt"), "a file of words, words, words\n".repeat(100)).unwrap();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|kind| format!("{kind}_temp_path {kind};\n")).concat();
        // Whoever takes the port in between makes nginx end, and another one is tried.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let config = format!(
                "daemon off; master_process off; pid pid; error_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}server {{\nlisten 127.0.0.1:{port};\nroot html;\n{server}\n}}\n}}\n"
            );
            fs::write(folder.join("nginx.conf"), config).unwrap();
            let mut nginx = Command::new("nginx");
            nginx.arg("-p").arg(&folder).args(["-c", "nginx.conf"]).stdin(Stdio::null()).stderr(Stdio::null());
            let Ok(child) = nginx.spawn() else {
                eprintln!("skipped: there is no nginx");
                fs::remove_dir_all(&folder).unwrap();
                return None;
            };
            let mut nginx = Self { child, folder: folder.clone(), port };
            if nginx.is_up() {
                return Some(nginx);
            }
        }
        panic!("nginx does not start");
    }

    fn is_up(&mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) && self.child.try_wait().unwrap().is_none() {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn to(&self, path: &str) -> HttpBackendBuilder<Generic> {
        HttpBackend::builder(self.url(path))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn files_come_whole_also_packed_and_by_a_redirect() {
    let server = "gzip on; gzip_types text/plain; gzip_min_length 1; location = /moved { return 302 /file.txt; }";
    let Some(nginx) = Nginx::start("files", server) else { return };
    let wanted = "a file of words, words, words\n".repeat(100);
    assert_eq!(verdict(nginx.to("/file.txt").method("GET")), Ok(wanted.clone()));
    assert_eq!(verdict(nginx.to("/file.txt").method("GET").header("Accept-Encoding", "gzip")), Ok(wanted.clone()));
    assert_eq!(verdict(nginx.to("/moved")), Ok(wanted), "a POST that becomes a GET");
    let (class, sentence) = error(nginx.to("/nowhere").method("GET"));
    assert_eq!(class, ErrorClass::Permanent);
    assert!(sentence.starts_with("status 404 Not Found: <html>"), "{sentence}");
    assert_eq!(error(nginx.to("/file.txt")).0, ErrorClass::Permanent, "405, which a file is posted to with");
}

#[test]
fn what_a_proxy_says_of_the_server_behind_it_has_its_class() {
    let hanging = Server::start(|_, peer| {
        peer.hang();
        Ok(false)
    });
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = format!(
        "location /down {{ proxy_pass http://127.0.0.1:{nobody}; }}\nlocation /slow {{ proxy_pass {}; proxy_read_timeout 100ms; }}\nlocation /busy {{ add_header Retry-After 7 always; return 503; }}",
        hanging.url("")
    );
    let Some(nginx) = Nginx::start("proxy", &server) else { return };
    for (path, class, word) in [
        ("/down", ErrorClass::Transient, "status 502"),
        ("/slow", ErrorClass::Transient, "status 504"),
        ("/busy", ErrorClass::Overloaded, "status 503"),
    ] {
        let failed = send(&nginx.to(path).build().unwrap(), "").unwrap_err();
        assert_eq!(failed.class(), class, "{failed}");
        assert!(failed.to_string().starts_with(word), "{failed}");
        assert_eq!(failed.retry_after(), (path == "/busy").then_some(Duration::from_secs(7)));
    }
}

#[test]
fn a_body_goes_through_a_proxy_and_one_that_is_too_large_is_permanent() {
    let echo = Server::start(|seen, peer| peer.write_all(&reply(200, &[], &seen.body)).map(|()| true));
    let server = format!("client_max_body_size 1m; location / {{ proxy_pass {}; }}", echo.url(""));
    let Some(nginx) = Nginx::start("body", &server) else { return };
    let backend = nginx.to("/").build().unwrap();
    let prompt = "ü".repeat(400_000);
    assert!(send(&backend, &prompt).unwrap().text() == prompt);
    let failed = send(&backend, &"x".repeat(20_000_000)).unwrap_err();
    assert_eq!(failed.class(), ErrorClass::Permanent);
    assert!(failed.to_string().starts_with("status 413"), "{failed}");
    assert_eq!(send(&backend, "again").unwrap().text(), "again");
}

#[test]
fn connections_that_it_closes_after_a_few_requests_are_no_error() {
    let server = "keepalive_requests 3; default_type text/plain; location / { return 200 $connection_requests; }";
    let Some(nginx) = Nginx::start("kept", server) else { return };
    let backend = nginx.to("/").method("GET").build().unwrap();
    let counts: Vec<_> = (0..9).map(|_| send(&backend, "").unwrap().text().to_owned()).collect();
    assert_eq!(counts.concat(), "123123123");
}
