//! The laws of the library, as tests of what a program sees.

#[cfg(all(unix, feature = "process"))]
mod command;
mod scripted;
mod simulated;
