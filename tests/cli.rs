//! The program, from outside.

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/program.rs"]
mod program;
#[path = "support/server.rs"]
mod server;
#[path = "support/terminal.rs"]
mod terminal;

#[path = "cli/agents.rs"]
mod agents;
#[path = "cli/bad_files.rs"]
mod bad_files;
#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/check.rs"]
mod check;
#[path = "cli/compare.rs"]
mod compare;
#[path = "cli/data.rs"]
mod data;
#[path = "cli/demo.rs"]
mod demo;
#[path = "cli/display.rs"]
mod display;
#[path = "cli/effective.rs"]
mod effective;
#[path = "cli/emulated.rs"]
mod emulated;
#[path = "cli/events.rs"]
mod events;
#[path = "cli/exec.rs"]
mod exec;
#[path = "cli/exit_codes.rs"]
mod exit_codes;
#[path = "cli/faults.rs"]
mod faults;
#[path = "cli/for_each.rs"]
mod for_each;
#[path = "cli/graph.rs"]
mod graph;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/http.rs"]
mod http;
#[path = "cli/inheritance.rs"]
mod inheritance;
#[path = "cli/init.rs"]
mod init;
#[path = "cli/journal.rs"]
mod journal;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/parts.rs"]
mod parts;
#[path = "cli/pictures.rs"]
mod pictures;
#[path = "cli/places.rs"]
mod places;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/runs.rs"]
mod runs;
#[path = "cli/said.rs"]
mod said;
#[path = "cli/schema.rs"]
mod schema;
#[path = "cli/shared_breaker.rs"]
mod shared_breaker;
#[path = "cli/summary.rs"]
mod summary;
#[path = "cli/usage.rs"]
mod usage;
#[path = "cli/verdicts.rs"]
mod verdicts;
