//! What must not be told, taken out of what is told.

use std::borrow::Cow;
use std::fmt;

const REDACTED: &[u8] = b"[redacted]";

/// How much of a secret's beginning is told at most, where a text was cut within one, in bytes.
const HARMLESS: usize = 3;

/// How many bytes stand for one of a secret at most, where it is escaped once.
const LONGEST_ESCAPE: usize = 6;

/// Secrets, which an answer may repeat in many forms: each of their bytes may be escaped, or not.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<Box<[u8]>>);

impl Secrets {
    pub(super) fn of<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.is_empty()).map(|secret| secret.as_bytes().into()).collect())
    }

    /// The length of the longest when it is escaped, in bytes.
    pub(super) fn longest(&self) -> usize {
        self.0.iter().map(|secret| secret.len() * LONGEST_ESCAPE).max().unwrap_or(0)
    }

    /// The bytes with `[redacted]` in the place of each secret; of one at the end, too, that is there in part if the bytes
    /// were cut.
    pub(super) fn redacted<'b>(&self, bytes: &'b [u8], is_cut: bool) -> Cow<'b, [u8]> {
        let mut kept = Vec::new();
        let (mut from, mut at) = (0, 0);
        while at < bytes.len() {
            match self.length_at(&bytes[at..], is_cut) {
                Some(length) => {
                    kept.extend_from_slice(&bytes[from..at]);
                    kept.extend_from_slice(REDACTED);
                    at += length;
                    from = at;
                }
                None => at += 1,
            }
        }
        if from == 0 {
            return Cow::Borrowed(bytes);
        }
        kept.extend_from_slice(&bytes[from..]);
        Cow::Owned(kept)
    }

    pub(super) fn redacted_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.redacted(text.as_bytes(), false)).into_owned()
    }

    /// How long the longest secret is with which `rest` begins.
    fn length_at(&self, rest: &[u8], is_cut: bool) -> Option<usize> {
        self.0.iter().filter_map(|secret| length_of(secret, rest, is_cut)).max()
    }
}

/// How many bytes of `rest` are this secret, whatever is escaped in it; or all of them, if `rest` was cut within it.
fn length_of(secret: &[u8], rest: &[u8], is_cut: bool) -> Option<usize> {
    if rest.starts_with(secret) {
        return Some(secret.len());
    }
    let mut at = 0;
    for wanted in secret {
        match length_of_byte(*wanted, &rest[at..]) {
            Some(length) => at += length,
            None => return (is_cut && rest.len() > HARMLESS && may_go_on(&rest[at..])).then_some(rest.len()),
        }
    }
    Some(at)
}

/// How many bytes stand for the one that is wanted: itself, or what JSON, an address, a form or HTML makes of it.
fn length_of_byte(wanted: u8, rest: &[u8]) -> Option<usize> {
    match rest {
        [b'\\', ..] => {
            // A text within a text within a text has a backslash before each backslash.
            let escapes = rest.iter().take_while(|byte| **byte == b'\\').count();
            match &rest[escapes..] {
                [b'u', code @ ..] if number(code.get(..4)?, 16) == Some(wanted) => Some(escapes + 5),
                _ if wanted == b'\\' => Some(escapes.min(2)),
                [byte, ..] if *byte == wanted && wanted.is_ascii_punctuation() => Some(escapes + 1),
                _ => None,
            }
        }
        [byte, ..] if *byte == wanted => Some(length_of_entity(wanted, rest).unwrap_or(1)),
        [b'%', code @ ..] => (number(code.get(..2)?, 16) == Some(wanted)).then_some(3),
        [b'+', ..] => (wanted == b' ').then_some(1),
        [b'&', ..] => length_of_entity(wanted, rest),
        _ => None,
    }
}

/// The same, of a reference in HTML.
fn length_of_entity(wanted: u8, rest: &[u8]) -> Option<usize> {
    let name = rest.strip_prefix(b"&")?;
    let name = &name[..name.iter().take(LONGEST_ESCAPE).position(|byte| *byte == b';')?];
    let meant = match name {
        b"amp" => Some(b'&'),
        b"lt" => Some(b'<'),
        b"gt" => Some(b'>'),
        b"quot" => Some(b'"'),
        b"apos" => Some(b'\''),
        [b'#', b'x' | b'X', code @ ..] => number(code, 16),
        [b'#', code @ ..] => number(code, 10),
        _ => None,
    };
    (meant == Some(wanted)).then_some(name.len() + 2)
}

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

/// Whether a text that was cut here may have been within a byte of a secret.
fn may_go_on(rest: &[u8]) -> bool {
    rest.is_empty() || rest.len() < LONGEST_ESCAPE && [b'\\', b'%', b'&'].contains(&rest[0])
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(secrets: &[&str], text: &str, is_cut: bool) -> String {
        let secrets = Secrets::of(secrets.iter().copied());
        String::from_utf8(secrets.redacted(text.as_bytes(), is_cut).into_owned()).unwrap()
    }

    #[test]
    fn a_secret_is_taken_out_wherever_it_is_and_the_rest_stays() {
        assert_eq!(redacted(&["sk-1"], "sk-1, xsk-1sk-1 sk-", false), "[redacted], x[redacted][redacted] sk-");
        assert_eq!(redacted(&["ab", "abc"], "abcab", false), "[redacted][redacted]");
        assert_eq!(redacted(&[], "abc", true), "abc");
    }

    #[test]
    fn it_is_known_in_other_clothes() {
        assert_eq!(redacted(&["a\"/b"], r#"{"k":"a\"/b","l":"a\"\/b","m":"a%22%2Fb"}"#, false).matches('[').count(), 3);
        let secret = "sk-a/b+c=\"d&e<f'\\g h";
        for told in [
            r#"sk-a/b+c=\"d&e<f'\\g h"#,
            r#"sk-a\/b+c=\"d\u0026e\u003cf'\\g h"#,
            r#"sk-a/b+c=\\\"d&e<f'\\g h"#,
            "sk-a%2Fb%2Bc%3D%22d%26e%3Cf%27%5Cg%20h",
            "sk-a/b%2Bc%3D%22d%26e%3Cf'%5Cg+h",
            "%73k-a%2fb%2bc%3d%22d%26e%3cf'%5cg%20h",
            "sk-a/b+c=&quot;d&amp;e&lt;f&#x27;\\g h",
            "sk-a/b+c=&#34;d&amp;e&lt;f&apos;\\g h",
            r"\u0073\u006b\u002D\u0061/b+c=\u0022d&e<f\u0027\u005Cg h",
        ] {
            assert_eq!(redacted(&[secret], &format!("<{told}>"), false), "<[redacted]>", "{told}");
        }
        for other in ["sk-a", "sk-a/b+c=&quot;d", "%", "%7", "\\", "\\u007", "&", "&#;", "&#x;", "&#999;", "sk-a%+2"] {
            assert_eq!(redacted(&[secret], other, false), other);
        }
    }

    #[test]
    fn where_a_text_was_cut_within_a_secret_its_beginning_is_none_of_it() {
        assert_eq!(redacted(&["sk-secret"], "key: sk-sec", true), "key: [redacted]");
        assert_eq!(redacted(&["sk-secret"], "key: sk-sec", false), "key: sk-sec");
        assert_eq!(redacted(&["sk-secret"], "key: sk", true), "key: sk");
        for told in ["key: s/b\"", "key: s/b%", "key: s/b%2", "key: s%2Fb\\u00", "key: s/b&quo"] {
            assert_eq!(redacted(&["s/b\"t/x"], told, true), "key: [redacted]", "{told}");
        }
    }
}
