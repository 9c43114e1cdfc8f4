//! Reading one frame of an indexed payload, and comparing it with what the index says of it.

use std::io::{self, Read as _};

use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh64::Xxh64;

use super::index::Frame;
use crate::envelope::hashing::Hashing;
use crate::envelope::io::CHUNK;
use crate::envelope::io::{decode_error, decoder, finish, is_wrong_checksum, Input};
use crate::proto::api::FaultKind;
use crate::quoted::Quoted;
use crate::{Error, Result};

/// What reading a frame brought.
pub enum Read {
    /// Exactly the bytes that the index says. The hash is that of the frame's own, compressed bytes.
    Whole { compressed_xxh64: u64 },
    /// Something else.
    Damaged(Damage),
}

/// What is wrong with a frame.
pub struct Damage {
    pub kind: FaultKind,
    /// Names the frame.
    pub detail: String,
}

/// What a frame is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hashes {
    /// All that the index has.
    All,
    /// Those that tell of accidents. Who makes a frame that is wrong on purpose makes the index for it; so the others
    /// matter only to who takes a frame for another file's because of them.
    Xxh64,
}

/// Decodes the frame, passes its bytes on as they come, and compares them with size and hashes. What is wrong with the
/// frame is no failure of reading it; bytes may have been passed on before it was noticed. What follows the frame up to
/// `until` will be read too.
pub fn read<E: From<Error>>(
    input: &Input,
    frame: &Frame,
    until: u64,
    window_log: u32,
    hashes: Hashes,
    each: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<Read, E> {
    let Frame { name, offset, compressed_size, compressed_xxh64, digest } = frame;
    let damage = |kind, detail: &str| {
        Ok(Read::Damaged(Damage { kind, detail: format!("frame {}: {detail}", Quoted::new(name)) }))
    };
    let section = input.section_of(*offset, offset + compressed_size, until);
    let mut decoder = match decoder(Hashing::new(section), window_log) {
        Ok(decoder) => decoder,
        Err(error) => return undecodable(input, frame, error, window_log),
    };
    let mut xxh64 = Xxh64::new(0);
    let mut sha256 = (hashes == Hashes::All).then(Sha256::new);
    let mut left = digest.size;
    let mut buffer = vec![0; CHUNK];
    loop {
        let bytes = match decoder.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => &buffer[..read],
            Err(error) => return undecodable(input, frame, error, window_log),
        };
        left = match left.checked_sub(bytes.len() as u64) {
            Some(left) => left,
            None => return damage(FaultKind::FrameUndecodable, "holds more bytes than raw_size says"),
        };
        xxh64.update(bytes);
        if let Some(sha256) = &mut sha256 {
            sha256.update(bytes);
        }
        each(bytes)?;
    }
    if left > 0 {
        return damage(FaultKind::FrameUndecodable, "holds fewer bytes than raw_size says");
    }
    if xxh64.digest() != digest.xxh64 {
        return damage(FaultKind::FrameChecksum, "its bytes differ from raw_xxh64");
    }
    if sha256.is_some_and(|sha256| sha256.finalize().as_slice() != digest.sha256) {
        return damage(FaultKind::FrameChecksum, "its bytes differ from raw_sha256");
    }
    let section = finish(decoder).filter(|section| section.inner.remaining() == 0);
    match section.map(|section| section.xxh64()) {
        None => damage(FaultKind::FrameUndecodable, "bytes follow the zstd frame"),
        Some(hash) if compressed_xxh64.is_some_and(|recorded| recorded != hash) => {
            damage(FaultKind::FrameChecksum, "its own bytes differ from compressed_xxh64")
        }
        Some(compressed_xxh64) => Ok(Read::Whole { compressed_xxh64 }),
    }
}

/// What an error of the decoder means: the frame's damage, or that it could not be read.
fn undecodable<E: From<Error>>(input: &Input, frame: &Frame, error: io::Error, window_log: u32) -> Result<Read, E> {
    let kind = match is_wrong_checksum(&error) {
        true => FaultKind::FrameChecksum,
        false => FaultKind::FrameUndecodable,
    };
    match decode_error(input, &format!("frame {}", Quoted::new(&frame.name)), frame.offset, error, window_log) {
        Error::Corruption { detail, .. } => Ok(Read::Damaged(Damage { kind, detail })),
        other => Err(other.into()),
    }
}
