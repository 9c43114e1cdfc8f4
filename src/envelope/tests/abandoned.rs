//! What killed writers leave, and who removes it.

use std::fs::File;
use std::os::unix::fs::symlink;

use rustix::fs::{flock, FlockOperation};

use crate::envelope::tests::*;

const ABANDONED: &str = ".test.c1zAb3xYz.tmp";

fn put(place: &Place, name: &str, bytes: &[u8]) -> PathBuf {
    let path = place.folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn save_again(place: &Place) {
    place.save(Encoding::IndexedZstd, &small_tree()).unwrap();
}

#[test]
fn a_save_removes_what_killed_writers_of_the_same_file_have_left() {
    for bytes in [&b""[..], b"C1", b"C1Z3\0", b"C1Z3\0\0\0\0\x10 and more of it"] {
        let place = Place::new();
        put(&place, ABANDONED, bytes);
        put(&place, ".test.c1z000000.tmp", bytes);
        save_again(&place);
        assert_eq!(place.names(), ["test.c1z"]);
    }
}

#[test]
fn a_save_that_fails_removes_it_too() {
    let place = Place::new();
    put(&place, ABANDONED, b"C1Z3\0");
    let folder = folder_of(&small_tree());
    let cancelled = Control::new(&|| true, &|_, _| ());
    let options = SaveOptions::default();
    let result = save(&place.file, manifest(), Encoding::Tar, below(&folder), &options, &cancelled);
    assert!(matches!(result, Err(Error::Cancelled)));
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn what_a_living_writer_is_writing_stays() {
    let place = Place::new();
    let path = put(&place, ABANDONED, b"C1Z3\0");
    let writer = File::open(&path).unwrap();
    flock(&writer, FlockOperation::LockExclusive).unwrap();
    save_again(&place);
    assert_eq!(place.names(), [ABANDONED, "test.c1z"]);
    drop(writer);
    save_again(&place);
    assert_eq!(place.names(), ["test.c1z"]);
}

#[test]
fn a_writer_holds_a_lock_while_it_writes_and_none_after() {
    let place = Place::new();
    let folder = folder_of(&small_tree());
    let is_free = |path: &Path| flock(File::open(path).unwrap(), FlockOperation::NonBlockingLockExclusive).is_ok();
    let seen = std::sync::atomic::AtomicUsize::new(0);
    let look = || {
        for name in place.names() {
            assert!(!is_free(&place.folder.path().join(&name)), "{name} could be taken for an abandoned one");
            seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        false
    };
    let (control, options) = (Control::new(&look, &|_, _| ()), SaveOptions { threads: 1, ..Default::default() });
    let saved = save(&place.file, manifest(), Encoding::IndexedZstd, below(&folder), &options, &control).unwrap();
    assert!(seen.into_inner() > 0);
    assert!(saved.source.is_some() && is_free(&place.file), "the file is open for the next save, but not locked");
}

#[test]
fn nothing_else_is_removed() {
    let place = Place::new();
    let mut names = vec![
        // Of another file, of nobody, and of somebody who names files in another way.
        ".other.c1zAb3xYz.tmp",
        ".Ab3xYz.tmp",
        ".test.c1zAb3xYz.tmp2",
        ".test.c1zAb3xY.tmp",
        ".test.c1zAb3xYzz.tmp",
        ".test.c1zAb3x_z.tmp",
        "test.c1zAb3xYz.tmp",
        ".test.c1z.tmp",
    ];
    names.iter().for_each(|name| drop(put(&place, name, b"C1Z3\0")));
    // With such a name, but not ours.
    put(&place, ".test.c1zforegn.tmp", b"SQLite format 3\0");
    symlink("test.c1z", place.folder.path().join(".test.c1zalink1.tmp")).unwrap();
    fs::create_dir(place.folder.path().join(".test.c1zfolder.tmp")).unwrap();
    names.extend([".test.c1zforegn.tmp", ".test.c1zalink1.tmp", ".test.c1zfolder.tmp", "test.c1z"]);
    names.sort();
    save_again(&place);
    assert_eq!(place.names(), names);
}
