//! One task of the file.

use super::backend::{Backend, own_retry};
use super::backends::Backends;
use super::faults::{Fault, Faults, Span};
use super::field::Field;
use super::for_each::ForEach;
use super::prompts::Prompts;
use super::retry::RetryKeys;
use super::suggestions::Suggestions;
use super::table::Table;
use super::template::{Prompt, Source};
use super::{Many, Overrides, name, unnamed};
use seawall::{FailureMode, Message, Task, TaskId};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub(super) const KEYS: [&str; 14] = [
    "id",
    "run",
    "backend",
    "prompt",
    "prompt_file",
    "template",
    "for_each",
    "after",
    "session",
    "failure_mode",
    "timeout",
    "retry",
    "writes",
    "inputs",
];

/// What the file has, and where.
type Placed<T> = (T, Span);

/// The words for failure modes.
pub(super) const FAILURE_MODES: [(&str, FailureMode); 3] =
    [("hard", FailureMode::Hard), ("soft", FailureMode::Soft), ("skip", FailureMode::Skip)];

/// A task as the file has it.
#[derive(Debug)]
pub(super) struct TaskEntry<'t> {
    /// A [stand-in](unnamed), where there is none.
    pub(super) id: Cow<'t, str>,
    pub(super) id_span: Span,
    pub(super) after: Vec<(&'t str, Span)>,
    pub(super) for_each: Option<ForEach>,
    pub(super) prompt: Option<Prompt>,
    pub(super) session: Option<Placed<&'t str>>,
    backend: Option<Placed<&'t str>>,
    mode: FailureMode,
    timeout: Option<Duration>,
    retry: RetryKeys,
    writes: Vec<Arc<str>>,
    /// Globs of files that its answer depends on.
    inputs: Arc<[String]>,
}

impl<'t> TaskEntry<'t> {
    /// The item of `[[tasks]]` that is the `number`-th, from 1 on.
    pub(super) fn read(
        item: &Field<'t, '_>,
        number: usize,
        prompts: &mut Prompts<'_>,
        faults: &mut Faults,
    ) -> Option<Self> {
        let mut table = item.table("a table: [[tasks]]", format!("task {number}"), faults)?;
        let id = id_of(&table, faults);
        if let Some((id, _)) = &id {
            table.place = format!("task `{id}`");
        }
        table.refuse_others(&KEYS, faults);
        let (backend, prompt) = call_of(&table, prompts, faults);
        let (id, id_span) = id.unwrap_or_else(|| (unnamed::stand_in(number).into(), table.span.clone()));
        Some(Self {
            id,
            id_span,
            for_each: table.field("for_each").map(|field| ForEach::read(&field, prompts.folder(), faults)),
            prompt,
            backend,
            after: table
                .field("after")
                .and_then(|field| field.texts("a list of tasks' ids", faults))
                .unwrap_or_default(),
            session: table.field("session").and_then(|field| Some((field.text(faults)?, field.span))),
            mode: table
                .field("failure_mode")
                .and_then(|field| field.choice(&FAILURE_MODES, faults))
                .unwrap_or_default(),
            timeout: table.field("timeout").and_then(|field| field.positive_duration(faults)),
            retry: own_retry(&table, faults),
            writes: writes_of(&table, prompts.folder(), faults),
            inputs: inputs_of(&table, faults),
        })
    }

    /// A fault if it is for a backend that there is not. Of many such faults only the first ones have a suggestion, since
    /// a suggestion looks at all backends.
    pub(super) fn refuse_unknown_backend(&self, backends: &Backends, suggestions: &Suggestions, faults: &mut Faults) {
        let Some((backend, span)) = self.backend.as_ref().filter(|(backend, _)| backends.get(backend).is_none()) else {
            return;
        };
        let title = format!("task `{}` is for the backend `{backend}`, which there is not", self.id);
        let near = if suggestions.is_next() { backends.nearest(backend) } else { None };
        let fault = Fault::at(span.clone(), title);
        faults.add_missing(match near {
            Some(near) => fault.label(format!("did you mean `{near}`?")),
            None => fault.help(format!("a table [backends.{}] declares it", super::toml_text::key(backend))),
        });
    }

    /// A fault if its prompt cannot be an argument, and is to be one: the system ends those at a NUL.
    pub(super) fn refuse_nul(&self, backends: &Backends, faults: &mut Faults) {
        let (Some((backend, _)), Some(prompt)) = (&self.backend, &self.prompt) else { return };
        let is_argument = |backend: &&Backend| backend.passes_prompts_as_arguments();
        if prompt.message.prompt().contains('\0')
            && let Some(backend) = backends.reached_from([*backend]).into_iter().find(is_argument)
        {
            let title =
                format!("task `{}` has a NUL in what is an argument of the backend `{}`", self.id, backend.name);
            faults.add(Fault::at(prompt.source.span(), title).label("an argument cannot hold a NUL"));
        }
    }

    /// A fault if it goes on in a session, and its backend knows none.
    pub(super) fn refuse_session(&self, backends: &Backends, faults: &mut Faults) {
        let (Some((_, span)), Some((name, _))) = (&self.session, &self.backend) else { return };
        if let Some(backend) = backends.get(name).filter(|backend| !backend.kind.has_sessions()) {
            let title = format!("task `{}` has a `session`, and the backend `{name}` knows none", self.id);
            let kind = format!("its kind is `{}`; agents have sessions", backend.kind.word());
            faults.add(Fault::at(span.clone(), title).label(kind));
        }
    }

    /// What it says for itself alone, in place of its backend.
    pub(super) fn overrides(&self, backends: &Backends) -> Overrides {
        let backend = self.backend.as_ref().and_then(|(backend, _)| backends.get(backend));
        let retry = backend.map_or(RetryKeys::NONE, |backend| backend.retry);
        Overrides {
            retry: (self.retry != RetryKeys::NONE).then(|| self.retry.or(retry).config()),
            timeout: self.timeout,
            writes: self.writes.clone(),
            inputs: Arc::clone(&self.inputs),
            is_template: self.prompt.as_ref().is_some_and(|prompt| prompt.is_template),
            is_plain: self.prompt.as_ref().is_some_and(Prompt::only_looks_like_a_template),
            after: None,
            many: None,
        }
    }

    /// What its tasks have in common, if they are many.
    pub(super) fn many(&self, overrides: &Overrides) -> Option<Many> {
        let items = self.for_each.as_ref()?.items.as_deref()?.into();
        Some(Many { task: self.to_task(overrides), items })
    }

    /// What it waits for, as the file has it.
    pub(super) fn written_after(&self) -> Vec<TaskId> {
        self.after.iter().map(|(id, _)| TaskId::from(*id)).collect()
    }

    /// All of it as one task.
    pub(super) fn to_task(&self, overrides: &Overrides) -> Task {
        self.to_task_of(
            (&*self.id).into(),
            self.backend().into(),
            self.message(),
            self.written_after(),
            self.written_session(),
            overrides,
        )
    }

    fn written_session(&self) -> Option<TaskId> {
        self.session.as_ref().map(|(session, _)| TaskId::from(*session))
    }

    pub(super) fn backend(&self) -> &'t str {
        self.backend.as_ref().map_or("sh", |(backend, _)| backend)
    }

    pub(super) fn message(&self) -> Message {
        self.prompt.as_ref().map_or_else(|| Message::new(""), |prompt| prompt.message.clone())
    }

    /// One of the tasks that are made of it.
    pub(super) fn to_task_of(
        &self,
        id: TaskId,
        backend: Arc<str>,
        message: Message,
        after: impl IntoIterator<Item = TaskId>,
        session: Option<TaskId>,
        overrides: &Overrides,
    ) -> Task {
        let mut task = Task::for_request(id, backend, message).after(after).failure_mode(self.mode);
        if let Some(session) = session {
            task = task.session(session);
        }
        if let Some(retry) = overrides.retry {
            task = task.retry(retry);
        }
        if let Some(timeout) = overrides.timeout {
            task = task.timeout(timeout);
        }
        if overrides.writes.is_empty() { task } else { task.writes(overrides.writes.iter().cloned()) }
    }
}

fn id_of<'t>(table: &Table<'t>, faults: &mut Faults) -> Option<(Cow<'t, str>, Span)> {
    let Some(field) = table.field("id") else {
        faults.add_missing(Fault::at(table.span.clone(), format!("{} lacks `id`", table.place)));
        return None;
    };
    let Some(id) = field.as_text() else {
        field.refuse("a string", faults);
        return None;
    };
    if let Some(reason) = name::fault_of(id) {
        faults.add(Fault::at(field.span.clone(), format!("the `id` of {} {reason}", table.place)));
    }
    Some((id.into(), field.span))
}

/// The backend and what is sent to it, each if it is known.
fn call_of<'t>(
    table: &Table<'t>,
    prompts: &mut Prompts<'_>,
    faults: &mut Faults,
) -> (Option<Placed<&'t str>>, Option<Prompt>) {
    let is_template = table.field("template").and_then(|field| Some((field.truth(faults)?, field.span)));
    let [run, backend, text, file] = ["run", "backend", "prompt", "prompt_file"].map(|key| table.field(key));
    if let Some(run) = run {
        refuse_beside(&run, [&backend, &text, &file].into_iter().flatten(), faults);
        if let Some((true, span)) = is_template {
            let title = format!("`template` in {} is true, and a `run` script is never a template", table.place);
            faults.add(Fault::at(span, title).label("it finds answers in the files of $SEAWALL_RESPONSES"));
        }
        let script = run.text(faults).map(|script| Prompt::new(script.into(), Source::Plan(run.span.clone()), false));
        return (Some(("sh", run.span)), script);
    }
    if let (Some(text), Some(file)) = (&text, &file) {
        refuse_beside(text, [file], faults);
    }
    let lacks = match (&backend, text.is_some() || file.is_some()) {
        (Some(_), true) => None,
        (Some(_), false) => Some("has a `backend` and no `prompt` or `prompt_file`"),
        (None, true) => Some("has a prompt and no `backend`"),
        (None, false) => Some("has nothing to do: it needs `run`, or `backend` with `prompt` or `prompt_file`"),
    };
    if let Some(lacks) = lacks {
        faults.add_missing(Fault::at(table.span.clone(), format!("{} {lacks}", table.place)));
    }
    let is_template = is_template.is_none_or(|(is_template, _)| is_template);
    let prompt = match (text, file) {
        (Some(text), _) => text.text(faults).map(|prompt| (prompt.into(), Source::Plan(text.span))),
        (None, file) => file.and_then(|file| Some((prompts.read(&file, faults)?, Source::of_file(&file)))),
    };
    let prompt = prompt.map(|(message, source)| Prompt::new(message, source, is_template));
    (backend.and_then(|backend| Some((backend.text(faults)?, backend.span))), prompt)
}

fn refuse_beside<'f, 't: 'f, 'p: 'f>(
    field: &Field<'t, 'p>,
    others: impl IntoIterator<Item = &'f Field<'t, 'p>>,
    faults: &mut Faults,
) {
    let others: Vec<_> = others.into_iter().collect();
    if others.is_empty() {
        return;
    }
    let names = super::table::list(others.iter().map(|other| other.key));
    let fault = Fault::at(field.key_span.clone(), format!("{} has `{}` beside {names}", field.place, field.key));
    faults.add(
        others.iter().fold(fault.label("one or the other"), |fault, other| fault.other(other.key_span.clone(), "")),
    );
}

/// Made absolute, so that `target`, `./target` and the whole path are one resource.
fn writes_of(table: &Table<'_>, folder: &Path, faults: &mut Faults) -> Vec<Arc<str>> {
    let names = table.field("writes").and_then(|field| field.texts("a list of paths", faults)).unwrap_or_default();
    names.iter().map(|(name, _)| folder.join(name).to_string_lossy().into()).collect()
}

fn inputs_of(table: &Table<'_>, faults: &mut Faults) -> Arc<[String]> {
    let globs = table.field("inputs").and_then(|field| field.texts("a list of globs", faults)).unwrap_or_default();
    for (glob, span) in &globs {
        if let Err(reason) = super::for_each::judge_glob(glob) {
            faults.add(Fault::at(span.clone(), format!("`{glob}` in {} is no glob: {reason}", table.place)));
        }
    }
    globs.into_iter().map(|(glob, _)| glob.to_owned()).collect()
}
