//! The index of an indexed payload, and the footer that says where it lies.
//!
//! ```text
//! payload := frame* | index | footer
//! footer  := u64 offset of the index | u32 its length | u64 its XXH64 | "C1ZIDX1\0", all big endian
//! ```

use prost::Message;
use xxhash_rust::xxh64::xxh64;

use crate::envelope::head::Head;
use crate::envelope::io::Input;
use crate::envelope::names;
use crate::proto::api::FaultKind;
use crate::proto::manifest::{IndexedFrameEntry, IndexedFrameIndex};
use crate::proto::wire;
use crate::quoted::Quoted;
use crate::{Error, Result};

const FOOTER_MAGIC: &[u8; 8] = b"C1ZIDX1\0";
const FOOTER_LEN: u64 = 28;
/// The largest index that is written or read.
const MAX_INDEX_BYTES: u64 = 64 << 20;

const ENTRIES: u32 = 1;
const MANIFEST_XXH64: u32 = 4;

/// One payload file and where its frame lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub name: String,
    /// From the start of the file.
    pub offset: u64,
    pub compressed_size: u64,
    /// Hash of the frame's own bytes, if it is known.
    pub compressed_xxh64: Option<u64>,
    pub digest: Digest,
}

impl Frame {
    /// The offset behind its last byte, which is known to be one.
    pub fn end(&self) -> u64 {
        self.offset + self.compressed_size
    }
}

/// What is recorded of the bytes of a payload file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest {
    pub size: u64,
    pub xxh64: u64,
    pub sha256: [u8; 32],
}

/// Index and footer of `frames`, which end at `offset`.
pub fn encode(frames: Vec<Frame>, offset: u64, manifest_xxh64: u64) -> Result<Vec<u8>> {
    let total = |size: fn(&Frame) -> u64| signed(frames.iter().map(size).sum());
    let total_raw_size = total(|frame| frame.digest.size)?;
    let total_compressed_size = total(|frame| frame.compressed_size)?;
    let entries = frames.into_iter().map(entry).collect::<Result<_>>()?;
    let index = IndexedFrameIndex { entries, total_raw_size, total_compressed_size, manifest_xxh64 };
    let mut bytes = index.encode_to_vec();
    let length = u32::try_from(bytes.len()).ok().filter(|&length| u64::from(length) <= MAX_INDEX_BYTES);
    let length = length.ok_or_else(|| Error::LimitExceeded {
        place: "payload index".into(),
        what: format!("its encoded size of {} bytes", bytes.len()),
        limit: MAX_INDEX_BYTES,
        setting: None,
    })?;
    let hash = xxh64(&bytes, 0);
    bytes.extend_from_slice(&offset.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&hash.to_be_bytes());
    bytes.extend_from_slice(FOOTER_MAGIC);
    Ok(bytes)
}

fn entry(frame: Frame) -> Result<IndexedFrameEntry> {
    Ok(IndexedFrameEntry {
        name: frame.name,
        frame_offset: signed(frame.offset)?,
        compressed_size: signed(frame.compressed_size)?,
        raw_size: signed(frame.digest.size)?,
        raw_xxh64: frame.digest.xxh64,
        raw_sha256: frame.digest.sha256.to_vec(),
        compressed_xxh64: frame.compressed_xxh64,
    })
}

fn signed(size: u64) -> Result<i64> {
    i64::try_from(size).map_err(|_| Error::invalid("payload: sizes exceed 63 bits"))
}

/// Says what is wrong with an index and which file it is about, if about one; `Ok` goes on without that file's entry.
pub(super) type Complain<'c> = &'c mut dyn FnMut(FaultKind, &str, String) -> Result<()>;

/// The frames of an indexed payload, in the order of the index: each lies between head and index, none overlaps
/// another, and no name occurs twice. Names may still be unsafe.
pub fn read(input: &Input, head: &Head) -> Result<Vec<Frame>> {
    read_complaining(input, head, &mut |_, _, detail| Err(input.corrupt(detail)))
}

/// [`read`] for who wants to know all that is wrong: frames that overlap or share a name are among those that it returns.
pub fn read_complaining(input: &Input, head: &Head, complain: Complain<'_>) -> Result<Vec<Frame>> {
    let (bytes, end) = read_bytes(input, head)?;
    let mut frames = Vec::new();
    let mut manifest_xxh64 = 0;
    for field in wire::fields(&bytes) {
        let field = field.map_err(|error| input.corrupt(format!("index: {error}")))?;
        match (field.number, field.value) {
            (ENTRIES, wire::Value::Bytes(bytes)) => match frame(head, end, bytes) {
                Ok(frame) => frames.push(frame),
                Err((name, detail)) => complain(FaultKind::FrameEntry, &name, detail)?,
            },
            (MANIFEST_XXH64, wire::Value::Fixed64(hash)) => manifest_xxh64 = hash,
            (ENTRIES | MANIFEST_XXH64, _) => {
                return Err(input.corrupt(format!("index: field {} has the wrong wire type", field.number)));
            }
            _ => {}
        }
    }
    let mut names: Vec<&str> = frames.iter().map(|frame| frame.name.as_str()).collect();
    if let Some(name) = names::clash(&mut names) {
        let detail = format!("index: {} occurs twice, or as file and as folder", Quoted::new(name));
        complain(FaultKind::PayloadName, name, detail)?;
    }
    check_overlap(&frames, complain)?;
    // SDK: 0 stands for a hash that was not recorded.
    if manifest_xxh64 != 0 && manifest_xxh64 != head.manifest_xxh64 {
        let detail = "manifest: its hash differs from the one in the index".to_owned();
        complain(FaultKind::Index, "", detail)?;
    }
    Ok(frames)
}

/// The index and the offset at which it starts.
fn read_bytes(input: &Input, head: &Head) -> Result<(Vec<u8>, u64)> {
    let footer_start = input.len.checked_sub(FOOTER_LEN).filter(|&start| start >= head.payload_start);
    let footer_start = footer_start.ok_or_else(|| input.truncated("payload: no room for a footer"))?;
    let footer = input.range(footer_start, FOOTER_LEN, "footer")?;
    if !footer.ends_with(FOOTER_MAGIC) {
        return Err(input.truncated("payload: it does not end with the footer of an indexed payload"));
    }
    let number = |range: std::ops::Range<usize>| footer[range].iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    let (offset, length, hash) = (number(0..8), number(8..12), number(12..20));
    if length > MAX_INDEX_BYTES {
        return Err(input.corrupt(format!("footer: index length {length} exceeds {MAX_INDEX_BYTES}")));
    }
    if offset < head.payload_start || offset.checked_add(length) != Some(footer_start) {
        return Err(input.corrupt(format!("footer: an index of {length} bytes at {offset} does not fit the file")));
    }
    let bytes = input.range(offset, length, "index")?;
    if xxh64(&bytes, 0) != hash {
        return Err(input.corrupt("index: its hash differs from the one in the footer"));
    }
    Ok((bytes, offset))
}

/// Checks an entry before the next one is decoded: thereby no index takes more than a few times its size in memory.
/// Fails with the entry's name, as far as it is known, and what is wrong.
fn frame(head: &Head, end: u64, bytes: &[u8]) -> Result<Frame, (String, String)> {
    let entry = IndexedFrameEntry::decode(bytes).map_err(|error| (String::new(), format!("index: {error}")))?;
    let name = entry.name;
    if name.is_empty() || name.len() > names::MAX_NAME_BYTES {
        return Err((String::new(), format!("index: a name of {} bytes", name.len())));
    }
    let wrong = |detail: &str| (name.clone(), format!("frame {}: {detail}", Quoted::new(&name)));
    let size = u64::try_from(entry.raw_size).map_err(|_| wrong("raw_size is negative"))?;
    let compressed_size = u64::try_from(entry.compressed_size).ok().filter(|&size| size > 0);
    let compressed_size = compressed_size.ok_or_else(|| wrong("compressed_size is not positive"))?;
    let offset = u64::try_from(entry.frame_offset).ok().filter(|&offset| offset >= head.payload_start);
    let offset = offset.ok_or_else(|| wrong("frame_offset lies before the payload"))?;
    if offset.checked_add(compressed_size).is_none_or(|frame_end| frame_end > end) {
        return Err(wrong("frame_offset and compressed_size reach beyond the frames"));
    }
    let sha256 = entry.raw_sha256.try_into().map_err(|_| wrong("raw_sha256 is not 32 bytes long"))?;
    let digest = Digest { size, xxh64: entry.raw_xxh64, sha256 };
    Ok(Frame { name, offset, compressed_size, compressed_xxh64: entry.compressed_xxh64, digest })
}

fn check_overlap(frames: &[Frame], complain: Complain<'_>) -> Result<()> {
    let mut by_offset: Vec<&Frame> = frames.iter().collect();
    by_offset.sort_unstable_by_key(|frame| frame.offset);
    for pair in by_offset.windows(2) {
        if let [first, second] = pair {
            if first.offset + first.compressed_size > second.offset {
                let detail = format!("frame {} overlaps frame {}", Quoted::new(&second.name), Quoted::new(&first.name));
                complain(FaultKind::FrameOverlap, &second.name, detail)?;
            }
        }
    }
    Ok(())
}
