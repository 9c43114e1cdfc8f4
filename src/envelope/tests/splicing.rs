//! Saving a payload of which most has not changed: frames are copied.

use std::fs::{File, FileTimes, OpenOptions};
use std::os::unix::fs::FileExt;

use crate::envelope::tests::*;

/// A file that is unpacked, and what a save may copy from it.
struct Unpacked {
    place: Place,
    folder: TempDir,
    source: Source,
}

fn unpacked(tree: &Tree) -> Unpacked {
    let (place, folder) = (saved(Encoding::IndexedZstd, tree), TempDir::new().unwrap());
    let file = PackedFile::open(&place.file).unwrap();
    let source = file.unpack(folder.path(), &Limits::default(), &Control::none()).unwrap().unwrap();
    Unpacked { place, folder, source }
}

/// Three files, of which one is compressed as a stream.
fn tables() -> Tree {
    tree(&[("000001.sst", &[1; 5000]), ("000002.sst", &noise((9 << 20) + 1)), ("CURRENT", b"MANIFEST-000004\n")])
}

/// The files in a folder, which are never changed as long as the source is used.
fn immutable(folder: &Path) -> Payload {
    let mut payload = Payload::default();
    for name in read_tree(folder).keys() {
        payload.add_immutable(name, &folder.join(name)).unwrap();
    }
    payload
}

fn save_with(source: &Source, target: &Path, payload: Payload) -> Saved {
    let options = SaveOptions { threads: 2, source: Some(source), ..Default::default() };
    save(target, manifest(), Encoding::IndexedZstd, payload, &options, &Control::none()).unwrap()
}

/// Name and bytes of each frame.
fn frames(file: &Path) -> Tree {
    let bytes = fs::read(file).unwrap();
    let frame = |stored: Stored| bytes[stored.offset as usize..][..stored.size as usize].to_vec();
    list(file).unwrap().into_iter().map(|entry| (entry.name, frame(entry.stored.unwrap()))).collect()
}

/// The source's payload with other bytes of the same number in every file.
fn others(tree: &Tree) -> Tree {
    tree.iter().map(|(name, bytes)| (name.clone(), bytes.iter().map(|byte| !byte).collect())).collect()
}

#[test]
fn frames_of_files_that_did_not_change_are_copied_and_only_others_compressed() {
    let Unpacked { place, folder, source } = unpacked(&tables());
    let before = frames(&place.file);
    fs::remove_file(folder.path().join("CURRENT")).unwrap();
    fs::write(folder.path().join("000000.sst"), "new").unwrap();
    let mut payload = immutable(folder.path());
    payload.add_bytes("CURRENT", b"MANIFEST-000009\n");
    let saved = save_with(&source, &place.file, payload);
    assert_eq!((saved.copied, saved.compressed), (2, 2));
    let after = frames(&place.file);
    for table in ["000001.sst", "000002.sst"] {
        assert!(before[table] == after[table], "{table}");
    }
    fs::write(folder.path().join("CURRENT"), "MANIFEST-000009\n").unwrap();
    assert_eq!(place.unpack().unwrap(), read_tree(folder.path()));
    assert_eq!(place.names(), ["test.c1z"]);
}

#[test]
fn an_immutable_file_is_known_without_a_look_at_its_bytes() {
    let Unpacked { place, folder, source } = unpacked(&tables());
    for name in tables().keys() {
        let file = OpenOptions::new().write(true).open(folder.path().join(name)).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.write_all_at(b"other", 0).unwrap();
        file.set_times(FileTimes::new().set_modified(modified)).unwrap();
    }
    assert_eq!(save_with(&source, &place.file, immutable(folder.path())).copied, 3);
    assert_eq!(place.unpack().unwrap(), tables(), "what the frames hold, not what was written behind our back");
}

#[test]
fn an_immutable_file_that_was_changed_all_the_same_is_compressed() {
    let Unpacked { place, folder, source } = unpacked(&tables());
    for (name, bytes) in others(&tables()) {
        let file = OpenOptions::new().write(true).open(folder.path().join(name)).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.write_all_at(&bytes, 0).unwrap();
        file.set_times(FileTimes::new().set_modified(modified + std::time::Duration::from_nanos(1))).unwrap();
    }
    let saved = save_with(&source, &place.file, immutable(folder.path()));
    assert_eq!((saved.copied, saved.compressed), (0, 3));
    assert_eq!(place.unpack().unwrap(), others(&tables()));
}

#[test]
fn a_file_that_may_change_is_not_taken_for_the_one_whose_number_it_may_have() {
    let Unpacked { place, folder, source } = unpacked(&tables());
    let current = folder.path().join("CURRENT");
    let modified = fs::metadata(&current).unwrap().modified().unwrap();
    fs::write(&current, "MANIFEST-000009\n").unwrap();
    File::options().write(true).open(&current).unwrap().set_times(FileTimes::new().set_modified(modified)).unwrap();
    let saved = save_with(&source, &place.file, below(&folder));
    assert_eq!((saved.copied, saved.compressed), (2, 1));
    assert_eq!(place.unpack().unwrap(), read_tree(folder.path()));
}

#[test]
fn of_a_file_that_grows_only_the_start_is_saved() {
    let (place, folder) = (Place::new(), TempDir::new().unwrap());
    let manifest_file = folder.path().join("MANIFEST-000001");
    for encoding in ENCODINGS {
        fs::write(&manifest_file, "the start, and more").unwrap();
        let mut payload = Payload::default();
        payload.add_start("MANIFEST-000001", &manifest_file, 9);
        let options = SaveOptions::default();
        save(&place.file, manifest(), encoding, payload.clone(), &options, &Control::none()).unwrap();
        assert_eq!(place.unpack().unwrap(), tree(&[("MANIFEST-000001", b"the start")]));

        fs::write(&manifest_file, "cut off").unwrap();
        let result = save(&place.file, manifest(), encoding, payload, &options, &Control::none());
        assert!(
            matches!(&result, Err(Error::FailedPrecondition(why)) if why.contains("MANIFEST-000001")),
            "{result:?}"
        );
    }
}

#[test]
fn equal_bytes_in_another_file_are_copied_and_others_of_the_same_size_are_not() {
    for (tree, copied) in [(tables(), 3), (others(&tables()), 0)] {
        let Unpacked { place, source, .. } = unpacked(&tables());
        let saved = save_with(&source, &place.file, below(&folder_of(&tree)));
        assert_eq!((saved.copied, saved.compressed), (copied, 3 - copied));
        assert_eq!(place.unpack().unwrap(), tree);
    }
}

#[test]
fn a_file_of_copied_frames_is_the_file_that_compressing_gives() {
    let Unpacked { place, folder, source } = unpacked(&tables());
    let before = fs::read(&place.file).unwrap();
    save_with(&source, &place.file, immutable(folder.path()));
    assert!(fs::read(&place.file).unwrap() == before);
}

#[test]
fn each_save_copies_from_the_file_that_the_one_before_has_written() {
    let Unpacked { place, folder, mut source } = unpacked(&tables());
    for round in 0..4 {
        fs::write(folder.path().join(format!("{round}.sst")), noise(round * 1000)).unwrap();
        let saved = save_with(&source, &place.file, immutable(folder.path()));
        assert_eq!((saved.copied, saved.compressed), (3 + round, 1));
        source = saved.source.unwrap();
        assert_eq!(place.unpack().unwrap(), read_tree(folder.path()));
    }
}

#[test]
fn a_file_that_takes_the_place_of_the_source_changes_nothing() {
    let Unpacked { place, folder, source } = unpacked(&tables());
    saved(Encoding::IndexedZstd, &small_tree()).move_to(&place.file);
    assert_eq!(save_with(&source, &place.file, immutable(folder.path())).copied, 3);
    assert_eq!(place.unpack().unwrap(), tables());
    fs::remove_file(&place.file).unwrap();
    assert_eq!(save_with(&source, &place.file, immutable(folder.path())).copied, 3);
    assert_eq!(place.unpack().unwrap(), tables());
}

#[test]
fn a_source_that_was_changed_in_place_is_not_copied_from() {
    for name in tables().keys() {
        let Unpacked { place, folder, source } = unpacked(&tables());
        let entry = list(&place.file).unwrap().into_iter().find(|entry| entry.name == *name).unwrap();
        let last = entry.stored.unwrap().offset + entry.stored.unwrap().size - 1;
        let file = OpenOptions::new().read(true).write(true).open(&place.file).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, last).unwrap();
        file.write_all_at(&[byte[0] ^ 1], last).unwrap();
        let saved = save_with(&source, &place.file, immutable(folder.path()));
        assert_eq!((saved.copied, saved.compressed), (0, 3), "{name}");
        assert_eq!(place.unpack().unwrap(), tables());
        assert_eq!(place.names(), ["test.c1z"]);
    }
}

#[test]
fn a_source_that_was_cut_off_is_not_copied_from() {
    let whole = fs::metadata(saved(Encoding::IndexedZstd, &tables()).file).unwrap().len();
    let payload_start = read_head(&saved(Encoding::IndexedZstd, &tables()).file).unwrap().payload_start;
    for len in [0, payload_start, payload_start + 1, whole / 2] {
        let Unpacked { place, folder, source } = unpacked(&tables());
        OpenOptions::new().write(true).open(&place.file).unwrap().set_len(len).unwrap();
        let saved = save_with(&source, &place.file, immutable(folder.path()));
        assert_eq!((saved.copied, saved.compressed), (0, 3), "{len}");
        assert_eq!(place.unpack().unwrap(), tables());
    }
}

#[test]
fn a_cancelled_save_keeps_the_old_file_and_its_frames() {
    let Unpacked { place, folder, source } = unpacked(&tables());
    let before = fs::read(&place.file).unwrap();
    let payload = immutable(folder.path());
    let options = SaveOptions { threads: 1, source: Some(&source), ..Default::default() };
    for allowed in 0..3 {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let cancelled = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= allowed;
        let control = Control::new(&cancelled, &|_, _| ());
        let result = save(&place.file, manifest(), Encoding::IndexedZstd, payload.clone(), &options, &control);
        assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
        assert!(fs::read(&place.file).unwrap() == before && place.names().len() == 1);
    }
    assert_eq!(save_with(&source, &place.file, payload).copied, 3);
}

#[test]
fn tar_streams_have_no_frames_to_copy() {
    for encoding in [Encoding::Tar, Encoding::TarZstd] {
        let Unpacked { place, folder, source } = unpacked(&small_tree());
        let options = SaveOptions { source: Some(&source), ..Default::default() };
        let saved = save(&place.file, manifest(), encoding, below(&folder), &options, &Control::none()).unwrap();
        assert!(saved.source.is_none() && saved.copied + saved.compressed == 0);
        let into = TempDir::new().unwrap();
        let file = PackedFile::open(&place.file).unwrap();
        assert!(file.unpack(into.path(), &Limits::default(), &Control::none()).unwrap().is_none());
        assert_eq!(read_tree(into.path()), small_tree());
    }
}
