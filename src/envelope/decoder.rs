//! Decoding one zstd frame of a file.

use std::io::BufReader;

use zstd::stream::read::Decoder;

use super::input::{Input, Section};
use super::payload::CHUNK;
use crate::Error;

/// A decoder of exactly one zstd frame.
pub(super) fn decoder(
    section: Section<'_>,
    window_log: u32,
) -> std::io::Result<Decoder<'static, BufReader<Section<'_>>>> {
    let mut decoder = Decoder::with_buffer(BufReader::with_capacity(CHUNK, section))?.single_frame();
    decoder.window_log_max(window_log)?;
    Ok(decoder)
}

/// Whether the frame was the last thing in its section.
pub(super) fn has_ended(decoder: Decoder<'_, BufReader<Section<'_>>>) -> bool {
    let reader = decoder.finish();
    reader.buffer().is_empty() && reader.get_ref().remaining() == 0
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
