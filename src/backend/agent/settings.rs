//! What all agents are set up with.

use crate::backend::command::CommandBackend;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) command: CommandBackend,
    pub(super) extra_args: Vec<OsString>,
}

impl Settings {
    pub(super) fn of(program: &str) -> Self {
        Self { command: CommandBackend::new([program]), extra_args: Vec::new() }
    }

    pub(super) fn command(&self) -> &CommandBackend {
        &self.command
    }

    /// The arguments that the user adds.
    pub(super) fn extra_args(&self) -> impl Iterator<Item = Cow<'_, OsStr>> {
        self.extra_args.iter().map(|argument| Cow::Borrowed(&**argument))
    }
}

/// The settings that each agent has, told for each.
macro_rules! common_settings {
    () => {
        /// The program: another name, looked for in `PATH`, or a path.
        pub fn with_program(mut self, program: impl Into<std::ffi::OsString>) -> Self {
            self.settings.command = self.settings.command.with_program(program.into());
            self
        }

        /// Arguments that the program is given beside its own options. Calls add up.
        pub fn with_extra_args(mut self, args: impl IntoIterator<Item: Into<std::ffi::OsString>>) -> Self {
            self.settings.extra_args.extend(args.into_iter().map(Into::into));
            self
        }

        /// One more variable in the program's environment, in place of an inherited one of that name.
        pub fn with_env(mut self, name: impl Into<std::ffi::OsString>, value: impl Into<std::ffi::OsString>) -> Self {
            self.settings.command = self.settings.command.with_env(name, value);
            self
        }

        /// Where the program works. Default: where this process does.
        pub fn with_current_dir(mut self, directory: impl Into<std::path::PathBuf>) -> Self {
            self.settings.command = self.settings.command.with_current_dir(directory);
            self
        }

        /// How long after SIGTERM comes SIGKILL. Default: 5 s. Zero: at once; [`Duration::MAX`](std::time::Duration::MAX):
        /// never.
        pub fn with_grace(mut self, grace: std::time::Duration) -> Self {
            self.settings.command = self.settings.command.with_grace(grace);
            self
        }

        /// How much of what it prints is kept, and judged, in bytes. Default: 16 MiB.
        pub fn with_max_output(mut self, bytes: usize) -> Self {
            self.settings.command = self.settings.command.with_max_output(bytes);
            self
        }

        /// The handle that stops, continues and ends what this backend runs. Default: its own.
        pub fn with_groups(mut self, groups: &crate::backend::command::ProcessGroups) -> Self {
            self.settings.command = self.settings.command.with_groups(groups);
            self
        }
    };
}

pub(super) use common_settings;

/// An option and its value, as two words.
pub(super) fn option<'a>(name: &'static str, value: impl Into<Cow<'a, OsStr>>) -> [Cow<'a, OsStr>; 2] {
    [word(name), value.into()]
}

pub(super) fn word(text: &str) -> Cow<'_, OsStr> {
    Cow::Borrowed(OsStr::new(text))
}

/// A word that is made up for one call.
pub(super) fn owned<'a>(text: impl Into<String>) -> Cow<'a, OsStr> {
    Cow::Owned(OsString::from(text.into()))
}
