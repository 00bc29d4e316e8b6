//! When resources were being written.

use super::{Course, Span, Writes, length};
use std::collections::HashMap;
use std::time::Duration;

/// When resources were being written: during the attempts of the tasks that write them.
pub(super) struct Held<'r> {
    writes: &'r Writes,
    /// By resource, in order: an attempt at a time writes it.
    attempts: HashMap<u32, Vec<Span>>,
    /// By all that a task writes.
    unions: HashMap<&'r [u32], Union>,
}

impl<'r> Held<'r> {
    pub(super) fn new<R>(course: &Course<'r, R>) -> Self {
        let mut attempts: HashMap<u32, Vec<Span>> = HashMap::new();
        for (task, resources) in course.writes {
            let outcome = &course.outcomes[*task as usize];
            let made = outcome.attempts().iter().filter(|_| !outcome.is_resumed());
            for attempt in made {
                let span = attempt.started..attempt.started + attempt.elapsed;
                resources.iter().for_each(|resource| attempts.entry(*resource).or_default().push(span.clone()));
            }
        }
        Self { writes: course.writes, attempts, unions: HashMap::new() }
    }

    /// How much of a wait of `task` something was being written that it writes.
    pub(super) fn within(&mut self, task: u32, wait: &Span) -> Duration {
        let Some(resources) = self.writes.get(&task) else { return Duration::ZERO };
        let attempts = &self.attempts;
        let union = self.unions.entry(resources).or_insert_with(|| {
            Union::of(resources.iter().filter_map(|resource| attempts.get(resource)).flatten().cloned().collect())
        });
        union.until(wait.end).saturating_sub(union.until(wait.start))
    }
}

/// Spans that are apart, in order, each with the length of all before it.
struct Union(Vec<(Span, Duration)>);

impl Union {
    fn of(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable_by_key(|span| span.start);
        let mut apart: Vec<(Span, Duration)> = Vec::new();
        for span in spans {
            match apart.last_mut() {
                Some((last, _)) if span.start <= last.end => last.end = last.end.max(span.end),
                last => {
                    let before = last.map_or(Duration::ZERO, |(last, before)| *before + length(last));
                    apart.push((span, before));
                }
            }
        }
        Self(apart)
    }

    /// How much of it lies before `instant`.
    fn until(&self, instant: Duration) -> Duration {
        let begun = self.0.partition_point(|(span, _)| span.start < instant);
        let last = begun.checked_sub(1).map(|last| &self.0[last]);
        last.map_or(Duration::ZERO, |(span, before)| *before + span.end.min(instant).saturating_sub(span.start))
    }
}
