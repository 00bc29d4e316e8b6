//! Backends of kind `http` as TOML. A key is never in it, but where it is.

use super::{Entries, number, time};
use crate::plan_file::backend::http::{Form, Http, KeyFrom};
use crate::plan_file::size;
use crate::plan_file::toml_text::{key, string, table, text};

pub(super) fn entries(http: &Http) -> Entries {
    let mut entries = form_entries(&http.form);
    if !http.headers.is_empty() {
        entries.push(("headers", table(http.headers.iter().map(|(name, value)| (key(name), string(value))))));
    }
    entries.extend(match &http.key_from {
        Some(KeyFrom::Variable(name)) => Some(("key_env", string(name))),
        // TOML cannot say a path that is not UTF-8; then the plan is right in its own folder alone.
        Some(KeyFrom::File(path)) => path.to_str().map(|path| ("key_file", string(path))),
        None => None,
    });
    entries.push(("max_body", string(&size::format(http.max_body))));
    entries.extend(http.connect_timeout.map(|limit| ("connect_timeout", time(limit))));
    entries
}

fn form_entries(form: &Form) -> Entries {
    match form {
        Form::Url { url, method, body, answer } => {
            let mut entries = vec![("url", string(url)), ("method", string(method.as_deref().unwrap_or("POST")))];
            entries.extend(body.as_ref().map(|body| ("body", text(body))));
            entries.extend(answer.as_ref().map(|answer| ("answer", string(answer))));
            entries
        }
        Form::Chat { url, model, system_prompt, temperature, max_tokens } => {
            let mut entries = vec![("openai", string(url))];
            entries.extend(model.as_ref().map(|model| ("model", string(model))));
            entries.extend(system_prompt.as_ref().map(|prompt| ("system_prompt", text(prompt))));
            entries.extend(temperature.map(|temperature| ("temperature", number(temperature))));
            entries.extend(max_tokens.map(|tokens| ("max_tokens", tokens.to_string())));
            entries
        }
    }
}
