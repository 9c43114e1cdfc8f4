//! The ranges of keys that an SST deletes: RocksDB lists them to nobody.
//!
//! Source of the layout: RocksDB, `table/format.h` and `table/block_based/block_builder.cc`. What is written in any other
//! way is not read here.

use std::os::unix::fs::FileExt;
use std::path::Path;

use prost::encoding::decode_varint;

use crate::{files, Error, Result};

/// The version of the format that this library writes (`engine/cpp/table_format.cc`).
const VERSION: u32 = 5;
const MAGIC: u64 = 0x88e2_41b7_85f4_cff7;
/// Kind of checksum, where two blocks are, version, magic number.
const FOOTER_BYTES: usize = 53;
/// What follows a block: how it is compressed, and its checksum.
const TRAILER_BYTES: u64 = 5;
const NOT_COMPRESSED: u8 = 0;
/// In the last number of a block: its keys are evenly spread. Other bits there say that it is built in another way.
const EVENLY_SPREAD: u32 = 1 << 29;
/// What follows a key inside a table: its sequence number and what is done with it.
const KEY_TRAILER_BYTES: usize = 8;
/// Larger blocks are not read.
const MAX_BLOCK_BYTES: u64 = 1 << 20;
const NAME: &[u8] = b"rocksdb.range_del";

/// From the first key up to, not including, the second.
pub(super) type Range = (Vec<u8>, Vec<u8>);

/// The ranges that the table at `path` deletes, of which there are `count`; `None` if they cannot be told.
pub(super) fn range_deletions(path: &Path, count: u64) -> Result<Option<Vec<Range>>> {
    let file = files::open(path).map_err(Error::io("open", path))?;
    let length = file.metadata().map_err(Error::io("stat", path))?.len();
    let read = |offset: u64, bytes: &mut [u8]| file.read_exact_at(bytes, offset).map_err(Error::io("read", path));
    let block = |handle: Option<(u64, u64)>| -> Result<Option<Vec<u8>>> {
        let fits = |&(offset, size): &(u64, u64)| {
            let end = offset.checked_add(size).and_then(|end| end.checked_add(TRAILER_BYTES));
            size <= MAX_BLOCK_BYTES && end.is_some_and(|end| end <= length)
        };
        let Some((offset, size)) = handle.filter(fits) else { return Ok(None) };
        let mut bytes = vec![0; size as usize + 1];
        read(offset, &mut bytes)?;
        Ok((bytes.pop() == Some(NOT_COMPRESSED)).then_some(bytes))
    };

    let Some(footer_start) = length.checked_sub(FOOTER_BYTES as u64) else { return Ok(None) };
    let mut footer = [0; FOOTER_BYTES];
    read(footer_start, &mut footer)?;
    let index = block(index_of_blocks(&footer))?.and_then(|index| entries(&index)).unwrap_or_default();
    let deletions = index.into_iter().find(|(name, _)| name == NAME);
    let ranges = block(deletions.and_then(|(_, value)| handle(&value)))?.and_then(|ranges| entries(&ranges));
    let range = |(mut first, end): Range| {
        first.truncate(first.len().checked_sub(KEY_TRAILER_BYTES)?);
        Some((first, end))
    };
    let ranges = ranges.and_then(|ranges| ranges.into_iter().map(range).collect::<Option<Vec<_>>>());
    Ok(ranges.filter(|ranges| ranges.len() as u64 == count))
}

/// Where the block is that says where others are.
fn index_of_blocks(footer: &[u8; FOOTER_BYTES]) -> Option<(u64, u64)> {
    let (rest, magic) = footer.split_last_chunk::<8>()?;
    let (rest, version) = rest.split_last_chunk::<4>()?;
    let is_known = u64::from_le_bytes(*magic) == MAGIC && u32::from_le_bytes(*version) == VERSION;
    handle(rest.get(1..)?).filter(|_| is_known)
}

/// Offset and size of a block.
fn handle(mut bytes: &[u8]) -> Option<(u64, u64)> {
    let offset = decode_varint(&mut bytes).ok()?;
    Some((offset, decode_varint(&mut bytes).ok()?))
}

/// The entries of a block. A key begins with as many bytes of the one before as the entry says.
fn entries(block: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let (rest, starts) = block.split_last_chunk::<4>()?;
    let starts = usize::try_from(u32::from_le_bytes(*starts) & !EVENLY_SPREAD).ok()?;
    let mut rest = rest.get(..rest.len().checked_sub(starts.checked_mul(4)?)?)?;
    let (mut entries, mut key) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let shared = length(&mut rest)?;
        let own = length(&mut rest)?;
        let value = length(&mut rest)?;
        if shared > key.len() {
            return None;
        }
        key.truncate(shared);
        let (own, behind) = rest.split_at_checked(own)?;
        let (value, behind) = behind.split_at_checked(value)?;
        key.extend_from_slice(own);
        entries.push((key.clone(), value.to_vec()));
        rest = behind;
    }
    Some(entries)
}

fn length(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(decode_varint(rest).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use rocksdb::{Options, SstFileWriter};
    use tempfile::TempDir;

    use super::*;
    use crate::engine::rocksdb_ext::written_tables;

    fn table(folder: &TempDir, ranges: u32) -> std::path::PathBuf {
        let (path, mut options) = (folder.path().join(format!("{ranges}.sst")), Options::default());
        written_tables(&mut options, true);
        let mut table = SstFileWriter::create(&options);
        table.open(&path).unwrap();
        for number in 0..ranges {
            table.delete_range(number.to_be_bytes(), (number + 1).to_be_bytes()).unwrap();
        }
        (0..1000u32).for_each(|number| table.put(number.to_be_bytes(), [7; 40]).unwrap());
        table.finish().unwrap();
        path
    }

    #[test]
    fn the_ranges_that_a_table_deletes_are_read() {
        let folder = TempDir::new().unwrap();
        for count in [1, 2, 500] {
            let read = range_deletions(&table(&folder, count), count.into()).unwrap().unwrap();
            let bytes = |number: u32| number.to_be_bytes().to_vec();
            let expected: Vec<Range> = (0..count).map(|number| (bytes(number), bytes(number + 1))).collect();
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn what_is_not_as_it_should_be_is_not_taken_for_ranges() {
        let folder = TempDir::new().unwrap();
        let path = table(&folder, 2);
        assert_eq!(range_deletions(&path, 3).unwrap(), None);
        assert_eq!(range_deletions(&table(&folder, 0), 1).unwrap(), None);
        let whole = std::fs::read(&path).unwrap();
        for length in [0, 10, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(range_deletions(&path, 2).unwrap(), None);
        }
        for at in whole.len() - 1000..whole.len() {
            let mut other = whole.clone();
            other[at] ^= 0xff;
            std::fs::write(&path, other).unwrap();
            // RocksDB looks at checksums when it opens the table; nothing panics here.
            let _ = range_deletions(&path, 2).unwrap();
        }
    }
}
