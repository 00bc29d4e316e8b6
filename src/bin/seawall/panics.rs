//! What is said when code panics.

use crate::streams;
use std::panic::{self, PanicHookInfo};
use std::thread;

/// What the threads of a run are called. The library catches a panic there and reports it as the task's failure.
const WORKERS: &str = "seawall-";

/// One line for a panic of the program, none for one of a backend.
pub(crate) fn install_hook() {
    panic::set_hook(Box::new(|info| {
        if !thread::current().name().is_some_and(|name| name.starts_with(WORKERS)) {
            streams::say_error(format_args!("this is a bug in seawall: {}", sentence(info)));
        }
    }));
}

fn sentence(info: &PanicHookInfo<'_>) -> String {
    let what = info.payload();
    let what =
        what.downcast_ref().copied().or_else(|| what.downcast_ref().map(String::as_str)).unwrap_or("it panicked");
    let place = info.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
    format!("{}{place}", crate::visible::visible(what))
}
