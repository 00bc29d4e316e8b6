//! Pages that the program writes, in a browser.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/perfetto.rs"]
mod perfetto;
#[path = "support/program.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod program;

#[path = "pages/bench.rs"]
mod bench;
#[path = "pages/timeline.rs"]
mod timeline;
#[path = "pages/trace.rs"]
mod trace;
