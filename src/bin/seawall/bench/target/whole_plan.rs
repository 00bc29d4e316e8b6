//! A whole plan, run over and over.

use crate::plan_file::{PlanFile, RunSettings};
use crate::run::whole_file::Temporaries;
use crate::streams;
use seawall::load::{Answer, Call, PlanTarget, Target};
use seawall::{CircuitBreakerRegistry, Runner, SendError};
use std::sync::Arc;

/// A plan, and what its runs have in common: the circuit breakers, and the runner, unless programs find files of responses,
/// which are of one run alone.
pub(super) struct WholePlan {
    plan_file: PlanFile,
    settings: RunSettings,
    breakers: Arc<CircuitBreakerRegistry>,
    temporaries: Arc<Temporaries>,
    shared: Option<Runner<'static>>,
}

impl WholePlan {
    /// The error is the sentence that says why not.
    pub(super) fn new(
        plan_file: PlanFile,
        settings: RunSettings,
        breakers: Arc<CircuitBreakerRegistry>,
        temporaries: &Arc<Temporaries>,
    ) -> Result<Self, String> {
        let temporaries = Arc::clone(temporaries);
        let plan = Self { plan_file, settings, breakers, temporaries, shared: None };
        let has_files = plan.plan_file.response_files(&plan.temporaries).map_err(|error| no_folder(&error))?.is_some();
        let runner = plan.runner()?;
        Ok(Self { shared: (!has_files).then_some(runner), ..plan })
    }

    fn runner(&self) -> Result<Runner<'static>, String> {
        let responses = self.plan_file.response_files(&self.temporaries).map_err(|error| no_folder(&error))?;
        let settings = RunSettings { responses, ..self.settings.clone() };
        self.plan_file.runner_with(&settings, Arc::clone(&self.breakers)).map_err(|error| streams::with_reason(&error))
    }

    fn run(&self, runner: &Runner<'_>, call: &Call<'_>) -> Result<Answer, String> {
        let target = PlanTarget::new(runner, &self.plan_file.plan).map_err(|error| streams::with_reason(&error))?;
        Ok(target.call(call))
    }
}

impl Target for WholePlan {
    fn call(&self, call: &Call<'_>) -> Answer {
        let answer = match &self.shared {
            Some(runner) => self.run(runner, call),
            None => self.runner().and_then(|runner| self.run(&runner, call)),
        };
        answer.unwrap_or_else(|reason| Answer::error(&SendError::transient(reason)))
    }
}

fn no_folder(error: &std::io::Error) -> String {
    format!("failed to make a folder for responses: {error}")
}
