//! Where an output goes, found out before anything runs.

use super::stream::{Fifo, Patience, Stream};
use super::whole_file::{Temporaries, WholeFile, folder_of};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// As the kernel.
const MOST_LINKS: usize = 40;

/// What kind of place it is.
#[derive(Debug)]
pub(crate) enum Place {
    /// `-`. If its reader closes it, that output is over, and nothing is lost.
    StandardOutput(Stream),
    /// A device, or a descriptor that we were given: written as it is.
    Straight(Stream),
    /// A named pipe.
    Fifo(Fifo),
    /// A regular file, there or not; links are followed.
    Regular(PathBuf),
}

impl Place {
    /// The place that `path` names.
    pub(crate) fn of(path: &Path, patience: &Patience) -> io::Result<Self> {
        if path == "-" {
            return Stream::of(io::stdout(), patience).map(Self::StandardOutput);
        }
        let path = match follow(path)? {
            Led::To(path) => path,
            Led::ToDescriptor(path) => return descriptor(&path, patience).map(Self::Straight),
        };
        match fs::metadata(&path).map(|metadata| metadata.file_type()) {
            Ok(kind) if kind.is_dir() => Err(ErrorKind::IsADirectory.into()),
            Ok(kind) if kind.is_file() => Ok(Self::Regular(path)),
            Ok(kind) if kind.is_fifo() => Ok(Self::Fifo(Fifo::new(path, patience))),
            Ok(_) => device(&path, patience).map(Self::Straight),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::Regular(path)),
            Err(error) => Err(error),
        }
    }

    /// Whether nobody needs to read so that it can be written.
    pub(crate) fn is_regular(&self) -> bool {
        matches!(self, Self::Regular(_))
    }

    /// Finds out whether a file could take this place, without leaving a trace.
    pub(crate) fn try_to_replace(&self, temporaries: &Temporaries) -> io::Result<()> {
        match self {
            Self::Regular(path) => WholeFile::create(path, temporaries).map(drop),
            _ => Ok(()),
        }
    }

    /// Finds out whether a file could grow in this place, without leaving a trace.
    pub(crate) fn try_to_append(&self, temporaries: &Temporaries) -> io::Result<()> {
        match self {
            Self::Regular(path) if path.exists() => OpenOptions::new().append(true).open(path).map(drop),
            other => other.try_to_replace(temporaries),
        }
    }
}

/// What a path leads to.
pub(crate) enum Led {
    To(PathBuf),
    ToDescriptor(PathBuf),
}

/// Follows the links at the end of `path`. The last one may lead to what is not there yet.
pub(crate) fn follow(path: &Path) -> io::Result<Led> {
    if path.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(no_file(path));
    }
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&path) else { return Ok(Led::To(path)) };
        if is_descriptor(&path) {
            return Ok(Led::ToDescriptor(path));
        }
        path = folder_of(&path).join(target);
    }
    Err(io::Error::other("too many links"))
}

/// What is wrong with a path that can name a folder only, or nothing.
fn no_file(path: &Path) -> io::Error {
    match fs::metadata(path) {
        Ok(_) => ErrorKind::IsADirectory.into(),
        Err(error) if error.kind() == ErrorKind::NotFound && !path.as_os_str().is_empty() => {
            io::Error::new(ErrorKind::NotFound, "it ends with `/` as a folder does, and is to be a file")
        }
        Err(error) => error,
    }
}

/// Whether it is `/dev/fd/N`, or what `/dev/stdout` and `/dev/stderr` lead to. Where such a one leads to a regular file,
/// that file must not be replaced, since others write to it through the same descriptor.
fn is_descriptor(path: &Path) -> bool {
    let own = PathBuf::from(format!("/proc/{}/fd", std::process::id()));
    fs::canonicalize(folder_of(path)).is_ok_and(|folder| folder == own)
}

fn descriptor(path: &Path, patience: &Patience) -> io::Result<Stream> {
    match path.file_name().and_then(|name| name.to_str()) {
        // These two share the position with whoever else writes to them.
        Some("1") => Stream::of(io::stdout(), patience),
        Some("2") => Stream::of(io::stderr(), patience),
        _ => Stream::of(OpenOptions::new().append(true).open(path)?, patience),
    }
}

fn device(path: &Path, patience: &Patience) -> io::Result<Stream> {
    Stream::of(OpenOptions::new().write(true).open(path)?, patience)
}

/// Opens the regular file at `path` to grow from nothing.
pub(crate) fn begin_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    file.set_len(0)?;
    Ok(file)
}

/// What a [`Lost`] report is called.
pub(crate) const REPORT: &str = "the report";

/// An output that could not be written. `Display` is the sentence.
#[derive(Debug)]
pub(crate) struct Lost {
    /// `the report`, ….
    pub(crate) what: &'static str,
    /// As the user named it.
    pub(crate) place: PathBuf,
    /// The reason.
    pub(crate) error: io::Error,
}

impl Lost {
    /// Makes one of an error.
    pub(crate) fn of(what: &'static str, place: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self { what, place: place.to_owned(), error }
    }
}

impl Lost {
    /// Whether it is the report, which is then to be saved elsewhere.
    pub(crate) fn is_report(&self) -> bool {
        self.what == REPORT
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to write {} to `{}`: {}", self.what, self.place.display(), self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn kind(path: &Path) -> io::ErrorKind {
        let temporaries = Temporaries::default();
        Place::of(path, &Patience::default()).and_then(|place| place.try_to_replace(&temporaries)).unwrap_err().kind()
    }

    #[test]
    fn a_place_that_cannot_be_written_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(kind(&folder.path().join("nowhere/r.json")), ErrorKind::NotFound);
        assert_eq!(kind(&file.join("r.json")), ErrorKind::NotADirectory);
        assert_eq!(kind(folder.path()), ErrorKind::IsADirectory);
        assert_eq!(kind(Path::new("..")), ErrorKind::IsADirectory);
        assert_eq!(kind(Path::new("")), ErrorKind::NotFound);
    }

    #[test]
    fn links_are_followed_to_what_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        symlink("two", &one).unwrap();
        symlink("three", &two).unwrap();
        match Place::of(&one, &Patience::default()).unwrap() {
            Place::Regular(path) => assert_eq!(path, folder.path().join("three")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn links_in_a_circle_are_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        symlink("one", &path).unwrap();
        assert_eq!(Place::of(&path, &Patience::default()).unwrap_err().to_string(), "too many links");
    }

    #[test]
    fn devices_and_descriptors_are_written_straight() {
        assert!(matches!(Place::of(Path::new("/dev/null"), &Patience::default()), Ok(Place::Straight(_))));
        assert!(matches!(Place::of(Path::new("/dev/stderr"), &Patience::default()), Ok(Place::Straight(_))));
        assert!(matches!(Place::of(Path::new("-"), &Patience::default()), Ok(Place::StandardOutput(_))));
    }

    #[test]
    fn trying_leaves_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        fs::write(&old, "content").unwrap();
        for path in [&old, &new] {
            let place = Place::of(path, &Patience::default()).unwrap();
            place.try_to_append(&Temporaries::default()).unwrap();
            place.try_to_replace(&Temporaries::default()).unwrap();
        }
        assert_eq!(fs::read_to_string(&old).unwrap(), "content");
        assert!(!new.exists());
    }
}
