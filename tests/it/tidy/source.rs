//! A source file, cut into what is code, what is said to readers, and what tests it.

use std::fs;
use std::path::{Path, PathBuf};

pub(super) struct Source {
    /// From `src/` on, without the ending: `runner/queue`.
    pub(super) module: String,
    /// Every line but those of its own tests.
    pub(super) lines: Vec<String>,
    /// The same lines; comments, texts and characters are blank.
    pub(super) code: Vec<String>,
}

impl Source {
    fn read(root: &Path, path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let relative = path.strip_prefix(root).unwrap().with_extension("");
        let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
        let text = &text[..tests];
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        Self { module: relative.to_str().unwrap().to_owned(), lines: lines(text), code: lines(&blanked(text)) }
    }

    pub(super) fn is_of_the_program(&self) -> bool {
        self.module.starts_with("bin/")
    }

    /// Whether it is there for the model checker alone.
    pub(super) fn is_of_a_model(&self) -> bool {
        self.module.ends_with("/model")
    }

    pub(super) fn count(&self, is_counted: impl Fn(&str) -> bool) -> usize {
        self.lines.iter().filter(|line| is_counted(line.trim_start())).count()
    }
}

/// Every source file under `src/`, the library's and the program's.
pub(super) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources: Vec<_> = files(&root).iter().map(|path| Source::read(&root, path)).collect();
    sources.sort_by(|a, b| a.module.cmp(&b.module));
    assert!(sources.len() > 40, "the sources were not found");
    sources
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let sources = files.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    sources.chain(folders.iter().flat_map(|folder| self::files(folder))).collect()
}

/// The text with everything that is not code turned into spaces, line for line.
fn blanked(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = opaque(rest, code.chars().next_back()).unwrap_or(0);
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(rest[..length].chars().map(|char| if char == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    code
}

/// How many bytes of a comment, text or character `rest` begins with.
fn opaque(rest: &str, before: Option<char>) -> Option<usize> {
    let end_after = |from: usize, end: &str| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    let is_within_name = before.is_some_and(|char| char.is_alphanumeric() || char == '_');
    if rest.starts_with("//") {
        Some(rest.find('\n').unwrap_or(rest.len()))
    } else if rest.starts_with("/*") {
        Some(end_after(2, "*/"))
    } else if rest.starts_with('"') {
        Some(quoted(rest, '"'))
    } else if rest.starts_with("r\"") && !is_within_name {
        Some(end_after(2, "\""))
    } else if rest.starts_with("r#\"") && !is_within_name {
        Some(end_after(3, "\"#"))
    } else if let Some(within) = rest.strip_prefix('\'') {
        // A lifetime has no second quote where a character has it.
        let mut chars = within.chars();
        let is_character = chars.next() == Some('\\') || chars.next() == Some('\'');
        is_character.then(|| quoted(rest, '\''))
    } else {
        None
    }
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = true; // the opening quote
    let end = rest.char_indices().find(|(_, char)| {
        let is_end = *char == quote && !is_escaped;
        is_escaped = *char == '\\' && !is_escaped;
        is_end
    });
    end.map_or(rest.len(), |(at, _)| at + 1)
}

/// How many lines each function has, its signature and its closing brace included.
pub(super) fn function_lengths(source: &Source) -> Vec<(String, usize)> {
    let begins = source.code.iter().enumerate().filter_map(|(at, line)| Some((at, function_name(line)?)));
    begins.filter_map(|(at, name)| Some((name, length(&source.code[at..])?))).collect()
}

fn function_name(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let place = words.iter().position(|word| *word == "fn")?;
    let is_qualifier = |word: &&str| word.starts_with("pub") || ["const", "extern", "in", "unsafe"].contains(word);
    let is_qualified = words[..place].iter().all(|word| is_qualifier(word) || word.ends_with(')'));
    let name = words.get(place + 1)?.split(['(', '<']).next()?;
    is_qualified.then(|| name.to_owned())
}

/// `None`: it has no body.
fn length(code: &[String]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, line) in code.iter().enumerate() {
        for char in line.chars() {
            match char {
                '{' => depth += 1,
                '}' if depth == 1 => return Some(at + 1),
                '}' => depth -= 1,
                ';' if depth == 0 && !code[..=at].concat().contains('{') && !is_in_array(&code[..=at]) => return None,
                _ => {}
            }
        }
    }
    None
}

/// Whether the semicolon belongs to an array's type: `[u8; 4]`.
fn is_in_array(code: &[String]) -> bool {
    let text = code.concat();
    let before = &text[..text.rfind(';').unwrap_or(0)];
    before.matches('[').count() > before.matches(']').count()
}

#[test]
fn comments_texts_and_characters_are_no_code() {
    let text = "let a = \"{ \\\" // \"; // }\nlet b: &'a str = r#\"\"}\"#; '{' '\\'' x";
    let expected = format!(
        "let a = {};{}\nlet b: &'a str = {}; {} {} x",
        " ".repeat(10),
        " ".repeat(5),
        " ".repeat(7),
        " ".repeat(3),
        " ".repeat(4)
    );
    assert_eq!(blanked(text), expected);
}

#[test]
fn functions_are_found_and_measured() {
    let text = "impl X {\n    pub(super) const fn a(b: [u8; 2])\n    where\n        X: Y,\n    {\n        { }\n    }\n    fn c();\n    fn d() {}\n}\n";
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let source = Source { module: "x".into(), code: lines.clone(), lines };
    assert_eq!(function_lengths(&source), [("a".into(), 6), ("d".into(), 1)]);
}
