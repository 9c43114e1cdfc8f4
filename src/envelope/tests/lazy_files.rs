//! Files that are unpacked when they are asked for.

use std::time::{Duration, Instant};

use crate::envelope::tests::*;
use crate::threads::Workers;

const LARGE: usize = 1 << 20;

/// Three large files among small ones.
fn large_tree() -> Tree {
    let mut tree = small_tree();
    for (name, byte) in [("a.sst", 1), ("b.sst", 2), ("deep/c.sst", 3), ("large", 4)] {
        let mut bytes = noise(LARGE + 1);
        bytes[0] = byte;
        tree.insert(name.into(), bytes);
    }
    tree.insert("small.sst".into(), vec![5; 100]);
    tree
}

struct Unpacked {
    into: TempDir,
    lazy_files: LazyFiles,
    workers: Workers,
}

fn unpack_some(place: &Place, threads: usize) -> Unpacked {
    let into = TempDir::new().unwrap();
    let limits = Limits { threads, ..Limits::default() };
    let file = PackedFile::open(&place.file).unwrap();
    let lazy_files = file.unpack_some(into.path(), None, &limits, &Control::none(), |name| name.ends_with(".sst"));
    Unpacked { lazy_files: lazy_files.unwrap().unwrap(), into, workers: Workers::of_threads(threads) }
}

impl Unpacked {
    fn fetch(&self, name: &str) -> Result<()> {
        self.lazy_files.fetch(&self.workers)(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.into.path().join(name)).unwrap()
    }

    /// The names of files that are not as they are in the tree. They have the right size all the same.
    fn missing(&self, tree: &Tree) -> Vec<String> {
        let found = read_tree(self.into.path());
        assert!(tree.iter().all(|(name, bytes)| found[name].len() == bytes.len()));
        assert_eq!(found.len(), tree.len());
        tree.keys().filter(|&name| found[name] != tree[name]).cloned().collect()
    }
}

#[test]
fn large_files_that_may_come_later_come_when_they_are_asked_for() {
    let tree = large_tree();
    let unpacked = unpack_some(&saved(Encoding::IndexedZstd, &tree), 1);
    assert_eq!(unpacked.missing(&tree), ["a.sst", "b.sst", "deep/c.sst"]);
    for _ in 0..2 {
        unpacked.fetch("b.sst").unwrap();
        assert_eq!(unpacked.missing(&tree), ["a.sst", "deep/c.sst"]);
    }
    for name in ["deep/c.sst", "CURRENT", "no such file", "a.sst"] {
        unpacked.fetch(name).unwrap();
    }
    assert_eq!(unpacked.missing(&tree), [""; 0]);
}

#[test]
fn with_a_second_thread_the_file_behind_the_one_that_is_asked_for_comes_too() {
    let tree = large_tree();
    let unpacked = unpack_some(&saved(Encoding::IndexedZstd, &tree), 2);
    unpacked.fetch("a.sst").unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while unpacked.read("b.sst") != tree["b.sst"] {
        assert!(Instant::now() < end, "it does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(unpacked.missing(&tree), ["deep/c.sst"]);
    unpacked.fetch("b.sst").unwrap();
    unpacked.fetch("deep/c.sst").unwrap();
    assert_eq!(unpacked.missing(&tree), [""; 0]);
}

#[test]
fn any_number_of_threads_may_ask_for_the_same_file() {
    let tree = large_tree();
    let place = saved(Encoding::IndexedZstd, &tree);
    for threads in [1, 2] {
        let unpacked = unpack_some(&place, threads);
        std::thread::scope(|scope| {
            for turn in 0..8 {
                let (unpacked, tree) = (&unpacked, &tree);
                scope.spawn(move || {
                    for name in ["a.sst", "b.sst", "deep/c.sst", "a.sst", "b.sst"].iter().skip(turn % 3).take(3) {
                        unpacked.fetch(name).unwrap();
                        assert!(unpacked.read(name) == tree[*name], "{name} is asked for and not there");
                    }
                });
            }
        });
    }
}

#[test]
fn a_damaged_file_is_damaged_for_everyone_who_asks_and_does_not_harm_the_others() {
    let tree = large_tree();
    let place = saved(Encoding::IndexedZstd, &tree);
    let frame = list(&place.file).unwrap().into_iter().find(|entry| entry.name == "b.sst").unwrap().stored.unwrap();
    let mut bytes = fs::read(&place.file).unwrap();
    bytes[(frame.offset + frame.size / 2) as usize] ^= 1;
    fs::write(&place.file, bytes).unwrap();
    for threads in [1, 2] {
        let unpacked = unpack_some(&place, threads);
        unpacked.fetch("a.sst").unwrap();
        assert_corrupt(unpacked.fetch("b.sst"), "frame \"b.sst\"");
        assert_corrupt(unpacked.fetch("b.sst"), "frame \"b.sst\"");
        unpacked.fetch("deep/c.sst").unwrap();
        let missing = unpacked.missing(&tree);
        assert_eq!(missing, ["b.sst"]);
    }
}

#[test]
fn nothing_is_unpacked_ahead_once_it_is_given_up() {
    let Unpacked { into: _into, lazy_files, workers } = unpack_some(&saved(Encoding::IndexedZstd, &large_tree()), 2);
    let holder = lazy_files.holder(&workers);
    drop(lazy_files);
    assert!(matches!(holder.hold("a.sst"), Err(Error::Closed)));
    assert!(!holder.has_gone_ahead());
}

#[test]
fn a_file_that_is_cut_while_it_is_open_is_damaged() {
    let place = saved(Encoding::IndexedZstd, &large_tree());
    let unpacked = unpack_some(&place, 1);
    unpacked.fetch("a.sst").unwrap();
    fs::OpenOptions::new().write(true).open(&place.file).unwrap().set_len(100).unwrap();
    assert_corrupt(unpacked.fetch("b.sst"), "frame \"b.sst\"");
    unpacked.fetch("a.sst").unwrap();
}

#[test]
fn a_file_that_is_replaced_while_it_is_open_does_not_matter() {
    let tree = large_tree();
    let place = saved(Encoding::IndexedZstd, &tree);
    let unpacked = unpack_some(&place, 1);
    place.save(Encoding::IndexedZstd, &small_tree()).unwrap();
    for name in ["a.sst", "b.sst", "deep/c.sst"] {
        unpacked.fetch(name).unwrap();
    }
    assert_eq!(unpacked.missing(&tree), [""; 0]);
}

#[test]
fn what_the_system_refuses_once_comes_when_it_is_asked_for_again() {
    let tree = large_tree();
    let unpacked = unpack_some(&saved(Encoding::IndexedZstd, &tree), 1);
    let (path, away) = (unpacked.into.path().join("a.sst"), unpacked.into.path().join("away"));
    fs::rename(&path, &away).unwrap();
    let error = unpacked.fetch("a.sst").unwrap_err();
    assert!(matches!(&error, Error::Io { op: "open", path: named, .. } if *named == path), "{error}");
    fs::rename(&away, &path).unwrap();
    unpacked.fetch("a.sst").unwrap();
    assert_eq!(unpacked.read("a.sst"), tree["a.sst"]);
}

#[test]
fn nothing_comes_once_it_is_dropped() {
    let tree = large_tree();
    let Unpacked { into: _into, lazy_files, workers } = unpack_some(&saved(Encoding::IndexedZstd, &tree), 2);
    let fetch = lazy_files.fetch(&workers);
    fetch("a.sst").unwrap();
    drop(lazy_files);
    assert!(matches!(fetch("deep/c.sst"), Err(Error::Closed)));
    fetch("a.sst").unwrap();
}

#[test]
fn a_tar_stream_is_unpacked_as_a_whole() {
    let tree = large_tree();
    for encoding in [Encoding::Tar, Encoding::TarZstd] {
        let place = saved(encoding, &tree);
        let into = TempDir::new().unwrap();
        let file = PackedFile::open(&place.file).unwrap();
        let lazy_files = file.unpack_some(into.path(), None, &Limits::default(), &Control::none(), |_| true).unwrap();
        assert!(lazy_files.is_none());
        assert!(read_tree(into.path()) == tree);
    }
}

#[test]
fn files_that_two_payloads_have_in_common_are_known_by_the_bytes_of_their_frames() {
    let (tree, mut other_tree) = (large_tree(), large_tree());
    other_tree.get_mut("b.sst").unwrap()[7] ^= 1;
    let [place, other_place] = [&tree, &other_tree].map(|tree| saved(Encoding::IndexedZstd, tree));
    let common = || {
        let [own, other] = [&place, &other_place].map(|place| unpack_some(place, 1));
        let pairs = own.lazy_files.alike(&other.lazy_files);
        let same = pairs.iter().map(|(own, other)| (own.name().to_owned(), own.has_frame_of(other).unwrap()));
        let same = same.collect::<Vec<_>>();
        assert_eq!(own.missing(&tree).len(), 3, "none was unpacked");
        same
    };
    let named = |of_a, of_c| vec![("a.sst".to_owned(), of_a), ("deep/c.sst".to_owned(), of_c)];
    assert_eq!(common(), named(true, true));
    let frames = list(&other_place.file).unwrap();
    let frame = frames.into_iter().find(|entry| entry.name == "a.sst").unwrap().stored.unwrap();
    let mut bytes = fs::read(&other_place.file).unwrap();
    bytes[(frame.offset + frame.size - 1) as usize] ^= 1;
    fs::write(&other_place.file, bytes).unwrap();
    assert_eq!(common(), named(false, true));
    let own = unpack_some(&place, 1);
    assert!(own.lazy_files.alike(&own.lazy_files).iter().all(|(one, same)| one.has_frame_of(same).unwrap()));
}

#[test]
fn a_file_that_was_cut_off_meanwhile_has_no_frame_in_common() {
    let tree = large_tree();
    let [own, other] = [saved(Encoding::IndexedZstd, &tree), saved(Encoding::IndexedZstd, &tree)];
    let [lazy, others] = [&own, &other].map(|place| unpack_some(place, 1));
    fs::OpenOptions::new().write(true).open(&other.file).unwrap().set_len(1000).unwrap();
    let pairs = lazy.lazy_files.alike(&others.lazy_files);
    assert_eq!(pairs.len(), 3);
    assert!(pairs.iter().all(|(own, other)| !own.has_frame_of(other).unwrap()));
}
