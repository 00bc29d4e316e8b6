//! Claude Code.

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

/// Claude Code (`claude`) as a backend: each attempt runs it once, and its answer is the response.
///
/// | setting | option | default |
/// | --- | --- | --- |
/// | [program](Self::with_program) | | `claude` |
/// | [model](Self::with_model) | `--model` | not passed |
/// | [system prompt](Self::with_system_prompt) | `--append-system-prompt` | not passed |
/// | [allowed tools](Self::with_allowed_tools) | `--allowedTools` | not passed |
/// | [permission mode](Self::with_permission_mode) | `--permission-mode` | not passed |
/// | [max turns](Self::with_max_turns) | `--max-turns` | not passed |
/// | [max cost](Self::with_max_cost) | `--max-budget-usd` | not passed |
/// | [own retries](Self::with_own_retries) | `CLAUDE_CODE_MAX_RETRIES` | not set: its own, ten |
///
/// The prompt goes to its standard input byte for byte, behind a newline if it begins with `/`, which would be a command.
///
#[doc = include_str!("contract.md")]
///
/// - A new session has a random id that is sent once; an attempt after one that failed begins another.
/// - Usage is that of the call alone: tokens as told, those for and from the cache as input; of the cost, which newer
///   versions tell for the whole session, its share.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("seawall-doc-claude-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let stand_in = folder.join("claude");
/// # std::fs::write(&stand_in, "#!/bin/sh\ncat > /dev/null\necho '{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"Three layers.\",\"session_id\":\"4498bae9\",\"total_cost_usd\":0.25,\"usage\":{\"input_tokens\":1200,\"output_tokens\":34}}'\n")?;
/// # std::fs::set_permissions(&stand_in, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
/// use seawall::{Backend, CancelToken, ClaudeBackend, Context};
///
/// let claude = ClaudeBackend::new().with_program(stand_in).with_permission_mode("plan").with_max_turns(20);
/// let cancel = CancelToken::new();
/// let cx = Context::new(&cancel);
/// assert_eq!(claude.send(&"Write the design.".into(), &cx)?.text(), "Three layers.");
/// assert_eq!((cx.usage().input_tokens, cx.usage().cost_usd), (Some(1200), Some(0.25)));
///
/// let session = cx.own_session().unwrap();
/// claude.send(&"Shorter.".into(), &Context::new(&cancel).with_session(&session))?;
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ClaudeBackend {
    settings: Settings,
    model: Option<String>,
    system_prompt: Option<String>,
    allowed_tools: Vec<String>,
    permission_mode: Option<String>,
    max_turns: Option<u32>,
    max_cost: Option<f64>,
    own_retries: Option<u32>,
}

impl ClaudeBackend {
    /// `claude` from the `PATH`, with nothing asked for.
    pub fn new() -> Self {
        Self {
            settings: Settings::of("claude"),
            model: None,
            system_prompt: None,
            allowed_tools: Vec::new(),
            permission_mode: None,
            max_turns: None,
            max_cost: None,
            own_retries: None,
        }
    }

    /// The model, by a name that the program knows.
    pub fn with_model(self, model: impl Into<String>) -> Self {
        Self { model: Some(model.into()), ..self }
    }

    /// What is added to the program's own system prompt. A session keeps the one with which it began.
    pub fn with_system_prompt(self, text: impl Into<String>) -> Self {
        Self { system_prompt: Some(text.into()), ..self }
    }

    /// Tools that it may use without asking, such as `Read` or `Bash(git log:*)`. Calls add up.
    pub fn with_allowed_tools(mut self, tools: impl IntoIterator<Item: Into<String>>) -> Self {
        self.allowed_tools.extend(tools.into_iter().map(Into::into));
        self
    }

    /// One of its permission modes, such as `plan` or `acceptEdits`.
    pub fn with_permission_mode(self, mode: impl Into<String>) -> Self {
        Self { permission_mode: Some(mode.into()), ..self }
    }

    /// How many turns one call may take.
    pub fn with_max_turns(self, turns: u32) -> Self {
        Self { max_turns: Some(turns), ..self }
    }

    /// How much one attempt may cost, in US dollars. The program looks after it has spent.
    pub fn with_max_cost(self, dollars: f64) -> Self {
        Self { max_cost: Some(dollars), ..self }
    }

    /// How often the program itself asks again.
    pub fn with_own_retries(self, retries: u32) -> Self {
        Self { own_retries: Some(retries), ..self }
    }

    common_settings!();
}

impl Default for ClaudeBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for ClaudeBackend {
    fn send(&self, request: &Message, cx: &Context<'_>) -> Result<Response, SendError> {
        send(self, request, cx)
    }
}

impl Agent for ClaudeBackend {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn new_name(&self) -> Option<String> {
        Some(uuid())
    }

    /// The list of tools swallows every word up to the next option, so it stands before the program's own.
    fn arguments<'a>(&'a self, opening: &'a Opening) -> Vec<Cow<'a, OsStr>> {
        let text = |value: &'a Option<String>| value.as_deref().map(word);
        let mut arguments = vec![word("-p")];
        if !self.allowed_tools.is_empty() {
            arguments.extend(option("--allowedTools", owned(self.allowed_tools.join(","))));
        }
        arguments.extend(option("--output-format", word("json")));
        let options = [
            text(&self.model).map(|model| option("--model", model)),
            text(&self.system_prompt).map(|prompt| option("--append-system-prompt", prompt)),
            text(&self.permission_mode).map(|mode| option("--permission-mode", mode)),
            self.max_turns.map(|turns| option("--max-turns", owned(turns.to_string()))),
            self.max_cost.map(|cost| option("--max-budget-usd", owned(cost.to_string()))),
        ];
        arguments.extend(options.into_iter().flatten().flatten());
        arguments.extend(self.settings.extra_args());
        let name = match opening {
            Opening::New(_) => "--session-id",
            Opening::GoOn(_) => "--resume",
        };
        arguments.extend(opening.name().into_iter().flat_map(|id| option(name, word(id))));
        arguments
    }

    fn env(&self) -> Vec<(&'static str, OsString)> {
        let retries = self.own_retries.map(|retries| ("CLAUDE_CODE_MAX_RETRIES", retries.to_string().into()));
        retries.into_iter().collect()
    }

    fn input<'p>(&self, prompt: &'p str) -> Cow<'p, str> {
        if prompt.starts_with('/') { format!("\n{prompt}").into() } else { prompt.into() }
    }

    fn judge(&self, finished: &Finished, opening: &Opening) -> Judgement {
        verdict::judge(finished, opening)
    }
}
