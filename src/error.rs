//! What seawall itself could not do, with every fault that it found.

use crate::task_id::TaskId;
use std::fmt;
use std::sync::Arc;

/// Seawall itself could not do its job, and ran nothing. A task's failure is no `Error` but data: see
/// [`Failure`](crate::Failure).
///
/// A plan, or a runner's settings, are judged whole: [`faults`](Error::faults) has every fault, not only the first.
///
/// ```
/// use seawall::{Plan, Task};
/// let error = Plan::builder().task(Task::new("code", "claude", "…").after(["desing"])).task(Task::new("design", "claude", "…")).build().unwrap_err();
/// assert!(error.is_plan());
/// assert_eq!(error.to_string(), "failed to build the plan: task `code` depends on `desing`, which is no task; did you mean `design`?");
/// ```
pub struct Error(Box<Cause>);

#[derive(Debug)]
enum Cause {
    Plan(Vec<Fault>),
    /// With the word for what they are the settings of.
    Settings(&'static str, Vec<Fault>),
    UnknownBackend(Vec<Fault>),
    Pool(Box<dyn std::error::Error + Send + Sync>),
    Handler(ctrlc::Error),
}

/// One thing that is wrong with a plan or with settings. `Display` is the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A plan without tasks.
    NoTasks,
    /// Two tasks of one name.
    #[non_exhaustive]
    DuplicateTask {
        /// Their name.
        task: TaskId,
    },
    /// A task depends on what is no task.
    #[non_exhaustive]
    UnknownDependency {
        /// The task that depends on it.
        task: TaskId,
        /// The name that is unknown.
        dependency: TaskId,
        /// The task whose name is nearest, if one is near.
        nearest: Option<TaskId>,
    },
    /// Tasks that wait for one another, so that none of them can start.
    #[non_exhaustive]
    Cycle {
        /// All of them; where they form one simple circle, each depends on the next one.
        tasks: Vec<TaskId>,
    },
    /// A task goes on in the session of what is no task.
    #[non_exhaustive]
    UnknownSession {
        /// The task that goes on.
        task: TaskId,
        /// The name that is unknown.
        session: TaskId,
        /// The task whose name is nearest, if one is near.
        nearest: Option<TaskId>,
    },
    /// A task goes on in the session of one that it does not wait for, directly or not, or of its own.
    #[non_exhaustive]
    SessionNotBefore {
        /// The task that goes on.
        task: TaskId,
        /// The task whose session it is.
        session: TaskId,
    },
    /// A task goes on in the session of one that is for another backend.
    #[non_exhaustive]
    SessionElsewhere {
        /// The task that goes on.
        task: TaskId,
        /// The task whose session it is.
        session: TaskId,
    },
    /// Two tasks go on in one session, and neither waits for the other.
    #[non_exhaustive]
    SessionShared {
        /// The two, in plan order.
        tasks: [TaskId; 2],
        /// The task that began the session.
        session: TaskId,
    },
    /// A task names a backend that the runner lacks.
    #[non_exhaustive]
    UnknownBackend {
        /// The task.
        task: TaskId,
        /// The name that is unknown.
        backend: Arc<str>,
        /// The backend whose name is nearest, if one is near.
        nearest: Option<Arc<str>>,
    },
    /// A backend cannot be made with what it was given.
    #[non_exhaustive]
    BadSetting {
        /// The setting's name.
        setting: &'static str,
        /// What it must be.
        must_be: &'static str,
        /// Why it is not; no secret is quoted.
        found: Box<str>,
    },
    /// A concurrency of zero.
    #[non_exhaustive]
    ZeroConcurrency {
        /// The backend that it is of; `None` for the run's own.
        backend: Option<Arc<str>>,
    },
    /// Two backends of one name.
    #[non_exhaustive]
    DuplicateBackend {
        /// Their name.
        backend: Arc<str>,
    },
    /// Settings for a backend that the runner lacks.
    #[non_exhaustive]
    UnknownConfigured {
        /// The name that is unknown.
        backend: Arc<str>,
        /// The backend whose name is nearest, if one is near.
        nearest: Option<Arc<str>>,
    },
    /// A fallback to a backend that the runner lacks.
    #[non_exhaustive]
    UnknownFallback {
        /// The backend that falls back.
        backend: Arc<str>,
        /// The name that is unknown.
        fallback: Arc<str>,
        /// The backend whose name is nearest, if one is near.
        nearest: Option<Arc<str>>,
    },
    /// Backends that fall back to one another in a circle.
    #[non_exhaustive]
    FallbackCycle {
        /// All of them, each falling back to the next one.
        backends: Vec<Arc<str>>,
    },
}

impl Error {
    /// Whether the plan has faults.
    pub fn is_plan(&self) -> bool {
        matches!(*self.0, Cause::Plan(_))
    }

    /// Whether the settings of the runner, or of a backend, have faults.
    pub fn is_settings(&self) -> bool {
        matches!(*self.0, Cause::Settings(..))
    }

    /// Whether the plan names a backend that the runner lacks.
    pub fn is_unknown_backend(&self) -> bool {
        matches!(*self.0, Cause::UnknownBackend(_))
    }

    /// Every fault of the plan, in its order, or of the settings; none for another error.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        match &*self.0 {
            Cause::Plan(faults) | Cause::Settings(_, faults) | Cause::UnknownBackend(faults) => faults.iter(),
            Cause::Pool(_) | Cause::Handler(_) => [].iter(),
        }
    }

    pub(crate) fn plan(faults: Vec<Fault>) -> Self {
        Self(Box::new(Cause::Plan(faults)))
    }

    pub(crate) fn settings(faults: Vec<Fault>) -> Self {
        Self(Box::new(Cause::Settings("runner", faults)))
    }

    #[cfg(all(unix, feature = "http"))]
    pub(crate) fn backend(faults: Vec<Fault>) -> Self {
        Self(Box::new(Cause::Settings("backend", faults)))
    }

    pub(crate) fn unknown_backend(faults: Vec<Fault>) -> Self {
        Self(Box::new(Cause::UnknownBackend(faults)))
    }

    pub(crate) fn pool(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(Cause::Pool(error.into())))
    }

    pub(crate) fn handler(error: ctrlc::Error) -> Self {
        Self(Box::new(Cause::Handler(error)))
    }
}

#[cfg(all(unix, feature = "http"))]
impl Fault {
    pub(crate) fn bad_setting(setting: &'static str, must_be: &'static str, found: impl Into<Box<str>>) -> Self {
        Self::BadSetting { setting, must_be, found: found.into() }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Plan(faults) => fmt_faults(f, "failed to build the plan", faults),
            Cause::Settings(what, faults) => fmt_faults(f, &format!("failed to build the {what}"), faults),
            Cause::UnknownBackend(faults) => fmt_faults(f, "failed to run the plan", faults),
            Cause::Pool(_) => f.write_str("failed to start the run's threads"),
            Cause::Handler(_) => f.write_str("failed to listen for Ctrl-C"),
        }
    }
}

fn fmt_faults(f: &mut fmt::Formatter<'_>, what: &str, faults: &[Fault]) -> fmt::Result {
    write!(f, "{what}: ")?;
    for (n, fault) in faults.iter().enumerate() {
        write!(f, "{}{fault}", if n == 0 { "" } else { "; " })?;
    }
    Ok(())
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Cause::Pool(error) => Some(&**error),
            Cause::Handler(error) => Some(error),
            Cause::Plan(_) | Cause::Settings(..) | Cause::UnknownBackend(_) => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTasks => f.write_str("there are no tasks"),
            Self::DuplicateTask { task } => write!(f, "there is more than one task `{task}`"),
            Self::UnknownDependency { task, dependency, nearest } => {
                write!(f, "task `{task}` depends on `{dependency}`, which is no task")?;
                fmt_nearest(f, nearest.as_ref())
            }
            Self::Cycle { tasks } if tasks.len() == 1 => write!(f, "task `{}` depends on itself", tasks[0]),
            Self::Cycle { tasks } => write!(f, "tasks {} depend on one another in a circle", List(tasks)),
            Self::UnknownSession { task, session, nearest } => {
                write!(f, "task `{task}` goes on in the session of `{session}`, which is no task")?;
                fmt_nearest(f, nearest.as_ref())
            }
            Self::SessionNotBefore { task, session } if task == session => {
                write!(f, "task `{task}` goes on in its own session")
            }
            Self::SessionNotBefore { task, session } => {
                write!(f, "task `{task}` goes on in the session of `{session}`, and does not wait for it")
            }
            Self::SessionElsewhere { task, session } => {
                write!(f, "task `{task}` goes on in the session of `{session}`, which is for another backend")
            }
            Self::SessionShared { tasks: [a, b], session } => {
                write!(f, "tasks `{a}` and `{b}` go on in the session of `{session}`, and neither waits for the other")
            }
            Self::UnknownBackend { task, backend, nearest } => {
                write!(f, "task `{task}` is for the backend `{backend}`, which there is not")?;
                fmt_nearest(f, nearest.as_ref())
            }
            Self::BadSetting { setting, must_be, found } => write!(f, "`{setting}` must be {must_be}: {found}"),
            Self::ZeroConcurrency { backend: None } => f.write_str("the concurrency is zero"),
            Self::ZeroConcurrency { backend: Some(backend) } => {
                write!(f, "the concurrency of backend `{backend}` is zero")
            }
            Self::DuplicateBackend { backend } => write!(f, "there is more than one backend `{backend}`"),
            Self::UnknownConfigured { backend, nearest } => {
                write!(f, "there are settings for the backend `{backend}`, which there is not")?;
                fmt_nearest(f, nearest.as_ref())
            }
            Self::UnknownFallback { backend, fallback, nearest } => {
                write!(f, "backend `{backend}` falls back to `{fallback}`, which there is not")?;
                fmt_nearest(f, nearest.as_ref())
            }
            Self::FallbackCycle { backends } if backends.len() == 1 => {
                write!(f, "backend `{}` falls back to itself", backends[0])
            }
            Self::FallbackCycle { backends } => {
                write!(f, "backends {} fall back to one another in a circle", List(backends))
            }
        }
    }
}

fn fmt_nearest(f: &mut fmt::Formatter<'_>, nearest: Option<&impl fmt::Display>) -> fmt::Result {
    nearest.map_or(Ok(()), |nearest| write!(f, "; did you mean `{nearest}`?"))
}

/// `` `a`, `b` and `c` ``
struct List<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, item) in self.0.iter().enumerate() {
            let separator = match n {
                0 => "",
                n if n + 1 == self.0.len() => " and ",
                _ => ", ",
            };
            write!(f, "{separator}`{item}`")?;
        }
        Ok(())
    }
}

/// A suggestion looks at every name, so of many unknown ones only the first get one.
pub(crate) const SUGGESTIONS: usize = 20;

/// The candidate that is most like `name`, if one is like it enough to be what was meant: one or two slips of the finger away
/// (a letter too few, too many, wrong, or two of them swapped; capitals count for nothing), or with much the same beginning.
pub(crate) fn nearest<T: AsRef<str>>(name: &str, candidates: impl IntoIterator<Item = T>) -> Option<T> {
    let name = name.to_lowercase();
    let alike =
        candidates.into_iter().filter_map(|candidate| Some((unlikeness(&name, candidate.as_ref())?, candidate)));
    alike.min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, candidate)| candidate)
}

/// Slips first, then beginnings; `None` for what is not alike.
fn unlikeness(name: &str, candidate: &str) -> Option<f64> {
    const ALIKE: f64 = 0.75;
    // What it costs grows with both, and nobody means a name that is as long as a file.
    const LONGEST: usize = 400;
    if name.len().max(candidate.len()) > LONGEST {
        return None;
    }
    let candidate = candidate.to_lowercase();
    let most = match name.chars().count().max(candidate.chars().count()) {
        0 | 1 => 0,
        2..=4 => 1,
        _ => 2,
    };
    let beginning = strsim::jaro_winkler(name, &candidate);
    let slips = u8::try_from(strsim::damerau_levenshtein(name, &candidate)).ok().filter(|slips| *slips <= most);
    let is_same_letter = candidate.chars().next() == name.chars().next();
    let first = if is_same_letter { 1.0 } else { 0.0 };
    slips.map(|slips| f64::from(slips) - (first + beginning) / 2.1).or((beginning >= ALIKE).then_some(4.0 - beginning))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_suggested_only_if_it_is_near() {
        assert_eq!(nearest("claude-ap", ["codex", "claude-api", "claude"]), Some("claude-api"));
        assert_eq!(nearest("nobody", ["design", "lost"]), None);
        assert_eq!(nearest("x", ["y", "z"]), None);
        assert_eq!(nearest(&"x".repeat(20_000_000), ["run"]), None);
    }

    #[test]
    fn short_names_with_one_slip_are_near_whatever_their_capitals() {
        let words = ["run", "wait", "fail", "off", "sh", "on"];
        for (typo, meant) in
            [("rnu", "run"), ("RUN", "run"), ("rn", "run"), ("wiat", "wait"), ("of", "off"), ("hs", "sh"), ("Sh", "sh")]
        {
            assert_eq!(nearest(typo, words), Some(meant), "{typo}");
        }
        assert_eq!(nearest("designs", ["Design", "designer"]), Some("Design"));
    }
}
