//! What is around the database.

use std::fs;

use c1z::control::Control;
use c1z::envelope::{self, Encoding, Stored};
use c1z::error::Code;
use c1z::proto::api::FaultKind::{self, *};
use c1z::proto::manifest::IndexedFrameIndex;
use prost::Message;

use super::sample::*;

const ENCODINGS: [Encoding; 3] = [Encoding::IndexedZstd, Encoding::Tar, Encoding::TarZstd];

/// The kinds of faults, each with the file that it names.
fn found(sample: &Sample) -> Vec<(FaultKind, String)> {
    let faults = sample.verify().faults;
    faults.into_iter().map(|fault| (fault.kind(), fault.file)).collect()
}

fn frame(sample: &Sample, name: &str) -> Stored {
    let entries = envelope::list(&sample.fixture.path()).unwrap();
    entries.into_iter().find(|entry| entry.name.starts_with(name)).unwrap().stored.unwrap()
}

fn name_of(sample: &Sample, start: &str) -> String {
    let entries = envelope::list(&sample.fixture.path()).unwrap();
    entries.into_iter().find(|entry| entry.name.starts_with(start)).unwrap().name
}

/// Changes the index of an indexed payload, and its hash with it.
fn forge(sample: &Sample, change: impl FnOnce(&mut IndexedFrameIndex)) {
    let bytes = sample.bytes();
    let footer = bytes.len() - 28;
    let start = u64::from_be_bytes(bytes[footer..footer + 8].try_into().unwrap()) as usize;
    let mut index = IndexedFrameIndex::decode(&bytes[start..footer]).unwrap();
    change(&mut index);
    let index = index.encode_to_vec();
    let mut forged = bytes[..start].to_vec();
    forged.extend(&index);
    forged.extend((start as u64).to_be_bytes());
    forged.extend((index.len() as u32).to_be_bytes());
    forged.extend(xxhash_rust::xxh64::xxh64(&index, 0).to_be_bytes());
    forged.extend(b"C1ZIDX1\0");
    sample.write(&forged);
}

fn entry<'i>(index: &'i mut IndexedFrameIndex, name: &str) -> &'i mut c1z::proto::manifest::IndexedFrameEntry {
    index.entries.iter_mut().find(|entry| entry.name.starts_with(name)).unwrap()
}

#[test]
fn a_flipped_byte_of_a_frame_is_found_and_the_others_are_read() {
    let sample = Sample::new();
    let (manifest, name) = (frame(&sample, "MANIFEST"), name_of(&sample, "MANIFEST"));
    let sound = sample.bytes();
    let mut kinds = Vec::new();
    // The last four bytes are zstd's own checksum.
    for at in [manifest.size / 2, manifest.size - 1] {
        let mut bytes = sound.clone();
        bytes[(manifest.offset + at) as usize] ^= 0x10;
        sample.write(&bytes);
        let report = sample.verify();
        let fault = &report.faults[0];
        assert!([FrameChecksum, FrameUndecodable].contains(&fault.kind()), "{}", report.text);
        assert_eq!(fault.file, name);
        assert!(report.payload_files >= 3, "{}", report.text);
        kinds.push(fault.kind());
    }
    assert_eq!(kinds[1], FrameChecksum);
}

#[test]
fn a_table_with_a_flipped_byte_is_still_walked() {
    let sample = Sample::new();
    let sst = name_of(&sample, "0");
    forge(&sample, |index| entry(index, "0").raw_sha256[7] ^= 1);
    let report = sample.verify();
    assert_eq!(report.faults.len(), 1, "{}", report.text);
    assert_eq!((report.faults[0].kind(), &report.faults[0].file), (FrameChecksum, &sst));
    assert!(report.faults[0].sentence.contains("raw_sha256"), "{}", report.text);
    assert!(report.database_walked);
    assert_eq!(report.syncs.iter().map(|sync| sync.grants).sum::<u64>(), 9, "{}", report.text);
}

#[test]
fn every_frame_with_a_wrong_hash_is_found() {
    let sample = Sample::new();
    let names: Vec<String> =
        envelope::list(&sample.fixture.path()).unwrap().into_iter().map(|entry| entry.name).collect();
    forge(&sample, |index| index.entries.iter_mut().for_each(|entry| entry.raw_xxh64 ^= 1));
    let mut found = found(&sample);
    found.sort();
    assert_eq!(found, names.into_iter().map(|name| (FrameChecksum, name)).collect::<Vec<_>>());
}

#[test]
fn frames_that_overlap_are_found() {
    let sample = Sample::new();
    let manifest = name_of(&sample, "MANIFEST");
    forge(&sample, |index| {
        let current = entry(index, "CURRENT").clone();
        let entry = entry(index, "MANIFEST");
        entry.compressed_size += entry.frame_offset - current.frame_offset;
        entry.frame_offset = current.frame_offset;
    });
    let found = found(&sample);
    assert!(found.iter().any(|(kind, _)| *kind == FrameOverlap), "{found:?}");
    assert!(found.contains(&(FrameUndecodable, manifest)), "{found:?}");
}

#[test]
fn an_entry_that_describes_no_frame_is_found_and_the_others_are_read() {
    let sample = Sample::new();
    let sst = name_of(&sample, "0");
    forge(&sample, |index| entry(index, "0").frame_offset = 3);
    let found = found(&sample);
    assert!(found.contains(&(FrameEntry, sst.clone())), "{found:?}");
    assert!(found.contains(&(FileMissing, sst)), "{found:?}");
}

#[test]
fn names_that_are_unsafe_or_occur_twice_are_found() {
    for name in ["../outside", "/outside", "CURRENT"] {
        let sample = Sample::new();
        forge(&sample, |index| {
            let copy = entry(index, "MANIFEST").clone();
            entry(index, "0").name = name.into();
            assert_eq!(copy, *entry(index, "MANIFEST"));
        });
        let found = found(&sample);
        assert!(found.contains(&(PayloadName, name.to_owned())), "{name}: {found:?}");
        assert!(!sample.fixture.beside("outside").exists());
    }
}

#[test]
fn an_index_for_another_manifest_is_found_and_the_payload_is_read() {
    let sample = Sample::new();
    forge(&sample, |index| index.manifest_xxh64 ^= 1);
    let report = sample.verify();
    assert_eq!(report.faults.iter().map(|fault| fault.kind()).collect::<Vec<_>>(), [Index], "{}", report.text);
    assert!(report.database_walked && report.syncs.len() == 3);
}

#[test]
fn a_file_that_is_cut_anywhere_has_a_fault() {
    for encoding in ENCODINGS {
        let sample = Sample::encoded(encoding);
        let bytes = sample.bytes();
        let payload = envelope::read_head(&sample.fixture.path()).unwrap().payload_start as usize;
        let payload_cuts = (payload..bytes.len()).step_by((bytes.len() - payload) / 20);
        for len in [0, 3, 8, 9, 100, payload - 1].into_iter().chain(payload_cuts).chain([bytes.len() - 1]) {
            sample.write(&bytes[..len]);
            let report = sample.verify();
            let kind = report.faults.first().unwrap_or_else(|| panic!("{encoding:?} cut to {len}")).kind();
            let expected = match (len < payload, encoding) {
                (true, _) => Header,
                (_, Encoding::IndexedZstd) => Index,
                _ => Tar,
            };
            assert_eq!(kind, expected, "{encoding:?} cut to {len}: {}", report.text);
        }
    }
}

#[test]
fn what_is_no_c1z_file_has_a_fault_and_format_v1_is_refused() {
    let sample = Sample::new();
    sample.write(b"something else");
    let report = sample.verify();
    assert_eq!(report.faults.len(), 1);
    assert_eq!((report.faults[0].kind(), report.format.as_str(), report.engine.as_str()), (Header, "", ""));
    sample.write(b"C1ZF\0anything");
    let error = c1z::store::verify(&request(&sample.fixture.path()), &Control::none()).unwrap_err();
    assert_eq!((error.code(), error.reason().name()), (Code::FailedPrecondition, "FORMAT_V1"));
}

#[test]
fn a_manifest_that_cannot_be_read_or_names_an_unknown_encoding_is_found() {
    let sample = Sample::new();
    let mut bytes = sample.bytes();
    bytes[9] = 0xff;
    sample.write(&bytes);
    assert_eq!(found(&sample), [(Manifest, String::new())]);

    let sample = Sample::new();
    let mut bytes = sample.bytes();
    let field = bytes.windows(2).position(|pair| pair == [0x20, 0x05]).unwrap();
    bytes[field + 1] = 0x04;
    sample.write(&bytes);
    let report = sample.verify();
    assert_eq!(report.faults.len(), 1, "{}", report.text);
    assert!(report.text.contains("payload_encoding 4"), "{}", report.text);
}

#[test]
fn descriptors_that_do_not_explain_themselves_are_found() {
    let sample = Sample::new();
    let mut bytes = sample.bytes();
    let import = b"google/protobuf/timestamp.proto";
    let at = bytes.windows(import.len()).position(|window| window == import).unwrap();
    bytes[at] = b'x';
    sample.write(&bytes);
    // The index repeats the hash of the manifest.
    let kinds: Vec<FaultKind> = found(&sample).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [Manifest, Index]);
}

#[test]
fn a_damaged_tar_stream_is_found() {
    let sample = Sample::encoded(Encoding::Tar);
    let mut bytes = sample.bytes();
    let manifest = frame(&sample, "MANIFEST");
    bytes[manifest.offset as usize - 400] ^= 1;
    sample.write(&bytes);
    let report = sample.verify();
    assert_eq!(report.faults[0].kind(), Tar, "{}", report.text);
    assert!(report.faults[0].sentence.contains("checksum"), "{}", report.text);
}

#[test]
fn a_file_of_another_engine_is_verified_as_far_as_its_envelope_goes() {
    let sample = Sample::new();
    sample.repack(|folder, manifest| {
        manifest.engine = "pebble3".into();
        fs::write(folder.join("000123.log"), b"theirs").unwrap();
    });
    let report = sample.verify();
    assert_eq!((report.faults.len(), report.engine.as_str(), report.database_walked), (0, "pebble3", false));
    assert!(report.payload_files >= 4 && report.syncs.is_empty());
    assert!(report.text.contains("engine \"pebble3\" is not this library's"), "{}", report.text);
    forge(&sample, |index| entry(index, "000123").raw_xxh64 ^= 1);
    assert_eq!(found(&sample), [(FrameChecksum, "000123.log".to_owned())]);
}

#[test]
fn faults_above_the_limit_are_not_listed_but_told_of() {
    let sample = Sample::new();
    forge(&sample, |index| index.entries.iter_mut().for_each(|entry| entry.raw_xxh64 ^= 1));
    let request = c1z::proto::api::VerifyRequest { max_faults: 2, ..request(&sample.fixture.path()) };
    let report = c1z::store::verify(&request, &Control::none()).unwrap();
    assert_eq!((report.faults.len(), report.truncated), (2, true));
    assert!(report.text.contains("more than 2 faults"), "{}", report.text);
}
