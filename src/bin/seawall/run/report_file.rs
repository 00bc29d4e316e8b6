//! The place of what is written when a run is over: its report, and the pictures of it.

use super::place::{Lost, Place};
use super::stream::{Fifo, Patience, Stream};
use super::whole_file::{Temporaries, WholeFile};
use serde::Serialize;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where something goes when the run is over.
#[derive(Debug)]
pub(crate) struct ReportFile {
    /// `the report`, ….
    what: &'static str,
    name: PathBuf,
    place: Place,
    temporaries: Arc<Temporaries>,
}

impl ReportFile {
    /// Finds out whether it can be written.
    pub(crate) fn prepare(
        what: &'static str,
        name: &Path,
        temporaries: &Arc<Temporaries>,
        patience: &Patience,
    ) -> Result<Self, Lost> {
        let place = Place::of(name, patience).and_then(|place| place.try_to_replace(temporaries).map(|()| place));
        let place = place.map_err(Lost::of(what, name))?;
        Ok(Self { what, name: name.to_owned(), place, temporaries: Arc::clone(temporaries) })
    }

    /// Whether nobody needs to read so that it can be written.
    pub(crate) fn is_regular(&self) -> bool {
        self.place.is_regular()
    }

    /// Writes what `content` does, whole or not at all where the place allows it.
    pub(crate) fn write(self, content: impl Content) -> Result<(), Lost> {
        let Self { what, name, place, temporaries } = self;
        let written = match place {
            Place::StandardOutput(stream) => match write_to(stream, content) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                written => written.map(drop),
            },
            Place::Straight(stream) => write_to::<Stream>(stream, content).map(drop),
            Place::Fifo(fifo) => write_to::<Fifo>(fifo, content).and_then(Fifo::finish),
            Place::Regular(path) => {
                WholeFile::create(&path, &temporaries).and_then(|file| write_to(file, content)?.commit_to_disk())
            }
        };
        written.map_err(Lost::of(what, &name))
    }
}

/// What writes itself.
pub(crate) trait Content: FnOnce(&mut dyn Write) -> io::Result<()> {}

impl<F: FnOnce(&mut dyn Write) -> io::Result<()>> Content for F {}

/// Gives back what `content` was written to.
pub(crate) fn write_to<W: Write>(writer: W, content: impl Content) -> io::Result<W> {
    let mut writer = BufWriter::with_capacity(1 << 16, writer);
    content(&mut writer)?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)
}

/// A document as JSON for people, and a line's end.
pub(crate) fn json(document: &impl Serialize) -> impl Content {
    move |writer: &mut dyn Write| {
        serde_json::to_writer_pretty(&mut *writer, document)?;
        writer.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::REPORT;
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn write(path: &Path) -> Result<(), Lost> {
        ReportFile::prepare(REPORT, path, &Arc::default(), &Patience::default())
            .and_then(|file| file.write(json(&["one", "two"])))
    }

    #[test]
    fn a_report_is_written_through_a_link_which_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("r.json"));
        symlink("r.json", &link).unwrap();
        write(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(serde_json::from_slice::<Vec<String>>(&fs::read(target).unwrap()).unwrap(), ["one", "two"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_full_device_is_named() {
        let lost = write(Path::new("/dev/full")).unwrap_err().to_string();
        assert!(lost.starts_with("failed to write the report to `/dev/full`: "), "{lost}");
    }

    #[test]
    fn a_report_that_fails_midway_leaves_nothing_behind() {
        struct Broken;
        impl Serialize for Broken {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("broken"))
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let file =
            ReportFile::prepare(REPORT, &folder.path().join("r.json"), &Arc::default(), &Patience::default()).unwrap();
        assert!(file.write(json(&[Broken])).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
