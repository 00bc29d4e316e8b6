//! The laws of the library, as tests of what a program sees.

#[cfg(all(unix, feature = "process"))]
mod command;
mod promises;
mod scripted;
mod simulated;
mod tidy;
