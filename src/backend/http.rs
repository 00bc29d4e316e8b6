//! HTTP endpoints as backends: blocking requests, each of which ends at once when its call is cancelled.
//!
//! ```text
//!  builder ── settings ──► HttpBackend                 template and chat make a body of the prompt
//!                              │ request
//!                              ▼
//!        redirect ◄── 3xx ── client ── ureq ──► tls ──► transport ──► connect, lookup, proxy
//!            │                 │ answer                     │ every wait
//!            └──► request      ▼                            ▼
//!                           answer: verdict, body,         call: the caller's cancel, the time limit
//!                           pointer, chat, secrets
//! ```
//!
//! `ureq` knows the protocol, and is told of no time limit. A wait on a socket is a `poll` on it and on a descriptor that
//! the cancelling thread makes readable; so it ends at once, also within a handshake, and no connection need be known to
//! whoever cancels. The look-up of a name alone cannot be waited for in that way, and has a thread.

mod answer;
mod body;
mod builder;
mod call;
mod chat;
mod client;
mod connect;
mod lookup;
mod pointer;
mod proxy;
mod redirect;
mod request;
mod secrets;
mod template;
mod tls;
mod transport;
mod trouble;
mod verdict;

pub use builder::{Generic, HttpBackendBuilder, OpenAi};

#[cfg(feature = "process")]
use super::command::ProcessGroups;
use super::time_limit::ran_past;
use super::{Backend, Context, Message, Response};
use crate::send_error::SendError;
use crate::sync::Arc;
use call::{Call, CallClock};
use chat::Chat;
use client::Client;
use pointer::Pointer;
use request::Request;
use secrets::Secrets;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;
use template::BodyTemplate;
use trouble::{Trouble, error_of};
use ureq::http::Method;

/// How many redirects are followed.
const MOST_REDIRECTS: usize = 5;

/// An HTTP endpoint as a backend: each attempt sends one request, with the redirects that it meets.
///
/// [`builder`](Self::builder) is for any endpoint, [`openai`](Self::openai) for chat completions as `OpenAI` began them.
///
/// | setting | default |
/// | --- | --- |
/// | method | `POST` |
/// | body | the prompt, as `text/plain`; `GET` and `HEAD` send none |
/// | answer | the whole body |
/// | max body | 16 MiB |
/// | connect timeout | none of its own |
/// | key, headers | none |
///
/// # What an answer means
///
/// | what happened | class |
/// | --- | --- |
/// | any 2xx | success |
/// | 408, 425, any 5xx but the next ones | [transient](crate::ErrorClass::Transient) |
/// | 503, 529 | [overloaded](crate::ErrorClass::Overloaded) |
/// | 429 | [rate limited](crate::ErrorClass::RateLimited) |
/// | any other status; a redirect that cannot be followed; a TLS handshake that fails for another reason than a lost connection | [permanent](crate::ErrorClass::Permanent) |
/// | a name that is not found; a connection that is refused, reset or cut | transient |
/// | a time limit is over | [timed out](crate::ErrorClass::TimedOut) |
/// | what is no HTTP, cannot be unpacked, or lacks what it must have | [invalid answer](crate::ErrorClass::InvalidAnswer) |
/// | the caller cancelled | [cancelled](crate::ErrorClass::Cancelled) |
///
/// The message of an error names the status, and holds at most 8 KiB of the answer. `Retry-After`, in seconds or as a date,
/// becomes [`SendError::retry_after`].
///
/// # What it promises
///
/// - A call ends at once when it is cancelled, and when [`Context::remaining`] is over, whatever it waits for: a name, a
///   connection, a handshake, a peer that drips or stalls. A look-up that the system does not let go of is left behind on a
///   thread of its own. The limit is in real time, also on a simulated clock.
/// - A request is sent once. On a kept connection that the peer had closed before, nothing was sent, and another one is
///   taken; a request whose connection broke is never sent again.
/// - The response is the body byte for byte, up to the max body, of which no more is read; a longer one is marked
///   [truncated](Response::is_truncated). It is unpacked if the headers ask for gzip.
/// - Connections are kept and reused by all attempts, as many as there were at once.
/// - At most 5 redirects are followed, to http and https alone, and never from https to http. 307 and 308 keep method and
///   body, 303 becomes `GET`, and 301 and 302 turn `POST` into `GET`. Keys go along only within the same scheme, host and
///   port.
/// - No key is ever told: where an answer repeats one, `[redacted]` stands in its place.
/// - https trusts what the system trusts, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name. `HTTP_PROXY`, `HTTPS_PROXY`,
///   `ALL_PROXY` and `NO_PROXY` are obeyed as they are when the backend is built, but never for loopback.
///
/// Clones share their connections. One that is idle for 15 s is closed when the next one is looked for.
///
/// # With the rest
///
/// What the classes are for: an endpoint that names its own pace by 429 and `Retry-After` is obeyed and counts as well; one
/// that is down opens its circuit, and its calls go elsewhere.
///
/// ```
/// use seawall::{BackendConfig, HttpBackend, Runner, WhenOpen};
/// use std::time::Duration;
///
/// let careful = BackendConfig::new()
///     .with_timeout(Duration::from_secs(60))
///     .with_concurrency(4)
///     .with_when_open(WhenOpen::Fallback("small".into()));
/// let runner = Runner::builder()
///     .backend("large", HttpBackend::openai("http://localhost:8000/v1").model("large").build()?)
///     .backend("small", HttpBackend::openai("http://localhost:8001/v1").model("small").build()?)
///     .configure("large", careful)
///     .build()?;
/// # drop(runner);
/// # Ok::<(), seawall::Error>(())
/// ```
///
/// # Any endpoint
///
/// ```
/// use seawall::{Backend, CancelToken, Context, HttpBackend};
/// # use std::io::{BufRead, BufReader, Read, Write};
/// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let address = server.local_addr()?;
/// # let thread = std::thread::spawn(move || {
/// #     let mut connection = server.accept().unwrap().0;
/// #     let mut reader = BufReader::new(connection.try_clone().unwrap());
/// #     let mut length = 0;
/// #     for line in reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()) {
/// #         if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
/// #             length = value.parse().unwrap();
/// #         }
/// #     }
/// #     let mut body = vec![0; length];
/// #     reader.read_exact(&mut body).unwrap();
/// #     assert_eq!(body, br#"{"question": "how deep?"}"#);
/// #     let answer = r#"{"result": {"text": "42 m"}}"#;
/// #     write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len()).unwrap();
/// # });
///
/// let depth = HttpBackend::builder(format!("http://{address}/depth"))
///     .header("X-Mode", "fast")
///     .body_template(r#"{"question": {{ prompt | tojson }}}"#)
///     .answer("/result/text")
///     .build()?;
///
/// let cancel = CancelToken::new();
/// assert_eq!(depth.send(&"how deep?".into(), &Context::new(&cancel))?.text(), "42 m");
/// # thread.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct HttpBackend {
    inner: Arc<Inner>,
    clock: CallClock,
}

struct Inner {
    /// The connections, which outlive the calls.
    client: Client,
    /// All of the request but what depends on the prompt.
    template: Request<'static>,
    form: Form,
    /// What is taken out of everything that leaves here.
    secrets: Secrets,
    /// In bytes.
    max_body: usize,
    connect_timeout: Option<Duration>,
}

/// What is sent, and what is read of the answer.
#[derive(Debug)]
enum Form {
    Generic { body: BodyForm, answer: Option<Pointer> },
    Chat(Chat),
}

#[derive(Debug)]
enum BodyForm {
    /// The prompt as it is.
    Prompt,
    /// A text with the prompt in it.
    Template(Box<BodyTemplate>),
    /// The same bytes for every prompt.
    Fixed(Box<[u8]>),
    /// None, and no length of it.
    None,
}

impl HttpBackend {
    /// An endpoint at this address, which begins with `http://` or `https://`.
    pub fn builder(url: impl AsRef<str>) -> HttpBackendBuilder<Generic> {
        HttpBackendBuilder::generic(url.as_ref())
    }

    /// Chat completions below this address: `http://localhost:8000/v1` is asked at `/v1/chat/completions`. A slash at its
    /// end makes no difference.
    ///
    /// The prompt is the user's message, and the response the text of the first choice. An answer that is an error, or that
    /// has no choice or no content, is [invalid](crate::ErrorClass::InvalidAnswer); a refusal is
    /// [permanent](crate::ErrorClass::Permanent). The tokens that the answer names are told by [`Context::add_usage`], also
    /// where it is invalid.
    ///
    /// ```
    /// use seawall::{Backend, CancelToken, Context, HttpBackend};
    /// # use std::io::{BufRead, BufReader, Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let address = server.local_addr()?;
    /// # let thread = std::thread::spawn(move || {
    /// #     let mut connection = server.accept().unwrap().0;
    /// #     let mut reader = BufReader::new(connection.try_clone().unwrap());
    /// #     let head: Vec<_> = reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
    /// #     assert_eq!(head[0], "POST /v1/chat/completions HTTP/1.1");
    /// #     let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    /// #     reader.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
    /// #     let answer = r#"{"choices": [{"message": {"content": "42."}}], "usage": {"prompt_tokens": 21, "completion_tokens": 2}}"#;
    /// #     write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len()).unwrap();
    /// # });
    ///
    /// let chat = HttpBackend::openai(format!("http://{address}/v1"))
    ///     .model("small")
    ///     .system_prompt("Be brief.")
    ///     .max_tokens(200)
    ///     .key("sk-1")
    ///     .build()?;
    ///
    /// let cancel = CancelToken::new();
    /// let cx = Context::new(&cancel);
    /// assert_eq!(chat.send(&"What is the answer?".into(), &cx)?.text(), "42.");
    /// assert_eq!((cx.usage().input_tokens, cx.usage().output_tokens), (Some(21), Some(2)));
    /// # thread.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn openai(url: impl AsRef<str>) -> HttpBackendBuilder<OpenAi> {
        HttpBackendBuilder::openai(url.as_ref())
    }

    /// The same, whose time limits stand still while these groups are
    /// [suspended](crate::ProcessGroups::suspend), as those of programs do.
    #[cfg(feature = "process")]
    #[must_use]
    pub fn with_groups(self, groups: &ProcessGroups) -> Self {
        Self { clock: CallClock { groups: groups.clone() }, ..self }
    }
}

impl Inner {
    /// What is sent for this prompt.
    fn request<'p>(&'p self, prompt: &'p str) -> Result<Request<'p>, SendError> {
        let body = match &self.form {
            _ if matches!(self.template.method, Method::GET | Method::HEAD) => None,
            Form::Generic { body: BodyForm::None, .. } => None,
            Form::Generic { body: BodyForm::Prompt, .. } => Some(Cow::Borrowed(prompt.as_bytes())),
            Form::Generic { body: BodyForm::Fixed(bytes), .. } => Some(Cow::Borrowed(&**bytes)),
            Form::Generic { body: BodyForm::Template(template), .. } => {
                let filled = template.fill(prompt);
                let filled = filled.map_err(|error| format!("failed to fill the body's template: {error}"));
                Some(Cow::Owned(filled.map_err(SendError::permanent)?.into_bytes()))
            }
            Form::Chat(chat) => Some(Cow::Owned(chat.body(prompt).into_bytes())),
        };
        let request = Request { body, ..self.template.clone() };
        request.check_length().map_err(SendError::permanent)?;
        Ok(request)
    }

    /// Sends the request, and goes where it is sent on to.
    fn exchange(&self, prompt: &str, cx: &Context<'_>) -> Result<Response, SendError> {
        let mut request = self.request(prompt)?;
        for redirects in 0.. {
            let mut response = self.client.send(&request).map_err(error_of)?;
            let status = response.status();
            if !redirect::is_redirect(status) {
                return self.judge(response, request.asks_for_gzip(), cx);
            }
            let refused = |reason: &str| SendError::permanent(format!("status {}: {reason}", verdict::name_of(status)));
            let location = response.headers().get("location");
            let next = redirect::follow(&request, status, location)
                .map_err(|reason| refused(&format!("a redirect that cannot be followed: {reason}")))?;
            if redirects == MOST_REDIRECTS {
                return Err(refused(&format!("more than {MOST_REDIRECTS} redirects")));
            }
            // A short body is read to its end, so that the connection can be used again.
            let (_, read) = body::read(&mut response, answer::EXCERPT, false);
            read.or_else(|error| if answer::is_own(&error) { Err(error) } else { Ok(()) })?;
            request = next;
        }
        unreachable!("the loop ends after a few redirects")
    }

    /// The same error without a secret in it.
    fn redacted(&self, error: SendError) -> SendError {
        let told = error.to_string();
        let redacted = self.secrets.redacted_text(&told);
        if redacted == told {
            return error;
        }
        let quiet = SendError::new(error.class(), redacted);
        error.retry_after().map_or(quiet.clone(), |delay| quiet.with_retry_after(delay))
    }
}

impl Backend for HttpBackend {
    fn send(&self, request: &Message, cx: &Context<'_>) -> Result<Response, SendError> {
        let inner = &*self.inner;
        cx.cancel_token().check()?;
        let limit = cx.time_limit();
        if let Some(limit) = limit.filter(|limit| limit.left.is_zero()) {
            return Err(SendError::timed_out(ran_past(limit.whole)));
        }
        let call = Call::new(cx.cancel_token(), limit, inner.connect_timeout, &self.clock);
        let call = call.map_err(|error| SendError::from(Trouble::Lost(error)))?;
        call.run(|| inner.exchange(request.prompt(), cx)).map_err(|error| inner.redacted(error))
    }
}

/// Without keys, and without the values of headers.
impl fmt::Debug for HttpBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { template, form, max_body, connect_timeout, .. } = &*self.inner;
        let mut debug = f.debug_struct("HttpBackend");
        debug.field("url", &template.uri).field("method", &template.method);
        debug.field("headers", &template.headers.keys().collect::<Vec<_>>()).field("form", form);
        debug.field("max_body", max_body).field("connect_timeout", connect_timeout).finish_non_exhaustive()
    }
}
