//! Replacing a file as a whole: after any failure the old one is still there, untouched.

use std::fs::{self, File, Permissions};
use std::io::{BufWriter, ErrorKind, Seek};
use std::path::{Path, PathBuf};

use super::frames::Written;
use super::input::Input;
use super::pack::Packing;
use super::payload::Payload;
use super::source::Failure;
use super::{temporary, Encoding, SaveOptions, Source};
use crate::control::Control;
use crate::proto::manifest::C1zManifestV3;
use crate::{quoted, Error, Result};

const WRITE_BUFFER: usize = 1 << 20;
/// Linux follows that many links before it gives up.
const MAX_LINKS: usize = 40;

/// What a save did.
#[derive(Debug)]
pub struct Saved {
    /// Frames that were copied from the source.
    pub copied: usize,
    /// Frames that were compressed. Tar streams have no frames.
    pub compressed: usize,
    /// The frames of the new file, for the next save.
    pub source: Option<Source>,
    /// Whether the folder was synced behind the replacement. If not, the new file is in place, but might not survive a
    /// crash of the system.
    pub folder_synced: Result<()>,
}

/// Writes a file and puts it in the place of `target` in one step: `manifest` with payload encoding and descriptors
/// filled in, and the payload.
///
/// A link is followed: what it points at is replaced. The new file has the old one's permissions, and reaches the disk
/// before the old one goes. A writer that is killed may leave a hidden `.….tmp` file beside the target, nothing else; the
/// next save of the target removes it.
///
/// If a frame of the options' source is found changed, the file is written once more without it, and progress starts
/// again.
///
/// Every error comes before the replacement. What may fail behind it is [`Saved::folder_synced`].
pub fn save(
    target: &Path,
    manifest: C1zManifestV3,
    encoding: Encoding,
    payload: Payload,
    options: &SaveOptions<'_>,
    control: &Control<'_>,
) -> Result<Saved> {
    if target.as_os_str().is_empty() {
        return Err(Error::invalid("path to save to is empty"));
    }
    let packing = Packing::new(manifest, encoding, payload, options)?;
    let (target, permissions) = destination(target)?;
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Removes itself when dropped before `persist`.
    let temporary = temporary::create(&target, folder, permissions)?;
    let written = write_whole(packing, temporary.as_file(), &target, control)?;
    temporary.as_file().sync_all().map_err(Error::io("sync", temporary.path()))?;
    control.check()?;
    let persisted = match options.exclusive {
        true => temporary.persist_noclobber(&target),
        false => temporary.persist(&target),
    };
    let file = persisted.map_err(|error| match error.error.kind() {
        ErrorKind::AlreadyExists if options.exclusive => Error::AlreadyExists(target.clone()),
        _ => Error::io("rename to", &target)(error.error),
    })?;
    temporary::unlock(&file);
    let folder_synced = sync_folder(folder);
    let (copied, compressed) = (written.copied, written.frames.len() - written.copied);
    let source = match encoding {
        // Without it the next save compresses anew.
        Encoding::IndexedZstd => Input::of(file, &target).ok().map(|input| Source::new(input, written.frames)),
        Encoding::Tar | Encoding::TarZstd => None,
    };
    Ok(Saved { copied, compressed, source, folder_synced })
}

fn sync_folder(folder: &Path) -> Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // A file system that has no such thing as syncing a folder.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
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

/// The file that is to be replaced or created, behind all links, and the permissions it has.
fn destination(target: &Path) -> Result<(PathBuf, Option<Permissions>)> {
    let mut path = target.to_path_buf();
    for _ in 0..MAX_LINKS {
        let metadata = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((path, None)),
            result => result.map_err(Error::io("stat", &path))?,
        };
        if metadata.is_file() {
            return Ok((path, Some(metadata.permissions())));
        }
        if metadata.is_dir() {
            return Err(Error::io("write", &path)(ErrorKind::IsADirectory.into()));
        }
        if !metadata.is_symlink() {
            return Err(Error::invalid(format!("{}: not a regular file", quoted::path(&path))));
        }
        let link = fs::read_link(&path).map_err(Error::io("read link", &path))?;
        path = path.parent().unwrap_or(Path::new("")).join(link);
    }
    Err(Error::invalid(format!("{}: too many links", quoted::path(target))))
}
