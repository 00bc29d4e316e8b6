//! What a run writes beside what people see, and the proof that its places can be written.

use super::clash::{clash, clash_with_answers};
use super::event_file::EventFile;
use super::output_dir::{OutputDir, files_of};
use super::pictures::{Picture, PictureFile};
use super::place::{Lost, Place, REPORT};
use super::report_file::ReportFile;
use super::stream::Patience;
use super::whole_file::Temporaries;
use crate::args::RunArgs;
use seawall::Plan;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was asked for, each place tried.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    pub(crate) report: Option<ReportFile>,
    pub(crate) events: Option<EventFile>,
    pub(crate) dir: Option<OutputDir>,
    pub(crate) pictures: Vec<PictureFile>,
}

/// Why the options for outputs make no sense together, if they do not.
pub(crate) fn misuse(args: &RunArgs) -> Option<String> {
    let files = files(args);
    let on_standard_output: Vec<&str> =
        files.iter().filter(|(_, path)| is_standard_output(path)).map(|(option, _)| *option).collect();
    if on_standard_output.len() > 1 {
        return Some(format!("{} cannot all write to standard output (`-`)", on_standard_output.join(" and ")));
    }
    if args.output.as_deref().is_some_and(is_standard_output) {
        return Some("--output needs a folder, and standard output (`-`) is none".into());
    }
    clash(&files, &args.plan, args.journaling.journal.as_deref())
}

/// Why the options make no sense with the tasks of this plan, if they do not: an answer would stand in the place of another file.
pub(crate) fn misuse_with(args: &RunArgs, plan: &Plan) -> Option<String> {
    let folder = args.output.as_deref()?;
    let names: HashSet<OsString> = plan.tasks().iter().flat_map(|task| files_of(task.id())).map(Into::into).collect();
    let is_of_a_task = |name: &OsStr| names.contains(name);
    clash_with_answers(folder, is_of_a_task, &files(args), &args.plan, args.journaling.journal.as_deref())
}

/// The files that are asked for, with their options.
fn files(args: &RunArgs) -> Vec<(&str, &Path)> {
    let files = [("--report-json", args.report_json.as_deref()), ("--events", args.events.as_deref())];
    let files = files.into_iter().chain(Picture::asked(&args.pictures).map(|(_, option, path)| (option, path)));
    files.filter_map(|(option, path)| Some((option, path?))).collect()
}

fn is_standard_output(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Outputs {
    /// Tries every place. Nothing that was there is touched before all of them are known to be good.
    pub(crate) fn prepare(
        args: &RunArgs,
        plan: &Plan,
        temporaries: &Arc<Temporaries>,
        patience: &Patience,
    ) -> Result<Self, Vec<Lost>> {
        let mut lost = Vec::new();
        // First, since the other two may stand in this folder.
        let dir = args
            .output
            .as_deref()
            .and_then(|path| OutputDir::prepare(path, plan, temporaries).map_err(|found| lost.extend(found)).ok());
        let report =
            tried(args.report_json.as_deref(), |path| ReportFile::prepare(REPORT, path, temporaries, patience));
        let report = kept(report, &mut lost);
        let picture = |(picture, _, path): (Picture, _, Option<&Path>)| {
            kept(tried(path, |path| PictureFile::prepare(picture, path, temporaries, patience)), &mut lost)
        };
        let pictures = Picture::asked(&args.pictures).filter_map(picture).collect();
        let events = kept(tried(args.events.as_deref(), |path| event_place(path, temporaries, patience)), &mut lost);
        if !lost.is_empty() {
            return Err(lost);
        }
        let begun = events.map(|(path, place)| EventFile::begin(path, place, patience)).transpose();
        Ok(Self { report, events: begun.map_err(|lost| vec![lost])?, dir, pictures })
    }

    /// Whether something is to be noted while the run goes on.
    pub(crate) fn needs_record(&self) -> bool {
        self.pictures.iter().any(|file| file.picture.needs_record())
    }
}

fn event_place(path: &Path, temporaries: &Temporaries, patience: &Patience) -> Result<(PathBuf, Place), Lost> {
    let place = Place::of(path, patience).and_then(|place| place.try_to_append(temporaries).map(|()| place));
    Ok((path.to_owned(), place.map_err(Lost::of("the events", path))?))
}

fn tried<T>(path: Option<&Path>, prepare: impl FnOnce(&Path) -> Result<T, Lost>) -> Result<Option<T>, Lost> {
    path.map(prepare).transpose()
}

fn kept<T>(result: Result<Option<T>, Lost>, lost: &mut Vec<Lost>) -> Option<T> {
    result.unwrap_or_else(|error| {
        lost.push(error);
        None
    })
}
