//! The laws of the library, as tests of what a program sees.

#[cfg(all(unix, feature = "process"))]
mod agents;
mod breaker;
mod cancel;
mod clock;
#[cfg(all(unix, feature = "process"))]
mod command;
mod contracts;
#[cfg(all(unix, feature = "http"))]
mod http;
mod laws;
#[cfg(feature = "load")]
mod load;
mod peers;
mod plan;
mod promises;
mod retry;
mod runner;
mod scale;
mod scripted;
mod sessions;
mod settings;
mod simulated;
#[cfg(feature = "journal")]
mod sqlite_journal;
mod stress;
mod support;
mod tidy;
mod wording;
