use std::io::Write;

use sha2::{Digest, Sha256};

use crate::envelope::tests::*;
use crate::proto::manifest::PayloadEncoding;

fn assert_round_trip(tree: &Tree) {
    for encoding in ENCODINGS {
        let place = saved(encoding, tree);
        assert_eq!(&place.unpack().unwrap(), tree, "{encoding:?}");
        assert_listed(&place, encoding, tree);
    }
}

fn assert_listed(place: &Place, encoding: Encoding, tree: &Tree) {
    let file = fs::read(&place.file).unwrap();
    let entries = list(&place.file).unwrap();
    assert_eq!(entries.len(), tree.len());
    for (entry, (name, bytes)) in entries.iter().zip(tree) {
        assert_eq!((&entry.name, entry.raw_size), (name, bytes.len() as u64));
        let stored = entry.stored.map(|stored| &file[stored.offset as usize..][..stored.size as usize]);
        match encoding {
            Encoding::TarZstd => assert_eq!(stored, None),
            Encoding::Tar => assert_eq!(stored, Some(bytes.as_slice())),
            Encoding::IndexedZstd => {
                assert_eq!(&zstd::decode_all(stored.unwrap()).unwrap(), bytes);
                assert_eq!(entry.sha256, Some(Sha256::digest(bytes).into()));
            }
        }
    }
}

#[test]
fn files_of_all_kinds_come_back_in_every_encoding() {
    assert_round_trip(&small_tree());
}

#[test]
fn a_directory_without_files_comes_back_empty() {
    assert_round_trip(&Tree::new());
}

#[test]
fn names_that_fill_and_overflow_a_tar_header_come_back() {
    let long = |len: usize| format!("{}/{}", "d".repeat(90), "n".repeat(len - 91));
    let names = [long(99), long(100), long(101), long(255), long(300), "grüße/数据 mit leer.sst".to_owned()];
    assert_round_trip(&names.iter().map(|name| (name.clone(), name.as_bytes().to_vec())).collect());
}

#[test]
fn sizes_around_every_block_and_buffer_come_back() {
    let sizes = [1, 255, 256, 257, 511, 512, 513, 1024, (256 << 10) - 1, 256 << 10, (256 << 10) + 1];
    assert_round_trip(&sizes.iter().map(|&size| (format!("{size:07}.sst"), noise(size))).collect());
}

#[test]
fn large_files_come_back_whether_they_compress_or_not() {
    let mut tree = small_tree();
    tree.insert("000001.sst".into(), noise((20 << 20) + 17));
    tree.insert("000002.sst".into(), vec![42; 40 << 20]);
    tree.insert("000003.sst".into(), noise(20 << 20));
    assert_round_trip(&tree);
}

#[test]
fn many_files_come_back_in_order() {
    assert_round_trip(&(0..500).map(|at| (format!("{at:06}.sst"), noise(at * 37))).collect());
}

#[test]
fn the_bytes_of_a_file_depend_on_its_contents_alone() {
    let mut tree = small_tree();
    tree.insert("huge".into(), huge());
    // More than may be under way at once, were there a thread for each.
    tree.extend((0..9).map(|at| (format!("large {at}"), vec![at; 17 << 20])));
    for encoding in ENCODINGS {
        let files = [1, 2, 16].map(|threads| {
            let place = Place::new();
            let options = SaveOptions { threads, ..Default::default() };
            let folder = folder_of(&tree);
            save(&place.file, manifest(), encoding, below(&folder), &options, &Control::none()).unwrap();
            fs::read(&place.file).unwrap()
        });
        assert!(files.iter().all(|file| *file == files[0]), "{encoding:?}");
    }
}

#[test]
fn frames_record_their_size_where_the_sdk_does() {
    let place = saved(Encoding::IndexedZstd, &tree(&[("a", &[1; 256]), ("b", &noise(9 << 20)), ("c", &huge())]));
    let file = fs::read(&place.file).unwrap();
    for entry in list(&place.file).unwrap() {
        let frame = &file[entry.stored.unwrap().offset as usize..];
        assert_eq!(zstd::zstd_safe::get_frame_content_size(frame).unwrap(), Some(entry.raw_size));
    }
}

#[test]
fn a_sink_that_cannot_seek_gets_the_same_bytes() {
    struct OneByOne(Vec<u8>);
    impl Write for OneByOne {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.extend(bytes.first());
            Ok(bytes.len().min(1))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for encoding in ENCODINGS {
        let place = saved(encoding, &small_tree());
        let mut sink = OneByOne(Vec::new());
        let (folder, options) = (folder_of(&small_tree()), SaveOptions::default());
        write(&mut sink, Path::new("-"), manifest(), encoding, below(&folder), &options, &Control::none()).unwrap();
        assert!(sink.0 == fs::read(&place.file).unwrap(), "{encoding:?}");
    }
}

#[test]
fn the_head_is_read_without_the_payload() {
    for encoding in ENCODINGS {
        let place = saved(encoding, &small_tree());
        let whole = read_head(&place.file).unwrap();
        let file = fs::read(&place.file).unwrap();
        fs::write(&place.file, &file[..whole.payload_start as usize]).unwrap();
        let head = read_head(&place.file).unwrap();
        assert_eq!(head.manifest.payload_encoding(), PayloadEncoding::from(encoding));
        assert_eq!((head.manifest.engine.as_str(), head.manifest.engine_schema_version), ("test", 7));
        assert_eq!(head.manifest.sync_runs, manifest().sync_runs);
        assert_eq!(head.descriptors, crate::proto::STORAGE_DESCRIPTORS);
        assert_eq!(head.file_len, head.payload_start);
    }
}

#[test]
fn progress_grows_to_the_total() {
    let mut tree = small_tree();
    tree.insert("huge".into(), huge());
    let total: u64 = tree.values().map(|bytes| bytes.len() as u64).sum();
    for encoding in ENCODINGS {
        let seen = parking_lot::Mutex::new(Vec::new());
        let watch = |done, total| seen.lock().push((done, total));
        let control = Control::new(&|| false, &watch);
        let place = Place::new();
        let folder = folder_of(&tree);
        save(&place.file, manifest(), encoding, below(&folder), &SaveOptions::default(), &control).unwrap();
        assert!(seen.lock().is_sorted() && seen.lock().len() > 3);
        assert_eq!(seen.lock().last(), Some(&(total, total)));

        seen.lock().clear();
        let into = TempDir::new().unwrap();
        unpack(&place.file, into.path(), &Limits::default(), &control).unwrap();
        assert!(seen.lock().is_sorted() && seen.lock().len() > 3);
        let known = if encoding == Encoding::IndexedZstd { total } else { 0 };
        assert_eq!(seen.lock().last(), Some(&(total, known)));
    }
}
