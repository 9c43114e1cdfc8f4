//! Syncs that are merged in the store that holds them.

use c1z::control::Control;
use c1z::store::{Scan, ScanRequest};
use prost::Message;

use crate::family::{self, sync, Sync};
use crate::fixture::*;
use crate::merging::merge_syncs;
use crate::record::Record;
use crate::stored;

const NOT_NOW: (Code, &str) = (Code::FailedPrecondition, "FAILED_PRECONDITION");

fn grants_of(from: u32, count: u32, content: u32) -> Vec<Record> {
    (from..from + count).map(|identity| Record { kind: 3, identity, content, discovered_at: None }).collect()
}

/// A store with a base, a partial that is put over it or not, and a sync that is not merged.
fn opened(small: bool) -> (Fixture, Store, [String; 3]) {
    let fixture = Fixture::new();
    let base = if small { 100 } else { 10 };
    let other = Sync { ended: Some(1400), ..sync(1, grants_of(0, 5, 9)) };
    let syncs = [sync(2, grants_of(0, base, 4)), sync(3, grants_of(5, 10, 2)), other];
    let ids = family::write_file(&fixture.path(), &syncs);
    let store = fixture.open();
    (fixture, store, ids.try_into().unwrap())
}

fn page(store: &Store, sync: &str, token: &str) -> c1z::Result<(Vec<Grant>, String)> {
    let request = GrantsServiceListGrantsRequest {
        active_sync_id: sync.into(),
        page_size: 4,
        page_token: token.into(),
        ..Default::default()
    };
    let page = store.list_grants(&request)?.decode().unwrap();
    Ok((page.list, page.next_page_token))
}

#[test]
fn merged_syncs_are_gone_with_their_sessions_and_others_stay() {
    for small in [true, false] {
        for keep_inputs in [true, false] {
            let (fixture, store, [base, partial, other]) = opened(small);
            let before = stored::of_file(&fixture.path());
            let response = merge_syncs(&store, &[&base, &partial], keep_inputs).unwrap();
            for sync in [&base, &partial] {
                assert_eq!(session(&store, sync).len(), usize::from(keep_inputs));
                assert_eq!(page(&store, sync, "").unwrap().0.is_empty(), !keep_inputs);
            }
            assert_eq!(session(&store, &other).len(), 1);
            assert_eq!(session(&store, &response.sync_id).len(), 0);
            assert_eq!(page(&store, &other, "").unwrap().0.len(), 4);
            let store = fixture.reopen(store);
            assert_eq!(current(&store).0, response.sync_id, "the sync that a reader is shown");
            store.close().unwrap();
            stored::is_sound(&fixture.path());
            let after = stored::of_file(&fixture.path());
            assert_eq!(after[&other], before[&other]);
            assert_eq!(after.len(), if keep_inputs { 4 } else { 2 });
        }
    }
}

#[test]
fn what_was_bound_when_the_file_was_opened_becomes_the_merged_sync() {
    for small in [true, false] {
        for keep_inputs in [true, false] {
            let (fixture, store, [base, partial, _]) = opened(small);
            assert_eq!(current(&store).0, partial);
            let response = merge_syncs(&store, &[&base, &partial], keep_inputs).unwrap();
            assert_eq!(current(&store).0, response.sync_id);
            put_grants(&store, &[membership("g", "new")]);
            assert_eq!(get_grant(&store, "group:g:member:user:new").unwrap().id, "group:g:member:user:new");
            close(store);
            let rows = &stored::of_file(&fixture.path())[&response.sync_id].records;
            assert_eq!(rows.len(), if small { 101 } else { 16 });
            crate::index::agrees_with_the_records(&fixture.path());
        }
    }
}

#[test]
fn a_sync_that_a_call_bound_is_not_merged() {
    for small in [true, false] {
        let (_fixture, store, [base, partial, other]) = opened(small);
        select(&store, &base);
        assert_eq!(why(merge_syncs(&store, &[&base, &partial], false)), NOT_NOW);
        assert_eq!(why(merge_syncs(&store, &[&partial, &base], true)), NOT_NOW);
        assert!(!store.is_dirty());
        select(&store, &other);
        let response = merge_syncs(&store, &[&base, &partial], false).unwrap();
        assert_eq!(current(&store).0, other);
        select(&store, &response.sync_id);
        assert_eq!(current(&store).0, response.sync_id);
    }
}

#[test]
fn syncs_are_merged_while_another_is_collected() {
    for small in [true, false] {
        let (fixture, store, [base, partial, _]) = opened(small);
        let collected = start(&store, "full");
        put_grants(&store, &[membership("g", "before")]);
        merge_syncs(&store, &[&base, &partial], false).unwrap();
        assert_eq!(current(&store).0, collected);
        put_grants(&store, &[membership("g", "behind")]);
        end(&store);
        let store = fixture.reopen(store);
        assert_eq!(current(&store).0, collected);
        assert_eq!(grants(&store).len(), 2);
        store.close().unwrap();
        stored::is_sound(&fixture.path());
    }
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let (fixture, store, [base, partial, _]) = opened(true);
    let unfinished = start(&store, "full");
    store.end_sync(&Control::none()).unwrap();
    let ended = unfinished;
    assert_eq!(why(merge_syncs(&store, &[], false)), INVALID);
    assert_eq!(why(merge_syncs(&store, &[&base], false)), INVALID);
    assert_eq!(why(merge_syncs(&store, &[&base, &partial, &base], false)), INVALID);
    assert_eq!(why(merge_syncs(&store, &[&base, "0ujtsYcgvSTl8PAuAdqWYSMnLOv"], false)), NOT_FOUND);
    assert_eq!(why(merge_syncs(&store, &[&base, "no id"], false)), NOT_FOUND);
    let unfinished = start(&store, "full");
    assert_eq!(why(merge_syncs(&store, &[&base, &unfinished], false)), NOT_NOW);
    close(store);
    let store = fixture.open_read_only();
    assert_eq!(why(merge_syncs(&store, &[&base, &ended], false)).1, "READ_ONLY");
}

/// All grants of the pages that are left.
fn rest(store: &Store, scan: &mut Scan) -> c1z::Result<usize> {
    let mut grants = 0;
    while let Some(page) = store.scan_next(scan)? {
        grants += GrantsServiceListGrantsResponse::decode(&page[..]).unwrap().list.len();
    }
    Ok(grants)
}

#[test]
fn a_cursor_goes_on_or_says_that_its_sync_is_gone() {
    for small in [true, false] {
        for keep_inputs in [true, false] {
            let (_fixture, store, [base, partial, other]) = opened(small);
            let open = |sync: &str| {
                store.scan(&ScanRequest::Grants(ScanGrantsRequest { sync_id: sync.into(), ..Default::default() }))
            };
            let [mut of_base, mut of_other] = [&base, &other].map(|sync| open(sync).unwrap());
            let merged = merge_syncs(&store, &[&base, &partial], keep_inputs).unwrap();
            match keep_inputs {
                true => assert_eq!(rest(&store, &mut of_base).unwrap(), if small { 100 } else { 10 }),
                false => assert_eq!(why(rest(&store, &mut of_base)), NOT_FOUND),
            }
            assert_eq!(rest(&store, &mut of_other).unwrap(), 5);
            let mut of_merged = open(&merged.sync_id).unwrap();
            assert_eq!(rest(&store, &mut of_merged).unwrap(), if small { 100 } else { 15 });
        }
    }
}

#[test]
fn a_page_token_of_a_merged_sync_is_refused() {
    let (_fixture, store, [base, partial, _]) = opened(false);
    let (_, token) = page(&store, &base, "").unwrap();
    let merged = merge_syncs(&store, &[&base, &partial], false).unwrap();
    for sync in [base, merged.sync_id] {
        assert_eq!(why(page(&store, &sync, &token)), (Code::InvalidArgument, "BAD_TOKEN"));
    }
}

#[test]
fn lookups_that_were_made_before_are_made_again() {
    for small in [true, false] {
        let (_fixture, store, [base, partial, _]) = opened(small);
        let id = |store: &Store| grants(store)[0].id.clone();
        let before = id(&store);
        get_grant(&store, &before).unwrap();
        merge_syncs(&store, &[&base, &partial], false).unwrap();
        for grant in grants(&store) {
            assert_eq!(get_grant(&store, &grant.id).unwrap(), grant);
        }
    }
}

#[test]
fn merging_again_and_again_keeps_one_sync() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let collect = |of_type: &str, user: &str| {
        let sync = start(&store, of_type);
        put_grants(&store, &[membership("g", user)]);
        put_memberships(&store, 1, if of_type == "full" { 50 } else { 2 });
        end(&store);
        sync
    };
    let mut merged = collect("full", "first");
    for round in 0..12 {
        let partial = collect("partial", &format!("u{round}"));
        merged = merge_syncs(&store, &[&merged, &partial], false).unwrap().sync_id;
        assert_eq!(store.list_sync_runs(&Default::default()).unwrap().list.len(), 1);
        if round % 3 == 0 {
            save(&store);
            stored::is_sound(&fixture.path());
        }
    }
    close(store);
    stored::is_sound(&fixture.path());
    let held = &stored::of_file(&fixture.path())[&merged];
    assert_eq!(held.records.len(), 50 + 13);
}
