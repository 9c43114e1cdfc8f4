//! Unpacking the payload of a file into a directory.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::control::Control;
use crate::envelope::head::{head_of, Head};
use crate::envelope::indexed::{total, unpack_frames, Frame, Frames, LaterFrame, Shared};
use crate::envelope::io::ByteSource;
use crate::envelope::io::Input;
use crate::envelope::io::Progress;
use crate::envelope::io::Target;
use crate::envelope::names::Wanted;
use crate::envelope::{tar, Encoding, Identity, LazyFiles, Limits, Source};
use crate::error::Reason;
use crate::{quoted, Error, Result};

/// Bytes of the smallest file that is worth unpacking later: a millisecond's work.
const WORTH_DEFERRING: u64 = 1 << 20;
/// Bytes of files that are unpacked before it pays to find out which of the rest are needed: that takes a millisecond or
/// two.
const WORTH_ASKING: u64 = 64 << 20;

/// A file of format v3 that is open: its head has been read, nothing of its payload.
///
/// What is done with it concerns the file that was opened, whatever its path names later.
#[derive(Debug)]
pub struct PackedFile {
    input: Input,
    head: Head,
    wanted: Wanted,
}

/// Names the files that are needed.
pub type Needed<'n> = &'n dyn Fn(&LazyFiles) -> Result<BTreeSet<String>>;

impl PackedFile {
    /// Opens a file. One of format v1 is refused with `FORMAT_V1`, anything else with `NOT_C1Z`.
    pub fn open(path: &Path) -> Result<PackedFile> {
        let input = Input::open(path)?;
        let head = head_of(&input)?;
        Ok(PackedFile { input, head, wanted: |_, _| true })
    }

    /// Opens a file that is read by ranges, from `source`, which messages call `name`. It must be an indexed one: nothing else
    /// can be read in parts. What is read at once takes a small part of `memory`.
    pub fn of_source(source: Arc<dyn ByteSource>, name: &Path, memory: u64) -> Result<PackedFile> {
        let input = Input::of_source(source, name, memory)?;
        let head = head_of(&input)?;
        Ok(PackedFile { input, head, wanted: |_, _| true })
    }

    /// Leaves out what is not wanted: it is neither written nor, in an indexed payload, read.
    pub fn only(self, wanted: Wanted) -> PackedFile {
        PackedFile { wanted, ..self }
    }

    /// What stands before the payload.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Which file it is; none if it is a source.
    pub fn identity(&self) -> Option<Identity> {
        self.input.identity
    }

    /// Unpacks the payload into the empty directory `into`, and checks all that can be checked. Gives the frames that a
    /// save may copy, if the payload consists of such.
    ///
    /// After an error `into` is empty again. An unknown payload encoding is refused with `PAYLOAD_ENCODING`. Progress is
    /// reported in bytes of payload files; the total of a tar stream is not known beforehand and given as 0.
    pub fn unpack(self, into: &Path, limits: &Limits, control: &Control<'_>) -> Result<Option<Source>> {
        self.unpack_in_steps(into, limits, control, None)
    }

    /// Does what [`PackedFile::unpack`] does, but leaves files until they are asked for if `later` says so of their
    /// names, they are large enough to be worth it, and the payload consists of frames. Of a source, all are worth it, and a
    /// payload that does not is refused with `PAYLOAD_ENCODING`: nobody reads a whole source unasked.
    ///
    /// What is unpacked later is shared, in `home`, with others that have left files of the same payload for later: a
    /// folder of this user's alone, on the file system of `into`.
    pub fn unpack_some(
        self,
        into: &Path,
        home: Option<&Path>,
        limits: &Limits,
        control: &Control<'_>,
        later: impl Fn(&str) -> bool,
    ) -> Result<Option<LazyFiles>> {
        let is_source = self.input.is_source();
        let later = |frame: &Frame| (is_source || frame.digest.size >= WORTH_DEFERRING) && later(&frame.name);
        let frames = self.unpack_by(into, limits, control, |target| {
            let Frames { now, later } = unpack_frames::prepare(target, &self.head, self.wanted, limits, later)?;
            unpack_frames::unpack(target, &now, limits, &mut Progress::new(control, total(&now)))?;
            Ok(later)
        });
        Ok(frames?.map(|later| {
            let home = home.filter(|_| !later.is_empty());
            let shared = home.and_then(|home| Shared::join(home, &self.input));
            LazyFiles::new(self.input, into.to_path_buf(), *limits, shared, later)
        }))
    }

    /// Does what [`PackedFile::unpack`] does, but leaves large files until they are asked for, if the payload consists of
    /// frames, and those that a save may copy without having decoded them.
    pub fn unpack_lazily(
        self,
        into: &Path,
        limits: &Limits,
        control: &Control<'_>,
    ) -> Result<Option<(Source, LazyFiles)>> {
        let later = |frame: &Frame| frame.digest.size >= WORTH_DEFERRING && frame.compressed_xxh64.is_some();
        let frames = self.unpack_by(into, limits, control, |target| {
            let Frames { now, later } = unpack_frames::prepare(target, &self.head, self.wanted, limits, later)?;
            let mut stored = unpack_frames::unpack(target, &now, limits, &mut Progress::new(control, total(&now)))?;
            stored.extend(later.iter().filter_map(LaterFrame::stored));
            Ok((stored, later, self.input.again()))
        });
        Ok(frames?.map(|(stored, later, input)| {
            let lazy_files = LazyFiles::new(input, into.to_path_buf(), *limits, None, later);
            (Source::new(self.input, stored), lazy_files)
        }))
    }

    /// Does what [`PackedFile::unpack`] does, but a payload of frames that unpacks to much is unpacked in two steps: large
    /// files of the second only if `needed` names them. It is given what unpacks those that it has to look into.
    pub fn unpack_needed(
        self,
        into: &Path,
        limits: &Limits,
        control: &Control<'_>,
        needed: Needed<'_>,
    ) -> Result<Option<Source>> {
        self.unpack_in_steps(into, limits, control, Some(needed))
    }

    fn unpack_in_steps(
        self,
        into: &Path,
        limits: &Limits,
        control: &Control<'_>,
        needed: Option<Needed<'_>>,
    ) -> Result<Option<Source>> {
        let mut unpacked = 0u64;
        let later = |frame: &Frame| {
            unpacked = unpacked.saturating_add(frame.digest.size);
            needed.is_some() && unpacked > WORTH_ASKING && frame.digest.size >= WORTH_DEFERRING
        };
        let stored = self.unpack_by(into, limits, control, |target| {
            let Frames { now, later } = unpack_frames::prepare(target, &self.head, self.wanted, limits, later)?;
            let all = later.iter().map(|later| later.frame.digest.size).sum::<u64>() + total(&now);
            let mut progress = Progress::new(control, all);
            let mut stored = unpack_frames::unpack(target, &now, limits, &mut progress)?;
            if let Some(needed) = needed.filter(|_| !later.is_empty()) {
                let mut frames: Vec<Frame> = later.iter().map(|later| later.frame.clone()).collect();
                let lazy_files = LazyFiles::new(self.input.again(), into.to_path_buf(), *limits, None, later);
                let needed = needed(&lazy_files)?;
                frames.retain(|frame| !lazy_files.has_unpacked(&frame.name));
                drop(lazy_files);
                frames.iter().try_for_each(|frame| target.remove_file(&frame.name))?;
                frames.retain(|frame| needed.contains(&frame.name));
                stored.extend(unpack_frames::unpack(target, &frames, limits, &mut progress)?);
            }
            Ok(stored)
        });
        Ok(stored?.map(|stored| Source::new(self.input, stored)))
    }

    /// Has a payload of frames unpacked by `frames`, and unpacks any other.
    fn unpack_by<T>(
        &self,
        into: &Path,
        limits: &Limits,
        control: &Control<'_>,
        frames: impl FnOnce(&Target<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let PackedFile { input, head, wanted } = self;
        let encoding = Encoding::of_manifest(&input.path, head.manifest.payload_encoding)?;
        let mut present = fs::read_dir(into).map_err(Error::io("read folder", into))?;
        if present.next().is_some() {
            return Err(Error::invalid(format!("{}: not empty, nothing is unpacked into it", quoted::path(into))));
        }
        if input.is_source() && encoding != Encoding::IndexedZstd {
            let name = head.manifest.payload_encoding().as_str_name();
            let name = name.trim_start_matches("PAYLOAD_ENCODING_");
            let detail =
                format!("its payload is {name}, which cannot be read by ranges: fetch the whole file and open that");
            return Err(Error::Unsupported { path: input.path.clone(), reason: Reason::PayloadEncoding, detail });
        }
        let target = Target { input, root: into };
        let unpacked = match encoding {
            Encoding::IndexedZstd => frames(&target).map(Some),
            Encoding::Tar | Encoding::TarZstd => {
                tar::unpack::unpack(&target, head, encoding, *wanted, limits, control).map(|()| None)
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
