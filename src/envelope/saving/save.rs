//! Replacing a file as a whole: after any failure the old one is still there, untouched.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Seek};
use std::path::Path;

use super::destination::Destination;
use super::pack::Packing;
use super::publish::publish;
use super::temporary;
use crate::control::Control;
use crate::envelope::indexed::{Failure, Written};
use crate::envelope::io::Input;
use crate::envelope::io::Payload;
use crate::envelope::{Encoding, Identity, SaveOptions, Source};
use crate::proto::manifest::C1zManifestV3;
use crate::{files, Error, Result};

const WRITE_BUFFER: usize = 1 << 20;

/// What a save did.
#[derive(Debug)]
pub struct Saved {
    /// Frames that were copied from the source.
    pub copied: usize,
    /// Frames that were compressed. Tar streams have no frames.
    pub compressed: usize,
    /// The frames of the new file, for the next save.
    pub source: Option<Source>,
    /// Which file is in the place of the old one.
    pub identity: Identity,
    /// Why the folder could not be synced: the file is in its place, but might not survive the system's crash.
    pub unsynced: Option<Error>,
}

/// Writes a file and puts it in the place of `target` in one step: `manifest` with payload encoding and descriptors
/// filled in, and the payload.
///
/// A link is followed: what it points at is replaced, if the options permit that; if not, the save fails with a
/// conflict. The new file has the old one's permissions, and reaches the disk before the old one goes. A writer that is
/// killed may leave a hidden `.….tmp` file beside the target, nothing else; the next save of the target removes it.
///
/// If a frame of the options' source is found changed, the file is written once more without it, and progress starts
/// again.
///
/// Every error comes before the replacement. What may fail behind it is [`Saved::unsynced`].
pub fn save(
    target: &Path,
    manifest: C1zManifestV3,
    encoding: Encoding,
    payload: Payload,
    options: &SaveOptions<'_>,
    control: &Control<'_>,
) -> Result<Saved> {
    let destination = Destination::of(target)?;
    let target = &destination.path;
    // Looked at again when the file is written, which may take long.
    options.replace.check(target, destination.identity())?;
    let packing = Packing::new(manifest, encoding, payload, options)?;
    // Removes itself when dropped before it is published.
    let temporary = temporary::create(&destination)?;
    let written = write_whole(packing, temporary.as_file(), target, control)?;
    if let Some(old) = &destination.occupant {
        temporary::take_over(&temporary, old)?;
    }
    temporary.as_file().sync_all().map_err(Error::io("sync", temporary.path()))?;
    let metadata = temporary.as_file().metadata().map_err(Error::io("stat", temporary.path()))?;
    control.check()?;
    let file = publish(temporary, target, options.replace, control)?;
    // From here on the old file is gone: nothing is a failure of the save.
    let (copied, compressed) = (written.copied, written.frames.len() - written.copied);
    let source = match encoding {
        Encoding::IndexedZstd => Input::of(file, target).ok().map(|input| Source::new(input, written.frames)),
        Encoding::Tar | Encoding::TarZstd => None,
    };
    Ok(Saved {
        copied,
        compressed,
        source,
        identity: Identity::of(&metadata),
        unsynced: sync_folder(&destination.folder).err(),
    })
}

fn sync_folder(folder: &Path) -> Result<()> {
    match files::open(folder).and_then(|folder| folder.sync_all()) {
        // A file system that has no such thing as syncing a folder, or a folder that this user may write to but not read.
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::PermissionDenied) => Ok(()),
        synced => synced.map_err(Error::io("sync folder", folder)),
    }
}

/// Writes all of a file, from the start again if its source turns out to have changed.
fn write_whole(packing: Packing<'_>, file: &File, target: &Path, control: &Control<'_>) -> Result<Written> {
    let write = |packing: &Packing<'_>| packing.write(BufWriter::with_capacity(WRITE_BUFFER, file), target, control);
    let written = match write(&packing) {
        Err(Failure::SourceChanged) => {
            let mut start = file;
            start.rewind().and_then(|()| file.set_len(0)).map_err(Error::io("write", target))?;
            write(&packing.without_source())
        }
        written => written,
    };
    written.map_err(|failure| match failure {
        Failure::Error(error) => error,
        Failure::SourceChanged => Error::Internal("frames were copied without a source".into()),
    })
}
