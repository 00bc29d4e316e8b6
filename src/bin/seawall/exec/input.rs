//! Standard input, for each attempt anew.

use seawall::Input;
use std::io::{self, IsTerminal, Read, Seek, Write, stdin};
use std::sync::Arc;

/// How much of it is kept in memory.
const KEPT: usize = 1 << 20;

/// Whether nobody reads it here: a terminal belongs to the command.
pub(super) fn is_handed_on() -> bool {
    stdin().is_terminal()
}

/// Reads it to its end; what is long into a file without a name, which is gone when nobody has it open.
pub(super) fn read() -> io::Result<Input> {
    read_from(stdin().lock())
}

fn read_from(mut source: impl Read) -> io::Result<Input> {
    let mut bytes = Vec::new();
    source.by_ref().take(KEPT as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() <= KEPT {
        return Ok(Input::Bytes(bytes.into()));
    }
    let mut file = tempfile::tempfile()?;
    file.write_all(&bytes)?;
    drop(bytes);
    io::copy(&mut source, &mut file)?;
    file.rewind()?;
    Ok(Input::File(Arc::new(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_in_a_file_and_nothing_is_lost_at_the_border() {
        for length in [0, 1, KEPT, KEPT + 1, 3 * KEPT] {
            let source = vec![b'x'; length];
            let read = match read_from(&*source).unwrap() {
                Input::Bytes(bytes) => (bytes.len(), false),
                Input::File(file) => (io::read_to_string(&*file).unwrap().len(), true),
                other => panic!("{other:?}"),
            };
            assert_eq!(read, (length, length > KEPT));
        }
    }
}
