//! Saving, and what is left when it fails.

use std::io::{self, Write};
use std::os::unix::fs::{symlink, OpenOptionsExt, PermissionsExt};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::envelope::tests::*;

/// A place with a file in it, and the bytes of the file.
fn with_old_file() -> (Place, Vec<u8>) {
    let place = saved(Encoding::Tar, &tree(&[("old", b"content")]));
    let bytes = fs::read(&place.file).unwrap();
    (place, bytes)
}

fn save_to(target: &Path, folder: &Path, control: &Control<'_>) -> Result<()> {
    save(target, manifest(), Encoding::IndexedZstd, Payload::below(folder)?, &SaveOptions::default(), control).map(drop)
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_save_replaces_the_file_and_leaves_nothing_else() {
    for encoding in ENCODINGS {
        let (place, _) = with_old_file();
        place.save(encoding, &small_tree()).unwrap();
        assert_eq!(place.unpack().unwrap(), small_tree());
        assert_eq!(place.names(), ["test.c1z"]);
    }
}

#[test]
fn a_save_keeps_the_permissions_of_the_old_file_and_gives_a_new_one_the_usual_ones() {
    let (place, _) = with_old_file();
    let usual = place.folder.path().join("usual");
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&usual).unwrap();
    assert_eq!(mode_of(&place.file), mode_of(&usual));
    for mode in [0o600, 0o664, 0o444] {
        fs::set_permissions(&place.file, fs::Permissions::from_mode(mode)).unwrap();
        place.save(Encoding::Tar, &small_tree()).unwrap();
        assert_eq!(mode_of(&place.file), mode);
    }
}

#[test]
fn links_are_followed() {
    let (place, _) = with_old_file();
    let folder = folder_of(&small_tree());
    let below = place.folder.path().join("below");
    fs::create_dir(&below).unwrap();
    symlink("../test.c1z", below.join("link")).unwrap();
    symlink("link", below.join("second")).unwrap();
    save_to(&below.join("second"), folder.path(), &Control::none()).unwrap();
    assert_eq!(place.unpack().unwrap(), small_tree());
    assert!(below.join("second").is_symlink() && below.join("link").is_symlink());

    symlink("../new.c1z", below.join("dangling")).unwrap();
    save_to(&below.join("dangling"), folder.path(), &Control::none()).unwrap();
    assert!(place.folder.path().join("new.c1z").is_file());

    symlink("circle", below.join("circle")).unwrap();
    let result = save_to(&below.join("circle"), folder.path(), &Control::none());
    assert!(matches!(result, Err(Error::InvalidArgument(_))), "{result:?}");
}

#[test]
fn the_longest_file_name_that_the_system_permits_can_be_saved() {
    let place = Place::new();
    let folder = folder_of(&small_tree());
    let target = place.folder.path().join("n".repeat(255));
    save_to(&target, folder.path(), &Control::none()).unwrap();
    assert_eq!(place.names(), ["n".repeat(255)]);
}

#[test]
fn targets_that_are_no_files_are_refused_and_named() {
    let folder = folder_of(&small_tree());
    let place = Place::new();
    let result = save_to(Path::new(""), folder.path(), &Control::none());
    assert!(matches!(result, Err(Error::InvalidArgument(_))), "{result:?}");

    fs::create_dir(&place.file).unwrap();
    let error = save_to(&place.file, folder.path(), &Control::none()).unwrap_err();
    assert!(error.to_string().ends_with("test.c1z: not a regular file but a folder"), "{error}");

    let missing = place.folder.path().join("missing");
    let error = save_to(&missing.join("file"), folder.path(), &Control::none()).unwrap_err();
    assert!(matches!(&error, Error::Io { path, .. } if path.starts_with(&missing)), "{error}");

    let result = save_to(Path::new("/dev/null"), folder.path(), &Control::none());
    assert!(matches!(result, Err(Error::InvalidArgument(_))), "{result:?}");
    assert_eq!(place.names(), ["test.c1z"]);
}

#[test]
fn a_folder_that_takes_no_files_is_named() {
    // Permissions do not stop root, but nobody creates a file in /proc.
    let target = Path::new("/proc/self/test.c1z");
    let error = save_to(target, folder_of(&small_tree()).path(), &Control::none()).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert!(error.to_string().contains("/proc/self"), "{error}");
}

#[test]
fn a_payload_that_cannot_be_packed_keeps_the_old_file() {
    let (place, old) = with_old_file();
    let folder = folder_of(&small_tree());
    symlink("CURRENT", folder.path().join("link")).unwrap();
    let error = save_to(&place.file, folder.path(), &Control::none()).unwrap_err();
    assert!(error.to_string().contains("link: cannot be packed"), "{error}");
    let error = save_to(&place.file, &folder.path().join("none"), &Control::none()).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    let options = SaveOptions { level: 1000, ..Default::default() };
    let result = save(&place.file, manifest(), Encoding::Tar, Payload::default(), &options, &Control::none());
    assert!(matches!(result, Err(Error::InvalidArgument(_))));
    assert_eq!((fs::read(&place.file).unwrap(), place.names().len()), (old, 1));
}

#[test]
fn a_payload_that_changes_while_it_is_packed_keeps_the_old_file() {
    for len in [0, 9 << 20, (9 << 20) + 2] {
        for encoding in ENCODINGS {
            let (place, old) = with_old_file();
            let folder = folder_of(&tree(&[("a", b"first"), ("b", &vec![1; (9 << 20) + 1])]));
            let changes = folder.path().join("b");
            // Asked before the first byte of the first file is read, after sizes have been listed.
            let change = || fs::OpenOptions::new().write(true).open(&changes).unwrap().set_len(len).is_err();
            let control = Control::new(&change, &|_, _| ());
            let options = SaveOptions::default();
            let result = save(&place.file, manifest(), encoding, below(&folder), &options, &control);
            assert!(matches!(result, Err(Error::FailedPrecondition(_))), "{encoding:?} {len}: {result:?}");
            assert_eq!((fs::read(&place.file).unwrap(), place.names().len()), (old, 1));
        }
    }
}

#[test]
fn a_cancelled_save_keeps_the_old_file() {
    for encoding in ENCODINGS {
        for allowed in 0..6 {
            let (place, old) = with_old_file();
            let asked = AtomicUsize::new(0);
            let cancelled = || asked.fetch_add(1, Ordering::Relaxed) >= allowed;
            let control = Control::new(&cancelled, &|_, _| ());
            let folder = folder_of(&small_tree());
            let result = save(&place.file, manifest(), encoding, below(&folder), &SaveOptions::default(), &control);
            assert!(matches!(result, Err(Error::Cancelled)), "{encoding:?}: {result:?}");
            assert_eq!((fs::read(&place.file).unwrap(), place.names().len()), (old, 1));
        }
    }
}

#[test]
fn a_rename_that_fails_leaves_what_stands_in_its_way() {
    let place = Place::new();
    let folder = folder_of(&small_tree());
    let appear = || {
        fs::create_dir_all(place.file.join("inside")).unwrap();
        false
    };
    let error = save_to(&place.file, folder.path(), &Control::new(&appear, &|_, _| ())).unwrap_err();
    assert!(matches!(&error, Error::Io { op: "rename to", path, .. } if *path == place.file), "{error}");
    assert_eq!(place.names(), ["test.c1z"]);
}

/// A sink that takes so many bytes and then is full.
struct Full {
    left: usize,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.left);
        self.left -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_sink_that_fails_at_any_byte_fails_the_write_and_is_named() {
    let mut tree = small_tree();
    tree.insert("huge".into(), huge());
    let folder = folder_of(&tree);
    for encoding in ENCODINGS {
        let options = SaveOptions { threads: 2, level: 1, ..Default::default() };
        let mut whole = Vec::new();
        write(&mut whole, Path::new(""), manifest(), encoding, below(&folder), &options, &Control::none()).unwrap();
        let len = whole.len();
        let (start, end) = ((0..100_000).step_by(4999), (len - 600..len).step_by(29));
        for left in start.chain(end) {
            let mut sink = Full { left };
            let name = Path::new("the sink");
            let result = write(&mut sink, name, manifest(), encoding, below(&folder), &options, &Control::none());
            match result {
                Err(Error::Io { op: "write", path, source }) => {
                    assert_eq!((path.as_path(), source.kind()), (name, io::ErrorKind::StorageFull));
                }
                other => panic!("{encoding:?}, {left} of {len}: {other:?}"),
            }
        }
    }
}

#[test]
fn concurrent_saves_leave_one_of_the_files_whole_at_any_time() {
    let trees = [small_tree(), tree(&[("other", &noise(300_000))])];
    let folders = trees.each_ref().map(folder_of);
    let place = saved(Encoding::IndexedZstd, &trees[0]);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers = folders.each_ref().map(|folder| {
            let file = &place.file;
            scope.spawn(move || (0..20).try_for_each(|_| save_to(file, folder.path(), &Control::none())))
        });
        let reader = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert!(trees.contains(&place.unpack().unwrap()));
            }
        });
        let outcomes = writers.map(|writer| writer.join().unwrap());
        stop.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        outcomes.into_iter().for_each(|outcome| outcome.unwrap());
    });
    assert!(trees.contains(&place.unpack().unwrap()));
    assert_eq!(place.names(), ["test.c1z"]);
}

#[test]
fn a_path_that_no_system_takes_is_not_shown_whole() {
    for end in ["/", "/..", "/file.c1z"] {
        let path = PathBuf::from(format!("/{}{end}", "a".repeat(1 << 20)));
        let message = check_destination(&path).unwrap_err().to_string();
        assert!(message.len() < 5_000, "{} bytes", message.len());
    }
}
