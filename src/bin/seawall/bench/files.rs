//! What a load writes, and the proof that its places can be written.

use super::document::Document;
use super::page::{self, Page};
use crate::args::BenchArgs;
use crate::run::place::Lost;
use crate::run::report_file::{ReportFile, json};
use crate::run::stream::Patience;
use crate::run::whole_file::Temporaries;
use seawall::load::LoadResult;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

/// What was asked for, each place tried.
#[derive(Debug)]
pub(super) struct Files {
    json: Option<ReportFile>,
    hdr: Option<ReportFile>,
    html: Option<ReportFile>,
}

/// Why the options for files make no sense together, if they do not.
pub(super) fn misuse(args: &BenchArgs) -> Option<String> {
    let files = [("--json", &args.json), ("--hdr", &args.hdr), ("--html", &args.html)];
    let on_standard_output = files.into_iter().filter(|(_, path)| path.as_ref().is_some_and(|path| path == "-"));
    let options: Vec<&str> = on_standard_output.map(|(option, _)| option).collect();
    (options.len() > 1).then(|| format!("{} cannot both write to standard output (`-`)", options.join(" and ")))
}

impl Files {
    /// Tries every place.
    pub(super) fn prepare(
        args: &BenchArgs,
        temporaries: &Arc<Temporaries>,
        patience: &Patience,
    ) -> Result<Self, Vec<Lost>> {
        let mut lost = Vec::new();
        let mut place = |what, path: &Option<PathBuf>| {
            let path = path.as_deref()?;
            ReportFile::prepare(what, path, temporaries, patience).map_err(|error| lost.push(error)).ok()
        };
        let json = place("the results", &args.json);
        let hdr = place("the log", &args.hdr);
        let html = place("the page", &args.html);
        if lost.is_empty() { Ok(Self { json, hdr, html }) } else { Err(lost) }
    }

    /// Each file for itself: one that is lost takes none of the others with it.
    pub(super) fn write(
        self,
        document: &Document<'_>,
        shown: &Page<'_>,
        result: &LoadResult,
        began: SystemTime,
    ) -> Vec<Lost> {
        let Self { json: results, hdr, html } = self;
        let log = |mut out: &mut dyn Write| result.write_hdr_log(&mut out, began);
        let written = [
            results.map(|file| file.write(json(document))),
            hdr.map(|file| file.write(log)),
            html.map(|file| file.write(|out: &mut dyn Write| page::write(out, shown))),
        ];
        written.into_iter().flatten().filter_map(Result::err).collect()
    }
}
