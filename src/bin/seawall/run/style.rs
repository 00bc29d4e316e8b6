//! Colours, where they are wanted.

use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use std::ffi::OsStr;
use std::fmt::{self, Display};

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
pub(crate) struct Surroundings<'a> {
    pub(crate) is_terminal: bool,
    pub(crate) no_color: Option<&'a OsStr>,
    pub(crate) term: Option<&'a OsStr>,
}

impl Surroundings<'_> {
    /// `--color always` wins over `NO_COLOR`, which counts when it is not empty; without either, terminals have colours.
    pub(crate) fn wants_colour(self, choice: ColorChoice) -> bool {
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => self.is_able() && self.no_color.is_none_or(OsStr::is_empty),
        }
    }

    /// Whether it is a terminal that understands escape sequences.
    pub(crate) fn is_able(self) -> bool {
        self.is_terminal && self.term.is_some_and(|term| !term.is_empty() && term != "dumb")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal() -> Surroundings<'static> {
        Surroundings { is_terminal: true, no_color: None, term: Some(OsStr::new("xterm")) }
    }

    #[test]
    fn a_terminal_has_colours_and_a_pipe_has_none() {
        assert!(terminal().wants_colour(ColorChoice::Auto));
        assert!(!Surroundings { is_terminal: false, ..terminal() }.wants_colour(ColorChoice::Auto));
    }

    #[test]
    fn no_color_counts_when_it_is_not_empty() {
        let with = |value| Surroundings { no_color: Some(OsStr::new(value)), ..terminal() };
        assert!(with("").wants_colour(ColorChoice::Auto));
        assert!(!with("1").wants_colour(ColorChoice::Auto));
    }

    #[test]
    fn the_option_wins_over_everything() {
        let pipe = Surroundings { is_terminal: false, no_color: Some(OsStr::new("1")), term: None };
        assert!(pipe.wants_colour(ColorChoice::Always));
        assert!(!terminal().wants_colour(ColorChoice::Never));
        assert!(!pipe.is_able());
    }

    #[test]
    fn a_dumb_terminal_has_neither_colours_nor_a_display() {
        let dumb = Surroundings { term: Some(OsStr::new("dumb")), ..terminal() };
        assert!(!dumb.wants_colour(ColorChoice::Auto));
        assert!(!dumb.is_able());
    }

    #[test]
    fn without_colours_a_word_is_itself_and_keeps_its_width() {
        assert_eq!(format!("{:>7}", styled(Palette::new(false).bad, "failed")), " failed");
        let coloured = format!("{:>7}", styled(Palette::new(true).bad, "failed"));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), " failed");
        assert!(coloured.contains("\x1b[31m") && coloured.ends_with("\x1b[0m"));
    }
}
