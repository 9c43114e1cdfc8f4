//! Unpacking the payload of a file into a directory.

use std::fs;
use std::path::Path;

use super::header::{head_of, Head};
use super::input::Input;
use super::target::Target;
use super::{unpack_frames, unpack_tar, Encoding, Limits};
use crate::control::Control;
use crate::{Error, Result};

/// Unpacks the payload of the file at `path` into the empty directory `into`, and checks all that can be checked.
///
/// After an error `into` is empty again. A file of format v1 is refused with `FORMAT_V1`, an unknown payload encoding
/// with `PAYLOAD_ENCODING`. Progress is reported in bytes of payload files; the total of a tar stream is not known
/// beforehand and given as 0.
pub fn unpack(path: &Path, into: &Path, limits: &Limits, control: &Control<'_>) -> Result<Head> {
    let input = Input::open(path)?;
    let head = head_of(&input)?;
    let encoding = Encoding::of_manifest(path, head.manifest.payload_encoding)?;
    let mut present = fs::read_dir(into).map_err(Error::io("read folder", into))?;
    if present.next().is_some() {
        return Err(Error::invalid(format!("{}: not empty, nothing is unpacked into it", into.display())));
    }
    let target = Target { input: &input, root: into };
    let unpacked = match encoding {
        Encoding::IndexedZstd => unpack_frames::unpack(&target, &head, limits, control),
        Encoding::Tar | Encoding::TarZstd => unpack_tar::unpack(&target, &head, encoding, limits, control),
    };
    if let Err(error) = unpacked {
        clear(into);
        return Err(error);
    }
    Ok(head)
}

/// Removes what is in `folder`, as far as the system permits.
fn clear(folder: &Path) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        // The error that led here says more than one of cleaning up.
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
    }
}
