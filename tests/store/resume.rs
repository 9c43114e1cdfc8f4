//! Going on where the last process stopped.

use super::fixture::*;
use super::index;

#[test]
fn the_token_of_the_last_checkpoint_is_there_after_a_reopen_and_after_every_way_to_bind() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = start(&store, "full");
    checkpoint(&store, "first");
    checkpoint(&store, "second");
    let store = fixture.reopen(store);
    assert_eq!(current(&store), (sync.clone(), "second".into()));
    let resumed =
        store.start_or_resume_sync(&StartOrResumeSyncRequest { sync_type: "full".into(), ..Default::default() });
    assert_eq!(resumed.unwrap(), BoundSyncResponse { sync_id: sync.clone(), started: false });
    assert_eq!(current(&store).1, "second");
    checkpoint(&store, "third");
    select(&store, &sync);
    assert_eq!(current(&store).1, "third");
    resume(&store, &sync).unwrap();
    assert_eq!(current(&store).1, "third");
}

#[test]
fn an_interrupted_sync_is_resumed_by_its_type_with_its_records() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = start(&store, "partial");
    put_grants(&store, &[membership("g", "u")]);
    let store = fixture.reopen(store);
    let of_type = |sync_type: &str| StartOrResumeSyncRequest { sync_type: sync_type.into(), ..Default::default() };
    let bound = store.start_or_resume_sync(&of_type("partial")).unwrap();
    assert_eq!(bound, BoundSyncResponse { sync_id: sync.clone(), started: false });
    assert_eq!(grants(&store).len(), 1);
    let in_the_way = why(store.start_or_resume_sync(&of_type("full")));
    assert_eq!(in_the_way, (Code::FailedPrecondition, "FAILED_PRECONDITION"));
    let store = fixture.reopen(store);
    let other = store.start_or_resume_sync(&of_type("full")).unwrap();
    assert!(other.started && other.sync_id != sync);
    assert_eq!(grants(&store), []);
}

#[test]
fn resuming_an_unknown_sync_is_not_found_and_leaves_the_records_alone() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_grants(&store, &[membership("g", "u")]);
    end(&store);
    for unknown in ["0ujtsYcgvSTl8PAuAdqWYSMnLOv", "no ksuid"] {
        assert_eq!(why(resume(&store, unknown)), NOT_FOUND);
        let request = StartOrResumeSyncRequest { sync_type: "full".into(), sync_id: unknown.into() };
        assert_eq!(why(store.start_or_resume_sync(&request)), NOT_FOUND);
        assert_eq!(why(store.set_current_sync(&SetCurrentSyncRequest { sync_id: unknown.into() })), NOT_FOUND);
    }
    assert_eq!(grants(&store).len(), 1);
    assert_eq!(store.list_syncs(&Default::default()).unwrap().syncs.len(), 1);
}

#[test]
fn a_finished_sync_that_is_resumed_takes_another_record_beside_the_old_ones() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = start(&store, "full");
    put_grants(&store, &[membership("g", "u1")]);
    end(&store);
    assert_eq!(why(try_put_grants(&store, &[membership("g", "u2")])), (Code::FailedPrecondition, "SEALED"));
    resume(&store, &sync).unwrap();
    put_grants(&store, &[membership("g", "u2")]);
    assert_eq!(grants(&store).len(), 2);
    let ended = || get_sync(&store, &sync).ended_at.map(|at| (at.seconds, at.nanos));
    let before = ended();
    end(&store);
    assert!(ended() > before, "ended again, stamped again");
    let store = fixture.reopen(store);
    assert_eq!(grants(&store).len(), 2);
}

/// A transition of a sync that holds a resource, after which the sync is bound.
type Transition = fn(&Fixture, Store, &str) -> Store;

#[test]
fn an_overwrite_moves_index_entries_after_every_transition() {
    let transitions: [(&str, Transition); 7] = [
        ("none", |_, store, _| store),
        ("checkpoint", |_, store, _| {
            checkpoint(&store, "token");
            store
        }),
        ("save", |_, store, _| {
            save(&store);
            store
        }),
        ("reopen", |fixture, store, _| fixture.reopen(store)),
        ("resume", |_, store, sync| {
            end(&store);
            resume(&store, sync).unwrap();
            store
        }),
        ("select", |fixture, store, sync| {
            end(&store);
            let store = fixture.reopen(store);
            select(&store, sync);
            store
        }),
        ("another sync in between", |_, store, sync| {
            end(&store);
            start(&store, "full");
            put_resources(&store, &[child(("user", "u"), ("org", "elsewhere"))]);
            select(&store, sync);
            store
        }),
    ];
    for (name, transition) in transitions {
        let fixture = Fixture::new();
        let store = fixture.open();
        let sync = start(&store, "full");
        put_resources(&store, &[child(("user", "u"), ("org", "old"))]);
        put_grants(&store, &[expandable(membership("g", "u"))]);
        let store = transition(&fixture, store, &sync);
        put_resources(&store, &[child(("user", "u"), ("org", "new"))]);
        put_grants(&store, &[membership("g", "u")]);
        assert_eq!(children(&store, ("org", "old")), [], "{name}");
        assert_eq!(children(&store, ("org", "new")), [id(("user", "u"))], "{name}");
        assert_eq!(pending(&store), [], "{name}");
        close(store);
        index::agrees_with_the_records(&fixture.path());
    }
}

#[test]
fn of_duplicates_in_one_call_only_the_last_leaves_index_entries() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let last = Resource { display_name: "last".into(), ..child(("user", "u"), ("org", "second")) };
    put_resources(&store, &[child(("user", "u"), ("org", "first")), resource(("user", "v")), last.clone()]);
    assert_eq!(children(&store, ("org", "first")), []);
    assert_eq!(children(&store, ("org", "second")), [id(("user", "u"))]);
    assert_eq!(resources(&store), [last, resource(("user", "v"))]);

    let named = |id: &str, grant| Grant { id: id.into(), ..grant };
    put_grants(&store, &[expandable(named("one", membership("g", "u"))), named("two", membership("g", "u"))]);
    assert_eq!(pending(&store), []);
    assert_eq!(why(get_grant(&store, "one")), NOT_FOUND);
    assert_eq!(get_grant(&store, "two").unwrap().id, "two");
    close(store);
    index::agrees_with_the_records(&fixture.path());
}
