//! Unpacking the payload of a file into a directory.

use std::fs;
use std::path::Path;

use super::header::{head_of, Head};
use super::index::Frame;
use super::input::Input;
use super::target::Target;
use super::unpack_frames::{self, Frames};
use super::{unpack_tar, Deferred, Encoding, Limits, Source};
use crate::control::Control;
use crate::{quoted, Error, Result};

/// Bytes of the smallest file that is worth unpacking later: a millisecond's work.
const WORTH_DEFERRING: u64 = 1 << 20;

/// A file of format v3 that is open: its head has been read, nothing of its payload.
///
/// What is done with it concerns the file that was opened, whatever its path names later.
#[derive(Debug)]
pub struct PackedFile {
    input: Input,
    head: Head,
}

impl PackedFile {
    /// Opens a file. One of format v1 is refused with `FORMAT_V1`, anything else with `NOT_C1Z`.
    pub fn open(path: &Path) -> Result<PackedFile> {
        let input = Input::open(path)?;
        let head = head_of(&input)?;
        Ok(PackedFile { input, head })
    }

    /// What stands before the payload.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Unpacks the payload into the empty directory `into`, and checks all that can be checked. Gives the frames that a
    /// save may copy, if the payload consists of such.
    ///
    /// After an error `into` is empty again. An unknown payload encoding is refused with `PAYLOAD_ENCODING`. Progress is
    /// reported in bytes of payload files; the total of a tar stream is not known beforehand and given as 0.
    pub fn unpack(self, into: &Path, limits: &Limits, control: &Control<'_>) -> Result<Option<Source>> {
        let frames = self.unpack_frames(into, limits, control, &|_| false)?;
        Ok(frames.map(|frames| Source::new(self.input, frames.stored)))
    }

    /// Does what [`PackedFile::unpack`] does, but leaves files until they are asked for if `later` says so of their
    /// names, they are large enough to be worth it, and the payload consists of frames.
    pub fn unpack_some(
        self,
        into: &Path,
        limits: &Limits,
        control: &Control<'_>,
        later: impl Fn(&str) -> bool,
    ) -> Result<Option<Deferred>> {
        let deferred = |frame: &Frame| frame.digest.size >= WORTH_DEFERRING && later(&frame.name);
        let frames = self.unpack_frames(into, limits, control, &deferred)?;
        Ok(frames.map(|frames| Deferred::new(self.input, into.to_path_buf(), *limits, frames.deferred)))
    }

    fn unpack_frames(
        &self,
        into: &Path,
        limits: &Limits,
        control: &Control<'_>,
        deferred: &dyn Fn(&Frame) -> bool,
    ) -> Result<Option<Frames>> {
        let PackedFile { input, head } = self;
        let encoding = Encoding::of_manifest(&input.path, head.manifest.payload_encoding)?;
        let mut present = fs::read_dir(into).map_err(Error::io("read folder", into))?;
        if present.next().is_some() {
            return Err(Error::invalid(format!("{}: not empty, nothing is unpacked into it", quoted::path(into))));
        }
        let target = Target { input, root: into };
        let unpacked = match encoding {
            Encoding::IndexedZstd => unpack_frames::unpack(&target, head, limits, control, deferred).map(Some),
            Encoding::Tar | Encoding::TarZstd => {
                unpack_tar::unpack(&target, head, encoding, limits, control).map(|()| None)
            }
        };
        unpacked.inspect_err(|_| clear(into))
    }
}

/// Unpacks the file at `path` as [`PackedFile::unpack`] does, and gives its head.
pub fn unpack(path: &Path, into: &Path, limits: &Limits, control: &Control<'_>) -> Result<Head> {
    let file = PackedFile::open(path)?;
    let head = file.head().clone();
    file.unpack(into, limits, control)?;
    Ok(head)
}

/// Removes what is in `folder`, as far as the system permits.
fn clear(folder: &Path) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        // The error that led here says more than one of cleaning up.
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
    }
}
