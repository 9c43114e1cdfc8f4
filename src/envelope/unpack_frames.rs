//! Unpacking an indexed payload: several frames at a time.

use super::header::Head;
use super::index::Frame;
use super::progress::Progress;
use super::read_frame::Read;
use super::read_frames::Work;
use super::source::StoredFrame;
use super::target::{folder_of, Target};
use super::{index, names, Limits};
use crate::control::Control;
use crate::quoted::Quoted;
use crate::Result;

/// What became of the frames of a payload.
pub(super) struct Frames {
    /// Those that were unpacked, and what a later save must know to copy them.
    pub(super) stored: Vec<StoredFrame>,
    /// Those that were not. Their files are there, with the size that they will have.
    pub(super) deferred: Vec<Frame>,
}

/// Unpacks the frames but for those that are deferred. Nothing is written before head, index, names and sizes of all have
/// been checked.
pub(super) fn unpack(
    target: &Target<'_>,
    head: &Head,
    limits: &Limits,
    control: &Control<'_>,
    deferred: &dyn Fn(&Frame) -> bool,
) -> Result<Frames> {
    let input = target.input;
    let frames = index::read(input, head)?;
    limits.check_declared(&input.path, input.len, frames.iter().map(|frame| frame.digest.size))?;
    for frame in &frames {
        names::check(&frame.name).map_err(|why| input.corrupt(format!("frame {}: {why}", Quoted::new(&frame.name))))?;
    }
    let mut last = None;
    for folder in frames.iter().map(|frame| folder_of(&frame.name)) {
        if let Some(folder) = folder.filter(|_| folder != last) {
            target.create_folder(folder)?;
        }
        last = folder;
    }
    let (deferred, frames): (Vec<_>, Vec<_>) = frames.into_iter().partition(deferred);
    for frame in &deferred {
        target.create_file(&frame.name)?.grow(frame.digest.size)?;
    }
    let total = frames.iter().map(|frame| frame.digest.size).sum();
    let mut progress = Progress::new(control, total);
    let work = Work { input, frames: &frames, limits, control };
    let stored = work.run(
        |bytes| progress.advance(bytes),
        |reading| {
            let frame = reading.frame;
            let mut output = target.create_file(&frame.name)?;
            match reading.read(&mut |bytes| output.put(bytes))? {
                Read::Whole { stored_xxh64 } => {
                    Ok(StoredFrame { frame: frame.clone(), stored_xxh64, identity: Some(output.identity()?) })
                }
                Read::Damaged(damage) => Err(input.corrupt(damage.detail).into()),
            }
        },
    )?;
    Ok(Frames { stored, deferred })
}
