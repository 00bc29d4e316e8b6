//! The program `seawall`: reads the command line, hands it to one command, and ends with its exit code.

mod args;
mod bench;
mod check;
mod completions;
mod demo;
mod duration;
mod exec;
mod exit_code;
mod file_name;
mod graph;
mod html;
mod inherited;
mod init;
mod journal;
mod nearest;
mod panics;
mod plan_file;
mod response_files;
mod run;
mod schema;
mod streams;
mod visible;

use args::{Args, Command};
use exit_code::ExitCode;

fn main() -> std::process::ExitCode {
    panics::install_hook();
    inherited::mend();
    // What a panic is about has been said by the hook.
    let code = std::panic::catch_unwind(|| args::parse().map_or_else(|code| code, dispatch));
    code.unwrap_or(ExitCode::CouldNot).into()
}

fn dispatch(args: Args) -> ExitCode {
    let Args { color, command } = args;
    match command {
        Command::Run(args) => run::run(&args::RunArgs { color, ..*args }),
        Command::Check(args) => check::check(&args),
        Command::Exec(args) => exec::exec(&args),
        Command::Demo(args) if args.print => demo::print(),
        Command::Demo(args) if args.of == Some(args::DemoOf::Load) => demo::load::load(args.html.as_deref()),
        Command::Demo(_) => run::demo(color),
        Command::Init(args) => init::init(&args.file),
        Command::Graph(args) => graph::graph(&args),
        Command::Schema(args) => schema::schema(args.of),
        Command::Bench(args) => bench::bench(&args::BenchArgs { color, ..*args }),
        Command::Runs(args) => journal::runs(&args),
        Command::Show(args) => journal::show(&args),
        Command::Prune(args) => journal::prune(&args),
        Command::Completions(args) => completions::completions(args.shell),
    }
}
