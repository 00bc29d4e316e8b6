//! A plan's text to be shown, without the keys that should not be in it.

use std::borrow::Cow;
use std::ops::Range;

/// What a key is called, in small letters.
const NAMES: [&str; 6] = ["key", "api_key", "authorization", "proxy-authorization", "x-api-key", "api-key"];

/// The text with `*` for each byte of what may be a key: a value of such a name, a user name or password in an address. It
/// goes by the letters alone, since a text that is no TOML is shown as well.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    let spans: Vec<Range<usize>> = values(text).chain(users(text)).filter(|span| !span.is_empty()).collect();
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    for byte in spans.into_iter().flatten() {
        if bytes[byte] != b'\n' {
            bytes[byte] = b'*';
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

fn values(text: &str) -> impl Iterator<Item = Range<usize>> {
    let signs = text.match_indices('=').map(|(at, _)| at);
    let mut bare = 0..0;
    signs.filter(|at| is_name(&text[..*at])).map(move |at| {
        let start = at + 1 + blanks(&text[at + 1..]);
        match quote_of(&text[start..]) {
            Some(quote) => quoted(text, start, quote),
            // It ends where the one around it does, and looking for that end once more for each would be quadratic.
            None if bare.contains(&start) => 0..0,
            None => {
                bare = start..start + text[start..].find(['\n', ',', '}']).unwrap_or(text.len() - start);
                bare.clone()
            }
        }
    })
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

fn quote_of(text: &str) -> Option<&'static str> {
    ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| text.starts_with(quote))
}

/// Whether what is before the sign ends with such a name.
fn is_name(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '\t']).trim_end_matches(['"', '\'']);
    let name = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').next().unwrap_or_default();
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// What is within the quotes that begin at `start`.
fn quoted(text: &str, start: usize, quote: &str) -> Range<usize> {
    let inner = &text[start + quote.len()..];
    let is_escape = quote.starts_with('"');
    let mut ends = inner.match_indices(quote).map(|(at, _)| at);
    let end = ends.find(|at| !(is_escape && is_escaped(&inner[..*at])));
    let end = end.or_else(|| inner.find('\n')).unwrap_or(inner.len());
    start + quote.len()..start + quote.len() + end
}

fn is_escaped(before: &str) -> bool {
    before.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// What is between the scheme and the `@` of an address.
fn users(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(|(at, sign)| {
        let start = at + sign.len();
        let end = text[start..].find(|c: char| c.is_whitespace() || "/?#\"'".contains(c)).unwrap_or(text.len() - start);
        text[start..start + end].rfind('@').map(|length| start..start + length)
    })
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn keys_are_masked_and_the_rest_is_as_it_was() {
        for (text, shown) in [
            ("key = \"sk-1\"\nx = 1", "key = \"****\"\nx = 1"),
            ("a = { api_key = 'k', b = \"c\" }", "a = { api_key = '*', b = \"c\" }"),
            ("headers.\"X-API-Key\"=\"a\\\"b\"", "headers.\"X-API-Key\"=\"****\""),
            ("api_key = sk-1, b", "api_key = ****, b"),
            ("key = \"\"\"\na\"b\"\"\"", "key = \"\"\"\n***\"\"\""),
            ("key = key = a, key = b", "key = *******, key = *"),
            ("key = x key = 'a, b'", "key = *************'"),
            ("key = \"open\nnext", "key = \"****\nnext"),
            ("url = \"http://u:p@h/x@y\"", "url = \"http://***@h/x@y\""),
            ("key_env = \"K\"\nmonkey = \"x\"", "key_env = \"K\"\nmonkey = \"x\""),
        ] {
            assert_eq!(masked(text), shown);
        }
    }
}
