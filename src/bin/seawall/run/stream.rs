//! Places that are written straight: our own streams, devices, pipes.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use seawall::{CancelToken, Stage};
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often somebody who waits for a reader looks around.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// What a pipe that is ready takes without blocking.
const AT_ONCE: usize = 4096;

/// How long somebody who does not read is waited for: for ever, and not for long once the run is to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patience(CancelToken);

impl Patience {
    const CANCELLED: Duration = Duration::from_secs(1);
    const KILLED: Duration = Duration::from_millis(200);

    /// For the streams of a run that ends by this token.
    pub(crate) fn until_after(cancel: &CancelToken) -> Self {
        Self(cancel.clone())
    }

    fn limit(&self) -> Option<Duration> {
        match self.0.stage() {
            Stage::Killed => Some(Self::KILLED),
            Stage::Cancelled => Some(Self::CANCELLED),
            _ => None,
        }
    }

    fn begin(&self) -> Wait<'_> {
        Wait { patience: self, hurried_since: None }
    }
}

/// One wait for a reader.
struct Wait<'a> {
    patience: &'a Patience,
    hurried_since: Option<Instant>,
}

impl Wait<'_> {
    /// An error once it has lasted too long.
    fn check(&mut self) -> io::Result<()> {
        let Some(limit) = self.patience.limit() else { return Ok(()) };
        let since = *self.hurried_since.get_or_insert_with(Instant::now);
        if since.elapsed() < limit {
            return Ok(());
        }
        Err(io::Error::new(ErrorKind::TimedOut, "nobody reads it"))
    }
}

/// An open descriptor. What it does not take at once it takes later, as long as there is patience.
#[derive(Debug)]
pub(crate) struct Stream {
    file: File,
    patience: Patience,
    /// It may block for as long as nobody reads: it is asked first, and given no more than it takes at once.
    is_asked: bool,
}

impl Stream {
    /// A stream on a file of its own.
    pub(crate) fn new(file: File, patience: &Patience) -> Self {
        Self { file, patience: patience.clone(), is_asked: false }
    }

    /// A stream on what `descriptor` is open for, at the same position.
    pub(crate) fn of(descriptor: impl AsFd, patience: &Patience) -> io::Result<Self> {
        let file: File = descriptor.as_fd().try_clone_to_owned()?.into();
        if !may_block(&file) {
            return Ok(Self::new(file, patience));
        }
        match unblocked(&file) {
            Some(own) => Ok(Self::new(own, patience)),
            None => Ok(Self { is_asked: true, ..Self::new(file, patience) }),
        }
    }

    /// The open file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    fn write_some(&mut self, bytes: &[u8], wait: &mut Wait<'_>) -> io::Result<usize> {
        if !self.is_asked {
            return self.file.write(bytes);
        }
        while !has_room(&self.file)? {
            wait.check()?;
        }
        self.file.write(&bytes[..bytes.len().min(AT_ONCE)])
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let patience = self.patience.clone();
        let mut wait = patience.begin();
        loop {
            match self.write_some(bytes, &mut wait) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    has_room(&self.file)?;
                    wait.check()?;
                }
                done => return done,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Pipes, sockets and terminals have readers.
fn may_block(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| {
        let kind = metadata.file_type();
        kind.is_fifo() || kind.is_socket() || kind.is_char_device() && file.is_terminal()
    })
}

/// The same pipe or terminal, opened once more: a mode of the one that we were given would be the mode of everybody who
/// has it. A socket cannot be opened.
fn unblocked(file: &File) -> Option<File> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    open(path, flags, Mode::empty()).ok().map(File::from)
}

/// Waits for room, for a moment; whether there is some.
fn has_room(file: &File) -> io::Result<bool> {
    let moment = Timespec::try_from(LOOK_INTERVAL).unwrap_or_default();
    match poll(&mut [PollFd::new(file, PollFlags::OUT)], Some(&moment)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
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
    patience: Patience,
}

impl Fifo {
    /// The pipe at `path`, not yet opened.
    pub(crate) fn new(path: PathBuf, patience: &Patience) -> Self {
        Self { path, kept: Vec::new(), stream: None, patience: patience.clone() }
    }

    /// Waits for a reader, and gives it everything.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let patience = self.patience.clone();
        let mut wait = patience.begin();
        while !self.kept.is_empty() {
            self.hand_over()?;
            if self.stream.is_none() {
                wait.check()?;
                std::thread::sleep(LOOK_INTERVAL);
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
            Ok(descriptor) => Ok(Some(Stream::new(descriptor.into(), &self.patience))),
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
        let mut fifo = Fifo::new(path.clone(), &Patience::default());
        fifo.write_all(b"one ").unwrap();
        let reader = std::thread::spawn(move || fs::read_to_string(path).unwrap());
        fifo.write_all(b"two").unwrap();
        fifo.finish().unwrap();
        assert_eq!(reader.join().unwrap(), "one two");
    }

    /// Of a run that is being killed.
    fn little_patience() -> Patience {
        let cancel = CancelToken::new();
        cancel.kill();
        Patience::until_after(&cancel)
    }

    #[test]
    fn a_pipe_without_a_reader_is_given_up_when_it_should_be() {
        let (_folder, path) = fifo();
        let mut fifo = Fifo::new(path, &little_patience());
        fifo.write_all(b"one").unwrap();
        assert_eq!(fifo.finish().unwrap_err().to_string(), "nobody reads it");
    }

    #[test]
    fn a_reader_who_does_not_read_is_given_up_when_it_should_be() {
        let (_reader, writer) = io::pipe().unwrap();
        let mut stream = Stream::of(&writer, &little_patience()).unwrap();
        assert_eq!(stream.write_all(&vec![b'x'; 1 << 20]).unwrap_err().to_string(), "nobody reads it");
        let mut asked = Stream {
            file: writer.try_clone().map(std::os::fd::OwnedFd::from).unwrap().into(),
            is_asked: true,
            ..stream
        };
        assert_eq!(asked.write_all(b"x").unwrap_err().to_string(), "nobody reads it");
    }

    #[test]
    fn a_stream_that_does_not_block_is_written_whole() {
        let (reader, writer) = std::io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let mut stream = Stream::of(&writer, &Patience::default()).unwrap();
        drop(writer);
        let length = 1 << 20;
        let reading = std::thread::spawn(move || io::read_to_string(reader).unwrap().len());
        stream.write_all("x".repeat(length).as_bytes()).unwrap();
        drop(stream);
        assert_eq!(reading.join().unwrap(), length);
    }
}
