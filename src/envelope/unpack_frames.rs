//! Unpacking an indexed payload: several frames at a time.

use std::io::BufReader;

use zstd::stream::read::Decoder;

use super::header::Head;
use super::input::{Input, Section};
use super::limits::Budget;
use super::pack::Progress;
use super::payload::CHUNK;
use super::read_frames::Work;
use super::unpack::{folder_of, Target};
use super::{index, names, Limits};
use crate::control::Control;
use crate::{Error, Result};

/// Unpacks all frames. Nothing is written before head, index, names and sizes have been checked.
pub(super) fn unpack(target: &Target<'_>, head: &Head, limits: &Limits, control: &Control<'_>) -> Result<()> {
    let input = target.input;
    let frames = index::read(input, head)?;
    let mut budget = Budget::new(limits.decoded_bytes(input.len));
    for frame in &frames {
        budget.take(&input.path, frame.digest.size)?;
    }
    for frame in &frames {
        names::check(&frame.name).map_err(|why| input.corrupt(format!("frame {:?}: {why}", frame.name)))?;
    }
    let mut last = None;
    for folder in frames.iter().map(|frame| folder_of(&frame.name)) {
        if let Some(folder) = folder.filter(|_| folder != last) {
            target.create_folder(folder)?;
        }
        last = folder;
    }
    let total = frames.iter().map(|frame| frame.digest.size).sum();
    let mut progress = Progress::new(control, total);
    let work = Work { input, frames: &frames, threads: 0, limits, control };
    work.run(
        |bytes| progress.advance(bytes),
        |reading| {
            let mut output = target.create_file(&reading.frame.name)?;
            match reading.read(&mut |bytes| output.put(bytes))? {
                None => Ok(()),
                Some(damage) => Err(input.corrupt(damage.detail)),
            }
        },
    )
}

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
