//! Indexed payloads that no writer makes.

use prost::Message;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh64::xxh64;

use crate::envelope::tests::*;
use crate::proto::manifest::{IndexedFrameEntry, IndexedFrameIndex};

/// An indexed file with the given contents, whose index `change` may spoil before it is hashed.
pub(super) fn forged(files: &[(&str, &[u8])], change: impl FnOnce(&mut IndexedFrameIndex)) -> Place {
    let mut bytes = head_bytes(Encoding::IndexedZstd);
    let mut index = IndexedFrameIndex { manifest_xxh64: xxh64(&bytes[9..], 0), ..Default::default() };
    for (name, raw) in files {
        let frame = zstd::encode_all(*raw, 3).unwrap();
        index.entries.push(IndexedFrameEntry {
            name: name.to_string(),
            frame_offset: bytes.len() as i64,
            compressed_size: frame.len() as i64,
            raw_size: raw.len() as i64,
            raw_xxh64: xxh64(raw, 0),
            raw_sha256: Sha256::digest(raw).to_vec(),
            compressed_xxh64: Some(xxh64(&frame, 0)),
        });
        bytes.extend(frame);
    }
    change(&mut index);
    finish(bytes, &index.encode_to_vec())
}

fn finish(mut bytes: Vec<u8>, index: &[u8]) -> Place {
    let offset = bytes.len() as u64;
    bytes.extend(index);
    bytes.extend(offset.to_be_bytes());
    bytes.extend((index.len() as u32).to_be_bytes());
    bytes.extend(xxh64(index, 0).to_be_bytes());
    bytes.extend(b"C1ZIDX1\0");
    Place::with(&bytes)
}

/// One file "a", whose entry `change` may spoil.
fn forged_entry(change: impl FnOnce(&mut IndexedFrameEntry)) -> Place {
    forged(&[("a", b"content")], |index| change(&mut index.entries[0]))
}

#[test]
fn a_forged_file_that_is_not_spoilt_is_unpacked() {
    let place = forged(&[("a", b"content"), ("b/c", b"")], |_| ());
    assert_eq!(place.unpack().unwrap(), tree(&[("a", b"content"), ("b/c", b"")]));
}

#[test]
fn names_that_leave_the_directory_are_refused() {
    let names = ["..", "../x", "/x", "a/../../x", ".", "./x", "a//x", "a/", "a/.", "a\\x", "..\\x", "a\0", "/"];
    for name in names {
        let place = forged_entry(|entry| entry.name = name.into());
        assert_corrupt(place.unpack(), "unsafe name");
    }
    assert_corrupt(forged_entry(|entry| entry.name = String::new()).unpack(), "a name of 0 bytes");
    assert_corrupt(forged_entry(|entry| entry.name = "x".repeat(4097)).unpack(), "a name of 4097 bytes");
    assert_corrupt(forged_entry(|entry| entry.name = "x/".repeat(64) + "x").unpack(), "more than 64 parts");
    // The system permits less than the format.
    for name in ["x".repeat(256), "x/".repeat(60) + &"x".repeat(256), vec!["x".repeat(240); 17].join("/")] {
        assert_corrupt(forged_entry(|entry| entry.name = name).unpack(), "is too long");
    }
}

#[test]
fn names_that_occur_twice_or_as_file_and_folder_are_refused() {
    for names in [["a", "a"], ["a", "a/b"], ["a/b", "a"], ["x/y/z", "x/y"]] {
        let place = forged(&[(names[0], b"1"), ("a-b", b"2"), (names[1], b"3"), ("a.c", b"4")], |_| ());
        assert_corrupt(place.unpack(), "occurs twice");
        assert_corrupt(list(&place.file), "occurs twice");
    }
    forged(&[("a", b"1"), ("a-b/c", b"2"), ("a.b", b"3"), ("ab", b"4")], |_| ()).unpack().unwrap();
}

#[test]
fn sizes_and_offsets_that_do_not_lie_in_the_file_are_refused() {
    for raw in [-1, i64::MIN] {
        assert_corrupt(forged_entry(|entry| entry.raw_size = raw).unpack(), "raw_size is negative");
    }
    for size in [0, -1, i64::MIN] {
        assert_corrupt(forged_entry(|entry| entry.compressed_size = size).unpack(), "compressed_size");
    }
    for offset in [0, 9, -1, i64::MIN] {
        assert_corrupt(forged_entry(|entry| entry.frame_offset = offset).unpack(), "before the payload");
    }
    assert_corrupt(forged_entry(|entry| entry.frame_offset += 1).unpack(), "beyond the frames");
    assert_corrupt(forged_entry(|entry| entry.frame_offset = i64::MAX).unpack(), "beyond the frames");
    assert_corrupt(forged_entry(|entry| entry.compressed_size += 1).unpack(), "beyond the frames");
    assert_corrupt(forged_entry(|entry| entry.compressed_size = i64::MAX).unpack(), "beyond the frames");
    assert_corrupt(forged_entry(|entry| entry.compressed_size -= 1).unpack(), "truncated frame \"a\"");
}

#[test]
fn frames_that_overlap_are_refused() {
    let place = forged(&[("a", b"content"), ("b", b"content")], |index| {
        index.entries[1].frame_offset = index.entries[0].frame_offset;
    });
    assert_corrupt(place.unpack(), "overlaps");
    let place = forged(&[("a", b"content"), ("b", b"content")], |index| index.entries[0].compressed_size += 1);
    assert_corrupt(place.unpack(), "overlaps");
}

#[test]
fn contents_that_differ_from_their_hashes_and_sizes_are_refused() {
    assert_corrupt(forged_entry(|entry| entry.raw_xxh64 ^= 1).unpack(), "raw_xxh64");
    assert_corrupt(forged_entry(|entry| entry.raw_sha256[31] ^= 1).unpack(), "raw_sha256");
    assert_corrupt(forged_entry(|entry| entry.compressed_xxh64 = Some(1)).unpack(), "compressed_xxh64");
    forged_entry(|entry| entry.compressed_xxh64 = None).unpack().unwrap();
    assert_corrupt(forged_entry(|entry| entry.raw_size += 1).unpack(), "fewer bytes");
    assert_corrupt(forged_entry(|entry| entry.raw_size -= 1).unpack(), "more bytes");
    for len in [0, 31, 33] {
        assert_corrupt(forged_entry(|entry| entry.raw_sha256 = vec![0; len]).unpack(), "32 bytes");
    }
}

#[test]
fn a_manifest_hash_that_is_not_the_heads_is_refused_and_a_missing_one_is_not() {
    assert_corrupt(forged(&[], |index| index.manifest_xxh64 ^= 1).unpack(), "manifest: its hash");
    forged(&[], |index| index.manifest_xxh64 = 0).unpack().unwrap();
}

#[test]
fn a_bomb_is_refused_before_it_unfolds() {
    let zeros = vec![0; 32 << 20];
    let limits = Limits { max_decoded_bytes: Some(1 << 20), ..Default::default() };
    let place = forged(&[("a", &zeros)], |_| ());
    assert!(matches!(place.unpack_within(&limits), Err(Error::LimitExceeded { limit: 1048576, .. })));
    // One that hides its size is stopped at the size that it claims.
    let place = forged(&[("a", &zeros)], |index| index.entries[0].raw_size = 10);
    assert_corrupt(place.unpack_within(&limits), "more bytes");
    // Sizes whose sum overflows are no way around the budget.
    let place = forged(&[("a", b"1"), ("b", b"2"), ("c", b"3")], |index| {
        index.entries.iter_mut().for_each(|entry| entry.raw_size = i64::MAX);
    });
    let limits = Limits { max_decoded_bytes: Some(u64::MAX), ..Default::default() };
    assert!(matches!(place.unpack_within(&limits), Err(Error::LimitExceeded { .. })));
}

/// A file "a" whose frame is made by hand.
fn with_frame(frame: &[u8], raw: &[u8]) -> Place {
    let mut bytes = head_bytes(Encoding::IndexedZstd);
    let entry = IndexedFrameEntry {
        name: "a".into(),
        frame_offset: bytes.len() as i64,
        compressed_size: frame.len() as i64,
        raw_size: raw.len() as i64,
        raw_xxh64: xxh64(raw, 0),
        raw_sha256: Sha256::digest(raw).to_vec(),
        compressed_xxh64: None,
    };
    bytes.extend(frame);
    finish(bytes, &IndexedFrameIndex { entries: vec![entry], ..Default::default() }.encode_to_vec())
}

#[test]
fn a_frame_is_one_zstd_frame_and_nothing_else() {
    let frame = |raw: &[u8]| zstd::encode_all(raw, 3).unwrap();
    assert_corrupt(with_frame(b"plain text", b"plain text").unpack(), "frame \"a\"");
    assert_corrupt(with_frame(&[frame(b"ab"), frame(b"cd")].concat(), b"abcd").unpack(), "fewer bytes");
    assert_corrupt(with_frame(&[frame(b"ab"), frame(b"")].concat(), b"ab").unpack(), "bytes follow");
    assert_corrupt(with_frame(&[frame(b"ab"), vec![0]].concat(), b"ab").unpack(), "bytes follow");
}

#[test]
fn a_window_that_would_take_all_memory_is_refused() {
    use std::io::Write;
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(28).unwrap();
    encoder.write_all(b"small").unwrap();
    let place = with_frame(&encoder.finish().unwrap(), b"small");
    assert!(matches!(place.unpack(), Err(Error::LimitExceeded { limit: 134217728, .. })));
    let limits = Limits { max_decoder_memory_bytes: Some(256 << 20), ..Default::default() };
    place.unpack_within(&limits).unwrap();
}

#[test]
fn footers_that_point_elsewhere_are_refused() {
    let good = fs::read(saved(Encoding::IndexedZstd, &small_tree()).file).unwrap();
    let footer = good.len() - 28;
    let with = |at: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[footer + at..][..bytes.len()].copy_from_slice(bytes);
        Place::with(&file)
    };
    for offset in [0, 8, footer as u64, good.len() as u64, i64::MAX as u64, u64::MAX, u64::MAX - 27] {
        assert_corrupt(with(0, &offset.to_be_bytes()).unpack(), "does not fit");
    }
    assert_corrupt(with(8, &u32::MAX.to_be_bytes()).unpack(), "index length");
    assert_corrupt(with(8, &0u32.to_be_bytes()).unpack(), "does not fit");
    assert_corrupt(with(12, &[0; 8]).unpack(), "hash");
    assert_corrupt(with(20, b"C1ZIDX2\0").unpack(), "truncated");
}

#[test]
fn an_index_that_is_no_index_is_refused() {
    let head = head_bytes(Encoding::IndexedZstd);
    assert_corrupt(finish(head.clone(), b"\xff\xff\xff").unpack(), "index: ");
    assert_corrupt(finish(head.clone(), b"\x08\x01").unpack(), "index: field 1");
    assert_corrupt(finish(head.clone(), b"\x20\x01").unpack(), "index: field 4");
    // Each empty entry would take fifty times its size in memory.
    assert_corrupt(finish(head, &b"\x0a\x00".repeat(1 << 20)).unpack(), "a name of 0 bytes");
}
