//! Prompts that are templates: judged when the plan is read, filled in when a task starts.

mod ancestry;
mod answers;
mod depth;
mod fill;
mod judge;
mod line;
mod place;
#[cfg(test)]
mod tests;

pub(crate) use fill::Templates;

use super::faults::{Fault, Faults, Span};
use super::field::Field;
use super::lines::Lines;
use super::literal::Parts;
use super::names::Names;
use super::spread;
use super::task::TaskEntry;
use ancestry::Ancestry;
use fill::{Reference, Template, items_of};
use judge::{Complaint, judge};
use line::Line;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value, escape_formatter};
use place::Place;
use seawall::Message;
use std::sync::Arc;

/// A prompt as the file has it.
#[derive(Debug)]
pub(super) struct Prompt {
    pub(super) message: Message,
    pub(super) source: Source,
    /// Whether what looks like a template in it is one.
    pub(super) is_template: bool,
}

/// Where a prompt is written.
#[derive(Debug)]
pub(super) enum Source {
    /// In the plan, as this string.
    Plan(Span),
    /// In the file of this name, which the plan has here.
    File(String, Span),
}

impl Prompt {
    /// A prompt that is a template if that is more than the text itself, and not switched off.
    pub(super) fn new(message: Message, source: Source, may_be_template: bool) -> Self {
        Self { is_template: may_be_template && has_signs(message.prompt()), message, source }
    }

    /// Whether another plan with this prompt would have to say that it is no template.
    pub(super) fn only_looks_like_a_template(&self) -> bool {
        !self.is_template && has_signs(self.message.prompt())
    }
}

impl Source {
    pub(super) fn of_file(field: &Field<'_, '_>) -> Self {
        Self::File(field.as_text().unwrap_or_default().to_owned(), field.span.clone())
    }

    /// Where the plan has it.
    pub(super) fn span(&self) -> Span {
        match self {
            Self::Plan(span) | Self::File(_, span) => span.clone(),
        }
    }
}

/// Whether a template in `text` would be more than the text itself. Most prompts are not looked at any further.
fn has_signs(text: &str) -> bool {
    let is_sign = |at: usize| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#'));
    text.match_indices('{').any(|(at, _)| is_sign(at))
}

/// Judges the templates of all entries; `None` if there are none. `name` and `text` are the plan's.
pub(super) fn templates(names: &Names<'_>, (name, text): (&str, &str), faults: &mut Faults) -> Option<Arc<Templates>> {
    let has_some = names.entries().iter().any(|entry| entry.prompt.as_ref().is_some_and(|prompt| prompt.is_template));
    has_some.then(|| Arc::new(judged(names, (name, text), faults)))
}

fn judged(names: &Names<'_>, (name, text): (&str, &str), faults: &mut Faults) -> Templates {
    let mut templates = Templates::new(environment());
    let (ancestry, lines) = (Ancestry::of(names), Lines::of(text));
    for (number, entry) in names.entries().iter().enumerate() {
        let Some(prompt) = entry.prompt.as_ref().filter(|prompt| prompt.is_template) else { continue };
        let line = Line::of(&ancestry, number);
        let source = prompt.message.prompt();
        let judged = judge(source, &line, &templates.environment);
        let is_fine = judged.complaints.is_empty();
        judged.complaints.into_iter().for_each(|complaint| faults.add(fault(entry, prompt, text, complaint)));
        if is_fine {
            let references = judged.references.into_iter().map(|(id, named)| Reference::new(id, named, names));
            let references: Vec<Reference> = references.collect();
            let items = items_of(&references);
            let place = Place::of(&prompt.source, name, &lines);
            let source = prompt.message.clone();
            let template = Template { source, place, references, needs_all: judged.needs_all, items };
            let items = entry.for_each.as_ref().and_then(|many| many.items.as_deref());
            templates.add(template, &spread::ids_of(entry), items);
        }
    }
    templates
}

/// How many steps one prompt may take: some seconds. No time limit and no signal ends it before.
const FUEL: u64 = if cfg!(test) { 1_000_000 } else { 100_000_000 };

/// What is set for all of them: text stays as it is, nothing is escaped, and what is not there is an error.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_syntax(syntax());
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(print);
    environment.set_debug(false);
    environment.set_fuel(Some(FUEL));
    // It prints all that there is, and so what nobody has named.
    environment.remove_global("debug");
    environment
}

/// Truth values as a plan has them, and not as Python.
fn print(output: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.kind() == ValueKind::Bool {
        let word = if value.is_true() { "true" } else { "false" };
        return output
            .write_str(word)
            .map_err(|error| Error::new(ErrorKind::WriteFailure, "no more fits").with_source(error));
    }
    escape_formatter(output, state, value)
}

fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default()
}

fn fault(entry: &TaskEntry<'_>, prompt: &Prompt, plan: &str, complaint: Complaint) -> Fault {
    let Complaint { at, what, hint } = complaint;
    let fault = match &prompt.source {
        Source::Plan(span) => {
            let place = |meant: usize| span.start + Parts::of(&plan[span.clone()]).place_of(meant);
            let from = place(at.start);
            Fault::at(from..place(at.end).max(from), format!("`prompt` in task `{}`: {what}", entry.id))
        }
        Source::File(name, span) => {
            let (line, column) = place::line_and_column(prompt.message.prompt(), at.start);
            let title = format!("`prompt_file` in task `{}`: {name}:{line}:{column}: {what}", entry.id);
            Fault::at(span.clone(), title)
        }
    };
    fault.label(hint)
}
