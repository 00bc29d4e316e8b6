//! What programs wrote and plans named, made harmless for a terminal.

use std::borrow::Cow;

/// `text` without escape sequences and control characters (C0, DEL and C1). Newlines and tabs stay; a carriage return that
/// ends no line begins one.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    // Line by line, so that a sequence that never ends takes the rest of its line with it and no more.
    let lines: Vec<String> = text.split('\n').map(harmless).collect();
    Cow::Owned(lines.join("\n"))
}

/// As [`text`], on one line: a newline or tab is a blank.
pub(crate) fn line(line: &str) -> Cow<'_, str> {
    match text(line) {
        text if text.contains(['\n', '\t']) => Cow::Owned(text.trim_end().replace(['\n', '\t'], " ")),
        text => text,
    }
}

fn is_harmful(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

fn harmless(line: &str) -> String {
    let lines = line.strip_suffix('\r').unwrap_or(line).replace('\r', "\n");
    let stripped: Vec<String> = lines.split('\n').map(|line| anstream::adapter::strip_str(line).to_string()).collect();
    stripped.join("\n").chars().filter(|&c| !is_harmful(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_lent_as_it_is() {
        assert!(matches!(text("grüße\n\tok ✓"), Cow::Borrowed("grüße\n\tok ✓")));
        assert!(matches!(line("grüße"), Cow::Borrowed("grüße")));
    }

    #[test]
    fn escape_sequences_go_with_all_that_belongs_to_them() {
        assert_eq!(text("red-\x1b[31mtail\x1b[0m \x1b]0;TITLE\x07\x1b[?25l\x1b[5Aend"), "red-tail end");
    }

    #[test]
    fn c1_controls_bells_and_deletes_go() {
        assert_eq!(text("a\u{9b}5A\x07\x7f\x08b\0"), "a5Ab");
    }

    #[test]
    fn a_carriage_return_ends_a_line() {
        assert_eq!(text("one\r\ntwo\r\n"), "one\ntwo\n");
        assert_eq!(text("10 %\r20 %\rdone"), "10 %\n20 %\ndone");
    }

    #[test]
    fn a_sequence_that_never_ends_takes_its_own_line_only() {
        assert_eq!(text("a\x1b]0;half\nsecond\x1b[3\nthird"), "a\nsecond\nthird");
    }

    #[test]
    fn a_line_has_no_line_breaks() {
        assert_eq!(line("one\ttwo\nthree\n"), "one two three");
    }
}
