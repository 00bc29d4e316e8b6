//! What decides the answer of a task, as hashes.

use crate::backend::Message;
use crate::plan::Task;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};

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
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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
    /// `name=hash`, with a blank after each.
    parts: String,
}

impl Fingerprint {
    /// Of a task: `backend`, its name; `prompt`; and `item`, the variables of its message, if it has some.
    pub fn of(task: &Task<Message>) -> Self {
        let backend = ContentHash::of([task.backend().as_bytes()]);
        let prompt = ContentHash::of([task.request().prompt().as_bytes()]);
        let this = Self::default().with("backend", backend).with("prompt", prompt);
        let mut env = task.request().env().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]).peekable();
        if env.peek().is_none() { this } else { this.with("item", ContentHash::of(env)) }
    }

    /// With one more part. Its name is a word: without a blank and without `=`.
    ///
    /// A part that was not there before is a change, and so is one that is there no more.
    #[must_use]
    pub fn with(mut self, part: &str, hash: ContentHash) -> Self {
        let _ = write!(self.parts, "{part}={hash} ");
        self
    }

    /// The names of the parts that are not as they were, those that are new or gone included.
    pub fn changed_since<'f>(&'f self, before: &'f Self) -> Vec<&'f str> {
        let changed = self.parts().filter(|part| !before.parts().any(|other| other == *part));
        let gone = before.parts().filter(|(name, _)| !self.parts().any(|(other, _)| other == *name));
        changed.chain(gone).map(|(name, _)| name).collect()
    }

    pub(super) fn as_str(&self) -> &str {
        &self.parts
    }

    pub(super) fn from_text(parts: String) -> Self {
        Self { parts }
    }

    fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.split(' ').filter_map(|part| part.split_once('='))
    }
}
