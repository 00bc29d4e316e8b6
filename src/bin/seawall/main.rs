//! The program `seawall`: reads the command line, hands it to one command, and ends with its exit code.

mod args;
mod demo;
mod exit_code;
mod plan_file;
mod run;

use args::{Args, Command};
use exit_code::ExitCode;

fn main() -> std::process::ExitCode {
    let Args { color, command } = <Args as clap::Parser>::parse();
    dispatch(color, command).into()
}

fn dispatch(color: clap::ColorChoice, command: Command) -> ExitCode {
    match command {
        Command::Run(args) => run::run(&args::RunArgs { color, ..args }),
        Command::Demo(args) if args.print => demo::print(),
        Command::Demo(_) => run::demo(color),
    }
}
