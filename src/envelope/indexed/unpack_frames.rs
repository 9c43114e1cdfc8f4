//! Unpacking an indexed payload: several frames at a time.

use super::index::{self, Frame};
use super::read_frame::Read;
use super::read_frames::Work;
use super::source::StoredFrame;
use crate::envelope::head::Head;
use crate::envelope::io::Progress;
use crate::envelope::io::{folder_of, Target};
use crate::envelope::names::Wanted;
use crate::envelope::{names, Identity, Limits};
use crate::quoted::Quoted;
use crate::Result;

/// The frames of a payload, by when they are unpacked.
pub struct Frames {
    pub now: Vec<Frame>,
    /// Their files are there, with the size that they will have.
    pub later: Vec<LaterFrame>,
}

/// A frame that is unpacked when it is asked for.
pub struct LaterFrame {
    pub frame: Frame,
    /// Of the file, while it holds nothing.
    pub identity: Identity,
}

impl LaterFrame {
    /// What a save must know to copy the frame without having decoded it; `None` if the index has no hash for that.
    pub fn stored(&self) -> Option<StoredFrame> {
        let LaterFrame { frame, identity } = self;
        frame.compressed_xxh64.map(|_| StoredFrame { frame: frame.clone(), identity: Some(*identity) })
    }
}

/// What the files of frames will hold.
pub fn total(frames: &[Frame]) -> u64 {
    frames.iter().map(|frame| frame.digest.size).sum()
}

/// Makes room for the frames that are wanted. Nothing is written before head, index, names and sizes of all of them have
/// been checked.
pub fn prepare(
    target: &Target<'_>,
    head: &Head,
    wanted: Wanted,
    limits: &Limits,
    later: impl FnMut(&Frame) -> bool,
) -> Result<Frames> {
    let input = target.input;
    let mut frames = index::read(input, head)?;
    frames.retain(|frame| wanted(&frame.name, frame.digest.size));
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
    let (later, now): (Vec<_>, Vec<_>) = frames.into_iter().partition(later);
    let placeholder = |frame: Frame| {
        let file = target.create_file(&frame.name)?;
        file.grow(frame.digest.size)?;
        Ok(LaterFrame { identity: file.identity()?, frame })
    };
    Ok(Frames { now, later: later.into_iter().map(placeholder).collect::<Result<_>>()? })
}

/// Unpacks frames to files that are not there yet. Gives what a later save must know to copy the frames.
pub fn unpack(
    target: &Target<'_>,
    frames: &[Frame],
    limits: &Limits,
    progress: &mut Progress<'_>,
) -> Result<Vec<StoredFrame>> {
    let input = target.input;
    let work = Work { input, frames, limits, control: progress.control };
    work.run(
        |bytes| progress.advance(bytes),
        |reading| {
            let frame = reading.frame;
            let mut output = target.create_file(&frame.name)?;
            match reading.read(&mut |bytes| output.put(bytes))? {
                Read::Whole { compressed_xxh64 } => {
                    let frame = Frame { compressed_xxh64: Some(compressed_xxh64), ..frame.clone() };
                    Ok(StoredFrame { frame, identity: Some(output.identity()?) })
                }
                Read::Damaged(damage) => Err(input.corrupt(damage.detail).into()),
            }
        },
    )
}
