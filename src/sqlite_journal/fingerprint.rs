//! What decides the answer of a task, as hashes.

use crate::backend::Message;
use crate::plan::Task;
use rusqlite::types::{FromSqlResult, ValueRef};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use std::iter;

/// The first 16 bytes of a SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentHash([u8; 16]);

impl ContentHash {
    /// Of several contents, one after the other; where one ends and the next one begins counts.
    ///
    /// ```
    /// use seawall::ContentHash;
    /// let hash = |contents: &[&str]| ContentHash::of(contents.iter().map(|content| content.as_bytes()));
    /// assert_eq!(hash(&["a", "b"]), hash(&["a", "b"]));
    /// assert_ne!(hash(&["a", "b"]), hash(&["ab"]));
    /// assert_eq!(hash(&[]).to_string(), "e3b0c44298fc1c149afbf4c8996fb924"); // the beginning of the SHA-256 of nothing
    /// ```
    pub fn of<'c>(contents: impl IntoIterator<Item = &'c [u8]>) -> Self {
        let mut hash = Sha256::new();
        for content in contents {
            hash.update((content.len() as u64).to_le_bytes());
            hash.update(content);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        Self(bytes)
    }

    pub(super) fn bytes(self) -> [u8; 16] {
        self.0
    }
}

/// In hexadecimal digits.
impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |byte: u8| char::from(DIGITS[usize::from(byte)]);
        self.0.iter().try_for_each(|byte| {
            f.write_char(digit(byte >> 4))?;
            f.write_char(digit(byte & 15))
        })
    }
}

/// What decides the answer of a task, apart from its ancestors' answers: named parts, each a hash. If one of them changes, the
/// task is run again.
///
/// ```
/// use seawall::{ContentHash, Fingerprint, Task};
/// let of = |prompt: &str, model: &[u8]| {
///     Fingerprint::of(&Task::new("a", "claude", prompt)).with("settings", ContentHash::of([model]))
/// };
/// assert_eq!(of("Write.", b"large").changed_since(&of("Read.", b"small")), ["prompt", "settings"]);
/// assert_eq!(of("Write.", b"large"), of("Write.", b"large"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// Of each the name, `=`, and the 16 bytes of the hash.
    parts: Vec<u8>,
}

/// Bytes: of five parts.
const MOSTLY_ENOUGH: usize = 128;

impl Fingerprint {
    /// Of a task: `backend`, its name; `prompt`; and `item`, the variables of its message, if it has some.
    pub fn of(task: &Task<Message>) -> Self {
        let backend = ContentHash::of([task.backend().as_bytes()]);
        let prompt = ContentHash::of([task.request().prompt().as_bytes()]);
        let this = Self { parts: Vec::with_capacity(MOSTLY_ENOUGH) }.with("backend", backend).with("prompt", prompt);
        let mut env = task.request().env().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]).peekable();
        if env.peek().is_none() { this } else { this.with("item", ContentHash::of(env)) }
    }

    /// With one more part. Its name is a word: without a blank and without `=`.
    ///
    /// A part that was not there before is a change, and so is one that is there no more.
    #[must_use]
    pub fn with(mut self, part: &str, hash: ContentHash) -> Self {
        self.parts.extend_from_slice(part.as_bytes());
        self.parts.push(b'=');
        self.parts.extend_from_slice(&hash.0);
        self
    }

    /// The names of the parts that are not as they were, those that are new or gone included.
    pub fn changed_since<'f>(&'f self, before: &'f Self) -> Vec<&'f str> {
        let changed = self.parts().filter(|part| !before.parts().any(|other| other == *part));
        let gone = before.parts().filter(|(name, _)| !self.parts().any(|(other, _)| other == *name));
        changed.chain(gone).map(|(name, _)| name).collect()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.parts
    }

    /// As it stands in a journal: in one of an earlier version as text, `name=hash` with a blank after each, the hash in hexadecimal
    /// digits.
    pub(super) fn of_row(row: ValueRef<'_>) -> FromSqlResult<Self> {
        if let ValueRef::Blob(parts) = row {
            return Ok(Self { parts: parts.into() });
        }
        let parts = row.as_str()?.split(' ').filter_map(|part| part.split_once('='));
        let hash = |digits| u128::from_str_radix(digits, 16).map(u128::to_be_bytes).unwrap_or_default();
        Ok(parts.fold(Self::default(), |this, (name, digits)| this.with(name, ContentHash(hash(digits)))))
    }

    fn parts(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut rest = &*self.parts;
        iter::from_fn(move || {
            let (name, after) = rest.split_at_checked(rest.iter().position(|byte| *byte == b'=')?)?;
            let (hash, after) = after[1..].split_at_checked(16)?;
            rest = after;
            Some((str::from_utf8(name).ok()?, hash))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of so many, several have the byte of a `=` in them.
    fn hashes() -> impl Iterator<Item = ContentHash> {
        (0..500_u16).map(|n| ContentHash::of([&n.to_le_bytes()[..]]))
    }

    #[test]
    fn whatever_is_in_a_hash_each_part_is_found() {
        for hash in hashes() {
            let of = |prompt| Fingerprint::default().with("settings", hash).with("prompt", prompt).with("item", hash);
            let (one, two) = (ContentHash::of([&b"1"[..]]), ContentHash::of([&b"2"[..]]));
            assert_eq!(of(one).changed_since(&of(two)), ["prompt"]);
        }
    }

    #[test]
    fn the_text_of_an_earlier_version_is_the_same_fingerprint() {
        for hash in hashes() {
            let text = format!("backend={hash} prompt={hash} ");
            let now = Fingerprint::default().with("backend", hash).with("prompt", hash);
            assert_eq!(Fingerprint::of_row(ValueRef::Text(text.as_bytes())).unwrap(), now);
            assert_eq!(Fingerprint::of_row(ValueRef::Blob(now.as_bytes())).unwrap(), now);
        }
    }
}
