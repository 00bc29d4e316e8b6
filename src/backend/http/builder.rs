//! From settings to a backend.

use super::call::CallClock;
use super::chat::Chat;
use super::client::Client;
use super::pointer::Pointer;
use super::proxy::Proxies;
use super::redirect::is_secret;
use super::request::Request;
use super::secrets::Secrets;
use super::template::BodyTemplate;
use super::{BodyForm, Form, HttpBackend, Inner};
use crate::error::{Error, Fault};
use crate::sync::Arc;
use std::fmt;
use std::time::Duration;
use ureq::http::uri::PathAndQuery;
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

const MAX_BODY: usize = 16 * 1024 * 1024;

const USUAL: [Method; 7] =
    [Method::DELETE, Method::GET, Method::HEAD, Method::OPTIONS, Method::PATCH, Method::POST, Method::PUT];

/// The settings of an endpoint of any kind; see [`HttpBackend::builder`].
#[derive(Debug)]
pub struct Generic {
    method: Method,
    body: BodyForm,
    answer: Option<Pointer>,
}

/// The settings of chat completions; see [`HttpBackend::openai`].
#[derive(Debug)]
pub struct OpenAi(Chat);

/// What an [`HttpBackend`] is made of: `F` is [`Generic`] or [`OpenAi`].
///
/// Settings are judged when all of them are there: [`build`](Self::build) names every fault, each by the name of its
/// setting. No secret is quoted, neither there nor by `Debug`.
///
/// ```
/// use seawall::HttpBackend;
/// let error = HttpBackend::builder("localhost:8080").method("GE T").build().unwrap_err();
/// assert!(error.is_settings());
/// assert_eq!(error.faults().count(), 2);
/// assert_eq!(error.faults().last().unwrap().to_string(), "`method` must be a word such as POST: `GE T` is none");
/// ```
#[must_use]
pub struct HttpBackendBuilder<F> {
    uri: Uri,
    headers: HeaderMap,
    key: Option<HeaderValue>,
    secrets: Vec<String>,
    max_body: usize,
    connect_timeout: Option<Duration>,
    form: F,
    faults: Vec<Fault>,
}

impl<F> HttpBackendBuilder<F> {
    fn new(setting: &'static str, url: &str, form: F) -> Self {
        let (uri, faults) = match parsed(url) {
            Ok(uri) => (uri, Vec::new()),
            Err(found) => (
                Uri::default(),
                vec![Fault::bad_setting(setting, "an address such as http://localhost:8080/answer", found)],
            ),
        };
        Self {
            uri,
            headers: HeaderMap::new(),
            key: None,
            secrets: Vec::new(),
            max_body: MAX_BODY,
            connect_timeout: None,
            form,
            faults,
        }
    }

    /// The key, sent as `Authorization: Bearer …` and never told. Blanks around it are no part of it.
    ///
    /// Where an answer repeats it, `[redacted]` stands in its place: in responses, which are then not byte for byte what came,
    /// and in errors. It is known in each of these forms, also where a part of it is escaped and a part is not:
    ///
    /// | form | of `a/b"c` |
    /// | --- | --- |
    /// | as it is | `a/b"c` |
    /// | a text in JSON, and in JSON within JSON | `a\/b\"c`, `a\u002fb\\\"c` |
    /// | a part of an address, or of a form | `a%2Fb%22c`, `a/b%22c` |
    /// | HTML | `a/b&quot;c`, `a&#x2f;b&#34;c` |
    ///
    /// A key holds ASCII alone, as its header does; any other one is a fault of the settings.
    ///
    /// ```
    /// use seawall::HttpBackend;
    /// let refused = HttpBackend::openai("http://localhost:8000/v1").key("sk-ü").build().unwrap_err();
    /// assert!(refused.to_string().ends_with("`key` must be a key: it holds what no header may hold"));
    /// ```
    pub fn key(mut self, key: impl AsRef<str>) -> Self {
        let key = key.as_ref().trim();
        match HeaderValue::from_str(&format!("Bearer {key}")) {
            Ok(mut value) if !key.is_empty() && key.is_ascii() => {
                value.set_sensitive(true);
                self.key = Some(value);
                self.secrets.push(key.to_owned());
            }
            Ok(_) if key.is_empty() => self.refuse("key", "a key", "it is empty"),
            Ok(_) | Err(_) => self.refuse("key", "a key", "it holds what no header may hold"),
        }
        self
    }

    /// One header more. It wins over one of that name that would be sent otherwise, the key's included; given twice it is
    /// sent twice. `Authorization`, `Proxy-Authorization`, `Cookie`, `X-Api-Key`, `Api-Key` and `X-Auth-Token` are kept as
    /// secret as the key.
    ///
    /// `Accept-Encoding: gzip` asks for gzip, which is then unpacked. A `Content-Length` that is not that of the body is a
    /// [permanent](crate::ErrorClass::Permanent) error of each call, and nothing is sent.
    ///
    /// ```
    /// use seawall::HttpBackend;
    /// let packed = HttpBackend::builder("https://example.org/answer")
    ///     .header("Accept-Encoding", "gzip")
    ///     .header("X-Api-Key", "sk-1")
    ///     .build()?;
    /// assert!(!format!("{packed:?}").contains("sk-1"));
    /// # Ok::<(), seawall::Error>(())
    /// ```
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        const WHAT: &str = "names of headers with their values";
        let (name, value) = (name.as_ref(), value.as_ref());
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes())) {
            (Err(_), _) => self.refuse("headers", WHAT, format!("`{name}` is no name of a header")),
            (_, Err(_)) => self.refuse("headers", WHAT, format!("the value of `{name}` holds a control character")),
            (Ok(name), Ok(_)) if (name == header::AUTHORIZATION || name == header::HOST) && !value.is_ascii() => {
                self.refuse("headers", WHAT, format!("the value of `{name}` is not ASCII"));
            }
            (Ok(name), Ok(mut sent)) => {
                if is_secret(&name) {
                    sent.set_sensitive(true);
                    // The last word too, since a key may follow the word for its kind.
                    self.secrets.extend(
                        [Some(value), value.split_whitespace().next_back()].into_iter().flatten().map(str::to_owned),
                    );
                }
                self.headers.append(name, sent);
            }
        }
        self
    }

    /// How much of an answer's body is kept, in bytes; 16 MiB by default.
    ///
    /// The limit is of what is kept, after unpacking, so that a small answer that unpacks to a large one is bounded too.
    /// Where the answer must be read, by [`answer`](HttpBackendBuilder::answer) or as a chat, one that is longer is
    /// [invalid](crate::ErrorClass::InvalidAnswer).
    pub fn max_body(self, bytes: usize) -> Self {
        Self { max_body: bytes, ..self }
    }

    /// How long looking up the name and connecting may take. By default they have the time of the whole attempt.
    ///
    /// A call that runs into it is [timed out](crate::ErrorClass::TimedOut). A host with several addresses is tried at all of
    /// them within it: each has 250 ms before the next one is tried beside it (RFC 8305), and the first that answers is taken.
    pub fn connect_timeout(self, limit: Duration) -> Self {
        Self { connect_timeout: Some(limit), ..self }
    }

    fn refuse(&mut self, setting: &'static str, must_be: &'static str, found: impl Into<Box<str>>) {
        self.faults.push(Fault::bad_setting(setting, must_be, found));
    }

    fn default_header(&mut self, name: HeaderName, value: &'static str) {
        self.headers.entry(name).or_insert(HeaderValue::from_static(value));
    }

    fn finish(self, method: Method, form: Form) -> Result<HttpBackend, Error> {
        if !self.faults.is_empty() {
            return Err(Error::backend(self.faults));
        }
        let Self { uri, headers, key, secrets, max_body, connect_timeout, .. } = self;
        let proxies = Proxies::from_environment();
        let secrets = Secrets::of(secrets.iter().map(String::as_str).chain(proxies.secrets()));
        let template = Request { uri, method, headers, key, body: None };
        let client = Client::new(proxies);
        let inner = Arc::new(Inner { client, template, form, secrets, max_body, connect_timeout });
        Ok(HttpBackend { inner, clock: CallClock::default() })
    }
}

impl HttpBackendBuilder<Generic> {
    pub(super) fn generic(url: &str) -> Self {
        Self::new("url", url, Generic { method: Method::POST, body: BodyForm::Prompt, answer: None })
    }

    /// The method, as it is sent; the usual ones may be in small letters. `POST` by default.
    ///
    /// `GET` and `HEAD` send no body, whatever is set for it; all others do.
    ///
    /// ```
    /// use seawall::HttpBackend;
    /// let ping = HttpBackend::builder("http://localhost:8080/health").method("GET").build()?;
    /// # drop(ping);
    /// # Ok::<(), seawall::Error>(())
    /// ```
    pub fn method(mut self, method: impl AsRef<str>) -> Self {
        let method = method.as_ref();
        let usual = USUAL.into_iter().find(|usual| usual.as_str().eq_ignore_ascii_case(method));
        match usual.map_or_else(|| Method::from_bytes(method.as_bytes()), Ok) {
            Ok(method) => self.form.method = method,
            Err(_) => self.refuse("method", "a word such as POST", format!("`{method}` is none")),
        }
        self
    }

    /// A Jinja template for the body, which knows `prompt` alone; `{{ prompt | tojson }}` is the prompt as a JSON string.
    /// It is sent as `application/json`.
    ///
    /// A name that is unknown, a filter that there is not, and what is no template are faults of the settings. The template
    /// is tried with a prompt when it is given, so that what is wrong with it is not met by a call first.
    ///
    /// ```
    /// use seawall::HttpBackend;
    /// let refused = HttpBackend::builder("http://h/").body_template("{{ promt }}").build().unwrap_err();
    /// assert!(refused.to_string().ends_with("line 1: there is no `promt` in it, but `prompt` alone"));
    /// ```
    pub fn body_template(mut self, template: impl AsRef<str>) -> Self {
        match BodyTemplate::new(template.as_ref()) {
            Ok(template) => self.form.body = BodyForm::Template(Box::new(template)),
            Err(found) => self.refuse("body", "a template that knows `prompt` alone", found),
        }
        self
    }

    /// A body that is the same for every prompt. No `Content-Type` is sent but one of the headers.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.form.body = BodyForm::Fixed(body.into().into());
        self
    }

    /// No body at all.
    ///
    /// A method that usually has one is then sent without, and without a length.
    pub fn no_body(mut self) -> Self {
        self.form.body = BodyForm::None;
        self
    }

    /// A JSON pointer (RFC 6901) to the response in the answer's body: a text as it is, anything else as JSON. By default the
    /// response is the whole body.
    ///
    /// An answer that has nothing there, or `null`, is [invalid](crate::ErrorClass::InvalidAnswer).
    ///
    /// | pointer | of `{"a": [1, {"b/c": "x"}]}` |
    /// | --- | --- |
    /// | `/a/1/b~1c` | `x` |
    /// | `/a` | `[1, {"b/c": "x"}]` |
    /// | `/a/0` | `1` |
    /// | `/b` | invalid |
    pub fn answer(mut self, pointer: impl AsRef<str>) -> Self {
        let pointer = pointer.as_ref();
        match Pointer::parse(pointer) {
            Some(pointer) => self.form.answer = Some(pointer),
            None => self.refuse("answer", "a JSON pointer such as /result/text", format!("`{pointer}` is none")),
        }
        self
    }

    /// The backend, or every fault of its settings.
    ///
    /// # Errors
    ///
    /// [`Error::is_settings`], with a [`Fault::BadSetting`] for each setting that cannot be.
    pub fn build(mut self) -> Result<HttpBackend, Error> {
        let has_body = self.form.method != Method::GET && self.form.method != Method::HEAD;
        match &self.form.body {
            BodyForm::Prompt if has_body => self.default_header(header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            BodyForm::Template(_) if has_body => self.default_header(header::CONTENT_TYPE, "application/json"),
            _ => {}
        }
        let Generic { method, body, answer } = std::mem::replace(&mut self.form, Self::generic("http://h").form);
        self.finish(method, Form::Generic { body, answer })
    }
}

impl HttpBackendBuilder<OpenAi> {
    pub(super) fn openai(url: &str) -> Self {
        let mut builder = Self::new("openai", url, OpenAi(Chat::default()));
        builder.uri = completions(&builder.uri);
        builder
    }

    /// The model's name. By default none is sent, and the server chooses.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.form.0.model = Some(model.into());
        self
    }

    /// The system's message, sent before the user's. None by default.
    pub fn system_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.form.0.system_prompt = Some(prompt.into());
        self
    }

    /// How much chance there is in the answer; a finite number. By default none is sent.
    pub fn temperature(mut self, temperature: f64) -> Self {
        if !temperature.is_finite() {
            self.refuse("temperature", "a number", "it is none");
        }
        self.form.0.temperature = Some(temperature);
        self
    }

    /// How many tokens an answer may have. By default no limit is sent.
    pub fn max_tokens(mut self, tokens: u64) -> Self {
        self.form.0.max_tokens = Some(tokens);
        self
    }

    /// The backend, or every fault of its settings.
    pub fn build(mut self) -> Result<HttpBackend, Error> {
        self.default_header(header::CONTENT_TYPE, "application/json");
        self.default_header(header::ACCEPT, "application/json");
        let chat = std::mem::take(&mut self.form.0);
        self.finish(Method::POST, Form::Chat(chat))
    }
}

/// An address that can be asked; or what is wrong with it, without quoting what may hold a password.
fn parsed(url: &str) -> Result<Uri, String> {
    let uri: Uri = url.parse().map_err(|_| "it is no address".to_owned())?;
    match uri.scheme_str() {
        Some("http" | "https") => {}
        Some(other) => return Err(format!("there is http and https, and no `{other}`")),
        None => return Err("it does not begin with http:// or https://".to_owned()),
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return Err("there is a user name or password in it".to_owned());
    }
    let rest = authority.strip_prefix(uri.host().unwrap_or_default()).unwrap_or_default();
    let port = rest.strip_prefix(':').unwrap_or_default();
    if uri.host().is_none_or(str::is_empty) || !port.is_empty() && uri.port_u16().is_none() {
        return Err("it names no host, or no port that there is".to_owned());
    }
    Ok(uri)
}

/// Where the completions are below an address.
fn completions(base: &Uri) -> Uri {
    let path = format!("{}/chat/completions", base.path().trim_end_matches('/'));
    let query = base.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = base.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(path + &query).ok();
    Uri::from_parts(parts).unwrap_or_else(|_| base.clone())
}

/// Without keys, and without the values of headers.
impl<F: fmt::Debug> fmt::Debug for HttpBackendBuilder<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("HttpBackendBuilder");
        debug.field("url", &self.uri).field("headers", &self.headers.keys().collect::<Vec<_>>());
        debug.field("form", &self.form).field("max_body", &self.max_body);
        debug.field("connect_timeout", &self.connect_timeout).field("faults", &self.faults).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_a_host_and_no_password() {
        for url in ["http://h", "https://h:443/a?b", "http://[::1]:8080/", "HTTP://h/"] {
            assert!(parsed(url).is_ok(), "{url}");
        }
        for url in
            ["", "h", "h:80", "/a", "ftp://h/", "not a url", "http://", "http:///a", "http://h:99999/", "http://:80/"]
        {
            assert!(parsed(url).is_err(), "{url}");
        }
        let secret = parsed("http://user:secret@h/").unwrap_err();
        assert!(secret.contains("password") && !secret.contains("secret"));
    }

    #[test]
    fn completions_are_below_the_address() {
        for (base, wanted) in [
            ("http://h/v1", "http://h/v1/chat/completions"),
            ("http://h/v1/", "http://h/v1/chat/completions"),
            ("http://h", "http://h/chat/completions"),
            ("http://h/v1?api-version=2", "http://h/v1/chat/completions?api-version=2"),
        ] {
            assert_eq!(completions(&base.parse().unwrap()).to_string(), wanted);
        }
    }
}
