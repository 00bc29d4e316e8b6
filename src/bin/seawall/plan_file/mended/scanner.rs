//! Where a value or a header is opened and not closed.

use super::Span;

/// One that is not closed.
#[derive(Debug)]
pub(super) struct Gap {
    pub(super) what: &'static str,
    pub(super) opening: Span,
    /// Where it may be closed.
    pub(super) at: usize,
    /// What closes it, and whatever it stands in.
    pub(super) closing: String,
    /// What comes after it and shows that it is not closed.
    pub(super) next: Option<Span>,
}

/// Reads no more of TOML than what opens and closes.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    gaps: Vec<Gap>,
}

/// The brackets that are open, each with its place.
#[derive(Default)]
struct Open {
    brackets: Vec<(usize, u8)>,
    /// The last byte within them that is no blank and no comment, and where it ends.
    last: u8,
    end: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, gaps: Vec::new() }
    }

    pub(super) fn gaps(mut self) -> Vec<Gap> {
        while let Some(byte) = self.byte() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'#' => self.skip_line(),
                b'[' => self.header(),
                _ => self.entry(),
            }
        }
        self.gaps
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_line(&mut self) {
        self.at = line_end(self.text, self.at);
    }

    fn header(&mut self) {
        let start = self.at;
        self.skip_line();
        let line = &self.text[start..self.at];
        let header = line[..line.find('#').unwrap_or(line.len())].trim_end();
        let name = header.trim_matches(['[', ']']);
        let opened = header.bytes().take_while(|byte| *byte == b'[').count();
        let closed = header.bytes().rev().take_while(|byte| *byte == b']').count();
        if opened <= 2 && closed < opened && is_key(name) {
            let (opening, at) = (start..start + header.len(), start + header.len());
            let closing = "]".repeat(opened - closed);
            self.gaps.push(Gap { what: "header", opening, at, closing, next: None });
        }
    }

    fn entry(&mut self) {
        let begin = self.at;
        let indent = self.indent();
        while let Some(byte) = self.byte().filter(|byte| !matches!(byte, b'=' | b'\n')) {
            match byte {
                b'"' | b'\'' => drop(self.string(byte)),
                _ => self.at += 1,
            }
        }
        if self.byte() == Some(b'=') && self.at > begin {
            self.at += 1;
            self.value(indent);
        } else {
            self.skip_line();
        }
    }

    /// The rest of an entry whose key is `indent` bytes into its line.
    fn value(&mut self, indent: usize) {
        let mut open = Open::default();
        while let Some(byte) = self.byte() {
            let start = self.at;
            match byte {
                b'\n' if open.brackets.is_empty() => return,
                b'\n' => {
                    self.at += 1;
                    if let Some(next) = self.next_entry(&open, indent) {
                        return self.gaps.extend(open.gap(Some(next)));
                    }
                    continue;
                }
                b'#' => {
                    self.skip_line();
                    continue;
                }
                b'"' | b'\'' => {
                    if let Some(quotes) = self.string(byte) {
                        let closing = quotes.to_owned() + &open.closing();
                        let opening = start..start + quotes.len();
                        return self.gaps.push(Gap { what: "text", opening, at: self.at, closing, next: None });
                    }
                }
                b'[' | b'{' => {
                    open.brackets.push((start, byte));
                    self.at += 1;
                }
                b']' | b'}' => {
                    self.gaps.extend(open.close(byte));
                    self.at += 1;
                }
                _ => self.at += 1,
            }
            if !byte.is_ascii_whitespace() {
                (open.last, open.end) = (byte, self.at);
            }
        }
        self.gaps.extend(open.gap(None));
    }

    /// Goes past a string. The quotes that are missing, if it has three of them and no end.
    fn string(&mut self, quote: u8) -> Option<&'static str> {
        let quotes = if quote == b'"' { "\"\"\"" } else { "'''" };
        let is_long = self.text[self.at..].starts_with(quotes);
        self.at += if is_long { 3 } else { 1 };
        while let Some(byte) = self.byte() {
            match byte {
                b'\\' if quote == b'"' => self.at += 1,
                b'\n' if !is_long => return None,
                byte if byte == quote && !is_long => {
                    self.at += 1;
                    return None;
                }
                _ if is_long && self.text.as_bytes()[self.at..].starts_with(quotes.as_bytes()) => {
                    self.at += 3;
                    // Two more quotes may belong to the text.
                    while self.byte() == Some(quote) {
                        self.at += 1;
                    }
                    return None;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.at = self.text.len();
        is_long.then_some(quotes)
    }

    /// The key or header that begins on this line and cannot be within what is open.
    fn next_entry(&self, open: &Open, indent: usize) -> Option<Span> {
        let line = &self.text[self.at..line_end(self.text, self.at)];
        let line = &line[..line.find('#').unwrap_or(line.len())];
        let start = self.at + (line.len() - line.trim_start().len());
        let words = line.trim();
        if let Some(name) = words.strip_prefix('[') {
            let name = name.trim_start_matches('[').trim_end_matches(']');
            let is_header = words.ends_with(']') && is_key(name) && !is_value(name);
            return is_header.then(|| start..start + words.len());
        }
        let (key, _) = words.split_once('=')?;
        let is_within_table = open.brackets.last().is_some_and(|(_, bracket)| *bracket == b'{');
        let is_next_of_table = is_within_table && (matches!(open.last, b',' | b'{') || start - self.at > indent);
        (is_key(key) && !is_next_of_table).then(|| start..start + key.trim_end().len())
    }

    fn indent(&self) -> usize {
        self.at - self.text[..self.at].rfind('\n').map_or(0, |newline| newline + 1)
    }
}

impl Open {
    fn closing(&self) -> String {
        self.brackets.iter().rev().map(|(_, bracket)| if *bracket == b'[' { ']' } else { '}' }).collect()
    }

    /// Takes the bracket away that `closer` closes, and those that stand open within it.
    fn close(&mut self, closer: u8) -> Option<Gap> {
        let opener = if closer == b']' { b'[' } else { b'{' };
        let place = self.brackets.iter().rposition(|(_, bracket)| *bracket == opener)?;
        let within = Self { brackets: self.brackets.split_off(place + 1), ..*self };
        self.brackets.pop();
        within.gap(None)
    }

    fn gap(&self, next: Option<Span>) -> Option<Gap> {
        let (start, bracket) = *self.brackets.last()?;
        let what = if bracket == b'[' { "list" } else { "table" };
        Some(Gap { what, opening: start..start + 1, at: self.end, closing: self.closing(), next })
    }
}

fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |length| from + length)
}

/// A bare, dotted or quoted key.
fn is_key(name: &str) -> bool {
    let name = name.trim();
    let is_bare = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '\t' | '"' | '\'');
    name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '"' | '\'')) && name.chars().all(is_bare)
}

/// What would be a list's item between its brackets.
fn is_value(name: &str) -> bool {
    let name = name.trim();
    matches!(name, "true" | "false" | "inf" | "nan") || name.starts_with(['"', '\''])
}
