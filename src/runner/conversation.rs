//! In which session a task goes on, and where.

use super::outcome::{Attempt, Outcome};
use super::run::Run;
use crate::plan::Task;
use crate::session::Session;

impl<Q, R> Run<'_, Q, R> {
    /// The session that a task goes on in: that of the task which it names, with what was used in it since, by tasks between
    /// the two and by its own attempts `before` this one.
    pub(super) fn session_of(&self, task: &Task<Q>, number: u32, before: &[Attempt]) -> Option<Session> {
        let session = self.outcome_of(task)?.session()?.clone();
        let between = self.plan.graph().ancestors_of(number).into_iter();
        let attempts = between.flat_map(|ancestor| self.outcomes[ancestor as usize].attempts()).chain(before);
        let same = attempts.filter_map(Attempt::session).filter(|other| other.id() == session.id());
        Some(same.fold(session.clone(), Session::or_later))
    }

    /// The lane on which the session of a task is; `None` if it goes on in none.
    pub(super) fn lane_of_session(&self, task: &Task<Q>) -> Option<u32> {
        let attempts = self.outcome_of(task)?.attempts().iter();
        let backend = &attempts.rev().find(|attempt| attempt.session().is_some())?.backend;
        (0..).zip(&self.lanes).find(|(_, lane)| *lane.kind == *backend).map(|(number, _)| number)
    }

    /// What came of the task whose session it is. It is an ancestor, and so has ended.
    fn outcome_of(&self, task: &Task<Q>) -> Option<&Outcome<R>> {
        let other = task.session_of()?;
        let found =
            self.plan.graph().index().find(other.as_str(), |task| self.plan.tasks()[task as usize].id().as_str());
        found.map(|found| &self.outcomes[found as usize])
    }
}
