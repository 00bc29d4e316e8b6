//! The program, from outside.

#[path = "support/program.rs"]
mod program;
#[path = "support/terminal.rs"]
mod terminal;

#[path = "cli/demo.rs"]
mod demo;
#[path = "cli/display.rs"]
mod display;
#[path = "cli/events.rs"]
mod events;
#[path = "cli/exit_codes.rs"]
mod exit_codes;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/places.rs"]
mod places;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/runs.rs"]
mod runs;
#[path = "cli/said.rs"]
mod said;
