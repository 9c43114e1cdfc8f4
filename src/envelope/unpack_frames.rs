//! Unpacking an indexed payload: several frames at a time.

use super::header::Head;
use super::limits::Budget;
use super::progress::Progress;
use super::read_frames::{Read, Work};
use super::source::StoredFrame;
use super::target::{folder_of, Target};
use super::{index, names, Limits};
use crate::control::Control;
use crate::Result;

/// Unpacks all frames and says of each what a later save must know to copy it. Nothing is written before head, index,
/// names and sizes have been checked.
pub(super) fn unpack(
    target: &Target<'_>,
    head: &Head,
    limits: &Limits,
    control: &Control<'_>,
) -> Result<Vec<StoredFrame>> {
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
    let work = Work { input, frames: &frames, limits, control };
    work.run(
        |bytes| progress.advance(bytes),
        |reading| {
            let frame = reading.frame;
            let mut output = target.create_file(&frame.name)?;
            match reading.read(&mut |bytes| output.put(bytes))? {
                Read::Whole { stored_xxh64 } => {
                    Ok(StoredFrame { frame: frame.clone(), stored_xxh64, identity: Some(output.identity()?) })
                }
                Read::Damaged(damage) => Err(input.corrupt(damage.detail)),
            }
        },
    )
}
