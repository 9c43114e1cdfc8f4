//! Decoding one zstd frame of a file.

use std::io::{BufReader, Read};

use zstd::stream::read::Decoder;

use super::input::Input;
use super::payload::CHUNK;
use crate::Error;

/// A decoder of exactly one zstd frame.
pub(super) fn decoder<R: Read>(reader: R, window_log: u32) -> std::io::Result<Decoder<'static, BufReader<R>>> {
    let mut decoder = Decoder::with_buffer(BufReader::with_capacity(CHUNK, reader))?.single_frame();
    decoder.window_log_max(window_log)?;
    Ok(decoder)
}

/// The reader behind a decoder that has come to the end of its frame, if nothing is left in the buffer between them.
pub(super) fn finish<R: Read>(decoder: Decoder<'_, BufReader<R>>) -> Option<R> {
    let reader = decoder.finish();
    reader.buffer().is_empty().then(|| reader.into_inner())
}

/// What a decoder's error means.
pub(super) fn decode_error(input: &Input, place: &str, error: std::io::Error, window_log: u32) -> Error {
    // zstd passes no error code through, only its text.
    if error.to_string().contains("too much memory") {
        return Error::LimitExceeded {
            place: input.path.display().to_string(),
            what: format!("{place}: its zstd window"),
            limit: 1 << window_log,
        };
    }
    input.read_error(place, error)
}
