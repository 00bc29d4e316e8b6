//! `seawall schema`.

use crate::args::SchemaOf;
use crate::exit_code::ExitCode;
use crate::{plan_file, run, streams};

/// Prints the JSON Schema of what is written or read.
pub(crate) fn schema(of: SchemaOf) -> ExitCode {
    let schema = match of {
        SchemaOf::Report => run::schema_of_report(),
        SchemaOf::Events => run::schema_of_events(),
        SchemaOf::Plan => plan_file::schema(),
    };
    streams::print(&format!("{:#}\n", schema.to_value()))
}
