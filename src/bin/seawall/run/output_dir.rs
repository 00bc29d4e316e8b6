//! A folder with each task's answer.

use super::place::Lost;
use super::whole_file::{Temporaries, WholeFile};
use super::wording;
use crate::file_name::file_name;
use seawall::{Failure, Journal, Outcome, Plan, Response, TaskId};
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const WHAT: &str = "an answer";
const ALL: &str = "the answers";
/// How many files that are lost are named.
const MOST_NAMED: usize = 20;

/// Writes `DIR/<id>.out` for each response and `DIR/<id>.err` for each last error, as the task ends.
///
/// What an earlier run left of the same task is removed, so that no old answer stands beside a new error. A link in the
/// place of such a file is replaced, so nothing outside of the folder is touched.
#[derive(Debug)]
pub(crate) struct OutputDir {
    folder: PathBuf,
    temporaries: Arc<Temporaries>,
    lost: Mutex<Losses>,
}

#[derive(Debug, Default)]
struct Losses {
    named: Vec<Lost>,
    more: usize,
}

impl Losses {
    fn note(&mut self, lost: Lost) {
        if self.named.len() < MOST_NAMED {
            self.named.push(lost);
        } else {
            self.more += 1;
        }
    }
}

impl OutputDir {
    /// Makes the folder where there is none, and finds out whether the answers of this plan can be written in it.
    pub(crate) fn prepare(folder: &Path, plan: &Plan, temporaries: &Arc<Temporaries>) -> Result<Self, Vec<Lost>> {
        let made =
            fs::create_dir_all(folder).and_then(|()| WholeFile::create(&folder.join("any"), temporaries).map(drop));
        let taken = made.and_then(|()| folders_in_the_place_of_answers(folder, plan));
        let taken = taken.map_err(|error| vec![Lost::of(ALL, folder)(error)])?;
        if !taken.is_empty() {
            return Err(taken);
        }
        Ok(Self { folder: folder.to_owned(), temporaries: Arc::clone(temporaries), lost: Mutex::default() })
    }

    /// The files that could not be written; of many, the first ones, and how many more.
    pub(crate) fn finish(self) -> Vec<Lost> {
        let Losses { mut named, more } = self.lost.into_inner().unwrap_or_else(PoisonError::into_inner);
        if more > 0 {
            named.push(Lost::of(ALL, &self.folder)(io::Error::other(format!("{more} more are lost"))));
        }
        named
    }

    fn write(&self, outcome: &Outcome) -> Result<(), Lost> {
        let [answer, error] = files_of(outcome.task()).map(|name| self.folder.join(name));
        let answered = match outcome.result() {
            Ok(response) => self.replace(&answer, Some(response.bytes())),
            Err(_) => self.replace(&answer, None),
        };
        let said = outcome.result().err().filter(|failure| has_error(failure)).map(text_of);
        answered.and(self.replace(&error, said.as_deref().map(str::as_bytes)))
    }

    fn replace(&self, path: &Path, content: Option<&[u8]>) -> Result<(), Lost> {
        let replaced = match content {
            Some(content) => WholeFile::create(path, &self.temporaries).and_then(|mut file| {
                file.write_all(content)?;
                file.commit()
            }),
            None => removed(path),
        };
        replaced.map_err(Lost::of(WHAT, path))
    }
}

fn folders_in_the_place_of_answers(folder: &Path, plan: &Plan) -> io::Result<Vec<Lost>> {
    let entries = fs::read_dir(folder)?.filter_map(Result::ok);
    let folders: HashSet<OsString> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.file_name())
        .collect();
    if folders.is_empty() {
        return Ok(Vec::new());
    }
    let names = plan.tasks().iter().flat_map(|task| files_of(task.id()));
    let taken = names.filter(|name| folders.contains(OsStr::new(name)));
    let lost = |name| Lost::of(WHAT, &folder.join(name))(ErrorKind::IsADirectory.into());
    Ok(taken.take(MOST_NAMED).map(lost).collect())
}

/// The names of the files for the answer, and for the error.
pub(crate) fn files_of(task: &TaskId) -> [String; 2] {
    let name = file_name(task.as_str());
    ["out", "err"].map(|kind| format!("{name}.{kind}"))
}

/// A skipped task, and one that was cancelled before it was tried, have no error of their own.
fn has_error(failure: &Failure) -> bool {
    match failure {
        Failure::Skipped { .. } => false,
        Failure::Cancelled { last, .. } => last.is_some(),
        _ => true,
    }
}

fn text_of(failure: &Failure) -> String {
    let mut text = wording::last_error(failure);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Told of each outcome as it comes. A file that cannot be written does not end the run: it is told when all is over.
impl Journal<Response> for OutputDir {
    fn record(&self, outcome: &Outcome) -> io::Result<()> {
        if let Err(lost) = self.write(outcome) {
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).note(lost);
        }
        Ok(())
    }
}
