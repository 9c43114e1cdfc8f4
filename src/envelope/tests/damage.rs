//! Every byte lost, every byte changed.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use crate::envelope::tests::*;
use crate::error::Reason;
use crate::proto::STORAGE_DESCRIPTORS;

/// Where to damage a file: everywhere, but only here and there within the embedded descriptors, which are most of it.
fn places(bytes: &[u8]) -> Vec<usize> {
    let len = STORAGE_DESCRIPTORS.len();
    let start = bytes.windows(len).position(|window| window == STORAGE_DESCRIPTORS).unwrap();
    let dull = start + 4..start + len - 4;
    (0..bytes.len()).filter(|at| !dull.contains(at) || at % 251 == 0).collect()
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    for encoding in ENCODINGS {
        let place = saved(encoding, &small_tree());
        let file = OpenOptions::new().write(true).open(&place.file).unwrap();
        for len in places(&fs::read(&place.file).unwrap()).into_iter().rev() {
            file.set_len(len as u64).unwrap();
            let error = place.unpack().expect_err("a cut file is unpacked");
            let reason = if len == 0 { Reason::NotC1z } else { Reason::Corruption };
            assert_eq!(error.reason(), reason, "{encoding:?} cut to {len}: {error}");
            assert!(list(&place.file).is_err(), "{encoding:?} cut to {len}");
        }
    }
}

/// Changes each byte of a file in turn and says for which ones that was no error. Contents are the same even then, but
/// for those of a plain tar stream, which has no checksum of them.
fn unnoticed(encoding: Encoding, tree: &Tree) -> Vec<u64> {
    let place = saved(encoding, tree);
    let bytes = fs::read(&place.file).unwrap();
    let file = OpenOptions::new().write(true).open(&place.file).unwrap();
    let mut unnoticed = Vec::new();
    for at in places(&bytes) {
        let byte = bytes[at];
        for mask in [1 << (at % 8), 0xff] {
            file.write_all_at(&[byte ^ mask], at as u64).unwrap();
            if let Ok(unpacked) = place.unpack() {
                assert!(unpacked == *tree || encoding == Encoding::Tar, "{encoding:?}: byte {at}, {mask:#x}");
                unnoticed.push(at as u64);
            }
        }
        file.write_all_at(&[byte], at as u64).unwrap();
    }
    unnoticed.dedup();
    unnoticed
}

#[test]
fn nothing_of_an_indexed_file_can_change_but_bits_that_zstd_ignores() {
    let tree = small_tree();
    let place = saved(Encoding::IndexedZstd, &tree);
    let frames: Vec<Stored> = list(&place.file).unwrap().iter().map(|entry| entry.stored.unwrap()).collect();
    for at in unnoticed(Encoding::IndexedZstd, &tree) {
        // In a frame: its header has bits without meaning. Content, and all outside of frames, is covered by hashes.
        assert!(frames.iter().any(|frame| (frame.offset..frame.offset + frame.size).contains(&at)), "byte {at}");
    }
}

#[test]
fn a_changed_byte_of_a_compressed_tar_changes_no_content() {
    let place = saved(Encoding::TarZstd, &small_tree());
    let payload_start = read_head(&place.file).unwrap().payload_start;
    let in_payload = unnoticed(Encoding::TarZstd, &small_tree()).into_iter().filter(|&at| at >= payload_start);
    assert!(in_payload.count() < 8, "a frame header has few bits without meaning");
}

#[test]
fn a_changed_byte_of_a_plain_tar_is_noticed_unless_it_is_content_or_ends_a_checksum() {
    let tree = tree(&[("a", &[5; 100]), ("b", b"")]);
    let place = saved(Encoding::Tar, &tree);
    let head = read_head(&place.file).unwrap();
    let content = list(&place.file).unwrap()[0].stored.unwrap();
    // The digits of a header's checksum are followed by bytes without meaning, which it does not cover.
    const AFTER_DIGITS: std::ops::Range<u64> = 154..156;
    for at in unnoticed(Encoding::Tar, &tree).into_iter().filter(|&at| at >= head.payload_start) {
        let is_content = (content.offset..content.offset + content.size).contains(&at);
        assert!(is_content || AFTER_DIGITS.contains(&((at - head.payload_start) % 512)), "byte {at}");
    }
}

#[test]
fn bytes_after_the_end_are_refused() {
    for encoding in ENCODINGS {
        let place = saved(encoding, &small_tree());
        let bytes = fs::read(&place.file).unwrap();
        fs::write(&place.file, [&bytes[..], b"x"].concat()).unwrap();
        assert!(matches!(place.unpack(), Err(Error::Corruption { .. })), "{encoding:?}");
    }
}
