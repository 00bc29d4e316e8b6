//! What a hundred kilobytes of anything cost when they are read as a plan: each less than 50 ms.
//!
//! The reading belongs to the program, so `seawall check` is what is measured, with its start and what it prints.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const BYTES: usize = 100_000;
const LIMIT: Duration = Duration::from_millis(50);
const ROUNDS: usize = 3;
const MORE_ROUNDS: usize = 20;
const MUTATIONS: usize = 40;

/// A valid plan with most kinds of values.
const PLAN: &str = include_str!("../src/bin/seawall/demo/plan.toml");

/// Each fills a text by being repeated, alone and behind a valid plan.
const PIECES: [&str; 36] = [
    "\n",
    "\r\n",
    " ",
    "#",
    "# ☃\n",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "{a=",
    "a = [",
    "a.",
    "=",
    ",",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\"\n",
    "\\",
    "\0",
    "\u{202e}",
    "a",
    "x = 1\n",
    "[a]\n",
    "[[tasks]]\n",
    "key=",
    "x={api_key=",
    "key = \"",
    "a://b@",
    "prompt = \"{{\"\n",
    "\"{{ ",
    "{{ a.b }}",
    "after = [\"x\"]\n",
    "-1 ",
];

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("plan.toml");
    let measured = texts().into_iter().map(|(name, text)| {
        std::fs::write(&file, &text).expect("the text is written");
        (check(&file), name)
    });
    let mut measured: Vec<(Duration, String)> = measured.collect();
    measured.sort();
    let slow: Vec<_> = measured.iter().filter(|(took, _)| *took >= LIMIT).collect();
    let (longest, name) = measured.last().expect("there are some");
    eprintln!(
        "{} texts of 100 kB read as plans: at most {longest:.1?}, for {name} (less than {LIMIT:?})",
        measured.len()
    );
    assert!(slow.is_empty(), "these take {LIMIT:?} or more: {slow:#.1?}");
}

/// The least of some times, of more while it is too long: what neighbours on the machine add is not ours.
fn check(file: &Path) -> Duration {
    let once = || {
        let start = Instant::now();
        let said = Command::new(env!("CARGO_BIN_EXE_seawall")).arg("check").arg(file).output().expect("seawall starts");
        let took = start.elapsed();
        assert!(matches!(said.status.code(), Some(0 | 2)), "{}", String::from_utf8_lossy(&said.stderr));
        took
    };
    let mut least = (0..ROUNDS).map(|_| once()).min().expect("there are some");
    for _ in 0..MORE_ROUNDS {
        if least >= LIMIT {
            least = least.min(once());
        }
    }
    least
}

fn texts() -> Vec<(String, Vec<u8>)> {
    let mut random = SmallRng::seed_from_u64(1);
    let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
    for piece in PIECES {
        let filled = piece.repeat(BYTES / piece.len());
        texts.push((format!("{piece:?} again and again"), filled.clone().into()));
        texts.push((format!("{piece:?} again and again behind a plan"), format!("{PLAN}\n{filled}").into()));
    }
    let bytes: Vec<u8> = (0..BYTES).map(|_| random.random()).collect();
    texts.push((
        "random bytes, as far as they are UTF-8".to_owned(),
        String::from_utf8_lossy(&bytes).into_owned().into(),
    ));
    texts.push(("random bytes".to_owned(), bytes));
    texts.extend(tasks().map(|(name, text)| (name.to_owned(), text.into())));
    texts.extend(
        (0..MUTATIONS)
            .map(|n| (format!("mutation {n} of many tasks"), mutated(&many("after = [\"t{n-1}\"]"), &mut random))),
    );
    texts
}

/// Plans that are long because they have much in them.
fn tasks() -> [(&'static str, String); 13] {
    let deep = BYTES / 8;
    [
        ("tasks in a row", many("after = [\"t{n-1}\"]")),
        ("tasks without dependencies", many("prompt = \"x\"")),
        ("tasks of one name", many("id = \"same\"")),
        ("tasks that wait for nobody knows whom", many("after = [\"nobody-{n}\"]")),
        ("tasks on unknown backends", many("backend = \"unknown-{n}\"")),
        ("tasks with unknown keys", many("kez-{n} = 1")),
        ("prompts that cannot be read", many("prompt = \"{{ tasks.t{n-1}. }}\"")),
        ("prompts with nobody knows whose answer", many("prompt = \"{{ tasks.nobody-{n}.response }}\"")),
        ("prompts with the answers before", many("after = [\"t{n-1}\"]\nprompt = \"{{ tasks.t1.response }}\"")),
        ("tasks that go on with nobody knows what", many("session = \"nobody-{n}\"")),
        (
            "as many backends as tasks",
            many("[backends.b{n}]\nkind = \"simulated\"\n[[tasks]]\nid = \"u{n}\"\nbackend = \"c{n}\""),
        ),
        ("deep lists", format!("x = {}{}", "[".repeat(deep), "]".repeat(deep))),
        ("deep tables", format!("x = {}1{}", "{a=".repeat(deep), "}".repeat(deep))),
    ]
}

/// As many tasks as fit, each with `line`.
fn many(line: &str) -> String {
    let mut plan = String::from("[backends.x]\nkind = \"simulated\"\n");
    for n in 1.. {
        let line = line.replace("{n}", &n.to_string()).replace("{n-1}", &(n - 1).to_string());
        let id = if line.starts_with("id") { String::new() } else { format!("id = \"t{n}\"\n") };
        let backend = if line.starts_with("backend") { "" } else { "backend = \"x\"\n" };
        let prompt = if line.starts_with("prompt") { "" } else { "prompt = \"x\"\n" };
        let task = format!("[[tasks]]\n{id}{backend}{prompt}{line}\n");
        if plan.len() + task.len() > BYTES {
            break;
        }
        plan.write_str(&task).expect("it fits into memory");
    }
    plan
}

/// Some places of `plan` are written over, with what breaks texts.
fn mutated(plan: &str, random: &mut SmallRng) -> Vec<u8> {
    let mut text = plan.as_bytes().to_vec();
    for _ in 0..random.random_range(1..50) {
        let piece = PIECES[random.random_range(0..PIECES.len())].as_bytes();
        let at = random.random_range(0..text.len());
        let end = text.len().min(at + random.random_range(0..12));
        text.splice(at..end, piece.iter().copied());
    }
    text
}
