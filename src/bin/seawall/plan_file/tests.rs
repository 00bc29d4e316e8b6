//! What holds for every text.

use super::PlanFile;
use proptest::prelude::*;
use std::path::Path;

const PLANS: [&str; 3] = [
    include_str!("../demo/plan.toml"),
    include_str!("../init/starter.toml"),
    r#"
[backends."b c"]
kind = "command"
argv = ["a", "{prompt}"]
input = "arg"
when_open = { fallback = "d" }
exit = { permanent = [2, 3], overloaded = [75] }
env = { MODE = "fast" }
cwd = "sub"
breaker = "off"
[backends.d]
kind = "simulated"
latency = { median = "20ms", p99 = "200ms" }
response = """
größer ☃
"""
[[tasks]]
id = 'größe'
backend = "b c"
prompt = "x\ty\u001b"
writes = ["x"]
retry = { max_attempts = 3, multiplier = 2 }
[[tasks]]
id = "next"
run = "true"
after = ["größe", "größe"]
failure_mode = "skip"
"#,
];

/// What breaks a text in interesting ways.
const PIECES: [&str; 24] = [
    "",
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\n",
    "\r",
    "#",
    "\\",
    "\u{0}",
    "\u{9b}",
    "☃",
    "\u{202e}",
    "-1",
    "nan",
    "\n[[tasks]]\n",
    "after = [\"next\"]\n",
];

fn judge(text: &str) -> Result<PlanFile, super::PlanFaults> {
    PlanFile::parse("plan.toml", text, Path::new("/folder"))
}

/// A plan of which some parts are replaced by others.
fn broken_plan() -> impl Strategy<Value = String> {
    let cut = (any::<prop::sample::Index>(), 0_usize..12, prop::sample::select(&PIECES[..]));
    (prop::sample::select(&PLANS[..]), prop::collection::vec(cut, 0..6)).prop_map(|(plan, cuts)| {
        let mut chars: Vec<char> = plan.chars().collect();
        for (at, length, piece) in cuts {
            let at = at.index(chars.len() + 1);
            let end = (at + length).min(chars.len());
            chars.splice(at..end, piece.chars());
        }
        chars.into_iter().collect()
    })
}

/// A value that a key may not be meant to have.
const VALUES: [&str; 26] = [
    "0",
    "-1",
    "1",
    "9223372036854775807",
    "-9223372036854775808",
    "0x7f",
    "1.5",
    "-0.0",
    "1e308",
    "inf",
    "nan",
    "true",
    "\"\"",
    "\"off\"",
    "\"1h\"",
    "\"-1s\"",
    "\"99999999999999999999h\"",
    "\"b c\"",
    "\"{{ x\"",
    "'\u{202e}'",
    "2020-02-30",
    "2020-01-01T00:00:00Z",
    "[]",
    "[1, [\"a\"]]",
    "{}",
    "{ a = { b = [] } }",
];

/// A plan in which some keys have other values.
fn odd_plan() -> impl Strategy<Value = String> {
    let other = (any::<prop::sample::Index>(), prop::sample::select(&VALUES[..]));
    (prop::sample::select(&PLANS[..]), prop::collection::vec(other, 1..4)).prop_map(|(plan, others)| {
        let mut lines: Vec<String> = plan.lines().map(str::to_owned).collect();
        let keyed: Vec<usize> = (0..lines.len()).filter(|n| lines[*n].contains(" = ")).collect();
        for (at, value) in others {
            let line = &mut lines[*at.get(&keyed)];
            if let Some((key, _)) = line.split_once(" = ") {
                *line = format!("{key} = {value}");
            }
        }
        lines.join("\n")
    })
}

/// What is long is judged as soon as what is short: nothing grows faster than the text.
#[test]
fn a_hundred_kilobytes_of_anything_take_no_time_to_speak_of() {
    const LONG: usize = 100_000;
    let began = std::time::Instant::now();
    let deep = ["[", "{a=", "a.", "[[", "a = [", "\"\"\"", "{", "[a]\n", "[[tasks]]\n", "x = 1\n", "#☃\n"];
    for piece in PIECES.iter().chain(&deep).filter(|piece| !piece.is_empty()) {
        for plan in ["", PLANS[2]] {
            let text = plan.to_owned() + &piece.repeat(LONG / piece.len());
            if let Err(faults) = judge(&text) {
                assert!(faults.to_string().contains("fault"));
            }
        }
    }
    assert!(began.elapsed().as_secs() < 60, "they took {:?}", began.elapsed());
}

proptest! {
    #[test]
    fn a_value_of_a_wrong_kind_is_a_fault_at_its_place(text in odd_plan()) {
        if let Err(faults) = judge(&text) {
            let shown = anstream::adapter::strip_str(&faults.to_string()).to_string();
            prop_assert!(shown.contains("--> plan.toml:"), "{}\n{}", shown, text);
        }
    }

    #[test]
    fn a_text_is_a_plan_that_can_be_written_out_or_has_faults_that_can_be_shown(text in broken_plan()) {
        match judge(&text) {
            Ok(plan_file) => {
                let once = plan_file.effective();
                let again = judge(&once).map_err(|faults| TestCaseError::fail(format!("{faults}\n{once}")))?;
                prop_assert_eq!(again.effective(), once);
                prop_assert_eq!(again.plan.len(), plan_file.plan.len());
            }
            Err(faults) => {
                let shown = anstream::adapter::strip_str(&faults.to_string()).to_string();
                let last = shown.lines().last().unwrap_or_default();
                prop_assert!(last.starts_with("plan.toml: ") && last.contains("fault"), "{}", shown);
                prop_assert!(!last.contains(" 0 "), "{}", shown);
                prop_assert!(!shown.contains(|c: char| c != '\n' && crate::visible::is_unsafe(c)), "{}", shown);
            }
        }
    }
}
