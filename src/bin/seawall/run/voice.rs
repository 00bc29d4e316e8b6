//! How a run speaks to people: how much, in which colours, at a terminal or not.

use super::lines::{Lines, row};
use super::screen::Screen;
use super::style::{Palette, Surroundings, styled};
use super::summary::Summary;
use super::watch::People;
use super::wording::counted;
use crate::args::RunArgs;
use crate::plan_file::{PlanFile, RunSettings};
use crate::visible::visible;
use clap::ColorChoice;
use seawall::{CircuitBreaker, Report, Runner};
use std::fmt::Display;
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::sync::Arc;

/// How wide a line of names is where there is no terminal.
const USUAL_COLUMNS: usize = 100;

/// What is said, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    lines: Lines,
    is_quiet: bool,
    is_terminal: bool,
    is_live: bool,
}

impl Voice {
    /// Without a live display, since something else is written to the terminal.
    pub(crate) fn without_display(self) -> Self {
        Self { is_live: false, ..self }
    }

    /// As the options, the environment and standard error want it.
    pub(crate) fn new(args: &RunArgs) -> Self {
        let voice = Self::of(args.color);
        Self { lines: Lines { is_verbose: args.verbose, ..voice.lines }, is_quiet: args.quiet, ..voice }
    }

    fn of(color: ColorChoice) -> Self {
        let is_terminal = stderr().is_terminal();
        let surroundings = Surroundings::of_this_process();
        let palette = Palette::new(surroundings.wants_colour(color));
        let is_live = surroundings.is_able();
        Self { lines: Lines { palette, is_verbose: false }, is_quiet: false, is_terminal, is_live }
    }

    /// Whoever looks on while it runs; nobody if it is to be quiet.
    pub(crate) fn people<'a>(&self, screen: &'a Screen, runner: &Runner<'_>) -> Option<People<'a>> {
        let breakers = Arc::clone(runner.circuit_breakers());
        (!self.is_quiet).then(|| People::new(screen, self.lines, self.is_live, breakers))
    }

    /// Says what begins.
    pub(crate) fn announce(&self, screen: &Screen, plan_file: &PlanFile, settings: &RunSettings) {
        if !self.is_quiet {
            let tasks = counted(plan_file.plan.len(), "task");
            let (name, places) = (visible(&plan_file.name), settings.concurrency);
            let said = format!("{} of {name}, {places} at a time", styled(self.palette().strong, tasks));
            screen.say(&row(self.palette().good, "running", None, said));
        }
    }

    /// Says how it ended. Advice is asked for if somebody wants to hear it.
    pub(crate) fn sum_up(
        &self,
        screen: &Screen,
        report: &Report,
        breakers: &[(&str, Arc<CircuitBreaker>)],
        plan: Option<&Path>,
        advice: impl FnOnce() -> Vec<String>,
    ) {
        let columns = if self.is_terminal { Screen::size().columns } else { USUAL_COLUMNS };
        let (palette, is_quiet) = (self.palette(), self.is_quiet);
        let advice = if is_quiet { Vec::new() } else { advice() };
        let text = Summary { report, breakers, plan, advice: &advice, palette, columns, is_quiet }.text();
        let is_apart = !self.is_quiet && text.lines().nth(1).is_some();
        screen.say(&if is_apart { format!("\n{text}") } else { text });
    }

    /// Says what went wrong with the program itself.
    pub(crate) fn complain(&self, screen: &Screen, what: impl Display) {
        say_labelled(screen, styled(self.palette().bad, "error"), what);
    }

    /// Says what is not as it should be.
    pub(crate) fn warn(&self, screen: &Screen, what: impl Display) {
        say_labelled(screen, styled(self.palette().notable, "warning"), what);
    }

    fn palette(&self) -> Palette {
        self.lines.palette
    }
}

fn say_labelled(screen: &Screen, label: impl Display, what: impl Display) {
    screen.say(&format!("{label}: {}\n", visible(&what.to_string())));
}
