//! Who may read a saved file, also while it is written.

use std::fs;
use std::os::unix::fs::{chown, MetadataExt};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use c1z::control::Control;

use super::fixture::*;
use super::other_process::{alone, as_nobody, mode_of, set_mode, NOBODY};

/// Saves, and looks meanwhile at the file that is written; it may not permit more than `widest`.
fn save_watched(fixture: &Fixture, widest: u32) {
    let store = fixture.open();
    start(&store, "full");
    let looks = AtomicUsize::new(0);
    let folder = fixture.path().parent().unwrap().to_path_buf();
    let look = || {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|extension| extension == "tmp") {
                looks.fetch_add(1, Ordering::Relaxed);
                assert_eq!(mode_of(&path) & !widest, 0, "{:o} is wider than {widest:o}", mode_of(&path));
            }
        }
        false
    };
    store.save(&Control::new(&look, &|_, _| ())).unwrap();
    assert!(looks.into_inner() > 0, "nobody has looked");
    store.close().unwrap();
}

/// A new file has the mode `new`, and one of any mode keeps it.
fn modes(new: u32) {
    let fixture = Fixture::new();
    save_watched(&fixture, new);
    assert_eq!(mode_of(&fixture.path()), new);
    for mode in [0o600, 0o400, 0o640, 0o666] {
        set_mode(&fixture.path(), mode);
        save_watched(&fixture, mode | 0o600);
        assert_eq!(mode_of(&fixture.path()), mode);
    }
}

#[test]
fn a_file_permits_no_more_while_it_is_written_than_in_the_end_without_a_umask() {
    let test = "permissions::a_file_permits_no_more_while_it_is_written_than_in_the_end_without_a_umask";
    alone(test, "umask 000", || modes(0o644));
}

#[test]
fn a_file_permits_no_more_while_it_is_written_than_in_the_end_with_the_usual_umask() {
    let test = "permissions::a_file_permits_no_more_while_it_is_written_than_in_the_end_with_the_usual_umask";
    alone(test, "umask 022", || modes(0o644));
}

#[test]
fn a_file_permits_no_more_while_it_is_written_than_in_the_end_with_a_strict_umask() {
    let test = "permissions::a_file_permits_no_more_while_it_is_written_than_in_the_end_with_a_strict_umask";
    alone(test, "umask 077", || modes(0o600));
}

fn write_sync(path: &Path) {
    let store = open(path, false).unwrap();
    start(&store, "full");
    close(store);
}

fn owner_and_group(path: &Path) -> (u32, u32) {
    let metadata = fs::metadata(path).unwrap();
    (metadata.uid(), metadata.gid())
}

#[test]
fn a_file_stays_its_owners_also_if_somebody_else_saves_it() {
    let fixture = Fixture::new();
    save_watched(&fixture, 0o644);
    // Who is not root cannot give files away, and is the owner.
    if owner_and_group("/proc/self".as_ref()).0 == 0 {
        chown(fixture.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let before = owner_and_group(&fixture.path());
    save_watched(&fixture, 0o644);
    assert_eq!(owner_and_group(&fixture.path()), before);
}

#[test]
fn a_group_that_is_not_the_old_one_may_do_what_others_may() {
    let test = "permissions::a_group_that_is_not_the_old_one_may_do_what_others_may";
    as_nobody(
        test,
        |folder| {
            let path = folder.join("file.c1z");
            write_sync(&path);
            set_mode(&path, 0o664);
        },
        |folder| {
            let path = folder.join("file.c1z");
            write_sync(&path);
            assert_eq!((owner_and_group(&path), mode_of(&path)), ((NOBODY, NOBODY), 0o644));
        },
    );
}

#[test]
fn a_folder_that_may_be_written_to_and_not_read_takes_a_save() {
    as_nobody(
        "permissions::a_folder_that_may_be_written_to_and_not_read_takes_a_save",
        |folder| {
            fs::create_dir(folder.join("blind")).unwrap();
            set_mode(&folder.join("blind"), 0o733);
        },
        |folder| {
            let path = folder.join("blind/file.c1z");
            assert!(fs::read_dir(folder.join("blind")).is_err());
            write_sync(&path);
            write_sync(&path);
            open(&path, true).unwrap().close().unwrap();
        },
    );
}
