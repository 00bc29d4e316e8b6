//! Colours, where they are wanted.

use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use std::env;
use std::ffi::OsString;
use std::fmt::{self, Display};
use std::io::{IsTerminal, stderr};

/// What each kind of word looks like.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Palette {
    pub(crate) good: Style,
    pub(crate) bad: Style,
    pub(crate) notable: Style,
    pub(crate) quiet: Style,
    pub(crate) strong: Style,
}

impl Palette {
    /// Colours, or none at all.
    pub(crate) fn new(is_coloured: bool) -> Self {
        if !is_coloured {
            return Self::default();
        }
        Self {
            good: AnsiColor::Green.on_default().bold(),
            bad: AnsiColor::Red.on_default().bold(),
            notable: AnsiColor::Yellow.on_default().bold(),
            quiet: Style::new().dimmed(),
            strong: Style::new().bold(),
        }
    }
}

/// `text` in `style`.
pub(crate) fn styled<T: Display>(style: Style, text: T) -> Styled<T> {
    Styled { style, text }
}

/// What [`styled`] makes.
pub(crate) struct Styled<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.style)?;
        self.text.fmt(f)?;
        write!(f, "{:#}", self.style)
    }
}

/// What decides on colours, and on the live display.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings {
    is_able: bool,
    no_color: bool,
}

impl Surroundings {
    /// Those of standard error.
    pub(crate) fn of_this_process() -> Self {
        Self::new(stderr().is_terminal(), |name| env::var_os(name))
    }

    fn new(is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let value = |name| variable(name).filter(|value| !value.is_empty());
        let is_dumb = value("TERM").is_none_or(|term| term == "dumb");
        // Whoever runs builds may give them a terminal, and keeps what is written to it as a log.
        let is_log = value("CI").is_some_and(|ci| ci != "false");
        Self { is_able: is_terminal && !is_dumb && !is_log, no_color: value("NO_COLOR").is_some() }
    }

    /// `--color always` wins over `NO_COLOR`, which counts when it is not empty; without either, terminals have colours.
    pub(crate) fn wants_colour(self, choice: ColorChoice) -> bool {
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => self.is_able && !self.no_color,
        }
    }

    /// Whether it is a terminal that understands escape sequences, and somebody looks at it.
    pub(crate) fn is_able(self) -> bool {
        self.is_able
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With these variables, and a `TERM` unless they have one.
    fn surroundings(is_terminal: bool, variables: &[(&str, &str)]) -> Surroundings {
        Surroundings::new(is_terminal, |name| {
            let known = variables.iter().chain(&[("TERM", "xterm")]).find(|(known, _)| *known == name);
            known.map(|(_, value)| value.into())
        })
    }

    fn terminal() -> Surroundings {
        surroundings(true, &[])
    }

    #[test]
    fn a_terminal_has_colours_and_a_pipe_has_none() {
        assert!(terminal().wants_colour(ColorChoice::Auto));
        assert!(!surroundings(false, &[]).wants_colour(ColorChoice::Auto));
    }

    #[test]
    fn no_color_counts_when_it_is_not_empty() {
        let with = |value| surroundings(true, &[("NO_COLOR", value)]);
        assert!(with("").wants_colour(ColorChoice::Auto));
        assert!(!with("1").wants_colour(ColorChoice::Auto));
    }

    #[test]
    fn the_option_wins_over_everything() {
        let pipe = surroundings(false, &[("NO_COLOR", "1"), ("TERM", ""), ("CI", "true")]);
        assert!(pipe.wants_colour(ColorChoice::Always));
        assert!(!terminal().wants_colour(ColorChoice::Never));
        assert!(!pipe.is_able());
    }

    #[test]
    fn a_dumb_terminal_and_one_whose_text_becomes_a_log_have_neither_colours_nor_a_display() {
        for variable in [("TERM", "dumb"), ("TERM", ""), ("CI", "true"), ("CI", "1")] {
            let surroundings = surroundings(true, &[variable]);
            assert!(!surroundings.wants_colour(ColorChoice::Auto) && !surroundings.is_able(), "{variable:?}");
        }
        assert!(["", "false"].iter().all(|value| surroundings(true, &[("CI", value)]).is_able()));
    }

    #[test]
    fn without_colours_a_word_is_itself_and_keeps_its_width() {
        assert_eq!(format!("{:>7}", styled(Palette::new(false).bad, "failed")), " failed");
        let coloured = format!("{:>7}", styled(Palette::new(true).bad, "failed"));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), " failed");
        assert!(coloured.contains("\x1b[31m") && coloured.ends_with("\x1b[0m"));
    }
}
