//! What decides the answer of a task.

use super::effective;
use super::{Item, Overrides, PlanFile, for_each};
use seawall::{ContentHash, Fingerprint, Task, TaskId};
use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What of it does not stand in the tasks of the plan.
#[derive(Debug, Default)]
pub(super) struct Deciding {
    /// Where globs begin.
    folder: PathBuf,
    /// By backend, all that decides what it answers.
    settings: HashMap<Arc<str>, ContentHash>,
    /// By task, if it has any: globs of the files that it reads.
    inputs: HashMap<TaskId, Arc<[String]>>,
    /// By task, if so: its prompt only looks like a template.
    plain: HashMap<TaskId, ContentHash>,
    /// By task, if a template may have it: of which type its item is. Texts were known by what they say alone, and still are.
    types: HashMap<TaskId, ContentHash>,
}

impl Deciding {
    /// `overrides`: one for each entry, in the order of their tasks.
    pub(super) fn of(plan: &seawall::Plan, overrides: &[Overrides], backends: &super::Backends, folder: &Path) -> Self {
        let settings = backends.iter().map(|backend| (Arc::from(&*backend.name), settings_of(backend)));
        let mut deciding = Self { folder: folder.to_owned(), settings: settings.collect(), ..Self::default() };
        let mut tasks = plan.tasks().iter();
        for own in overrides {
            let items = own.many.as_ref().map(|many| &*many.items);
            for (number, task) in tasks.by_ref().take(items.map_or(1, <[_]>::len)).enumerate() {
                if !own.inputs.is_empty() {
                    deciding.inputs.insert(task.id().clone(), Arc::clone(&own.inputs));
                }
                if own.is_plain {
                    deciding.plain.insert(task.id().clone(), ContentHash::of([&b"plain"[..]]));
                }
                let item = items.filter(|_| own.is_template).map(|items| &items[number]);
                if let Some(item) = item.filter(|item| !matches!(item, Item::Text(_))) {
                    deciding.types.insert(task.id().clone(), ContentHash::of([item.type_word().as_bytes()]));
                }
            }
        }
        deciding
    }
}

fn settings_of(backend: &super::Backend) -> ContentHash {
    let entries = effective::deciding_entries(backend);
    ContentHash::of(entries.iter().flat_map(|(key, value)| [key.as_bytes(), value.as_bytes()]))
}

impl PlanFile {
    /// What decides the answer of a task, beside its ancestors' answers: its backend's name and settings, its prompt, its item and
    /// those of others that its prompt speaks of, its session, and the files that are its `inputs`, as they are now. Of inputs that
    /// cannot be read nobody knows whether they are as they were: there is a warning, and the fingerprint is like no other.
    pub(crate) fn fingerprint(&self, task: &Task, warn: impl FnOnce(String)) -> Fingerprint {
        let Deciding { folder, settings, inputs, plain, types } = &self.deciding;
        let mut fingerprint = Fingerprint::of(task);
        if let Some(settings) = settings.get(task.backend()) {
            fingerprint = fingerprint.with("settings", *settings);
        }
        if let Some(plain) = plain.get(task.id()) {
            fingerprint = fingerprint.with("template", *plain);
        }
        if let Some(of_item) = types.get(task.id()) {
            fingerprint = fingerprint.with("item_type", *of_item);
        }
        if let Some(items) = self.templates.as_ref().and_then(|templates| templates.items_of(task.id())) {
            fingerprint = fingerprint.with("items", items);
        }
        if let Some(session) = task.session_of() {
            fingerprint = fingerprint.with("session", ContentHash::of([session.as_str().as_bytes()]));
        }
        let Some(globs) = inputs.get(task.id()) else { return fingerprint };
        let files = hash_of_files(globs, folder).unwrap_or_else(|reason| {
            let id = task.id();
            warn(format!("task `{id}` can be taken over by no later run: its `inputs` cannot be read: {reason}"));
            ContentHash::of([&RandomState::new().hash_one(()).to_le_bytes()[..]])
        });
        fingerprint.with("inputs", files)
    }
}

/// Of the names, in order, and of what is in the files; or why there is none.
fn hash_of_files(globs: &[String], folder: &Path) -> Result<ContentHash, String> {
    let mut names = Vec::new();
    for glob in globs {
        names.extend(for_each::files(glob, folder)?);
    }
    names.sort_unstable();
    names.dedup();
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for name in names {
        let content = hash_of_file(&folder.join(&name));
        let content = content.map_err(|error| format!("`{}`: {error}", name.display()))?;
        parts.extend([name.into_vec(), content.to_string().into_bytes()]);
    }
    Ok(ContentHash::of(parts.iter().map(Vec::as_slice)))
}

fn hash_of_file(path: &Path) -> io::Result<ContentHash> {
    let mut content = Vec::new();
    File::open(path)?.read_to_end(&mut content)?;
    Ok(ContentHash::of([&*content]))
}
