//! What a program reads that has this process's own output streams.

use std::fs::File;
use std::io::{self, Seek};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// What a program reads that is given this process's own streams: see
/// [`CommandBackend::with_own_streams`](super::CommandBackend::with_own_streams).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Input {
    /// What this process would read.
    #[default]
    Inherited,
    /// These bytes, each time. None at all is `/dev/null`.
    Bytes(Arc<[u8]>),
    /// This file, each time from its beginning. All programs have one position in it, so they run one after the other.
    File(Arc<File>),
}

impl Input {
    /// What is to be written to the program.
    pub(super) fn bytes(&self) -> &[u8] {
        if let Self::Bytes(bytes) = self { bytes } else { &[] }
    }

    pub(super) fn hand_to(&self, command: &mut Command) -> io::Result<()> {
        let stdin = match self {
            Self::Inherited => Stdio::inherit(),
            Self::Bytes(bytes) if bytes.is_empty() => Stdio::null(),
            Self::Bytes(_) => Stdio::piped(),
            Self::File(file) => {
                (&**file).rewind()?;
                file.try_clone()?.into()
            }
        };
        command.stdin(stdin).stdout(Stdio::inherit()).stderr(Stdio::inherit());
        Ok(())
    }
}
