//! What a string of the file stands for, byte by byte, and where in the file that is.

/// The parts of a string as it is written, quotes included: where each begins in what it means, and where in what is
/// written.
pub(super) struct Parts<'w> {
    written: &'w str,
    is_basic: bool,
    is_long: bool,
    end: usize,
    at: usize,
    meant: usize,
}

/// One character, or nothing: the end of the string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) written_at: usize,
    pub(super) meant_at: usize,
    pub(super) is_newline: bool,
}

impl<'w> Parts<'w> {
    /// Of a string without faults.
    pub(super) fn of(written: &'w str) -> Self {
        let is_long = ["\"\"\"", "'''"].iter().any(|quotes| written.len() >= 6 && written.starts_with(quotes));
        let quotes = if is_long { 3 } else { 1 };
        let end = written.len().saturating_sub(quotes);
        let body = written.get(quotes..end).unwrap_or_default();
        let newline = if is_long { ["\r\n", "\n"].iter().find(|newline| body.starts_with(**newline)) } else { None };
        let at = quotes + newline.map_or(0, |newline| newline.len());
        Self { written, is_basic: written.starts_with('"'), is_long, end, at, meant: 0 }
    }

    /// Where in what is written the byte `meant` of what it means is; its end, if that is shorter.
    pub(super) fn place_of(self, meant: usize) -> usize {
        let end = self.end;
        self.take_while(|part| part.meant_at <= meant).last().map_or(end, |part| part.written_at)
    }

    /// How much is written for the escape at `rest`, and how long what it means is.
    fn escape(&self, rest: &str) -> (usize, usize) {
        let digits = |digits: usize| {
            let code = rest.get(2..2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
            (2 + digits, code.and_then(char::from_u32).map_or(1, char::len_utf8))
        };
        match rest.as_bytes().get(1) {
            Some(b'u') => digits(4),
            Some(b'U') => digits(8),
            Some(b'x') => digits(2),
            Some(b' ' | b'\t' | b'\r' | b'\n') if self.is_long => (rest.len() - rest[1..].trim_start().len(), 0),
            _ => (2, 1),
        }
    }
}

impl Iterator for Parts<'_> {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        loop {
            let rest = self.written.get(self.at..self.end).filter(|_| self.at < self.end)?;
            let first = rest.chars().next()?;
            let (written, meant) =
                if self.is_basic && first == '\\' { self.escape(rest) } else { (first.len_utf8(), first.len_utf8()) };
            let is_newline = first == '\n' || (self.is_basic && rest.starts_with("\\n"));
            let part = Part { written_at: self.at, meant_at: self.meant, is_newline };
            self.at += written;
            self.meant += meant;
            if meant > 0 {
                return Some(part);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::de::DeTable;

    /// Where each `X` of what is meant is said to be, there must be one, written as it is or escaped.
    fn is_found(written: &str) {
        let document = format!("x = {written}\n");
        let table = DeTable::parse(&document).unwrap_or_else(|error| panic!("{written}: {error}"));
        let value = &table.get_ref()["x"];
        assert_eq!(&document[value.span()], written);
        let meant = value.get_ref().as_str().unwrap();
        let places: Vec<_> = meant.match_indices('X').map(|(at, _)| Parts::of(written).place_of(at)).collect();
        assert!(!places.is_empty(), "{written}");
        for place in places {
            assert!(
                ["X", "\\u0058", "\\U00000058", "\\x58"].iter().any(|x| written[place..].starts_with(x)),
                "{written} at {place}"
            );
        }
        assert_eq!(
            Parts::of(written).map(|part| part.is_newline).filter(|is| *is).count(),
            meant.matches('\n').count(),
            "{written}"
        );
    }

    #[test]
    fn each_character_is_found_in_every_kind_of_string() {
        for written in [
            r#""aX☃X""#,
            r#""\t\"\\X\u2603X\U0001F600X\u0058\nX\x58""#,
            r"'a\nX'",
            "\"\"\"\nX\n☃X\"\"\"",
            "\"\"\"\r\nX\r\nX\"\"\"",
            "\"\"\"X \\\n   \n  X\\nX \\   \n\tX\"\"\"",
            "\"\"\"\"X\"\" X\"\"\"\"\"",
            "'''\n\\X'X''\nX'''",
        ] {
            is_found(written);
        }
    }

    #[test]
    fn what_is_past_the_end_is_at_the_end() {
        assert_eq!(Parts::of("\"ab\"").place_of(7), 2);
        assert_eq!(Parts::of("\"\"").place_of(0), 1);
        assert_eq!(Parts::of("").place_of(0), 0);
    }
}
