//! Saving a payload of which files are not unpacked yet: their frames are copied as they are.

use std::sync::Arc;

use crate::envelope::tests::hostile_frames::forged;
use crate::envelope::tests::*;
use crate::threads::Workers;

struct Unpacked {
    folder: TempDir,
    source: Source,
    lazy_files: LazyFiles,
}

fn unpack(place: &Place) -> Unpacked {
    let folder = TempDir::new().unwrap();
    let file = PackedFile::open(&place.file).unwrap();
    let unpacked = file.unpack_lazily(folder.path(), &Limits::default(), &Control::none()).unwrap();
    let (source, lazy_files) = unpacked.unwrap();
    Unpacked { folder, source, lazy_files }
}

impl Unpacked {
    fn payload(&self) -> Payload {
        let mut payload = Payload::default();
        for name in read_tree(self.folder.path()).keys() {
            let path = self.folder.path().join(name);
            match self.lazy_files.file(name) {
                Some(file) => payload.add_later(name, &path, Arc::new(file)).unwrap(),
                None => payload.add_immutable(name, &path).unwrap(),
            }
        }
        payload
    }

    fn save(&self, target: &Path, source: Option<&Source>) -> Result<Saved> {
        let options = SaveOptions { threads: 2, source, ..Default::default() };
        save(target, manifest(), Encoding::IndexedZstd, self.payload(), &options, &Control::none())
    }
}

fn large_tree() -> Tree {
    let mut tree = small_tree();
    for name in ["a.sst", "b.sst", "c.sst"] {
        tree.insert(name.into(), noise((1 << 20) + name.len()));
    }
    tree
}

#[test]
fn files_that_nobody_asked_for_are_copied_without_being_unpacked() {
    let (tree, target) = (large_tree(), Place::with(b""));
    let unpacked = unpack(&saved(Encoding::IndexedZstd, &tree));
    unpacked.lazy_files.fetch(&Workers::of_threads(1))("b.sst").unwrap();
    let saved = unpacked.save(&target.file, Some(&unpacked.source)).unwrap();
    assert_eq!((saved.copied, saved.compressed), (tree.len(), 0));
    let whole = |name: &&str| unpacked.lazy_files.has_unpacked(name);
    assert_eq!(["a.sst", "b.sst", "c.sst"].iter().filter(|name| whole(name)).collect::<Vec<_>>(), [&"b.sst"]);
    assert!(target.unpack().unwrap() == tree);
}

#[test]
fn files_that_cannot_be_copied_are_unpacked_to_be_compressed() {
    let (tree, target) = (large_tree(), Place::with(b""));
    let unpacked = unpack(&saved(Encoding::IndexedZstd, &tree));
    let saved = unpacked.save(&target.file, None).unwrap();
    assert_eq!((saved.copied, saved.compressed), (0, tree.len()));
    assert!(target.unpack().unwrap() == tree);
}

#[test]
fn a_frame_whose_own_hash_is_not_recorded_is_unpacked_at_once() {
    let (one, two) = (noise(1 << 20), noise(2 << 20));
    let place = forged(&[("one", &one), ("two", &two)], |index| index.entries[1].compressed_xxh64 = None);
    let unpacked = unpack(&place);
    assert!(unpacked.lazy_files.file("one").is_some());
    assert!(unpacked.lazy_files.file("two").is_none());
    assert!(fs::read(unpacked.folder.path().join("two")).unwrap() == two);
    let target = Place::with(b"");
    assert_eq!(unpacked.save(&target.file, Some(&unpacked.source)).unwrap().copied, 2);
}

#[test]
fn damage_is_noticed_in_a_frame_that_is_only_copied() {
    let place = saved(Encoding::IndexedZstd, &large_tree());
    let stored =
        |name| list(&place.file).unwrap().into_iter().find(|entry| entry.name == name).unwrap().stored.unwrap();
    let (frame, mut bytes) = (stored("c.sst"), fs::read(&place.file).unwrap());
    bytes[(frame.offset + frame.size / 2) as usize] ^= 1;
    fs::write(&place.file, bytes).unwrap();
    let (unpacked, target) = (unpack(&place), Place::with(b"old"));
    let error = unpacked.save(&target.file, Some(&unpacked.source)).unwrap_err();
    assert!(matches!(&error, Error::Corruption { place: file, .. } if file.contains("test.c1z")), "{error}");
    assert!(error.to_string().contains("frame \"c.sst\""), "{error}");
    assert_eq!(fs::read(&target.file).unwrap(), b"old");
}
