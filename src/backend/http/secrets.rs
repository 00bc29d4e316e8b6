//! What must not be told, taken out of what is told.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;
use std::fmt;

const REDACTED: &[u8] = b"[redacted]";

/// What an address holds encoded alone, where it is no part of its structure.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How much of a secret's beginning is told at most, where a text was cut within one, in bytes.
const HARMLESS: usize = 3;

/// Secrets, in each form in which an answer may repeat them, the longest first.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<Box<[u8]>>);

impl Secrets {
    pub(super) fn of<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let mut forms: Vec<Box<[u8]>> = secrets.into_iter().flat_map(forms_of).collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Self(forms)
    }

    /// The length of the longest, in bytes.
    pub(super) fn longest(&self) -> usize {
        self.0.first().map_or(0, |form| form.len())
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

    /// How long the secret is with which `rest` begins.
    fn length_at(&self, rest: &[u8], is_cut: bool) -> Option<usize> {
        let whole = self.0.iter().find(|form| rest.starts_with(form)).map(|form| form.len());
        let is_part = |form: &[u8]| rest.len() > HARMLESS && form.starts_with(rest);
        whole.or_else(|| (is_cut && self.0.iter().any(|form| is_part(form))).then_some(rest.len()))
    }
}

/// As it is, as JSON has it with and without escaped slashes, and as an address has it.
fn forms_of(secret: &str) -> Vec<Box<[u8]>> {
    let quoted = serde_json::to_string(secret).unwrap_or_default();
    let json = quoted.trim_matches('"').to_owned();
    let slashes = json.replace('/', "\\/");
    let percent = utf8_percent_encode(secret, RESERVED).to_string();
    let forms = [secret.to_owned(), json, slashes, percent];
    forms.into_iter().filter(|form| !form.is_empty()).map(|form| form.into_bytes().into()).collect()
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
    }

    #[test]
    fn where_a_text_was_cut_within_a_secret_its_beginning_is_none_of_it() {
        assert_eq!(redacted(&["sk-secret"], "key: sk-sec", true), "key: [redacted]");
        assert_eq!(redacted(&["sk-secret"], "key: sk-sec", false), "key: sk-sec");
        assert_eq!(redacted(&["sk-secret"], "key: sk", true), "key: sk");
    }
}
