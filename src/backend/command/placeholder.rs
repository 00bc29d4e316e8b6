//! The place for the prompt within an argument.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

const PLACEHOLDER: &[u8] = b"{prompt}";

/// `word` with `prompt` in each place for it. What the prompt itself holds is not looked at.
pub(super) fn filled<'w>(word: &'w OsStr, prompt: &str) -> Cow<'w, OsStr> {
    let mut rest = word.as_bytes();
    let mut filled = Vec::new();
    while let Some(at) = rest.windows(PLACEHOLDER.len()).position(|window| window == PLACEHOLDER) {
        filled.extend_from_slice(&rest[..at]);
        filled.extend_from_slice(prompt.as_bytes());
        rest = &rest[at + PLACEHOLDER.len()..];
    }
    if rest.len() == word.len() {
        return Cow::Borrowed(word);
    }
    filled.extend_from_slice(rest);
    Cow::Owned(OsString::from_vec(filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled_once_and_nothing_else_is_touched() {
        let of = |word: &str, prompt| filled(OsStr::new(word), prompt).into_owned();
        assert_eq!(of("--ask={prompt}, {prompt}!", "why"), "--ask=why, why!");
        assert_eq!(of("{prompt}", "{prompt}{prompt}"), "{prompt}{prompt}");
        assert_eq!(of("a{prompt}", ""), "a");
        assert_eq!(of("{promp}{prompt", "x"), "{promp}{prompt");
        let broken = OsStr::from_bytes(b"\xff{prompt}\xfe");
        assert_eq!(filled(broken, "x").as_bytes(), b"\xffx\xfe");
    }
}
