//! Items from a file, one a line.

use super::{Item, MOST_ITEMS, too_many};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

/// What such a file may have, in bytes: 1 GiB.
const MOST_BYTES: u64 = 1 << 30;

/// Its lines: split at LF, with one CR before it dropped, without the empty ones. The error: why there are none.
pub(super) fn items(path: &Path) -> Result<Vec<Item>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    split(BufReader::new(file.take(MOST_BYTES + 1)))
}

fn split(mut text: impl BufRead) -> Result<Vec<Item>, String> {
    let (mut items, mut line, mut bytes) = (Vec::new(), Vec::new(), 0);
    for number in 1_u64.. {
        line.clear();
        bytes += read(&mut text, &mut line)?;
        if line.is_empty() {
            break;
        }
        if bytes > MOST_BYTES {
            return Err("it has more than 1 GiB".to_owned());
        }
        let content = content_of(&line);
        if content.is_empty() {
            continue;
        }
        items.push(item(content, number)?);
        if items.len() > MOST_ITEMS {
            return Err(too_many());
        }
    }
    Ok(items)
}

fn read(text: &mut impl BufRead, line: &mut Vec<u8>) -> Result<u64, String> {
    text.read_until(b'\n', line).map(|read| read as u64).map_err(|error: io::Error| error.to_string())
}

fn content_of(line: &[u8]) -> &[u8] {
    match line.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    }
}

fn item(line: &[u8], number: u64) -> Result<Item, String> {
    let text = str::from_utf8(line).map_err(|_| format!("line {number} is not UTF-8"))?;
    if text.contains('\0') {
        return Err(format!("there is a NUL in line {number}"));
    }
    Ok(Item::Text(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &[u8]) -> Result<Vec<String>, String> {
        Ok(split(text)?.iter().map(|item| item.text().to_string()).collect())
    }

    #[test]
    fn lines_end_at_lf_lose_one_cr_and_are_dropped_when_empty() {
        for (text, wanted) in [
            ("", &[][..]),
            ("\n\r\n\n", &[]),
            ("a\nb", &["a", "b"]),
            ("a\r\nb\r\r\nc\rd\n", &["a", "b\r", "c\rd"]),
            ("a\r", &["a\r"]),
            (" \n\t \n", &[" ", "\t "]),
            ("a\u{2028}b\u{85}c\n", &["a\u{2028}b\u{85}c"]),
            ("a\na\n", &["a", "a"]),
        ] {
            assert_eq!(texts(text.as_bytes()).unwrap(), wanted, "{text:?}");
        }
    }

    #[test]
    fn what_no_script_could_be_given_is_named_by_its_line() {
        assert_eq!(texts(b"a\n\n\xff\n").unwrap_err(), "line 3 is not UTF-8");
        assert_eq!(texts(b"a\nb\0\n").unwrap_err(), "there is a NUL in line 2");
    }

    #[test]
    fn a_million_lines_are_fine_and_one_more_is_not() {
        assert_eq!(split("x\n".repeat(MOST_ITEMS).as_bytes()).unwrap().len(), MOST_ITEMS);
        assert_eq!(split("x\n".repeat(MOST_ITEMS + 1).as_bytes()).unwrap_err(), too_many());
    }
}
