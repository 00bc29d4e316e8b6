//! What is in a journal, and what is not.

use super::Journaled as _;
use crate::program::{Folder, Running};
use crate::server::{Server, reply};
use rusqlite::Connection;
use std::fs;

/// All bytes of the journal, with what stands beside it.
fn bytes(folder: &Folder) -> Vec<u8> {
    let names = folder.names(".");
    let names = names.iter().filter(|name| name.starts_with("j.db"));
    names.flat_map(|name| fs::read(folder.path(name)).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn no_value_of_the_environment_no_setting_and_no_prompt_is_in_it_but_answers_are() {
    let plan = "[backends.c]\nkind = 'command'\nargv = ['sh', '-s', 'an-argument-5f3a']\nenv = { TOKEN = 'a-value-9c1e' }\n\
                [[tasks]]\nid = 'a'\nbackend = 'c'\nprompt = 'echo an-ans\"\"wer-7b2d # a-prompt-4608'\n";
    let folder = Folder::with_plan(plan);
    assert_eq!(folder.journaled(&[]).code, Some(0));
    let bytes = bytes(&folder);
    for absent in ["an-argument-5f3a", "a-value-9c1e", "a-prompt-4608", "TOKEN"] {
        assert!(!holds(&bytes, absent), "{absent}");
    }
    assert!(holds(&bytes, "an-answer-7b2d"));
}

#[test]
fn no_key_is_in_it_though_an_answer_repeats_it() {
    const KEY: &str = "sk-5f3a9c1e7b2d4608";
    let server = Server::saying(reply(200, &[], format!("your key is {KEY}")));
    let plan = format!(
        "[backends.h]\nkind = 'http'\nurl = '{}'\nkey_env = 'SEAWALL_TEST_KEY'\n[[tasks]]\nid = 'a'\nbackend = 'h'\nprompt = 'x'\n",
        server.url("/")
    );
    let folder = Folder::with_plan(&plan);
    let mut program = folder.program(&["run", "plan.toml", "--journal", "j.db"]);
    program.env("SEAWALL_TEST_KEY", KEY);
    assert_eq!(folder.end(Running::start(program)).code, Some(0));
    assert_eq!(server.requests()[0].header("authorization"), Some(&*format!("Bearer {KEY}")));
    let bytes = bytes(&folder);
    assert!(!holds(&bytes, KEY) && holds(&bytes, "[redacted]"));
}

#[test]
fn other_programs_may_read_it() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'echo one'\n[[tasks]]\nid = 'b'\nrun = 'exit 1'\n");
    assert_eq!(folder.journaled(&[]).code, Some(1));
    let journal = Connection::open(folder.path("j.db")).unwrap();
    let mut works = journal.prepare("SELECT task, status, response FROM works ORDER BY task").unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let works: Vec<(String, String, Option<Vec<u8>>)> = works.query_map([], row).unwrap().map(Result::unwrap).collect();
    let wanted = [("a".into(), "completed".into(), Some(b"one\n".to_vec())), ("b".into(), "failed".into(), None)];
    assert_eq!(works, wanted);
    let check: String = journal.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}
