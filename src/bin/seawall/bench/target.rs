//! What the load is put on, made of what the command line says.

mod whole_plan;

use super::Refusal;
use super::circuit::CircuitLog;
use super::summary::{counted, human};
use crate::args::{BenchArgs, Gaps};
use crate::nearest::nearest;
use crate::plan_file::{PlanFile, RunSettings};
use crate::run::signals::Session;
use crate::streams;
use crate::visible::visible;
use seawall::load::{BackendTarget, Target};
use seawall::{
    BackendConfig, CircuitBreakerConfig, CircuitBreakerRegistry, CommandBackend, HttpBackend, RetryConfig, Runner,
    RunnerBuilder,
};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use whole_plan::WholePlan;

/// What is called.
pub(super) struct Aim {
    /// Of everything that is drawn.
    pub(super) seed: u64,
    /// What must not be shown, whoever repeats it.
    pub(super) secrets: Vec<String>,
    what: What,
}

enum What {
    Backend { runner: Runner<'static>, name: String, prompt: String },
    Plan(Box<WholePlan>),
}

impl Aim {
    /// Reads the plan, if there is one, and makes what calls it.
    pub(super) fn take(args: &BenchArgs, session: &Session, circuit: &Arc<CircuitLog>) -> Result<Self, Refusal> {
        match (&args.plan, &args.backend) {
            (Some(plan), Some(name)) => Self::at_backend(args, plan, name, session, circuit),
            (Some(plan), None) => Self::at_plan(args, plan, session, circuit),
            (None, _) => match &args.url {
                Some(url) => Self::at_url(args, url, session),
                None => Self::at_command(args, session),
            },
        }
    }

    fn at_backend(
        args: &BenchArgs,
        path: &Path,
        name: &str,
        session: &Session,
        circuit: &Arc<CircuitLog>,
    ) -> Result<Self, Refusal> {
        let mut plan_file = PlanFile::load_backends(path).map_err(Refusal::Plan)?;
        refuse_unknown(&plan_file, name)?;
        plan_file.make_bare(args.resilience.no_retry, args.resilience.no_breaker, args.timeout);
        let settings = settings(args, &plan_file, session);
        let runner = plan_file.runner_with(&settings, breakers(&plan_file, circuit));
        let runner = runner.map_err(|error| Refusal::Unable(streams::with_reason(&error)))?;
        let prompt = args.prompt.clone().unwrap_or_default();
        Ok(Self {
            seed: settings.seed,
            secrets: Vec::new(),
            what: What::Backend { runner, name: name.to_owned(), prompt },
        })
    }

    fn at_plan(args: &BenchArgs, path: &Path, session: &Session, circuit: &Arc<CircuitLog>) -> Result<Self, Refusal> {
        let mut plan_file = PlanFile::load(path).map_err(Refusal::Plan)?;
        plan_file.make_bare(args.resilience.no_retry, args.resilience.no_breaker, args.timeout);
        let settings = settings(args, &plan_file, session);
        let seed = settings.seed;
        let breakers = breakers(&plan_file, circuit);
        let plan = WholePlan::new(plan_file, settings, breakers, &session.temporaries);
        Ok(Self { seed, secrets: Vec::new(), what: What::Plan(Box::new(plan.map_err(Refusal::Unable)?)) })
    }

    fn at_command(args: &BenchArgs, session: &Session) -> Result<Self, Refusal> {
        if args.command.first().is_none_or(|program| program.is_empty()) {
            return Err(Refusal::Usage("the command after -- has no name".to_owned()));
        }
        let backend = CommandBackend::new(&args.command).with_grace(args.grace).with_groups(&session.groups);
        Self::at_one(args, "command", |runner, name| runner.backend(name, backend))
    }

    fn at_url(args: &BenchArgs, url: &str, session: &Session) -> Result<Self, Refusal> {
        let method = args.method.as_deref().unwrap_or(if args.body.is_some() { "POST" } else { "GET" });
        let builder = HttpBackend::builder(url).method(method);
        let builder = match &args.body {
            Some(body) => builder.body(body.as_str()),
            None => builder.no_body(),
        };
        let headers = headers(args)?;
        let backend = headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value)).build();
        let backend = backend.map_err(|error| Refusal::Usage(error.to_string()))?.with_groups(&session.groups);
        let aim = Self::at_one(args, "url", |runner, name| runner.backend(name, backend))?;
        Ok(Self { secrets: headers.into_iter().map(|(_, value)| value.to_owned()).collect(), ..aim })
    }

    /// One backend that makes one attempt and has no breaker.
    fn at_one(
        args: &BenchArgs,
        name: &'static str,
        with_backend: impl FnOnce(RunnerBuilder<'static>, &'static str) -> RunnerBuilder<'static>,
    ) -> Result<Self, Refusal> {
        let config = BackendConfig::new().with_retry(RetryConfig::once());
        let config = args.timeout.into_iter().fold(config, BackendConfig::with_timeout);
        let breakers = CircuitBreakerRegistry::new().with_config(name, CircuitBreakerConfig::disabled());
        let builder = Runner::builder().circuit_breakers(Arc::new(breakers)).configure(name, config);
        let runner =
            with_backend(builder, name).build().map_err(|error| Refusal::Unable(streams::with_reason(&error)))?;
        let what = What::Backend { runner, name: name.to_owned(), prompt: String::new() };
        Ok(Self { seed: seed_of(args, None), secrets: Vec::new(), what })
    }

    pub(super) fn target(&self) -> Result<Box<dyn Target + '_>, seawall::Error> {
        Ok(match &self.what {
            What::Backend { runner, name, prompt } => Box::new(BackendTarget::new(runner, name, prompt.as_str())?),
            What::Plan(plan) => Box::new(&**plan),
        })
    }
}

fn settings(args: &BenchArgs, plan_file: &PlanFile, session: &Session) -> RunSettings {
    RunSettings {
        concurrency: plan_file.concurrency,
        schedule: plan_file.schedule,
        seed: seed_of(args, Some(plan_file)),
        grace: args.grace,
        groups: session.groups.clone(),
        responses: None,
    }
}

fn seed_of(args: &BenchArgs, plan_file: Option<&PlanFile>) -> u64 {
    let seed = args.seed.or(plan_file.and_then(|plan_file| plan_file.seed));
    seed.unwrap_or_else(|| RandomState::new().hash_one(()) >> 1)
}

fn breakers(plan_file: &PlanFile, circuit: &Arc<CircuitLog>) -> Arc<CircuitBreakerRegistry> {
    let circuit = Arc::clone(circuit);
    Arc::new(plan_file.circuit_breakers().with_hook(move |backend, change| circuit.add(backend, change)))
}

fn refuse_unknown(plan_file: &PlanFile, name: &str) -> Result<(), Refusal> {
    let names: Vec<&str> = plan_file.backend_names().collect();
    if names.contains(&name) {
        return Ok(());
    }
    let near = nearest(name, names.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    let hint = near.unwrap_or_else(|| format!("; there are {}", names.join(", ")));
    Err(Refusal::Usage(format!("the plan {} has no backend `{name}`{hint}", visible(&plan_file.name))))
}

/// What is called, as it may be shown: of an address neither who asks nor what, since both may be keys.
pub(super) fn title(args: &BenchArgs) -> String {
    const MOST: usize = 160;
    let title = match (&args.plan, &args.backend, &args.url) {
        (Some(plan), Some(backend), _) => format!("{backend} of {}", plan.display()),
        (Some(plan), None, _) => plan.display().to_string(),
        (None, _, Some(url)) => bare(url),
        (None, ..) => args.command.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "),
    };
    title.chars().take(MOST).collect()
}

fn bare(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or_default())
}

/// Of what load.
pub(super) fn facts(args: &BenchArgs) -> String {
    let gaps = if args.arrivals == Gaps::Poisson { ", Poisson arrivals" } else { "" };
    match (&args.rate, &args.stages) {
        (Some(rate), _) => format!("Open model: {rate} whatever the answers do{gaps}"),
        (None, Some(stages)) => {
            let steps: Vec<_> =
                stages.0.iter().map(|(rate, length)| format!("{rate} for {}", human(*length))).collect();
            format!("Open model: {} whatever the answers do{gaps}", steps.join(", then "))
        }
        (None, None) if args.find_capacity => format!("Open model: the best rate that was found{gaps}"),
        (None, None) => format!("Closed model: {}, each again when it has its answer", callers(args)),
    }
}

fn callers(args: &BenchArgs) -> String {
    counted(args.concurrency.unwrap_or(1) as u64, "caller")
}

/// Names and values. Nothing of one that is wrong is quoted: it may be a key.
fn headers(args: &BenchArgs) -> Result<Vec<(&str, &str)>, Refusal> {
    let wrong = || Refusal::Usage("--header must be a name, a colon and a value, such as 'X-Mode: fast'".to_owned());
    let pairs = args.headers.iter().map(|header| header.split_once(':').ok_or_else(wrong));
    pairs.map(|pair| pair.map(|(name, value)| (name.trim(), value.trim()))).collect()
}
