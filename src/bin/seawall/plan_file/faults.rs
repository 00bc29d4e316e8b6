//! What is wrong with a plan file, and where.

use super::suggestions::Suggestions;
use std::cmp::Ordering;
use std::ops::Range;

/// Bytes of the file.
pub(super) type Span = Range<usize>;

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// Where; `None` for what the file lacks as a whole.
    pub(super) span: Option<Span>,
    /// The sentence.
    pub(super) title: String,
    /// What to say at the place itself; may be empty.
    pub(super) label: String,
    /// Other places that have to do with it.
    pub(super) others: Vec<(Span, String)>,
    /// A way out.
    pub(super) help: Option<String>,
}

impl Fault {
    pub(super) fn at(span: Span, title: impl Into<String>) -> Self {
        Self { span: Some(span), title: title.into(), label: String::new(), others: Vec::new(), help: None }
    }

    pub(super) fn of_the_whole(title: impl Into<String>) -> Self {
        Self { span: None, ..Self::at(0..0, title) }
    }

    pub(super) fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(super) fn other(mut self, span: Span, label: impl Into<String>) -> Self {
        self.others.push((span, label.into()));
        self
    }
}

/// So many are told. A text with more is hardly a plan that somebody wrote, and what it costs to tell of them has an end.
pub(super) const MOST_FAULTS: usize = 2_000;

/// How many unknown keys get a suggestion.
const SUGGESTIONS: usize = 100;

/// All faults of a file so far.
///
/// A reader of broken TOML goes on with a guess. So what the walk finds at a place where the syntax is broken is the same
/// fault once more, and is dropped; and where the damage goes beyond single values, what seems to be missing may be there.
#[derive(Debug)]
pub(super) struct Faults {
    found: Vec<Fault>,
    missing: Vec<Fault>,
    /// Where the syntax is broken, in file order, and whether that is known to be within one value.
    broken: Vec<(Span, bool)>,
    /// For unknown keys.
    pub(super) suggestions: Suggestions,
}

impl Faults {
    pub(super) fn of_syntax(faults: Vec<Fault>) -> Self {
        let mut broken: Vec<(Span, bool)> =
            faults.iter().filter_map(|fault| Some((fault.span.clone()?, false))).collect();
        broken.sort_by_key(|(span, _)| span.start);
        Self { found: faults, missing: Vec::new(), broken, suggestions: Suggestions::of(SUGGESTIONS) }
    }

    /// What is there and wrong.
    pub(super) fn add(&mut self, fault: Fault) {
        let is_known = fault.span.as_ref().is_some_and(|span| !self.broken_within(span).is_empty());
        if !is_known && self.found.len() <= MOST_FAULTS {
            self.found.push(fault);
        }
    }

    /// What is not there, and ought to be.
    pub(super) fn add_missing(&mut self, fault: Fault) {
        if self.missing.len() <= MOST_FAULTS {
            self.missing.push(fault);
        }
    }

    /// A value at `span` was read: what is broken there has broken nothing else.
    pub(super) fn contain(&mut self, span: &Span) {
        let range = self.broken_within(span);
        self.broken[range].iter_mut().for_each(|(_, is_contained)| *is_contained = true);
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty() && self.missing.is_empty()
    }

    /// All of them in file order; those of the whole file come last.
    pub(super) fn into_sorted(self) -> Vec<Fault> {
        let Self { mut found, missing, broken, .. } = self;
        if broken.iter().all(|(_, is_contained)| *is_contained) {
            found.extend(missing);
        }
        found.sort_by(|a, b| match (&a.span, &b.span) {
            (Some(a), Some(b)) => a.start.cmp(&b.start),
            (a, b) => b.is_some().cmp(&a.is_some()).then(Ordering::Equal),
        });
        if found.len() > MOST_FAULTS {
            found.truncate(MOST_FAULTS);
            found.push(Fault::of_the_whole(format!("there are more faults than these {MOST_FAULTS}")));
        }
        found
    }

    fn broken_within(&self, span: &Span) -> Range<usize> {
        let from = self.broken.partition_point(|(broken, _)| broken.end < span.start);
        let to = from + self.broken[from..].partition_point(|(broken, _)| broken.start <= span.end);
        from..to
    }
}
