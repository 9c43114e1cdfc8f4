//! Several stores on one file, and which of them may replace it.

use std::fs;
use std::path::Path;

use c1z::control::Control;

use super::fixture::*;

const CONFLICT: (Code, &str) = (Code::Aborted, "CONFLICT");

fn try_save(store: &Store, overwrite: bool) -> c1z::Result<()> {
    store.save_as(&SaveRequest { overwrite }, &Control::none()).map(drop)
}

/// A store with a finished sync that is not saved.
fn changed(fixture: &Fixture) -> (Store, String) {
    let store = fixture.open();
    let sync = start(&store, "full");
    put_resources(&store, &[resource(("user", &sync))]);
    end(&store);
    (store, sync)
}

/// The syncs of a saved file, ordered.
fn syncs(path: &Path) -> Vec<String> {
    let store = open(path, true).unwrap();
    store.list_sync_runs(&Default::default()).unwrap().list.into_iter().map(|run| run.id).collect()
}

fn sorted<const N: usize>(mut ids: [String; N]) -> [String; N] {
    ids.sort();
    ids
}

#[test]
fn of_two_stores_on_one_file_the_second_to_save_is_told_and_loses_nothing() {
    let fixture = Fixture::new();
    let (store, first) = changed(&fixture);
    close(store);

    let (one, kept) = changed(&fixture);
    let (other, lost) = changed(&fixture);
    close(one);
    let before = fs::read(fixture.path()).unwrap();
    for _ in 0..2 {
        assert_eq!(why(try_save(&other, false)), CONFLICT);
    }
    assert!(fs::read(fixture.path()).unwrap() == before);
    assert_eq!(syncs(&fixture.path()), sorted([first.clone(), kept]));

    assert!(other.is_dirty());
    assert_eq!(resources(&other), [resource(("user", &lost))]);
    try_save(&other, true).unwrap();
    assert_eq!(syncs(&fixture.path()), sorted([first.clone(), lost.clone()]));

    // The file is its own again.
    let last = start(&other, "full");
    close(other);
    assert_eq!(syncs(&fixture.path()), sorted([first, lost, last]));
}

#[test]
fn a_store_saves_again_and_again_what_nobody_else_has_touched() {
    for encoding in [1, 2, 5].map(|number| c1z::proto::manifest::PayloadEncoding::try_from(number).unwrap()) {
        let fixture = Fixture::new();
        let options = OpenOptions { encoding: Some(encoding.try_into().unwrap()), threads: 1, ..Default::default() };
        let store = Store::open(&fixture.path(), options, &Control::none()).unwrap();
        for saved in 1..=3 {
            start(&store, "full");
            end(&store);
            save(&store);
            assert_eq!(syncs(&fixture.path()).len(), saved, "{encoding:?}");
        }
    }
}

#[test]
fn of_two_stores_on_a_new_file_the_first_to_save_creates_it() {
    let fixture = Fixture::new();
    let (one, _) = changed(&fixture);
    let (other, kept) = changed(&fixture);
    close(other);
    assert_eq!(why(try_save(&one, false)), CONFLICT);
    one.close().unwrap();
    assert_eq!(syncs(&fixture.path()), [kept]);
}

#[test]
fn an_empty_file_is_replaced_only_while_it_is_empty() {
    let fixture = Fixture::new();
    fs::write(fixture.path(), b"").unwrap();
    let (one, kept) = changed(&fixture);
    let (other, _) = changed(&fixture);
    close(one);
    assert_eq!(why(try_save(&other, false)), CONFLICT);
    assert_eq!(syncs(&fixture.path()), [kept]);
}

#[test]
fn of_two_stores_that_may_overwrite_the_last_to_save_wins() {
    let fixture = Fixture::new();
    let options = || OpenOptions { overwrite: true, threads: 1, ..Default::default() };
    let [one, other] = [(); 2].map(|()| Store::open(&fixture.path(), options(), &Control::none()).unwrap());
    for _ in 0..2 {
        for store in [&one, &other] {
            let sync = start(store, "full");
            end(store);
            save(store);
            assert!(syncs(&fixture.path()).contains(&sync));
        }
    }
}

#[test]
fn a_file_that_was_removed_meanwhile_is_created_again() {
    let fixture = Fixture::new();
    let (store, first) = changed(&fixture);
    save(&store);
    fs::remove_file(fixture.path()).unwrap();
    let second = start(&store, "full");
    close(store);
    assert_eq!(syncs(&fixture.path()), sorted([first, second]));
}

#[test]
fn a_store_that_has_not_changed_does_not_mind_what_became_of_the_file() {
    let fixture = Fixture::new();
    let (store, _) = changed(&fixture);
    save(&store);
    fs::write(fixture.path(), "something else").unwrap();
    save(&store);
    assert_eq!(fs::read(fixture.path()).unwrap(), b"something else");
    store.close().unwrap();
}

#[test]
fn a_clone_whose_target_appears_meanwhile_leaves_it_alone() {
    let fixture = Fixture::new();
    let (store, sync_id) = changed(&fixture);
    let target = fixture.beside("clone.c1z");
    let request = CloneSyncRequest { path: target.to_str().unwrap().into(), sync_id, ..Default::default() };
    let appear = || fs::write(&target, "precious").is_err();
    let cloned = store.clone_sync(&request, &Control::new(&appear, &|_, _| ()));
    assert_eq!(why(cloned), (Code::AlreadyExists, "ALREADY_EXISTS"));
    assert_eq!(fs::read(&target).unwrap(), b"precious");
}
