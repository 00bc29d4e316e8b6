//! A runner with the backends of a plan file.

use super::backend::agent::{Agent, Maker};
use super::backend::command::{Command, Input};
use super::backend::simulated::{Latency, Simulated};
use super::backend::{Backend, Kind};
use super::informed::News;
use super::{PlanFile, RunSettings};
use crate::response_files::ResponseFiles;
use crate::run::Temporaries;
use seawall::{
    BackendConfig, CircuitBreakerConfig, CircuitBreakerRegistry, ClaudeBackend, CodexBackend, CommandBackend,
    GooseBackend, Prompt, Runner, RunnerBuilder, SimulatedBackend, TaskId,
};
use std::io;
use std::sync::Arc;

/// Where programs find what came before.
const RESPONSES: &str = "SEAWALL_RESPONSES";

impl PlanFile {
    /// A runner with all of the plan's backends, and with circuit breakers of its own.
    pub(crate) fn runner(&self, settings: &RunSettings) -> Result<Runner<'static>, seawall::Error> {
        self.runner_with(settings, Arc::new(self.circuit_breakers()))
    }

    /// As [`runner`](Self::runner), with these circuit breakers, which others may share.
    pub(crate) fn runner_with(
        &self,
        settings: &RunSettings,
        breakers: Arc<CircuitBreakerRegistry>,
    ) -> Result<Runner<'static>, seawall::Error> {
        if self.backends.iter().any(|backend| matches!(backend.kind, Kind::Agent(_))) {
            // Where the kernel refuses, what agents leave behind is found by its mark alone.
            let _ = settings.groups.adopt_orphans();
        }
        let builder = Runner::builder()
            .concurrency(settings.concurrency)
            .schedule(settings.schedule)
            .seed(settings.seed)
            .circuit_breakers(breakers);
        self.backends.iter().fold(builder, |builder, backend| self.with_backend(builder, backend, settings)).build()
    }

    /// Every backend, with the limit of its calls.
    pub(crate) fn backend_limits(&self) -> Vec<(Arc<str>, Option<usize>)> {
        self.backends.iter().map(|backend| (Arc::clone(&backend.name), backend.concurrency)).collect()
    }

    /// What programs will find of the tasks up their line; `None` if there are no programs, or nothing waits for anything.
    pub(crate) fn response_files(&self, temporaries: &Arc<Temporaries>) -> io::Result<Option<Arc<ResponseFiles>>> {
        let starts_programs = || self.used_backends().iter().any(|backend| backend.kind.is_program());
        if !self.has_order() || !starts_programs() {
            return Ok(None);
        }
        ResponseFiles::new(&self.plan, &self.left_out, temporaries).map(|files| Some(Arc::new(files)))
    }

    /// Whether something waits for something, if only for a list without items.
    fn has_order(&self) -> bool {
        let waits = |after: &Option<Vec<TaskId>>| after.as_ref().is_some_and(|after| !after.is_empty());
        !self.left_out.is_empty()
            || self.overrides.iter().any(|own| waits(&own.after))
            || self.plan.tasks().iter().any(|task| !task.dependencies().is_empty())
    }

    /// Those that the plan asks for, all closed.
    pub(crate) fn circuit_breakers(&self) -> CircuitBreakerRegistry {
        self.backends.iter().fold(CircuitBreakerRegistry::new(), |breakers, backend| {
            breakers.with_config(&*backend.name, backend.breaker.unwrap_or(CircuitBreakerConfig::disabled()))
        })
    }

    fn with_backend(
        &self,
        builder: RunnerBuilder<'static>,
        backend: &Backend,
        settings: &RunSettings,
    ) -> RunnerBuilder<'static> {
        let name = Arc::clone(&backend.name);
        let builder = builder.configure(Arc::clone(&name), config_of(backend));
        let files = settings.responses.clone().filter(|_| backend.kind.is_program());
        let news = News { templates: self.templates.clone(), left_out: Arc::clone(&self.left_out), files };
        match &backend.kind {
            Kind::Agent(agent) => add_agent(news, builder, name, agent, settings),
            Kind::Command(command) => news.add(builder, name, command_backend(command, settings)),
            Kind::Http(http) => news.add(builder, name, http.backend.clone().with_groups(&settings.groups)),
            Kind::Simulated(simulated) => news.add(builder, name, simulated_backend(simulated, settings)),
        }
    }
}

fn config_of(backend: &Backend) -> BackendConfig {
    let mut config = BackendConfig::new().with_retry(backend.retry.config()).with_when_open(backend.when_open.clone());
    if let Some(timeout) = backend.timeout {
        config = config.with_timeout(timeout);
    }
    match backend.concurrency {
        Some(concurrency) => config.with_concurrency(concurrency),
        None => config,
    }
}

fn command_backend(command: &Command, settings: &RunSettings) -> CommandBackend {
    let prompt = match command.input {
        Input::Stdin => Prompt::Stdin,
        Input::Argument => Prompt::Argument,
    };
    let backend = CommandBackend::new(&command.argv)
        .with_prompt(prompt)
        .with_current_dir(&command.cwd)
        .with_grace(settings.grace)
        .with_groups(&settings.groups);
    let backend = command.env.iter().fold(backend, |backend, (name, value)| backend.with_env(name, value));
    let folder = settings.responses.iter().map(|files| files.path());
    let backend = folder.fold(backend, |backend, folder| backend.with_env(RESPONSES, folder));
    command.exit.iter().fold(backend, |backend, (code, class)| backend.with_exit_class(i32::from(*code), *class))
}

/// Sets what all agents know.
macro_rules! agent_backend {
    ($backend:expr, $agent:expr, $settings:expr) => {{
        let Agent { program, model, system_prompt, permission_mode, extra_args, env, cwd, .. } = $agent;
        let backend = $backend
            .with_program(program)
            .with_extra_args(extra_args)
            .with_current_dir(cwd)
            .with_grace($settings.grace)
            .with_groups(&$settings.groups);
        let backend = env.iter().fold(backend, |backend, (name, value)| backend.with_env(name, value));
        let folder = $settings.responses.iter().map(|files| files.path());
        let backend = folder.fold(backend, |backend, folder| backend.with_env(RESPONSES, folder));
        let backend = model.iter().fold(backend, |backend, model| backend.with_model(model));
        let backend = system_prompt.iter().fold(backend, |backend, text| backend.with_system_prompt(text));
        permission_mode.iter().fold(backend, |backend, mode| backend.with_permission_mode(mode))
    }};
}

fn add_agent(
    news: News,
    builder: RunnerBuilder<'static>,
    name: Arc<str>,
    agent: &Agent,
    settings: &RunSettings,
) -> RunnerBuilder<'static> {
    match agent.maker {
        Maker::Claude => news.add(builder, name, claude_backend(agent, settings)),
        Maker::Codex => {
            let backend = agent_backend!(CodexBackend::new(), agent, settings);
            news.add(builder, name, agent.own_retries.into_iter().fold(backend, CodexBackend::with_own_retries))
        }
        Maker::Goose => {
            let backend = agent_backend!(GooseBackend::new(), agent, settings);
            news.add(builder, name, agent.max_turns.into_iter().fold(backend, GooseBackend::with_max_turns))
        }
    }
}

fn claude_backend(agent: &Agent, settings: &RunSettings) -> ClaudeBackend {
    let backend = agent_backend!(ClaudeBackend::new(), agent, settings).with_allowed_tools(&agent.allowed_tools);
    let backend = agent.max_turns.into_iter().fold(backend, ClaudeBackend::with_max_turns);
    let backend = agent.max_cost.into_iter().fold(backend, ClaudeBackend::with_max_cost);
    agent.own_retries.into_iter().fold(backend, ClaudeBackend::with_own_retries)
}

fn simulated_backend(simulated: &Simulated, settings: &RunSettings) -> SimulatedBackend {
    let backend = SimulatedBackend::new()
        .with_seed(settings.seed)
        .with_fail_rate(simulated.fail_rate)
        .with_fail_first(simulated.fail_first)
        .with_panic_rate(simulated.panic_rate)
        .with_hang_rate(simulated.hang_rate);
    let backend = match simulated.latency {
        Latency::Fixed(latency) => backend.with_latency(latency),
        Latency::Spread { median, p99 } => backend.with_latency(seawall::Latency::log_normal(median, p99)),
    };
    let backend = simulated.down.into_iter().fold(backend, |backend, (from, to)| backend.with_down(from, to));
    simulated.response.iter().fold(backend, |backend, response| backend.with_response(Arc::clone(response)))
}
