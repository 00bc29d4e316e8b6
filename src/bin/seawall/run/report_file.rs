//! The place of a report.

use super::place::{Lost, Place, REPORT};
use super::stream::{Fifo, Patience, Stream};
use super::whole_file::{Temporaries, WholeFile};
use serde::Serialize;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a report goes when the run is over.
#[derive(Debug)]
pub(crate) struct ReportFile {
    name: PathBuf,
    place: Place,
    temporaries: Arc<Temporaries>,
}

impl ReportFile {
    /// Finds out whether it can be written.
    pub(crate) fn prepare(name: &Path, temporaries: &Arc<Temporaries>, patience: &Patience) -> Result<Self, Lost> {
        let place = Place::of(name, patience).and_then(|place| place.try_to_replace(temporaries).map(|()| place));
        let place = place.map_err(Lost::of(REPORT, name))?;
        Ok(Self { name: name.to_owned(), place, temporaries: Arc::clone(temporaries) })
    }

    /// Whether nobody needs to read so that it can be written.
    pub(crate) fn is_regular(&self) -> bool {
        self.place.is_regular()
    }

    /// Writes `document`, whole or not at all where the place allows it.
    pub(crate) fn write(self, document: &impl Serialize) -> Result<(), Lost> {
        let Self { name, place, temporaries } = self;
        let written = match place {
            Place::StandardOutput(stream) => match write_stream(stream, document) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                written => written,
            },
            Place::Straight(stream) => write_stream(stream, document),
            Place::Fifo(fifo) => write_fifo(fifo, document),
            Place::Regular(path) => write_whole(&path, document, &temporaries),
        };
        written.map_err(Lost::of(REPORT, &name))
    }
}

fn write_stream(stream: Stream, document: &impl Serialize) -> io::Result<()> {
    write_to(stream, document).map(drop)
}

fn write_fifo(fifo: Fifo, document: &impl Serialize) -> io::Result<()> {
    write_to(fifo, document)?.finish()
}

fn write_whole(path: &Path, document: &impl Serialize, temporaries: &Temporaries) -> io::Result<()> {
    write_to(WholeFile::create(path, temporaries)?, document)?.commit()
}

/// Writes `document` and a line's end, and gives back what it was written to.
pub(crate) fn write_to<W: Write>(writer: W, document: &impl Serialize) -> io::Result<W> {
    let mut writer = BufWriter::with_capacity(1 << 16, writer);
    serde_json::to_writer_pretty(&mut writer, document)?;
    writer.write_all(b"\n")?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn write(path: &Path) -> Result<(), Lost> {
        ReportFile::prepare(path, &Arc::default(), &Patience::default()).and_then(|file| file.write(&["one", "two"]))
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
        let file = ReportFile::prepare(&folder.path().join("r.json"), &Arc::default(), &Patience::default()).unwrap();
        assert!(file.write(&[Broken]).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
