//! Decoding one zstd frame of a file.

use std::io::{self, BufReader, Read};

use zstd::stream::read::Decoder;
use zstd::zstd_safe::get_error_name;
use zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode;

use super::input::Input;
use crate::envelope::io::CHUNK;
use crate::{quoted, Error};

/// The longest header of a zstd frame.
const MAX_HEADER_BYTES: u64 = 18;
/// The bit of a frame's descriptor that says that no window follows.
const SINGLE_SEGMENT: u8 = 0x20;

/// A decoder of exactly one zstd frame.
pub fn decoder<R: Read>(reader: R, window_log: u32) -> io::Result<Decoder<'static, BufReader<R>>> {
    let mut decoder = Decoder::with_buffer(BufReader::with_capacity(CHUNK, reader))?.single_frame();
    decoder.window_log_max(window_log)?;
    Ok(decoder)
}

/// The reader behind a decoder that has come to the end of its frame, if nothing is left in the buffer between them.
pub fn finish<R: Read>(decoder: Decoder<'_, BufReader<R>>) -> Option<R> {
    let reader = decoder.finish();
    reader.buffer().is_empty().then(|| reader.into_inner())
}

/// What an error of the decoder of the frame that starts at `start` means.
pub fn decode_error(input: &Input, place: &str, start: u64, error: io::Error, window_log: u32) -> Error {
    if !is(&error, ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge) {
        return input.read_error(place, error);
    }
    let header = input.range(start, MAX_HEADER_BYTES.min(input.len.saturating_sub(start)), place);
    let size = header.ok().and_then(|header| window_of(&header)).map(|size| format!(", {size} bytes,"));
    Error::LimitExceeded {
        place: quoted::path(&input.path),
        what: format!("{place}: the window of its zstd frame{}", size.unwrap_or_default()),
        limit: 1 << window_log,
        setting: Some("max_decoder_memory_bytes"),
    }
}

/// Whether the bytes of a frame are not those that its checksum was made of.
pub fn is_wrong_checksum(error: &io::Error) -> bool {
    is(error, ZSTD_ErrorCode::ZSTD_error_checksum_wrong)
}

/// zstd: its crate hands on what zstd calls an error, and not the number.
fn is(error: &io::Error, code: ZSTD_ErrorCode) -> bool {
    error.raw_os_error().is_none() && error.to_string() == get_error_name((code as usize).wrapping_neg())
}

/// The window that the zstd frame with that header asks for (RFC 8878, section 3.1.1.1).
fn window_of(header: &[u8]) -> Option<u64> {
    let (_magic, rest) = header.split_first_chunk::<4>()?;
    let (&descriptor, rest) = rest.split_first()?;
    if descriptor & SINGLE_SEGMENT == 0 {
        let window = *rest.first()?;
        let base = 1u64 << (10 + (window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    // The window of a single segment is its content, whose size follows the id of a dictionary.
    let rest = rest.get([0, 1, 2, 4][usize::from(descriptor & 3)]..)?;
    let number = |bytes| rest.get(..bytes).map(|bytes| bytes.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte)));
    match descriptor >> 6 {
        0 => number(1),
        1 => number(2).map(|size| size + 256),
        2 => number(4),
        _ => number(8),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_window_of_a_frame_is_read_from_its_header() {
        for log in [10, 17, 23, 27] {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(log).unwrap();
            encoder.write_all(b"some bytes").unwrap();
            let frame = encoder.finish().unwrap();
            assert_eq!(window_of(&frame), Some(1 << log), "{log}");
        }
        for size in [0usize, 255, 256, 70_000] {
            let frame = zstd::bulk::compress(&vec![7; size], 1).unwrap();
            assert_eq!(window_of(&frame), Some(size as u64), "{size}");
        }
        assert_eq!(window_of(b"\x28\xb5\x2f\xfd"), None);
    }
}
