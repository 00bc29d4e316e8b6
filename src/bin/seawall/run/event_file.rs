//! The place of events: one that grows while the run goes on.

use super::event_json;
use super::place::{Lost, Place, begin_file};
use super::stream::{Fifo, Patience, Stream};
use seawall::Event;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

const WHAT: &str = "the events";

/// Takes events, each as one write of one whole line.
#[derive(Debug)]
pub(crate) struct EventFile {
    name: PathBuf,
    /// `None` once it is lost, or its reader has closed it.
    sink: Option<Sink>,
    lost: Option<io::Error>,
    line: Vec<u8>,
    /// How many bytes of whole lines it was given.
    whole: u64,
}

#[derive(Debug)]
enum Sink {
    StandardOutput(Stream),
    Straight(Stream),
    Regular(Stream),
    Fifo(Fifo),
}

impl EventFile {
    /// Begins it anew; what a regular file held is gone.
    pub(crate) fn begin(name: PathBuf, place: Place, patience: &Patience) -> Result<Self, Lost> {
        let sink = match place {
            Place::StandardOutput(stream) => Sink::StandardOutput(stream),
            Place::Straight(stream) => Sink::Straight(stream),
            Place::Fifo(fifo) => Sink::Fifo(fifo),
            Place::Regular(path) => {
                let file = begin_file(&path).map_err(Lost::of(WHAT, &name))?;
                Sink::Regular(Stream::new(file, patience))
            }
        };
        Ok(Self { name, sink: Some(sink), lost: None, line: Vec::new(), whole: 0 })
    }

    /// Whether its lines appear where a live display would be.
    pub(crate) fn is_terminal(&self) -> bool {
        match &self.sink {
            Some(Sink::StandardOutput(stream) | Sink::Straight(stream)) => stream.file().is_terminal(),
            _ => false,
        }
    }

    /// Writes one event. An error ends this output, and is told by [`finish`](EventFile::finish).
    pub(crate) fn write(&mut self, event: &Event, run: &str) {
        let Some(sink) = &mut self.sink else { return };
        self.line.clear();
        let written = event_json::write_line(&mut self.line, event, run).and_then(|()| sink.write_all(&self.line));
        match written {
            Ok(()) => self.whole += self.line.len() as u64,
            Err(error) => {
                sink.cut_half_a_line(self.whole, self.line.len() as u64);
                self.lost = (!sink.may_end(&error)).then_some(error);
                self.sink = None;
            }
        }
    }

    /// Closes it. Where a pipe has no reader, waits for one.
    pub(crate) fn finish(self) -> Result<(), Lost> {
        let ended = match (self.lost, self.sink) {
            (Some(error), _) => Err(error),
            (None, Some(Sink::Fifo(fifo))) => fifo.finish(),
            (None, Some(Sink::Regular(stream))) => is_still_there(&stream),
            (None, _) => Ok(()),
        };
        ended.map_err(Lost::of(WHAT, &self.name))
    }
}

impl Sink {
    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        match self {
            Self::StandardOutput(stream) | Self::Straight(stream) | Self::Regular(stream) => stream.write_all(line),
            Self::Fifo(fifo) => fifo.write_all(line),
        }
    }

    /// A disk that fills up takes the beginning of a line. It is removed where it still is the end of the file.
    fn cut_half_a_line(&self, whole: u64, line: u64) {
        let Self::Regular(stream) = self else { return };
        let is_its_end = |length| (whole..whole + line).contains(&length);
        if stream.file().metadata().is_ok_and(|metadata| is_its_end(metadata.len())) {
            let _ = stream.file().set_len(whole);
        }
    }

    fn may_end(&self, error: &io::Error) -> bool {
        matches!(self, Self::StandardOutput(_)) && error.kind() == ErrorKind::BrokenPipe
    }
}

/// Writing to a file that was removed meanwhile succeeds, and nobody will ever read it.
fn is_still_there(stream: &Stream) -> io::Result<()> {
    if stream.file().metadata()?.nlink() == 0 {
        return Err(io::Error::new(ErrorKind::NotFound, "it was removed during the run"));
    }
    Ok(())
}
