//! A folder with the responses that scripts may read.

mod folder;

use crate::file_name::file_name;
use crate::run::{Entry, Temporaries};
use folder::Folder;
pub(crate) use folder::remove_abandoned;
use seawall::{Context, ErrorClass, Plan, Response, SendError, TaskId};
use std::collections::{HashMap, HashSet};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Up to here a task's dependencies are asked for one by one, and beyond all that is up its line at once.
const FEW: usize = 1000;

/// Writes the response of each task once, when the first program starts that may read it.
#[derive(Debug)]
pub(crate) struct ResponseFiles {
    folder: Folder,
    _entry: Entry<Arc<Temporaries>>,
    plan: Arc<Plan>,
    numbers: HashMap<TaskId, usize>,
    /// By the task's place in the plan.
    tasks: Vec<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    is_written: Mutex<bool>,
    /// Whether all that is up its line is written.
    is_provided_for: AtomicBool,
}

impl ResponseFiles {
    /// Those `left_out` are taken as done, without a response.
    pub(crate) fn new(
        plan: &Arc<Plan>,
        left_out: &HashSet<TaskId>,
        temporaries: &Arc<Temporaries>,
    ) -> io::Result<Self> {
        let (folder, entry) = Entry::make(Arc::clone(temporaries), Folder::make)?;
        left_out.iter().try_for_each(|id| write_new(&folder.as_ref().join(file_name(id.as_str())), &[]))?;
        let tasks = plan.tasks();
        Ok(Self {
            folder,
            _entry: entry,
            plan: Arc::clone(plan),
            numbers: tasks.iter().map(|task| task.id().clone()).zip(0..).collect(),
            tasks: tasks.iter().map(|_| Progress::default()).collect(),
        })
    }

    /// Where they are.
    pub(crate) fn path(&self) -> &Path {
        self.folder.as_ref()
    }

    /// Before a program of this attempt starts: writes what is up its task's line and not yet written.
    pub(crate) fn provide(&self, cx: &Context<'_>) -> Result<(), SendError> {
        let Some(task) = cx.task().and_then(|task| self.numbers.get(task).copied()) else { return Ok(()) };
        if self.is_provided_for(task) {
            return Ok(());
        }
        let dependencies = self.plan.tasks()[task].dependencies();
        if dependencies.len() <= FEW && dependencies.iter().all(|id| self.is_provided_for(self.numbers[id])) {
            for id in dependencies {
                self.write(self.numbers[id], id, cx.response_of(id.as_str()).ok())?;
            }
        } else {
            for (id, _, response) in cx.ancestors() {
                self.write(self.numbers[id], id, response)?;
            }
            cx.ancestors().for_each(|(id, ..)| self.note_provided_for(self.numbers[id]));
        }
        self.note_provided_for(task);
        Ok(())
    }

    fn is_provided_for(&self, task: usize) -> bool {
        self.tasks[task].is_provided_for.load(Ordering::Acquire) || self.plan.tasks()[task].dependencies().is_empty()
    }

    fn note_provided_for(&self, task: usize) {
        self.tasks[task].is_provided_for.store(true, Ordering::Release);
    }

    /// An empty file, where there is no response. Who comes second waits until the first one has written.
    fn write(&self, task: usize, id: &TaskId, response: Option<&Response>) -> Result<(), SendError> {
        let mut is_written = self.tasks[task].is_written.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_written {
            let path = self.path().join(file_name(id.as_str()));
            write_new(&path, response.map_or(&[], Response::bytes)).map_err(|error| {
                let what = format!("failed to write the response of `{id}` to {}: {error}", path.display());
                SendError::new(ErrorClass::CouldNotStart, what)
            })?;
            *is_written = true;
        }
        Ok(())
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(path)?;
    file.write_all(bytes).inspect_err(|_| drop(std::fs::remove_file(path)))
}
