//! Writes TOML.

use crate::visible::is_unsafe;
use std::fmt::{Display, Write as _};

/// A key as it may stand in a table or a header.
pub(super) fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if is_bare { name.to_owned() } else { string(name) }
}

/// A string on one line.
pub(super) fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    text.chars().for_each(|c| push_escaped(&mut quoted, c));
    quoted.push('"');
    quoted
}

/// A string that keeps its lines, if it has some.
pub(super) fn text(text: &str) -> String {
    if !text.contains('\n') {
        return string(text);
    }
    // The newline after the quotes is not part of the string.
    let mut quoted = String::from("\"\"\"\n");
    for c in text.chars() {
        if c == '\n' { quoted.push(c) } else { push_escaped(&mut quoted, c) }
    }
    quoted.push_str("\"\"\"");
    quoted
}

/// A list on one line.
pub(super) fn array<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[{}]", items.join(", "))
}

/// A table on one line.
pub(super) fn table(entries: impl IntoIterator<Item = (String, String)>) -> String {
    let entries: Vec<String> = entries.into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", entries.join(", "))
}

fn push_escaped(quoted: &mut String, c: char) {
    match c {
        '"' | '\\' => quoted.extend(['\\', c]),
        '\n' => quoted.push_str("\\n"),
        '\r' => quoted.push_str("\\r"),
        '\t' => quoted.push_str("\\t"),
        c if is_unsafe(c) => drop(write!(quoted, "\\u{:04X}", u32::from(c))),
        c => quoted.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::de::DeTable;

    fn reads_back(written: &str, wanted: &str) {
        let document = format!("x = {written}\n");
        let table = DeTable::parse(&document).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(table.get_ref()["x"].get_ref().as_str(), Some(wanted));
    }

    #[test]
    fn every_text_is_read_as_it_was() {
        let every_control: String = (0..0xa0).filter_map(char::from_u32).collect();
        for text_ in [
            "",
            "plain",
            "\"\"\"",
            "a\\b",
            "\n",
            "\n\n\"\"\"\n  x\\\n",
            "a\r\nb",
            "größe \u{2028}\u{202e}",
            "  \n ",
            &every_control,
        ] {
            reads_back(&string(text_), text_);
            reads_back(&text(text_), text_);
        }
    }

    #[test]
    fn every_name_is_read_as_it_was() {
        for name in ["plain-name_1", "", "a.b", "with \"quotes\"", "größe", "new\nline"] {
            let document = format!("[{}]\n", key(name));
            assert!(DeTable::parse(&document).unwrap().get_ref().contains_key(name), "{document}");
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(string("\u{1b}[1m\u{9b}"), "\"\\u001B[1m\\u009B\"");
    }
}
