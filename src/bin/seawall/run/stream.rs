//! Places that are written straight: our own streams, devices, pipes.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, fcntl_setfl, open};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

/// How often a pipe without a reader is looked at.
const READER_INTERVAL: Duration = Duration::from_millis(20);

/// A descriptor that somebody else may have made non-blocking: what it does not take at once, it takes later.
#[derive(Debug)]
pub(crate) struct Stream(File);

impl Stream {
    /// A stream on a file of its own.
    pub(crate) fn new(file: File) -> Self {
        Self(file)
    }

    /// A stream on what `descriptor` is open for, at the same position.
    pub(crate) fn of(descriptor: impl AsFd) -> io::Result<Self> {
        descriptor.as_fd().try_clone_to_owned().map(|descriptor| Self(descriptor.into()))
    }

    /// The open file.
    pub(crate) fn file(&self) -> &File {
        &self.0
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => wait_for_room(&self.0)?,
                done => return done,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn wait_for_room(file: &File) -> io::Result<()> {
    match poll(&mut [PollFd::new(file, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A named pipe, which cannot be opened before it has a reader. What is written until then is kept, so that a run does not
/// wait for who reads of it.
#[derive(Debug)]
pub(crate) struct Fifo {
    path: PathBuf,
    kept: Vec<u8>,
    stream: Option<Stream>,
}

impl Fifo {
    /// The pipe at `path`, not yet opened.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, kept: Vec::new(), stream: None }
    }

    /// Waits for a reader, and gives it everything; not after `gives_up` says so.
    pub(crate) fn finish(mut self, gives_up: impl Fn() -> bool) -> io::Result<()> {
        while !self.kept.is_empty() {
            self.hand_over()?;
            if self.stream.is_none() && gives_up() {
                return Err(io::Error::new(ErrorKind::NotConnected, "nobody reads it"));
            }
            if self.stream.is_none() {
                std::thread::sleep(READER_INTERVAL);
            }
        }
        Ok(())
    }

    fn hand_over(&mut self) -> io::Result<()> {
        if self.stream.is_none() {
            self.stream = self.open()?;
        }
        if let Some(stream) = &mut self.stream {
            stream.write_all(&self.kept)?;
            self.kept.clear();
        }
        Ok(())
    }

    /// `None` if it has no reader.
    fn open(&self) -> io::Result<Option<Stream>> {
        match open(&self.path, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()) {
            Ok(descriptor) => {
                fcntl_setfl(&descriptor, OFlags::empty())?;
                Ok(Some(Stream::new(descriptor.into())))
            }
            Err(Errno::NXIO) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Write for Fifo {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kept.extend_from_slice(bytes);
        self.hand_over()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, mknodat};
    use std::fs;

    fn fifo() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        (folder, path)
    }

    #[test]
    fn a_pipe_keeps_what_is_written_until_it_has_a_reader() {
        let (_folder, path) = fifo();
        let mut fifo = Fifo::new(path.clone());
        fifo.write_all(b"one ").unwrap();
        let reader = std::thread::spawn(move || fs::read_to_string(path).unwrap());
        fifo.write_all(b"two").unwrap();
        fifo.finish(|| false).unwrap();
        assert_eq!(reader.join().unwrap(), "one two");
    }

    #[test]
    fn a_pipe_without_a_reader_is_given_up_when_it_should_be() {
        let (_folder, path) = fifo();
        let mut fifo = Fifo::new(path);
        fifo.write_all(b"one").unwrap();
        assert_eq!(fifo.finish(|| true).unwrap_err().to_string(), "nobody reads it");
    }

    #[test]
    fn a_stream_that_does_not_block_is_written_whole() {
        let (reader, writer) = std::io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let mut stream = Stream::of(&writer).unwrap();
        drop(writer);
        let length = 1 << 20;
        let reading = std::thread::spawn(move || io::read_to_string(reader).unwrap().len());
        stream.write_all("x".repeat(length).as_bytes()).unwrap();
        drop(stream);
        assert_eq!(reading.join().unwrap(), length);
    }
}
