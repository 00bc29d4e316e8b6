//! The body of an answer, as much of it as is wanted.

use super::trouble::error_of;
use crate::send_error::SendError;
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead as _, BufReader, Read};
use ureq::http::{Response, header};

/// What came.
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    /// Whether there was more.
    pub(super) is_cut: bool,
}

/// Reads up to `most` bytes, unpacked if it was packed as was asked for. What is beyond is not read, and its connection is
/// not used again. An error comes with what there was before it.
pub(super) fn read(
    response: &mut Response<ureq::Body>,
    most: usize,
    asked_for_gzip: bool,
) -> (Body, Result<(), SendError>) {
    let is_packed = response.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| {
        [&b"gzip"[..], b"x-gzip"].iter().any(|gzip| coding.as_bytes().eq_ignore_ascii_case(gzip))
    });
    let mut reader = BufReader::new(FromNetwork(response.body_mut().as_reader()));
    let mut bytes = Vec::new();
    let read = match reader.fill_buf().map(<[u8]>::is_empty) {
        Err(error) => Err(error),
        Ok(true) => Ok(false),
        Ok(false) if is_packed && asked_for_gzip => read_up_to(&mut MultiGzDecoder::new(reader), most, &mut bytes),
        Ok(false) => read_up_to(&mut reader, most, &mut bytes),
    };
    match read {
        Ok(is_cut) => (Body { bytes, is_cut }, Ok(())),
        Err(error) => (Body { bytes, is_cut: true }, Err(failed(error))),
    }
}

/// Whether there is more.
fn read_up_to(reader: &mut impl Read, most: usize, bytes: &mut Vec<u8>) -> io::Result<bool> {
    reader.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(bytes)?;
    // A body that is read to its end gives its connection back.
    Ok(bytes.len() >= most && reader.read(&mut [0])? > 0)
}

/// Marks what the network came back with, since what cannot be unpacked has the same kinds of errors.
struct FromNetwork<R>(R);

impl<R: Read> Read for FromNetwork<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| io::Error::other(ureq::Error::from(error)))
    }
}

fn failed(error: io::Error) -> SendError {
    match error.downcast::<ureq::Error>() {
        Ok(error) => error_of(error),
        Err(error) => SendError::invalid_answer(format!("the answer cannot be unpacked: {error}")),
    }
}
