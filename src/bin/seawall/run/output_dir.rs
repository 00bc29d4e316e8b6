//! A folder with each task's answer.

use super::place::Lost;
use super::whole_file::{Temporaries, WholeFile};
use super::wording;
use crate::file_name::file_name;
use seawall::{Failure, Journal, Outcome, Response};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const WHAT: &str = "an answer";

/// Writes `DIR/<id>.out` for each response and `DIR/<id>.err` for each last error, as the task ends.
///
/// What an earlier run left of the same task is removed, so that no old answer stands beside a new error. A link in the
/// place of such a file is replaced, so nothing outside of the folder is touched.
#[derive(Debug)]
pub(crate) struct OutputDir {
    folder: PathBuf,
    temporaries: Arc<Temporaries>,
    lost: Mutex<Option<Lost>>,
}

impl OutputDir {
    /// Makes the folder where there is none, and finds out whether files can be written in it.
    pub(crate) fn prepare(folder: &Path, temporaries: &Arc<Temporaries>) -> Result<Self, Lost> {
        let made =
            fs::create_dir_all(folder).and_then(|()| WholeFile::create(&folder.join("any"), temporaries).map(drop));
        made.map_err(Lost::of("the answers", folder))?;
        Ok(Self { folder: folder.to_owned(), temporaries: Arc::clone(temporaries), lost: Mutex::default() })
    }

    /// The first file that could not be written, if there was one.
    pub(crate) fn finish(self) -> Result<(), Lost> {
        self.lost.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn write(&self, outcome: &Outcome) -> Result<(), Lost> {
        let name = file_name(outcome.task().as_str());
        let [answer, error] = ["out", "err"].map(|kind| self.folder.join(format!("{name}.{kind}")));
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
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(lost);
        }
        Ok(())
    }
}
