//! What an answer amounts to: a response, or an error.

use super::body::{self, Body};
use super::chat::{text_of, usage_of};
use super::pointer::Pointer;
use super::verdict::{class_of, name_of, retry_after};
use super::{Form, Inner};
use crate::backend::{Context, Response};
use crate::send_error::{ErrorClass, SendError};
use serde_json::Value;
use std::time::SystemTime;
use ureq::http;

/// How much of an answer an error holds at most, in bytes.
pub(super) const EXCERPT: usize = 8 * 1024;

impl Inner {
    /// The response, or the error that an answer stands for, with the wait that it asks for.
    pub(super) fn judge(
        &self,
        mut response: http::Response<ureq::Body>,
        asked_for_gzip: bool,
        cx: &Context<'_>,
    ) -> Result<Response, SendError> {
        let name = name_of(response.status());
        let delay = retry_after(response.headers(), SystemTime::now());
        let verdict = match class_of(response.status()) {
            Some(class) => Err(self.refusal(&mut response, class, &name, asked_for_gzip)),
            None => self.response(&mut response, &name, asked_for_gzip, cx),
        };
        verdict.map_err(|error| match delay {
            Some(delay) => error.with_retry_after(delay),
            None => error,
        })
    }

    /// The error that a status stands for. It stands also where the body is cut, but for what ends the call.
    fn refusal(
        &self,
        response: &mut http::Response<ureq::Body>,
        class: ErrorClass,
        name: &str,
        asked_for_gzip: bool,
    ) -> SendError {
        let (body, read) = body::read(response, EXCERPT + self.secrets.longest(), asked_for_gzip);
        match read {
            Err(error) if error.class() == ErrorClass::Cancelled => error,
            _ => SendError::new(class, with_excerpt(&format!("status {name}"), &self.excerpt(&body))),
        }
    }

    /// What is wanted of a successful answer.
    fn response(
        &self,
        response: &mut http::Response<ureq::Body>,
        name: &str,
        asked_for_gzip: bool,
        cx: &Context<'_>,
    ) -> Result<Response, SendError> {
        let (body, read) = body::read(response, self.max_body, asked_for_gzip);
        read?;
        let invalid = |reason: &str, excerpt: &str| {
            SendError::invalid_answer(with_excerpt(&format!("status {name}: {reason}"), excerpt))
        };
        let must_be_read = !matches!(self.form, Form::Generic { answer: None, .. });
        if must_be_read && body.is_cut {
            let reason = format!("the answer has more than {} bytes, and cannot be read", self.max_body);
            return Err(invalid(&reason, ""));
        }
        match &self.form {
            Form::Generic { answer: None, .. } => Ok(self.whole(&body)),
            Form::Generic { answer: Some(pointer), .. } => {
                let text = pointed_at(pointer, &body.bytes);
                let text = text.map_err(|reason| invalid(&reason, &self.excerpt(&body)))?;
                Ok(Response::new(self.secrets.redacted_text(&text)))
            }
            Form::Chat(_) => {
                let answer: Value = serde_json::from_slice(&body.bytes)
                    .map_err(|error| invalid(&format!("the answer is no JSON: {error}"), &self.excerpt(&body)))?;
                cx.add_usage(usage_of(&answer));
                let text = text_of(&answer).map_err(|error| {
                    let reason = cut(&self.secrets.redacted_text(&error.to_string())).to_owned();
                    SendError::new(error.class(), format!("status {name}: {reason}"))
                })?;
                Ok(Response::new(self.secrets.redacted_text(&text)))
            }
        }
    }

    /// The body as the response.
    fn whole(&self, body: &Body) -> Response {
        let bytes = self.secrets.redacted(&body.bytes, body.is_cut).into_owned();
        if body.is_cut { Response::from_cut_bytes(bytes) } else { Response::from_bytes(bytes) }
    }

    /// The beginning of a body as text, without secrets.
    fn excerpt(&self, body: &Body) -> String {
        let bytes = &body.bytes[..body.bytes.len().min(EXCERPT + self.secrets.longest())];
        let redacted = self.secrets.redacted(bytes, body.is_cut || bytes.len() < body.bytes.len());
        cut(String::from_utf8_lossy(&redacted).trim()).to_owned()
    }
}

/// Whether an error is about the call, and not about the answer.
pub(super) fn is_own(error: &SendError) -> bool {
    matches!(error.class(), ErrorClass::Cancelled | ErrorClass::TimedOut)
}

fn with_excerpt(sentence: &str, excerpt: &str) -> String {
    if excerpt.is_empty() { sentence.to_owned() } else { format!("{sentence}: {excerpt}") }
}

/// As much of a text as an error may hold.
fn cut(text: &str) -> &str {
    let end = (0..=EXCERPT.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or_default()]
}

/// The text there; what is no text is given as JSON.
fn pointed_at(pointer: &Pointer, json: &[u8]) -> Result<String, String> {
    let found = pointer.find(json).map_err(|error| format!("the answer is no JSON: {error}"))?;
    let found = found.filter(|value| value.get() != "null");
    let value = found.ok_or_else(|| format!("there is nothing at {pointer} in the answer"))?;
    if value.get().starts_with('"') {
        return serde_json::from_str(value.get()).map_err(|error| format!("the text at {pointer} is broken: {error}"));
    }
    Ok(value.get().to_owned())
}
