//! A command line that cannot be understood: what is wrong with it, and what may have been meant.

use crate::nearest::nearest;
use crate::visible::visible;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What is said of `error`, with styles. `args` are all words of the command line, the program's name included.
pub(super) fn explanation(error: Error, command: &Command, args: &[OsString]) -> String {
    let error = if args.iter().all(|arg| is_safe(arg)) { error } else { made_safe(&error, command, args) };
    suggest(error, command, args).render().ansi().to_string()
}

fn is_safe(arg: &OsStr) -> bool {
    arg.to_str().is_some_and(|arg| visible(arg) == arg)
}

/// The same error about the same words, with what a terminal would obey written as escapes: no message quotes it then, not
/// even one that comes from a value's own parser.
fn made_safe(error: &Error, command: &Command, args: &[OsString]) -> Error {
    let safe = args.iter().map(|arg| visible(&arg.to_string_lossy()).into_owned());
    match command.clone().try_get_matches_from(safe) {
        Err(again) => again,
        Ok(_) => Error::new(error.kind()).with_cmd(command),
    }
}

/// The error with the nearest right word, in place of the one that clap has found: it takes `rn` for `runs`.
fn suggest(mut error: Error, command: &Command, args: &[OsString]) -> Error {
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let names =
                command.get_subcommands().map(|command| command.get_name().to_owned()).chain(["help".to_owned()]);
            add(&mut error, ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand, names);
            add_run(&mut error);
        }
        ErrorKind::UnknownArgument => {
            let options = asked_of(command, args).get_arguments().filter_map(clap::Arg::get_long);
            let options = options.chain(["color", "help"]).map(|option| format!("--{option}")).collect::<Vec<_>>();
            add(&mut error, ContextKind::InvalidArg, ContextKind::SuggestedArg, options);
        }
        ErrorKind::InvalidValue => {
            let Some(ContextValue::Strings(words)) = error.get(ContextKind::ValidValue).cloned() else { return error };
            add(&mut error, ContextKind::InvalidValue, ContextKind::SuggestedValue, words);
        }
        _ => {}
    }
    error
}

/// The command that the words are for.
fn asked_of<'a>(command: &'a Command, args: &[OsString]) -> &'a Command {
    args.iter().skip(1).find_map(|word| command.find_subcommand(word)).unwrap_or(command)
}

fn add(error: &mut Error, wrong: ContextKind, right: ContextKind, words: impl IntoIterator<Item = String>) {
    let Some(ContextValue::String(word)) = error.get(wrong) else { return };
    if let Some(near) = nearest(word, words) {
        error.remove(ContextKind::Suggested);
        error.insert(right, ContextValue::String(near));
    }
}

/// Who names a plan in the place of a command wants to run it.
fn add_run(error: &mut Error) {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return };
    if Path::new(word).extension().is_some_and(|extension| extension == "toml") {
        let tip = StyledStr::from(format!("to run a plan: seawall run {word}"));
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
}
