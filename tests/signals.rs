//! Real signals to the real program.

#[path = "support/program.rs"]
mod program;
#[path = "support/terminal.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod terminal;

#[path = "signals/agents.rs"]
mod agents;
#[path = "signals/answers.rs"]
mod answers;
#[path = "signals/bench.rs"]
mod bench;
#[path = "signals/cancel.rs"]
mod cancel;
#[path = "signals/crashes.rs"]
mod crashes;
#[path = "signals/exec.rs"]
mod exec;
#[path = "signals/full.rs"]
mod full;
#[path = "signals/full_outputs.rs"]
mod full_outputs;
#[path = "signals/ladder.rs"]
mod ladder;
#[path = "signals/machine.rs"]
mod machine;
#[path = "signals/processes.rs"]
mod processes;
#[path = "signals/readers.rs"]
mod readers;
#[path = "signals/stop.rs"]
mod stop;
#[path = "signals/wall_clock.rs"]
mod wall_clock;
