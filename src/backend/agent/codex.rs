//! Codex CLI.

mod verdict;

use super::judgement::Judgement;
use super::opening::Opening;
use super::settings::{Settings, common_settings, option, owned, word};
use super::{Agent, Look, send};
use crate::backend::command::Finished;
use crate::backend::{Backend, Context, Message, Response};
use crate::send_error::SendError;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;

/// Codex CLI (`codex`) as a backend: each attempt runs it once, and the last thing it says is the response.
///
/// | setting | option | default |
/// | --- | --- | --- |
/// | [program](Self::with_program) | | `codex` |
/// | [model](Self::with_model) | `-m` | not passed |
/// | [system prompt](Self::with_system_prompt) | `-c developer_instructions=…` | not passed |
/// | [permission mode](Self::with_permission_mode) | `-s` | not passed: its own, `read-only` |
/// | [own retries](Self::with_own_retries) | two `-c model_providers.ID.…` | not passed: its own, four and five |
///
/// The prompt goes to its standard input byte for byte. It is always told `--skip-git-repo-check`.
///
#[doc = include_str!("contract.md")]
///
/// - Ids of sessions are the program's own. An attempt after one that failed begins a new one.
/// - Usage has no cost. Its tokens are told for the whole session; the share of the call is taken from them.
/// - One that says twice that it waits for the network is stopped: a transient error.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("seawall-doc-codex-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let stand_in = folder.join("codex");
/// # std::fs::write(&stand_in, "#!/bin/sh\ncat > /dev/null\necho '{\"type\":\"thread.started\",\"thread_id\":\"01a20d3c\"}'\necho '{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"Done.\"}}'\necho '{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":1200,\"output_tokens\":34}}'\n")?;
/// # std::fs::set_permissions(&stand_in, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
/// use seawall::{Backend, CancelToken, CodexBackend, Context};
///
/// let codex = CodexBackend::new().with_program(stand_in).with_permission_mode("workspace-write");
/// let cancel = CancelToken::new();
/// let cx = Context::new(&cancel);
/// assert_eq!(codex.send(&"Implement it.".into(), &cx)?.text(), "Done.");
/// assert_eq!((cx.usage().output_tokens, cx.usage().cost_usd), (Some(34), None));
/// assert_eq!(cx.own_session().unwrap().id(), "01a20d3c");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CodexBackend {
    settings: Settings,
    model: Option<String>,
    system_prompt: Option<String>,
    permission_mode: Option<String>,
    own_retries: Option<u32>,
}

impl CodexBackend {
    /// `codex` from the `PATH`, with nothing asked for.
    pub fn new() -> Self {
        let settings = Settings::of("codex");
        Self { settings, model: None, system_prompt: None, permission_mode: None, own_retries: None }
    }

    /// The model, by a name that the program knows.
    pub fn with_model(self, model: impl Into<String>) -> Self {
        Self { model: Some(model.into()), ..self }
    }

    /// What is added to the program's own system prompt.
    pub fn with_system_prompt(self, text: impl Into<String>) -> Self {
        Self { system_prompt: Some(text.into()), ..self }
    }

    /// One of its sandboxes: `read-only`, `workspace-write`, `danger-full-access`.
    pub fn with_permission_mode(self, sandbox: impl Into<String>) -> Self {
        Self { permission_mode: Some(sandbox.into()), ..self }
    }

    /// How often the program itself asks again: a request, and a stream that broke.
    ///
    /// The program knows these settings for one provider at a time, and refuses them for those that it brings along. So they
    /// are passed for the provider that the [extra arguments](Self::with_extra_args) name (`-c model_provider="mine"`, or
    /// any `-c model_providers.mine.…`), and without one they are not.
    pub fn with_own_retries(self, retries: u32) -> Self {
        Self { own_retries: Some(retries), ..self }
    }

    common_settings!();
}

impl Default for CodexBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for CodexBackend {
    fn send(&self, request: &Message, cx: &Context<'_>) -> Result<Response, SendError> {
        send(self, request, cx)
    }
}

impl Agent for CodexBackend {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn new_name(&self) -> Option<String> {
        None
    }

    fn arguments<'a>(&'a self, opening: &'a Opening) -> Vec<Cow<'a, OsStr>> {
        let text = |value: &'a Option<String>| value.as_deref().map(word);
        let mut arguments = ["exec", "--json", "--skip-git-repo-check"].map(word).to_vec();
        let instructions = self.system_prompt.as_deref().map(|text| format!("developer_instructions={}", toml(text)));
        let options = [
            text(&self.model).map(|model| option("-m", model)),
            text(&self.permission_mode).map(|sandbox| option("-s", sandbox)),
            instructions.map(|instructions| option("-c", owned(instructions))),
        ];
        arguments.extend(options.into_iter().flatten().flatten());
        let provider = self.own_retries.zip(provider_in(&self.settings.extra_args));
        if let Some((retries, provider)) = provider {
            for key in ["request_max_retries", "stream_max_retries"] {
                arguments.extend(option("-c", owned(format!("model_providers.{provider}.{key}={retries}"))));
            }
        }
        arguments.extend(self.settings.extra_args());
        if let Opening::GoOn(session) = opening {
            arguments.extend(option("resume", word(session.id())));
        }
        arguments.push(word("-"));
        arguments
    }

    fn is_hopeless(&self) -> Look {
        verdict::waits_for_the_network()
    }

    fn judge(&self, finished: &Finished, opening: &Opening) -> Judgement {
        verdict::judge(finished, opening)
    }
}

/// The provider that is chosen on a command line, or the last one that is set up there.
fn provider_in(args: &[OsString]) -> Option<String> {
    let words: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let after = words.windows(2).filter(|pair| ["-c", "--config"].contains(&pair[0])).map(|pair| pair[1]);
    let within = words.iter().filter_map(|word| word.strip_prefix("--config=").or_else(|| word.strip_prefix("-c")));
    let pairs: Vec<(&str, &str)> = after.chain(within).filter_map(|setting| setting.split_once('=')).collect();
    let chosen = pairs.iter().rev().find(|(key, _)| key.trim() == "model_provider");
    let chosen = chosen.map(|(_, value)| value.trim().trim_matches(['"', '\'']));
    let set_up =
        |pair: &(&str, &str)| pair.0.trim().strip_prefix("model_providers.")?.split('.').next().map(str::to_owned);
    chosen.map(str::to_owned).or_else(|| pairs.iter().rev().find_map(set_up)).filter(|provider| !provider.is_empty())
}

/// A string of TOML on one line.
fn toml(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            char if char.is_control() => drop(write!(quoted, "\\u{:04X}", u32::from(char))),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_one_string_of_toml_whatever_is_in_them() {
        assert_eq!(toml("a \"b\"\nc\\d\t\u{1}é"), r#""a \"b\"\nc\\d\t\u0001é""#);
    }

    #[test]
    fn the_provider_is_the_one_that_the_arguments_choose_or_set_up() {
        let of = |args: &[&str]| provider_in(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of(&["-c", "model_provider=\"mine\""]).as_deref(), Some("mine"));
        assert_eq!(
            of(&["--config=model_provider = mine", "-c", "model_providers.other.name='x'"]).as_deref(),
            Some("mine")
        );
        assert_eq!(of(&["-c", "model_providers.other.base_url=\"http://x\""]).as_deref(), Some("other"));
        assert_eq!(of(&["-cmodel_provider='mine'"]).as_deref(), Some("mine"));
        assert_eq!(of(&["-m", "model_provider=\"mine\"", "-c", "model=x"]), None);
    }
}
