//! What a run can also write: its report in the forms that other tools read.

use super::account::Account;
use super::place::Lost;
use super::report_file::ReportFile;
use super::stream::Patience;
use super::whole_file::Temporaries;
use super::{junit, markdown, timeline, trace};
use crate::args::PictureArgs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picture {
    Junit,
    Trace,
    Timeline,
    Markdown,
}

impl Picture {
    const ALL: [Self; 4] = [Self::Junit, Self::Trace, Self::Timeline, Self::Markdown];

    /// Each with its option and the file that this asks for, if it does.
    pub(crate) fn asked(args: &PictureArgs) -> impl Iterator<Item = (Self, &'static str, Option<&Path>)> {
        Self::ALL.into_iter().map(|picture| {
            let (option, file) = match picture {
                Self::Junit => ("--junit", &args.junit),
                Self::Trace => ("--trace", &args.trace),
                Self::Timeline => ("--timeline", &args.timeline),
                Self::Markdown => ("--markdown", &args.markdown),
            };
            (picture, option, file.as_deref())
        })
    }

    fn what(self) -> &'static str {
        match self {
            Self::Junit => "the JUnit report",
            Self::Trace => "the trace",
            Self::Timeline => "the timeline",
            Self::Markdown => "the summary in Markdown",
        }
    }

    /// Whether it shows what is in no report.
    pub(crate) fn needs_record(self) -> bool {
        matches!(self, Self::Trace | Self::Timeline)
    }

    fn write(self, account: &Account<'_>, writer: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Junit => junit::write(account, writer),
            Self::Trace => trace::write(account, writer),
            Self::Timeline => timeline::write(account, writer),
            Self::Markdown => writer.write_all(markdown::text(account).as_bytes()),
        }
    }
}

/// The place of a picture.
#[derive(Debug)]
pub(crate) struct PictureFile {
    pub(crate) picture: Picture,
    file: ReportFile,
}

impl PictureFile {
    /// Finds out whether it can be written.
    pub(crate) fn prepare(
        picture: Picture,
        name: &Path,
        temporaries: &Arc<Temporaries>,
        patience: &Patience,
    ) -> Result<Self, Lost> {
        ReportFile::prepare(picture.what(), name, temporaries, patience).map(|file| Self { picture, file })
    }

    /// Draws it.
    pub(crate) fn write(self, account: &Account<'_>) -> Result<(), Lost> {
        let Self { picture, file } = self;
        file.write(|writer: &mut dyn Write| picture.write(account, writer))
    }
}
