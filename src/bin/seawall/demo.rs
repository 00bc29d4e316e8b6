//! The built-in plan.

use crate::exit_code::ExitCode;

/// The name of the demo's plan, where a file's would be.
pub(crate) const NAME: &str = "demo";

/// The plan.
pub(crate) const PLAN: &str = r#"
[run]
seed = 42

[backends.api]
kind = "simulated"
latency = "20ms"

[[tasks]]
id = "design"
backend = "api"
prompt = "Write the design."
"#;

/// `seawall demo --print`.
pub(crate) fn print() -> ExitCode {
    anstream::print!("{PLAN}");
    ExitCode::Success
}
