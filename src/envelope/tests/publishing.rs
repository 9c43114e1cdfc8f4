//! Which file a save replaces, and what happens when somebody else is about to.

use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Barrier;

use rustix::fs::{flock, FlockOperation};

use crate::envelope::tests::*;

fn identity_of(path: &Path) -> Identity {
    Identity::of(&fs::metadata(path).unwrap())
}

/// A place with a file in it, and the file's bytes and identity.
fn with_old_file() -> (Place, Vec<u8>, Identity) {
    let place = saved(Encoding::Tar, &tree(&[("old", b"content")]));
    let (bytes, identity) = (fs::read(&place.file).unwrap(), identity_of(&place.file));
    (place, bytes, identity)
}

fn save_watched(place: &Place, replace: Replace, control: &Control<'_>) -> Result<Saved> {
    let options = SaveOptions { threads: 1, replace, ..Default::default() };
    save(&place.file, manifest(), Encoding::IndexedZstd, below(&folder_of(&small_tree())), &options, control)
}

fn try_save(place: &Place, replace: Replace) -> Result<Saved> {
    save_watched(place, replace, &Control::none())
}

/// The save is refused, and the file is the one with these bytes.
#[track_caller]
fn assert_conflict(place: &Place, bytes: &[u8], saved: Result<Saved>) {
    match saved {
        Err(Error::Conflict { path }) => assert_eq!(path, place.file),
        other => panic!("{other:?} is no conflict"),
    }
    assert!(fs::read(&place.file).unwrap() == bytes);
    assert_eq!(place.names(), ["test.c1z"]);
}

/// Puts another file in the place of the old one, as a saver does.
fn replace_by(place: &Place, bytes: &[u8]) {
    let new = place.folder.path().join("new");
    fs::write(&new, bytes).unwrap();
    fs::rename(new, &place.file).unwrap();
}

fn is_free(path: &Path) -> bool {
    flock(fs::File::open(path).unwrap(), FlockOperation::NonBlockingLockExclusive).is_ok()
}

#[test]
fn only_the_file_that_is_expected_is_replaced() {
    let (place, bytes, identity) = with_old_file();
    let saved = try_save(&place, Replace::Only(identity)).unwrap();
    assert_eq!(saved.identity, identity_of(&place.file));
    try_save(&place, Replace::Only(saved.identity)).unwrap();
    let bytes_now = fs::read(&place.file).unwrap();
    assert_conflict(&place, &bytes_now, try_save(&place, Replace::Only(identity)));

    replace_by(&place, &bytes);
    assert_conflict(&place, &bytes, try_save(&place, Replace::Only(saved.identity)));
}

#[test]
fn a_file_that_was_changed_in_place_is_not_the_expected_one() {
    let (place, mut bytes, identity) = with_old_file();
    bytes.push(0);
    fs::write(&place.file, &bytes).unwrap();
    assert_conflict(&place, &bytes, try_save(&place, Replace::Only(identity)));

    let (place, bytes, identity) = with_old_file();
    let file = fs::File::options().write(true).open(&place.file).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_conflict(&place, &bytes, try_save(&place, Replace::Only(identity)));
}

#[test]
fn where_the_expected_file_is_gone_a_new_one_is_created() {
    let (place, _, identity) = with_old_file();
    fs::remove_file(&place.file).unwrap();
    try_save(&place, Replace::Only(identity)).unwrap();
    assert_eq!(place.unpack().unwrap(), small_tree());
}

#[test]
fn a_new_file_replaces_none_that_appears_before_or_while_it_is_written() {
    let (place, bytes, _) = with_old_file();
    assert_conflict(&place, &bytes, try_save(&place, Replace::Nothing));

    let place = Place::new();
    let appear = || fs::write(&place.file, "precious").is_err();
    let saved = save_watched(&place, Replace::Nothing, &Control::new(&appear, &|_, _| ()));
    assert_conflict(&place, b"precious", saved);
    save_watched(&place, Replace::Any, &Control::new(&appear, &|_, _| ())).unwrap();
    assert_eq!(place.unpack().unwrap(), small_tree());
}

#[test]
fn a_file_that_is_replaced_while_the_new_one_is_written_stays() {
    let (place, _, identity) = with_old_file();
    let replace = || {
        replace_by(&place, b"precious");
        false
    };
    let saved = save_watched(&place, Replace::Only(identity), &Control::new(&replace, &|_, _| ()));
    assert_conflict(&place, b"precious", saved);
}

#[test]
fn a_link_that_leads_elsewhere_by_now_leads_to_another_file() {
    let (place, bytes, identity) = with_old_file();
    let link = place.folder.path().join("link");
    let save_to = |replace| {
        let options = SaveOptions { replace, ..Default::default() };
        save(&link, manifest(), Encoding::Tar, below(&folder_of(&small_tree())), &options, &Control::none())
    };
    symlink("other.c1z", &link).unwrap();
    fs::write(place.folder.path().join("other.c1z"), &bytes).unwrap();
    let refused = save_to(Replace::Only(identity));
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");

    fs::remove_file(&link).unwrap();
    symlink("test.c1z", &link).unwrap();
    save_to(Replace::Only(identity)).unwrap();
    assert_eq!(place.unpack().unwrap(), small_tree());
}

#[test]
fn a_save_leaves_no_lock_on_the_old_file_or_the_new_one() {
    let (place, _, identity) = with_old_file();
    let old = fs::File::open(&place.file).unwrap();
    let _saved = try_save(&place, Replace::Only(identity)).unwrap();
    flock(&old, FlockOperation::NonBlockingLockExclusive).unwrap();
    assert!(is_free(&place.file));
    try_save(&place, Replace::Only(identity)).unwrap_err();
    assert!(is_free(&place.file));
}

/// How often an undisturbed save asks whether it is to stop.
fn questions() -> usize {
    let (place, _, identity) = with_old_file();
    let asked = AtomicUsize::new(0);
    let count = || {
        asked.fetch_add(1, Ordering::Relaxed);
        false
    };
    save_watched(&place, Replace::Only(identity), &Control::new(&count, &|_, _| ())).unwrap();
    asked.into_inner()
}

#[test]
fn a_saver_waits_for_another_and_then_finds_the_others_file() {
    let questions = questions();
    let (place, _, identity) = with_old_file();
    let other = fs::File::open(&place.file).unwrap();
    flock(&other, FlockOperation::LockExclusive).unwrap();
    let asked = AtomicUsize::new(0);
    // The first question beyond the usual ones is asked by who waits.
    let finish = || {
        if asked.fetch_add(1, Ordering::Relaxed) == questions {
            replace_by(&place, b"precious");
            flock(&other, FlockOperation::Unlock).unwrap();
        }
        false
    };
    let saved = save_watched(&place, Replace::Only(identity), &Control::new(&finish, &|_, _| ()));
    assert_conflict(&place, b"precious", saved);
}

#[test]
fn a_saver_that_waits_can_be_cancelled() {
    let questions = questions();
    let (place, bytes, identity) = with_old_file();
    let other = fs::File::open(&place.file).unwrap();
    flock(&other, FlockOperation::LockExclusive).unwrap();
    let asked = AtomicUsize::new(0);
    let cancel = || asked.fetch_add(1, Ordering::Relaxed) >= questions;
    let saved = save_watched(&place, Replace::Only(identity), &Control::new(&cancel, &|_, _| ()));
    assert!(matches!(saved, Err(Error::Cancelled)), "{saved:?}");
    assert!(fs::read(&place.file).unwrap() == bytes);
}

#[test]
fn a_lock_that_a_host_keeps_does_not_keep_the_file_from_being_saved() {
    let (place, _, identity) = with_old_file();
    let host = fs::File::open(&place.file).unwrap();
    flock(&host, FlockOperation::LockExclusive).unwrap();
    try_save(&place, Replace::Only(identity)).unwrap();
    assert_eq!(place.unpack().unwrap(), small_tree());
}

#[test]
fn of_several_savers_of_one_file_exactly_one_wins() {
    const SAVERS: usize = 6;
    for round in 0..20 {
        let place = Place::new();
        let replace = match round % 2 {
            0 => Replace::Nothing,
            _ => {
                place.save(Encoding::Tar, &small_tree()).unwrap();
                Replace::Only(identity_of(&place.file))
            }
        };
        let start = Barrier::new(SAVERS);
        let outcomes: Vec<Result<Saved>> = std::thread::scope(|scope| {
            let save = || {
                start.wait();
                try_save(&place, replace)
            };
            let savers: Vec<_> = (0..SAVERS).map(|_| scope.spawn(save)).collect();
            savers.into_iter().map(|saver| saver.join().unwrap()).collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "{lost:?}");
        assert!(lost.iter().all(|lost| matches!(lost, Err(Error::Conflict { .. }))), "{lost:?}");
        assert_eq!(won[0].as_ref().unwrap().identity, identity_of(&place.file));
        assert_eq!(place.names(), ["test.c1z"]);
        assert!(is_free(&place.file));
    }
}
