//! A prompt, and the answer to it.

use std::fmt;
use std::sync::Arc;

/// A request that is a prompt. A clone costs two reference counts at most.
///
/// ```
/// let message = seawall::Message::from("Write the design.");
/// assert_eq!(message.prompt(), "Write the design.");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    prompt: Arc<str>,
    /// What most messages have none of, so that a million of them do not pay for it.
    env: Option<Arc<Vec<Variable>>>,
}

/// A name and a value.
type Variable = (Arc<str>, Arc<str>);

impl Message {
    /// A request for an answer to `prompt`.
    pub fn new(prompt: impl Into<Arc<str>>) -> Self {
        Self { prompt: prompt.into(), env: None }
    }

    /// The same request with another prompt.
    #[must_use]
    pub fn with_prompt(self, prompt: impl Into<Arc<str>>) -> Self {
        Self { prompt: prompt.into(), ..self }
    }

    /// One more variable in the environment of the program that answers, in place of one of that name that the backend
    /// sets or hands on. A backend that starts no program has no use for it.
    ///
    /// So data reaches a script without being a part of its text, where a shell would read it:
    ///
    /// ```
    /// # #[cfg(all(unix, feature = "process"))] {
    /// use seawall::{Backend, CancelToken, CommandBackend, Context, Message, Prompt};
    /// let sh = CommandBackend::new(["sh", "-c", "{prompt}"]).with_prompt(Prompt::Argument);
    /// let message = Message::new("printf %s \"$NAME\"").with_env("NAME", "$(reboot); 'x'");
    /// let cancel = CancelToken::new();
    /// assert_eq!(sh.send(&message, &Context::new(&cancel))?.text(), "$(reboot); 'x'");
    /// # }
    /// # Ok::<(), seawall::SendError>(())
    /// ```
    #[must_use]
    pub fn with_env(mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        Arc::make_mut(self.env.get_or_insert_default()).push((name.into(), value.into()));
        self
    }

    /// The prompt.
    pub fn prompt(&self) -> &str {
        &self.prompt
    }

    /// The variables that [`with_env`](Self::with_env) added, in that order.
    pub fn env(&self) -> impl Iterator<Item = (&str, &str)> {
        self.env.iter().flat_map(|env| env.iter().map(|(name, value)| (&**name, &**value)))
    }
}

impl From<&str> for Message {
    fn from(prompt: &str) -> Self {
        Self::new(prompt)
    }
}

impl From<String> for Message {
    fn from(prompt: String) -> Self {
        Self::new(prompt)
    }
}

impl From<Arc<str>> for Message {
    fn from(prompt: Arc<str>) -> Self {
        Self::new(prompt)
    }
}

/// An answer: bytes, and the text that they are.
///
/// ```
/// use seawall::Response;
/// let response = Response::from_bytes(b"caf\xe9".to_vec()); // Latin-1, not UTF-8
/// assert_eq!((response.text(), response.bytes(), response.is_lossy()), ("caf\u{fffd}", &b"caf\xe9"[..], true));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    text: Arc<str>,
    /// Only where the text is not all that came.
    bytes: Option<Arc<[u8]>>,
    is_truncated: bool,
}

impl Response {
    /// An answer that is text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), bytes: None, is_truncated: false }
    }

    /// An answer that should be UTF-8; where it is not, the text has U+FFFD in place of what is broken, and is
    /// [lossy](Response::is_lossy).
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::new(text),
            Err(error) => {
                let text = String::from_utf8_lossy(error.as_bytes()).into();
                Self { text, bytes: Some(error.into_bytes().into()), is_truncated: false }
            }
        }
    }

    /// The beginning of an answer, which was cut: a text ends with a whole character.
    #[cfg(all(unix, any(feature = "http", feature = "process")))]
    pub(crate) fn from_cut_bytes(mut bytes: Vec<u8>) -> Self {
        if let Err(error) = std::str::from_utf8(&bytes)
            && error.error_len().is_none()
        {
            bytes.truncate(error.valid_up_to());
        }
        Self::from_bytes(bytes).with_truncated(true)
    }

    /// The same answer, marked as one that was cut, or as whole.
    #[must_use]
    pub fn with_truncated(self, is_truncated: bool) -> Self {
        Self { is_truncated, ..self }
    }

    /// The answer as text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The answer as it came, byte for byte.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or(self.text.as_bytes())
    }

    /// Whether more came than was kept.
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// Whether the text stands for bytes that are no UTF-8.
    pub fn is_lossy(&self) -> bool {
        self.bytes.is_some()
    }
}

/// The text; a long one is cut.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 200;
        let shown = self.text.char_indices().nth(SHOWN).map_or(&*self.text, |(at, _)| &self.text[..at]);
        let mut debug = f.debug_struct("Response");
        debug.field("text", &shown).field("bytes", &self.bytes().len()).field("is_truncated", &self.is_truncated);
        debug.finish_non_exhaustive()
    }
}

impl From<&str> for Response {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Response {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}
