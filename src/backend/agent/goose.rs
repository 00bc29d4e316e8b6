//! Goose.

mod verdict;

use super::judgement::Judgement;
use super::opening::{Opening, uuid};
use super::settings::{Settings, common_settings, option, owned, word};
use super::{Agent, send};
use crate::backend::command::Finished;
use crate::backend::{Backend, Context, Message, Response};
use crate::send_error::SendError;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

/// Goose (`goose`) as a backend: each attempt runs it once, and what its model said last is the response.
///
/// | setting | option | default |
/// | --- | --- | --- |
/// | [program](Self::with_program) | | `goose` |
/// | [model](Self::with_model) | `--model` | not passed |
/// | [system prompt](Self::with_system_prompt) | `--system` | not passed |
/// | [permission mode](Self::with_permission_mode) | `GOOSE_MODE` | not set: its own, which runs any command |
/// | [max turns](Self::with_max_turns) | `--max-turns` | not passed |
///
/// The prompt goes to its standard input byte for byte. How often it asks again by itself cannot be told.
///
#[doc = include_str!("contract.md")]
///
/// - A new session begins under a random name; an attempt after one that failed begins another.
/// - Usage is told for the whole session; the share of the call is taken from it.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("seawall-doc-goose-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let stand_in = folder.join("goose");
/// # std::fs::write(&stand_in, "#!/bin/sh\ncat > /dev/null\necho '{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]},{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Honk.\"}],\"metadata\":{\"inference\":{}}}],\"metadata\":{\"status\":\"completed\",\"input_tokens\":1200,\"output_tokens\":34}}'\n")?;
/// # std::fs::set_permissions(&stand_in, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
/// use seawall::{Backend, CancelToken, Context, GooseBackend};
///
/// let goose = GooseBackend::new().with_program(stand_in).with_permission_mode("chat");
/// let cancel = CancelToken::new();
/// let cx = Context::new(&cancel);
/// assert_eq!(goose.send(&"Say something.".into(), &cx)?.text(), "Honk.");
/// assert_eq!(cx.usage().input_tokens, Some(1200));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct GooseBackend {
    settings: Settings,
    model: Option<String>,
    system_prompt: Option<String>,
    permission_mode: Option<String>,
    max_turns: Option<u32>,
}

impl GooseBackend {
    /// `goose` from the `PATH`, with nothing asked for.
    pub fn new() -> Self {
        let settings = Settings::of("goose");
        Self { settings, model: None, system_prompt: None, permission_mode: None, max_turns: None }
    }

    /// The model, by a name that its provider knows.
    pub fn with_model(self, model: impl Into<String>) -> Self {
        Self { model: Some(model.into()), ..self }
    }

    /// What is added to the program's own system prompt.
    pub fn with_system_prompt(self, text: impl Into<String>) -> Self {
        Self { system_prompt: Some(text.into()), ..self }
    }

    /// One of its modes: `auto`, `chat`; `approve` and `smart_approve` fail at the first tool, since nobody is there to ask.
    pub fn with_permission_mode(self, mode: impl Into<String>) -> Self {
        Self { permission_mode: Some(mode.into()), ..self }
    }

    /// How many turns one call may take.
    pub fn with_max_turns(self, turns: u32) -> Self {
        Self { max_turns: Some(turns), ..self }
    }

    common_settings!();
}

impl Default for GooseBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for GooseBackend {
    fn send(&self, request: &Message, cx: &Context<'_>) -> Result<Response, SendError> {
        send(self, request, cx)
    }
}

impl Agent for GooseBackend {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn new_name(&self) -> Option<String> {
        Some(format!("seawall-{}", uuid()))
    }

    /// Values stand within the word of their option, where one that begins with `-` is no option.
    fn arguments<'a>(&'a self, opening: &'a Opening) -> Vec<Cow<'a, OsStr>> {
        let mut arguments = ["run", "-q", "--output-format", "json"].map(word).to_vec();
        let with = |name: &str, value: &Option<String>| value.as_ref().map(|value| owned(format!("{name}={value}")));
        let options = [
            with("--model", &self.model),
            with("--system", &self.system_prompt),
            with("--max-turns", &self.max_turns.map(|turns| turns.to_string())),
        ];
        arguments.extend(options.into_iter().flatten());
        arguments.extend(self.settings.extra_args());
        if let Opening::GoOn(_) = opening {
            arguments.push(word("-r"));
        }
        arguments.extend(opening.name().into_iter().flat_map(|name| option("-n", word(name))));
        arguments.extend(option("-i", word("-")));
        arguments
    }

    fn env(&self) -> Vec<(&'static str, OsString)> {
        self.permission_mode.iter().map(|mode| ("GOOSE_MODE", mode.into())).collect()
    }

    fn judge(&self, finished: &Finished, opening: &Opening) -> Judgement {
        verdict::judge(finished, opening)
    }
}
