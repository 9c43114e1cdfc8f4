use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use crate::envelope::tests::*;
use crate::error::{Code, Reason};
use crate::proto::{wire, STORAGE_DESCRIPTORS};

#[track_caller]
fn assert_unsupported<T: std::fmt::Debug>(result: Result<T>, expected: Reason) {
    match result {
        Err(Error::Unsupported { reason, path, .. }) => {
            assert_eq!((reason, path.ends_with("test.c1z")), (expected, true));
        }
        other => panic!("{other:?} is not {expected:?}"),
    }
}

#[test]
fn the_magic_tells_the_formats_apart() {
    assert_eq!(read_format(&Place::with(b"C1ZF\0rest").file).unwrap(), FileFormat::V1);
    assert_eq!(read_format(&Place::with(b"C1Z3\0").file).unwrap(), FileFormat::V3);
    assert_unsupported(read_format(&Place::with(b"C1Z4\0").file), Reason::NotC1z);
    assert_unsupported(read_format(&Place::with(b"SQLite format 3\0").file), Reason::NotC1z);
    let empty = read_format(&Place::with(b"").file).unwrap_err();
    assert_eq!((empty.reason(), empty.to_string().ends_with("it is empty")), (Reason::NotC1z, true), "{empty}");
    for short in [&b"C"[..], b"C1Z3", b"PK"] {
        assert_corrupt(read_format(&Place::with(short).file), "truncated magic");
    }
}

#[test]
fn a_file_of_format_v1_has_neither_head_nor_payload_directory() {
    let place = Place::with(b"C1ZF\0rest");
    assert_unsupported(read_head(&place.file), Reason::FormatV1);
    assert_unsupported(place.unpack(), Reason::FormatV1);
    assert_unsupported(list(&place.file), Reason::FormatV1);
}

#[test]
fn a_missing_file_and_a_folder_are_named() {
    let place = Place::new();
    let error = read_head(&place.file).unwrap_err();
    assert_eq!(error.to_string(), format!("file {:?} not found", place.file));
    assert_eq!(error.code(), Code::NotFound);
    for unnamed in ["", "a\0b", &"a".repeat(300), &"a/".repeat(3000)] {
        assert_eq!(read_head(Path::new(unnamed)).unwrap_err().code(), Code::InvalidArgument, "{unnamed:?}");
    }
    let error = read_head(place.folder.path()).unwrap_err();
    assert!(matches!(error, Error::InvalidArgument(_)), "{error}");
}

#[test]
fn a_manifest_longer_than_sixteen_mebibytes_is_refused_before_it_is_read() {
    let place = Place::with(b"C1Z3\0\x01\0\0\x01");
    assert_corrupt(read_head(&place.file), "manifest length 16777217 exceeds 16777216");
    let place = Place::with(b"C1Z3\0\x01\0\0\0");
    assert_corrupt(read_head(&place.file), "truncated manifest");
}

#[test]
fn a_manifest_longer_than_sixteen_mebibytes_is_not_written() {
    let place = saved(Encoding::Tar, &small_tree());
    let before = fs::read(&place.file).unwrap();
    let manifest = C1zManifestV3 { engine: "x".repeat(16 << 20), ..manifest() };
    let folder = folder_of(&small_tree());
    let result = save(&place.file, manifest, Encoding::Tar, below(&folder), &SaveOptions::default(), &Control::none());
    assert!(matches!(result, Err(Error::LimitExceeded { limit: 16777216, .. })), "{result:?}");
    assert_eq!((fs::read(&place.file).unwrap(), place.names().len()), (before, 1));
}

/// A file whose manifest consists of these bytes.
fn with_manifest(bytes: &[u8]) -> Place {
    Place::with(&head::encode_head(bytes).unwrap().0)
}

#[test]
fn encodings_that_no_reader_knows_are_refused() {
    for number in [0, 3, 4, 6, 1000, i32::MAX] {
        let mut manifest = manifest();
        manifest.payload_encoding = number;
        let place = with_manifest(&manifest.encode_to_vec());
        assert_unsupported(place.unpack(), Reason::PayloadEncoding);
        assert_unsupported(list(&place.file), Reason::PayloadEncoding);
        assert_eq!(read_head(&place.file).unwrap().manifest.payload_encoding, number);
    }
}

#[test]
fn manifest_numbers_that_do_not_fit_their_field_are_not_cut_down() {
    for number in [2, 4] {
        let mut bytes = manifest().encode_to_vec();
        wire::put_varint(&mut bytes, number, (1 << 32) + 5);
        assert_corrupt(read_head(&with_manifest(&bytes).file), &format!("field {number} is out of range"));
    }
}

#[test]
fn manifest_fields_of_the_wrong_type_are_refused_and_unknown_ones_skipped() {
    for number in [1, 2, 4, 10, 11, 40, 41, 42, 43] {
        let mut bytes = manifest().encode_to_vec();
        bytes.extend([(number << 3 | 5) as u8 | 0x80, (number >> 4) as u8, 1, 2, 3, 4]);
        assert_corrupt(read_head(&with_manifest(&bytes).file), "manifest: ");
    }
    let mut bytes = manifest().encode_to_vec();
    wire::put_bytes(&mut bytes, 5000, b"from the future");
    assert_eq!(read_head(&with_manifest(&bytes).file).unwrap().manifest, manifest());
}

#[test]
fn a_flood_of_sync_runs_is_refused_before_it_is_decoded() {
    let mut bytes = manifest().encode_to_vec();
    for _ in 0..1 << 16 {
        wire::put_message(&mut bytes, 40, b"");
    }
    assert_corrupt(read_head(&with_manifest(&bytes).file), "more than 65536 sync runs");
}

#[test]
fn descriptors_are_neither_decoded_nor_needed_to_open_a_file() {
    let mut bytes = manifest().encode_to_vec();
    assert_eq!(read_head(&with_manifest(&bytes).file).unwrap().descriptors, b"");
    wire::put_message(&mut bytes, 10, b"\xff\xff not a descriptor set");
    assert_eq!(read_head(&with_manifest(&bytes).file).unwrap().descriptors, b"\xff\xff not a descriptor set");
}

#[test]
fn the_embedded_descriptors_are_complete_and_sorted() {
    verify_descriptors(STORAGE_DESCRIPTORS).unwrap();
    let set = FileDescriptorSet::decode(STORAGE_DESCRIPTORS).unwrap();
    assert!(set.file.len() > 4 && set.file.is_sorted_by(|a, b| a.name < b.name));
}

#[test]
fn descriptors_that_are_not_closed_are_refused_and_named() {
    let file = |name: &str, imports: &[&str]| FileDescriptorProto {
        name: Some(name.into()),
        dependency: imports.iter().map(|import| import.to_string()).collect(),
        ..Default::default()
    };
    let assert_damaged = |result: Result<()>, detail: &str| {
        let message = result.unwrap_err().to_string();
        assert!(message.starts_with("manifest descriptors: ") && message.contains(detail), "{message:?}: {detail:?}");
    };
    let verify =
        |files: Vec<FileDescriptorProto>| verify_descriptors(&FileDescriptorSet { file: files }.encode_to_vec());
    verify(vec![]).unwrap();
    verify(vec![file("a", &["b", "c"]), file("b", &["c"]), file("c", &[])]).unwrap();
    let many = |count: usize| (0..count).map(|number| file(&number.to_string(), &[])).collect();
    verify(many(256)).unwrap();
    for (files, detail) in [
        (vec![file("a", &["b"]), file("b", &[]), file("c", &["a", "d"])], "c imports d, which is not in the set"),
        (vec![file("a", &["a"])], "a imports itself"),
        (vec![file("a", &[]), file("b", &["a", "c"]), file("c", &["b"])], "b imports itself"),
        (vec![file("a", &[]), file("a", &[])], "a is in the set twice"),
        (many(257), "more than 256 files"),
    ] {
        assert_damaged(verify(files), detail);
    }
    assert_damaged(verify_descriptors(b"\x0a\x7f"), "malformed protobuf");
    assert_damaged(verify_descriptors(b"\x0a\x03\x0a\x01\xff"), "not UTF-8");
}

#[test]
fn equal_manifests_give_equal_bytes_in_field_order() {
    let full = C1zManifestV3 {
        engine_config: Some(prost_types::Any { type_url: "t".into(), value: vec![1, 2] }),
        fold_dead_bytes: 5,
        ..manifest()
    };
    let bytes = head::manifest::encode(full.clone(), Encoding::Tar).unwrap();
    assert_eq!(bytes, head::manifest::encode(full, Encoding::Tar).unwrap());
    let numbers: Vec<u32> = wire::fields(&bytes).map(|field| field.unwrap().number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 10, 40, 41]);
}

#[test]
fn a_manifest_without_engine_is_not_written() {
    let result = head::manifest::encode(C1zManifestV3::default(), Encoding::Tar);
    assert!(matches!(result, Err(Error::InvalidArgument(_))));
}

#[test]
fn unpacking_needs_an_empty_directory_and_leaves_others_alone() {
    let place = saved(Encoding::Tar, &small_tree());
    let into = folder_of(&tree(&[("mine", b"kept")]));
    let result = unpack(&place.file, into.path(), &Limits::default(), &Control::none());
    assert!(matches!(result, Err(Error::InvalidArgument(_))));
    assert_eq!(read_tree(into.path()), tree(&[("mine", b"kept")]));
    let result = unpack(&place.file, &into.path().join("none"), &Limits::default(), &Control::none());
    assert!(matches!(result, Err(Error::Io { .. })));
}

#[test]
fn what_a_payload_may_unpack_to_follows_the_file_unless_told_otherwise() {
    let limits = Limits::default();
    assert_eq!(limits.decoded_bytes(1000), 10 << 30);
    assert_eq!(limits.decoded_bytes(1 << 30), 100 << 30);
    assert_eq!(limits.decoded_bytes(u64::MAX), u64::MAX);
    assert_eq!(limits.window_log(), 27);
    let limits = Limits {
        max_decoded_bytes: Some(5),
        max_decoder_memory_bytes: Some((1 << 22) - 1),
        threads: 1,
        ..Limits::default()
    };
    assert_eq!((limits.decoded_bytes(1 << 40), limits.window_log()), (5, 21));
}

#[test]
fn the_threads_that_decode_are_bounded_by_the_limits() {
    let workers = |threads| Limits { threads, ..Limits::default() }.workers();
    assert_eq!((workers(1), workers(5), workers(1000)), (1, 5, 64));
    assert!((1..=8).contains(&workers(0)));
    for threads in [1, 3] {
        let place = saved(Encoding::IndexedZstd, &(0..20).map(|at| (format!("{at}.sst"), noise(at * 999))).collect());
        let asking = parking_lot::Mutex::new(std::collections::HashSet::new());
        let note = || {
            asking.lock().insert(std::thread::current().id());
            false
        };
        let (into, limits) = (TempDir::new().unwrap(), Limits { threads, ..Limits::default() });
        unpack(&place.file, into.path(), &limits, &Control::new(&note, &|_, _| ())).unwrap();
        assert!((1..=threads).contains(&asking.lock().len()), "{} threads", asking.lock().len());
    }
}

#[test]
fn a_payload_over_its_budget_is_refused_and_one_within_it_is_not() {
    let tree = tree(&[("a", &[0; 4000]), ("b", &[1; 4000])]);
    for (encoding, needed) in [(Encoding::IndexedZstd, 8000), (Encoding::Tar, 10240), (Encoding::TarZstd, 10240)] {
        let place = saved(encoding, &tree);
        let limits = |bytes| Limits { max_decoded_bytes: Some(bytes), ..Default::default() };
        assert_eq!(place.unpack_within(&limits(needed)).unwrap(), tree, "{encoding:?}");
        let result = place.unpack_within(&limits(needed - 1));
        assert!(matches!(result, Err(Error::LimitExceeded { .. })), "{encoding:?}: {result:?}");
    }
}

#[test]
fn a_window_over_the_decoders_memory_is_refused() {
    let tree = tree(&[("a", &noise(4 << 20))]);
    for encoding in [Encoding::IndexedZstd, Encoding::TarZstd] {
        let place = saved(encoding, &tree);
        let limits = Limits { max_decoder_memory_bytes: Some(1 << 20), ..Default::default() };
        let result = place.unpack_within(&limits);
        assert!(matches!(result, Err(Error::LimitExceeded { limit: 1048576, .. })), "{encoding:?}: {result:?}");
    }
}

#[test]
fn a_cancelled_unpacking_leaves_nothing() {
    for encoding in ENCODINGS {
        let place = saved(encoding, &small_tree());
        for allowed in 0..3 {
            let asked = std::sync::atomic::AtomicUsize::new(0);
            let cancelled = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= allowed;
            let into = TempDir::new().unwrap();
            let control = Control::new(&cancelled, &|_, _| ());
            let result = unpack(&place.file, into.path(), &Limits::default(), &control);
            assert!(matches!(result, Err(Error::Cancelled)), "{encoding:?}: {result:?}");
            assert_eq!(fs::read_dir(into.path()).unwrap().count(), 0);
        }
    }
}
