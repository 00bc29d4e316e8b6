//! Where a plan's text comes from.

use super::faults::Fault;
use crate::nearest::nearest;
use crate::visible::visible;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// What a plan may have, in bytes: 64 MiB.
const MOST: u64 = 64 << 20;

/// What a file holds, unless that is too much.
pub(super) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if metadata.len() > MOST {
        return Err(too_large());
    }
    read(file)
}

/// What standard input holds, unless that is too much.
pub(super) fn read_stdin() -> io::Result<Vec<u8>> {
    read(io::stdin().lock())
}

/// What is no file of somebody's own, but a pipe or another place of the system, as `/dev/stdin` and a shell's `<(…)` are:
/// nothing lies beside it.
pub(super) fn is_of_the_system(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc") || path.metadata().is_ok_and(|metadata| !metadata.is_file())
}

/// A text for each path, and never one for two: what is not UTF-8 is spelled out behind a word that begins no absolute path.
pub(super) fn key_of(path: &Path) -> String {
    path.to_str().map_or_else(|| format!("bytes:{}", path.as_os_str().as_bytes().escape_ascii()), ToOwned::to_owned)
}

/// Why a file cannot be read, with the name beside it that may have been meant.
pub(super) fn reason(path: &Path, error: &io::Error) -> String {
    let near = Some(path).filter(|_| error.kind() == io::ErrorKind::NotFound).and_then(neighbour);
    near.map_or_else(|| error.to_string(), |near| format!("{error}; did you mean `{near}`?"))
}

/// The file in the same folder whose name is most like that of `path`.
fn neighbour(path: &Path) -> Option<String> {
    const MOST_NAMES: usize = 10_000;
    let folder = path.parent()?;
    let entries = if folder.as_os_str().is_empty() { Path::new(".") } else { folder }.read_dir().ok()?;
    let names = entries.take(MOST_NAMES).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let near = nearest(path.file_name()?.to_str()?, names)?;
    Some(visible(&folder.join(near).to_string_lossy()).into_owned())
}

/// Reads no more than may be, so that a pipe without an end is no trouble.
fn read(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST { Err(too_large()) } else { Ok(bytes) }
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "it has more than 64 MiB")
}

/// The bytes as text, with a fault for each place that is not UTF-8; or, for what is no text at all, why.
pub(super) fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Vec<Fault>), &'static str> {
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, Cow::Borrowed(_)) {
        return Ok((text, Vec::new()));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("it is not UTF-8, but seems to be UTF-16");
    }
    if bytes.contains(&0) {
        return Err("it is not UTF-8, and no text at all");
    }
    let mut faults = Vec::new();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            let end = at + char::REPLACEMENT_CHARACTER.len_utf8();
            let bytes: Vec<String> = chunk.invalid().iter().map(|byte| format!("0x{byte:02x}")).collect();
            faults.push(Fault::at(at..end, "this is not UTF-8").label(bytes.join(" ")));
            at = end;
        }
    }
    Ok((text, faults))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_that_is_not_utf_8_is_named() {
        let (text, faults) = decode(b"a = 1 # \xff\xfe\nb = \"\xe2\x82\"\n").unwrap();
        let places: Vec<_> = faults.iter().map(|fault| (&text[fault.span.clone().unwrap()], &*fault.label)).collect();
        assert_eq!(places, [("\u{fffd}", "0xff"), ("\u{fffd}", "0xfe"), ("\u{fffd}", "0xe2 0x82")]);
        assert_eq!(decode(b"\xff\xfea\0").unwrap_err(), "it is not UTF-8, but seems to be UTF-16");
        assert_eq!(decode(b"\x7fELF\0\xff").unwrap_err(), "it is not UTF-8, and no text at all");
    }

    #[test]
    fn each_path_has_a_key_of_its_own_and_one_that_is_utf_8_has_itself() {
        let of = |bytes: &[u8]| key_of(Path::new(std::ffi::OsStr::from_bytes(bytes)));
        assert_eq!(of("/größe\\xff".as_bytes()), "/größe\\xff");
        let paths = [&b"/p\xff"[..], b"/p\xfe", b"/p\xff\\xff", b"/p\\xff\xff", b"/p\\xff", "/p\u{fffd}".as_bytes()];
        let keys: std::collections::HashSet<_> = paths.map(of).into();
        assert_eq!(keys.len(), paths.len(), "{keys:?}");
    }

    #[test]
    fn a_source_without_an_end_is_refused() {
        assert_eq!(read(io::repeat(b'#')).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(io::repeat(b'#').take(MOST)).unwrap().len() as u64, MOST);
    }

    #[test]
    fn a_folder_is_refused() {
        assert_eq!(read_file(Path::new("/")).unwrap_err().to_string(), "it is a folder");
    }
}
