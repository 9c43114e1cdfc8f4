//! What a file's payload holds, without unpacking it.

use std::path::Path;

use crate::envelope::head::head_of;
use crate::envelope::indexed::index;
use crate::envelope::io::Input;
use crate::envelope::tar::read_archive;
use crate::envelope::{names, Encoding, Limits};
use crate::quoted::Quoted;
use crate::Result;

/// A regular file of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Slash-separated path below the payload's directory.
    pub name: String,
    /// Bytes of the file.
    pub raw_size: u64,
    /// Where the file's bytes lie; `None` in a tar stream that is compressed as a whole.
    pub stored: Option<Stored>,
    /// SHA-256 of the file's bytes as the index records it; `None` in a tar stream.
    pub sha256: Option<[u8; 32]>,
}

/// A range of the file that holds one payload file: one zstd frame, or in a plain tar stream the bytes themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// From the start of the file.
    pub offset: u64,
    /// Bytes from there on.
    pub size: u64,
}

/// Lists the regular files of the payload in the order in which they are stored.
///
/// An indexed payload is listed from its index, a tar stream is read to its end within the default [`Limits`].
pub fn list(path: &Path) -> Result<Vec<Entry>> {
    let input = Input::open(path)?;
    let head = head_of(&input)?;
    let encoding = Encoding::of_manifest(path, head.manifest.payload_encoding)?;
    if encoding == Encoding::IndexedZstd {
        let frames = index::read(&input, &head)?;
        return Ok(frames.into_iter().map(Entry::of_frame).collect());
    }
    let in_place = encoding == Encoding::Tar;
    let entries = read_archive(&input, &head, encoding, &Limits::default(), |archive| {
        let mut entries = Vec::new();
        while let Some(member) = archive.next()? {
            archive.content(&member, |_| Ok(()))?;
            if !member.is_folder {
                let stored = Stored { offset: head.payload_start + member.offset, size: member.size };
                let stored = Some(stored).filter(|_| in_place);
                entries.push(Entry { name: member.name, raw_size: member.size, stored, sha256: None });
            }
        }
        Ok(entries)
    })?;
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    match names::clash(&mut names) {
        Some(name) => {
            Err(input.corrupt(format!("payload: {} occurs twice, or as file and as folder", Quoted::new(name))))
        }
        None => Ok(entries),
    }
}

impl Entry {
    fn of_frame(frame: index::Frame) -> Entry {
        Entry {
            name: frame.name,
            raw_size: frame.digest.size,
            stored: Some(Stored { offset: frame.offset, size: frame.compressed_size }),
            sha256: Some(frame.digest.sha256),
        }
    }
}
