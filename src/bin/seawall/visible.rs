//! Text from files and programs, made fit for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with each character that a terminal would obey, or that would hide what is there, as an escape (`\u{1b}`).
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            c if is_unsafe(c) => drop(write!(shown, "\\u{{{:x}}}", u32::from(c))),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Control characters, C1 ones included; line and paragraph separators; and what turns the direction of writing around.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_a_terminal_would_obey_is_shown_and_the_rest_is_as_it_was() {
        assert_eq!(visible("plain, größer, 数"), "plain, größer, 数");
        assert_eq!(visible("a\u{1b}[2J\u{9b}1m\u{202e}b\nc"), "a\\u{1b}[2J\\u{9b}1m\\u{202e}b\\nc");
    }
}
