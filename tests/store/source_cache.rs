//! Source cache: a scope is taken over whole, or it is said why it is not.

use c1z::control::Control;
use c1z::keys::{self, EntitlementRef, GrantRef, Keyspace, ResourceRef, Slot};
use c1z::proto::c1z_v1::SyncDetails;
use prost::{Message, Name};
use prost_types::Any;

use super::fixture::*;
use super::index;

pub const KINDS: [&str; 3] = ["resources", "entitlements", "grants"];

pub fn put_in(store: &Store, scope: &str, row_kind: &str, rows: &[u32]) {
    let source_scope_key = scope.to_owned();
    let put = match row_kind {
        "resources" => {
            let list = rows.iter().map(|row| resource(("user", &format!("u{row}")))).collect();
            store.put_resources(&PutResourcesRequest { list, source_scope_key }.encode_to_vec())
        }
        "entitlements" => {
            let list = rows.iter().map(|row| owned(*row)).collect();
            store.put_entitlements(&PutEntitlementsRequest { list, source_scope_key }.encode_to_vec())
        }
        _ => {
            let list = rows.iter().map(|row| held(*row)).collect();
            store.put_grants(&PutGrantsRequest { list, source_scope_key }.encode_to_vec())
        }
    };
    put.unwrap();
}

pub fn owned(row: u32) -> Entitlement {
    entitlement(("group", "g"), &format!("group:g:e{row}"))
}

/// Every third has an id of its own, and every fourth waits for expansion.
pub fn held(row: u32) -> Grant {
    let grant = membership("g", &format!("u{row}"));
    let grant = if row % 4 == 3 { expandable(grant) } else { grant };
    match row % 3 {
        2 => Grant { id: format!("custom {row}"), ..grant },
        _ => grant,
    }
}

pub fn grant_id(row: u32) -> String {
    match held(row).id {
        id if id.is_empty() => format!("group:g:member:user:u{row}"),
        id => id,
    }
}

pub fn put_entry(store: &Store, scope: &str, row_kind: &str, validator: &str) -> c1z::Result<()> {
    store.put_source_cache_entry(&PutSourceCacheEntryRequest {
        row_kind: row_kind.into(),
        scope_key: scope.into(),
        cache_validator: validator.into(),
    })
}

/// The validator and the count of rows that a scope is shown with, in the sync that is named or in view.
pub fn entry(store: &Store, sync: &str, scope: &str, row_kind: &str) -> Option<(String, Option<u64>)> {
    let value = SyncDetails { id: sync.into() }.encode_to_vec();
    let details = Any { type_url: format!("type.googleapis.com/{}", SyncDetails::full_name()), value };
    let annotations = if sync.is_empty() { vec![] } else { vec![details] };
    let request = GetSourceCacheEntryRequest { row_kind: row_kind.into(), scope_key: scope.into(), annotations };
    let entry = store.get_source_cache_entry(&request).unwrap().entry?;
    assert!(entry.discovered_at.is_some());
    Some((entry.cache_validator, entry.row_count))
}

pub fn replay(
    store: &Store,
    source: Option<&Store>,
    sync: &str,
    scope: &str,
    row_kind: &str,
) -> c1z::Result<ReplaySourceCacheResponse> {
    let request =
        ReplaySourceCacheRequest { row_kind: row_kind.into(), scope_key: scope.into(), source_sync_id: sync.into() };
    store.replay_source_cache(source, &request, &Control::none())
}

pub fn delete_in(
    store: &Store,
    scope: &str,
    row_kind: &str,
    by: SourceCacheRowsBy,
    ids: Vec<String>,
) -> c1z::Result<u64> {
    let by_resource = row_kind == "resources" && by == SourceCacheRowsBy::PublicId;
    let (ids, resource_ids) = match by_resource {
        true => (vec![], ids.iter().map(|user| id(("user", user))).collect()),
        false => (ids, vec![]),
    };
    let request = DeleteSourceCacheRowsRequest {
        row_kind: row_kind.into(),
        scope_key: scope.into(),
        by: by.into(),
        ids,
        resource_ids,
    };
    store.delete_source_cache_rows(&request, &Control::none()).map(|response| response.rows)
}

fn held_ids(store: &Store) -> Vec<String> {
    let mut ids: Vec<String> = grants(store).into_iter().map(|grant| grant.id).collect();
    ids.sort();
    ids
}

/// A sync that ended, with rows 0 to 2 of each kind in a scope, and row 3 in another.
fn collected(store: &Store) -> String {
    let sync = start(store, "full");
    for row_kind in KINDS {
        put_in(store, "s", row_kind, &[0, 1, 2]);
        put_in(store, "t", row_kind, &[3]);
        put_entry(store, "s", row_kind, "etag").unwrap();
        put_entry(store, "t", row_kind, "etag t").unwrap();
    }
    put_entry(store, "empty", "grants", "nothing").unwrap();
    end(store);
    sync
}

#[test]
fn a_scope_is_taken_over_from_another_file_and_from_another_sync() {
    for across in [false, true] {
        let fixture = Fixture::new();
        let store = fixture.open();
        let before = collected(&store);
        let store = fixture.reopen(store);
        std::fs::copy(fixture.path(), fixture.beside("before.c1z")).unwrap();
        let source = open(&fixture.beside("before.c1z"), true).unwrap();
        let source = across.then_some(&source);
        assert_eq!(entry(source.unwrap_or(&store), "", "s", "grants"), Some(("etag".into(), Some(3))));
        assert_eq!(entry(source.unwrap_or(&store), "", "empty", "grants"), Some(("nothing".into(), Some(0))));
        assert_eq!(entry(source.unwrap_or(&store), "", "empty", "resources"), None);
        let sync = start(&store, "full");
        // What the scope has already goes, and what another has of its rows is taken from that.
        put_in(&store, "s", "grants", &[7, 1]);
        put_in(&store, "x", "grants", &[0, 8]);
        put_entry(&store, "x", "grants", "x").unwrap();
        for row_kind in KINDS {
            let replayed = replay(&store, source, &before, "s", row_kind).unwrap();
            assert_eq!(replayed, ReplaySourceCacheResponse { rows: 3, needs_expansion: false });
            put_entry(&store, "s", row_kind, "etag 2").unwrap();
        }
        let replayed = replay(&store, source, "", "t", "grants").unwrap();
        assert_eq!(replayed, ReplaySourceCacheResponse { rows: 1, needs_expansion: true });
        put_in(&store, "empty", "grants", &[9]);
        assert_eq!(replay(&store, source, "", "empty", "grants").unwrap().rows, 0);
        assert_eq!(entry(&store, "", "s", "grants"), Some(("etag 2".into(), None)), "its rows are not counted yet");
        end(&store);
        let mut ids: Vec<String> = [0, 1, 2, 3, 8].map(grant_id).into();
        ids.sort();
        assert_eq!(held_ids(&store), ids);
        assert_eq!((resources(&store).len(), entitlements(&store).len()), (3, 3));
        assert_eq!(pending_rows(&store, &sync), 1);
        assert_eq!(entry(&store, "", "s", "grants"), Some(("etag 2".into(), Some(3))));
        assert_eq!(entry(&store, "", "x", "grants"), None, "it lost a row");
        assert_eq!(entry(&store, "", "t", "grants"), None, "nothing was put for it");
        close(store);
        index::agrees_with_the_records(&fixture.path());
    }
}

fn pending_rows(store: &Store, sync: &str) -> usize {
    resume(store, sync).unwrap();
    pending(store).len()
}

#[test]
fn what_expansion_wrote_to_a_grant_is_not_taken_over_and_what_its_connector_wrote_is() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = start(&store, "full");
    let with = |row: u32, sources: &[&str]| {
        let sources = sources.iter().map(|id| ((*id).to_owned(), Default::default())).collect();
        Grant { sources: Some(GrantSources { sources }), ..held(row) }
    };
    put_in(&store, "s", "grants", &[0, 1, 2]);
    try_put_expanded(&store, &[with(0, &["group:g:member", "other"]), with(1, &["other"])]).unwrap();
    put_entry(&store, "s", "grants", "etag").unwrap();
    end(&store);
    assert_eq!(
        entry(&store, "", "s", "grants"),
        Some(("etag".into(), Some(3))),
        "what is refreshed stays of its scope"
    );
    start(&store, "full");
    assert_eq!(replay(&store, None, &sync, "s", "grants").unwrap().rows, 3);
    let sources = |row| get_grant(&store, &grant_id(row)).unwrap().sources.map(|sources| sources.sources.len());
    assert_eq!([0, 1, 2].map(sources), [None, Some(1), None]);
}

#[test]
fn who_takes_a_row_from_a_scope_poisons_it() {
    type Take = fn(&Store, &str);
    let takes: [(&str, Take); 6] = [
        ("under another scope", |store, row_kind| put_in(store, "x", row_kind, &[1])),
        ("without a scope", |store, row_kind| put_in(store, "", row_kind, &[1])),
        ("taken and given back", |store, row_kind| {
            put_in(store, "x", row_kind, &[1]);
            put_in(store, "s", row_kind, &[1]);
        }),
        ("given back behind others", |store, row_kind| {
            put_in(store, "", row_kind, &[1]);
            put_in(store, "x", row_kind, &[1]);
            put_in(store, "s", row_kind, &[1]);
        }),
        ("deleted", |store, row_kind| match row_kind {
            "resources" => {
                let request = DeleteResourceRequest { resource_id: Some(id(("user", "u1"))) };
                store.delete_resource(&request).unwrap();
            }
            "entitlements" => {
                let request = DeleteEntitlementRequest { entitlement: Some(owned(1)) };
                store.delete_entitlement(&request).unwrap();
            }
            _ => store.delete_grant(&DeleteGrantRequest { grant_id: grant_id(1) }).unwrap(),
        }),
        ("deleted for another", |store, row_kind| {
            let id = match row_kind {
                "resources" => "u1".to_owned(),
                "entitlements" => owned(1).id,
                _ => grant_id(1),
            };
            assert_eq!(delete_in(store, "x", row_kind, SourceCacheRowsBy::PublicId, vec![id]).unwrap(), 1);
        }),
    ];
    for (how, take) in takes {
        for row_kind in KINDS {
            // The rows are pending, in the database, or those of a sync that has ended.
            for state in 0..3 {
                let fixture = Fixture::new();
                let store = fixture.open();
                let sync = start(&store, "full");
                for scope in ["s", "t"] {
                    put_in(&store, scope, row_kind, if scope == "s" { &[0, 1, 2] } else { &[3] });
                    put_in(&store, scope, row_kind, if scope == "s" { &[1] } else { &[3] });
                    put_entry(&store, scope, row_kind, "etag").unwrap();
                }
                if state > 0 {
                    checkpoint(&store, "token");
                }
                if state > 1 {
                    end(&store);
                    assert!(entry(&store, "", "s", row_kind).is_some());
                    resume(&store, &sync).unwrap();
                }
                take(&store, row_kind);
                put_entry(&store, "s", row_kind, "again").unwrap();
                end(&store);
                assert_eq!(entry(&store, "", "s", row_kind), None, "{how}, {row_kind}, {state}");
                assert_eq!(
                    entry(&store, "", "t", row_kind),
                    Some(("etag".into(), Some(1))),
                    "{how}, {row_kind}, {state}"
                );
                let store = fixture.reopen(store);
                start(&store, "full");
                let refused = replay(&store, None, &sync, "s", row_kind).unwrap_err();
                assert_eq!(refused.code(), Code::FailedPrecondition);
                assert!(refused.to_string().contains("lost a row"), "{refused}");
                assert_eq!(replay(&store, None, &sync, "t", row_kind).unwrap().rows, 1);
                close(store);
                index::agrees_with_the_records(&fixture.path());
            }
        }
    }
}

#[test]
fn what_a_scope_does_to_its_own_rows_poisons_nothing() {
    for row_kind in KINDS {
        let fixture = Fixture::new();
        let store = fixture.open();
        let sync = start(&store, "full");
        put_in(&store, "s", row_kind, &[0, 1, 2, 5]);
        put_in(&store, "s", row_kind, &[1]);
        checkpoint(&store, "token");
        put_in(&store, "s", row_kind, &[2]);
        let id = match row_kind {
            "resources" => "u0".to_owned(),
            "entitlements" => owned(0).id,
            _ => grant_id(0),
        };
        assert_eq!(delete_in(&store, "s", row_kind, SourceCacheRowsBy::PublicId, vec![id.clone(), id]).unwrap(), 1);
        if row_kind != "entitlements" {
            let ids = vec!["u1".into(), "nobody".into()];
            assert_eq!(delete_in(&store, "s", row_kind, SourceCacheRowsBy::ObjectId, ids).unwrap(), 1);
        }
        if row_kind == "grants" {
            let ids = vec![grant_id(5), "group:g:member:user:u2".into()];
            assert_eq!(delete_in(&store, "s", row_kind, SourceCacheRowsBy::GrantId, ids).unwrap(), 1);
        }
        put_entry(&store, "s", row_kind, "etag").unwrap();
        end(&store);
        let left = match row_kind {
            "resources" => 2,
            "entitlements" => 3,
            _ => 1,
        };
        assert_eq!(entry(&store, "", "s", row_kind), Some(("etag".into(), Some(left))));
        start(&store, "full");
        assert_eq!(replay(&store, None, &sync, "s", row_kind).unwrap().rows, left);
        close(store);
        index::agrees_with_the_records(&fixture.path());
    }
}

#[test]
fn changing_a_record_of_an_ended_sync_lets_its_scopes_be_collected_anew_and_anything_else_does_not() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = collected(&store);
    let store = fixture.reopen(store);
    resume(&store, &sync).unwrap();
    set_session(&store, &sync, &[("key", b"value")]);
    store
        .set_entitlement_graph(&SetEntitlementGraphRequest { sync_id: sync.clone(), graph: Some(b"graph".to_vec()) })
        .unwrap();
    assert_eq!(delete_in(&store, "s", "grants", SourceCacheRowsBy::GrantId, vec!["nobody's".into()]).unwrap(), 0);
    let store = fixture.reopen(store);
    assert_eq!(entry(&store, &sync, "s", "grants"), Some(("etag".into(), Some(3))));
    resume(&store, &sync).unwrap();
    put_in(&store, "", "resources", &[17]);
    let store = fixture.reopen(store);
    assert_eq!(entry(&store, &sync, "s", "grants"), None);
    start(&store, "full");
    let refused = replay(&store, None, &sync, "s", "grants").unwrap_err();
    assert!(refused.to_string().contains("not counted"), "{refused}");
    end(&store);
    resume(&store, &sync).unwrap();
    end(&store);
    assert_eq!(entry(&store, &sync, "s", "grants"), Some(("etag".into(), Some(3))));
}

/// How much is kept of scopes in a file.
fn kept(path: &std::path::Path) -> usize {
    let folder = tempfile::tempdir().unwrap();
    c1z::envelope::unpack(path, folder.path(), &Default::default(), &Control::none()).unwrap();
    let of_scopes = [Keyspace::SourceCacheEntry, Keyspace::SourceCachePoison];
    let is_kept = |key: &[u8]| Keyspace::of(key).is_some_and(|keyspace| of_scopes.contains(&keyspace));
    dump(folder.path()).iter().filter(|(key, _)| is_kept(key)).count()
}

#[test]
fn partials_merged_into_their_base_leave_its_scopes_nothing() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let full = start(&store, "full");
    put_in(&store, "s", "grants", &(0..5_000).collect::<Vec<_>>());
    put_in(&store, "t", "grants", &[0]);
    put_entry(&store, "s", "grants", "etag").unwrap();
    end(&store);
    let partial = start(&store, "partial");
    put_in(&store, "x", "grants", &[1, 2]);
    put_in(&store, "", "grants", &[3]);
    end(&store);
    save(&store);
    assert_eq!(kept(&fixture.path()), 2);
    let request = MergeSyncsRequest { sync_ids: vec![full, partial], keep_inputs: false };
    assert_eq!(store.merge_syncs(&request, &Control::none()).unwrap().grants.unwrap().replaced, 3);
    close(store);
    assert_eq!(kept(&fixture.path()), 0);
    index::agrees_with_the_records(&fixture.path());
}

#[test]
fn who_takes_one_of_many_rows_poisons_their_scope_and_no_other() {
    // So many are moved by a batch, by tables, and by two threads.
    for many in [100, 5_000, 40_000] {
        let fixture = Fixture::new();
        let store = fixture.open();
        let sync = start(&store, "full");
        let (half, all): (Vec<u32>, Vec<u32>) = ((0..many / 2).collect(), (many / 2..many).collect());
        put_in(&store, "s", "grants", &half);
        put_in(&store, "t", "grants", &all);
        put_entry(&store, "s", "grants", "etag").unwrap();
        put_entry(&store, "t", "grants", "etag").unwrap();
        put_in(&store, "x", "grants", &[7]);
        end(&store);
        assert_eq!(entry(&store, "", "s", "grants"), None);
        assert_eq!(entry(&store, "", "t", "grants"), Some(("etag".into(), Some(u64::from(many - many / 2)))));
        start(&store, "full");
        put_in(&store, "x", "grants", &[many - 1]);
        put_entry(&store, "x", "grants", "x").unwrap();
        assert_eq!(replay(&store, None, &sync, "t", "grants").unwrap().rows, u64::from(many - many / 2));
        // What is stored already is rewritten by its own scope, but for one.
        checkpoint(&store, "token");
        put_in(&store, "t", "grants", &all);
        put_in(&store, "y", "grants", &all[..1]);
        put_entry(&store, "t", "grants", "etag").unwrap();
        put_entry(&store, "y", "grants", "y").unwrap();
        assert_eq!(entry(&store, "", "x", "grants"), None);
        assert_eq!(entry(&store, "", "t", "grants"), None);
        end(&store);
        assert_eq!(entry(&store, "", "y", "grants"), Some(("y".into(), Some(1))));
        close(store);
        index::agrees_with_the_records(&fixture.path());
    }
}

#[test]
fn a_refused_replay_says_why_and_changes_nothing() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let full = collected(&store);
    let partial = start(&store, "partial");
    put_in(&store, "s", "grants", &[9]);
    put_in(&store, "x", "grants", &[0]);
    put_entry(&store, "s", "grants", "etag").unwrap();
    end(&store);
    let path = fixture.beside("merged.c1z").to_str().unwrap().to_owned();
    save(&store);
    let input = |sync: &str| MergeInput {
        path: fixture.path().to_str().unwrap().into(),
        sync_id: sync.into(),
        ..Default::default()
    };
    let request =
        MergeFilesRequest { inputs: vec![input(&full), input(&partial)], output_path: path, ..Default::default() };
    c1z::store::merge_files(&request, &Control::none()).unwrap();
    let merged = open(&fixture.beside("merged.c1z"), true).unwrap();
    assert_eq!(entry(&merged, "", "s", "grants"), None);
    index::agrees_with_the_records(&fixture.beside("merged.c1z"));
    assert_eq!(kept(&fixture.beside("merged.c1z")), 0, "neither entries nor poison");
    assert!(kept(&fixture.path()) > 0);

    let current = start(&store, "full");
    put_in(&store, "s", "grants", &[4]);
    let refusals: [(Option<&Store>, &str, &str, &str, &str); 8] = [
        (Some(&merged), "", "s", "grants", "the result of a merge"),
        (None, "", "s", "grants", "not of type full"),
        (None, &partial, "s", "grants", "not of type full"),
        (None, &current, "s", "grants", "has ended"),
        (None, &full, "nobody", "grants", "nothing was put for it"),
        (None, &full, "empty", "resources", "nothing was put for it"),
        (None, &full, "", "grants", "scope_key is missing"),
        (None, &full, "s", "assets", "row_kind"),
    ];
    for (source, sync, scope, row_kind, message) in refusals {
        let refused = replay(&store, source, sync, scope, row_kind).unwrap_err();
        assert!(refused.to_string().contains(message), "{message}: {refused}");
    }
    assert_eq!(held_ids(&store), [grant_id(4)]);
    let again = why(replay(&store, None, "2AGJbnrMRJkAkJmkYZEBLh7Q3Xr", "s", "grants"));
    assert_eq!(again.0, Code::NotFound);
    end(&store);
    assert_eq!(why(replay(&store, None, &full, "s", "grants")), (Code::FailedPrecondition, "SEALED"));
    assert_eq!(why(put_entry(&store, "s", "grants", "x")), (Code::FailedPrecondition, "SEALED"));
    resume(&store, &full).unwrap();
    let refused = replay(&store, None, &full, "s", "grants").unwrap_err();
    assert!(refused.to_string().contains("into itself"), "{refused}");
}

#[test]
fn an_index_that_disagrees_with_the_records_is_not_replayed() {
    let identity = |user: &'static str| GrantRef { entitlement: MEMBER, principal: ResourceRef::new("user", user) };
    let entry_of = |user| keys::grant_by_scope(Slot(1), "s", identity(user));
    type Tamper<'t> = &'t dyn Fn(&mut c1z::engine::Writer<'_>);
    let faults: [(&str, Tamper<'_>); 4] = [
        ("an entry is missing", &|writer| writer.remove(&entry_of("u0"))),
        ("an entry without a row", &|writer| writer.set(&entry_of("nobody"), b"")),
        ("an entry of another's row", &|writer| writer.set(&entry_of("u3"), b"")),
        ("a row is missing", &|writer| writer.remove(&keys::grant(Slot(1), identity("u1")))),
    ];
    for (how, tamper_with) in faults {
        let fixture = Fixture::new();
        let store = fixture.open();
        let sync = collected(&store);
        close(store);
        tamper(&fixture.path(), |writer, _| tamper_with(writer));
        let store = fixture.open();
        start(&store, "full");
        put_in(&store, "s", "grants", &[4]);
        let refused = replay(&store, None, &sync, "s", "grants").unwrap_err();
        assert_eq!(refused.code(), Code::DataLoss, "{how}: {refused}");
        assert_eq!(held_ids(&store), [grant_id(4)], "{how}");
        assert_eq!(replay(&store, None, &sync, "s", "resources").unwrap().rows, 3, "{how}");
    }
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = collected(&store);
    close(store);
    tamper(&fixture.path(), |writer, _| {
        writer.set(&keys::of_scope(Slot(1), Keyspace::SourceCacheEntry, "grants", "s"), b"\xff");
    });
    let store = fixture.open();
    start(&store, "full");
    assert_eq!(why(replay(&store, None, &sync, "s", "grants")).0, Code::DataLoss);
}

#[test]
fn tombstones_are_refused_as_a_whole() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_in(&store, "s", "grants", &[0, 1]);
    // Two grants answer to one id.
    let same = |group: &str| Grant { id: "same".into(), ..membership(group, "u9") };
    put_grants(&store, &[same("g"), same("h")]);
    let by_id = SourceCacheRowsBy::PublicId;
    let ambiguous = delete_in(&store, "s", "grants", by_id, vec![grant_id(0), "same".into()]);
    assert_eq!(why(ambiguous).0, Code::FailedPrecondition);
    assert_eq!(held_ids(&store).len(), 4);
    let refusals = [
        ("entitlements", SourceCacheRowsBy::ObjectId),
        ("resources", SourceCacheRowsBy::GrantId),
        ("grants", SourceCacheRowsBy::Unspecified),
    ];
    for (row_kind, by) in refusals {
        assert_eq!(why(delete_in(&store, "s", row_kind, by, vec!["u0".into()])).0, Code::InvalidArgument);
    }
    let whole = DeleteSourceCacheRowsRequest {
        row_kind: "resources".into(),
        scope_key: "s".into(),
        by: by_id.into(),
        ..Default::default()
    };
    let half = DeleteSourceCacheRowsRequest { resource_ids: vec![id(("user", ""))], ..whole.clone() };
    assert_eq!(why(store.delete_source_cache_rows(&half, &Control::none())).0, Code::InvalidArgument);
    let both = DeleteSourceCacheRowsRequest { ids: vec!["u0".into()], ..whole };
    assert_eq!(why(store.delete_source_cache_rows(&both, &Control::none())).0, Code::InvalidArgument);
    end(&store);
    assert_eq!(delete_in(&store, "s", "grants", by_id, vec![]).unwrap(), 0, "nothing to do in any state");
    assert_eq!(why(delete_in(&store, "s", "grants", by_id, vec!["x".into()])).1, "SEALED");
}

/// How many resources the bound sync has.
fn stored(store: &Store) -> i64 {
    let request = GetStatsRequest { sync_id: current(store).0, ..Default::default() };
    store.get_stats(&request).unwrap().stats.unwrap().resources
}

#[test]
fn a_cancelled_replay_is_made_whole_by_the_next() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = start(&store, "full");
    put_in(&store, "s", "resources", &(0..20_000).collect::<Vec<_>>());
    put_entry(&store, "s", "resources", "etag").unwrap();
    end(&store);
    start(&store, "full");
    put_in(&store, "s", "resources", &[30_000]);
    let request =
        ReplaySourceCacheRequest { row_kind: "resources".into(), scope_key: "s".into(), source_sync_id: sync.clone() };
    // The rows are looked at once before anything is changed, then copied.
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let cancelled = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= 8;
    let control = Control::new(&cancelled, &|_, _| {});
    assert_eq!(why(store.replay_source_cache(None, &request, &control)).0, Code::Cancelled);
    let some = stored(&store);
    assert!((1..20_000).contains(&some), "{some}");
    let reported = std::sync::atomic::AtomicU64::new(0);
    let report = |done, total| {
        assert_eq!(total, 20_000);
        reported.store(done, std::sync::atomic::Ordering::Relaxed);
    };
    let replayed = store.replay_source_cache(None, &request, &Control::new(&|| false, &report)).unwrap();
    assert_eq!(replayed.rows, 20_000);
    assert!(reported.into_inner() > 0);
    assert_eq!(stored(&store), 20_000);
    put_entry(&store, "s", "resources", "etag").unwrap();
    end(&store);
    assert_eq!(entry(&store, "", "s", "resources"), Some(("etag".into(), Some(20_000))));
    close(store);
    index::agrees_with_the_records(&fixture.path());
}

#[test]
fn a_scope_goes_into_clones_and_not_into_the_next_sync() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let full = collected(&store);
    put_gone(&store, &full);
    let path = fixture.beside("clone.c1z");
    let request = CloneSyncRequest { path: path.to_str().unwrap().into(), sync_id: full.clone(), ..Default::default() };
    store.clone_sync(&request, &Control::none()).unwrap();
    index::agrees_with_the_records(&path);
    start(&store, "full");
    assert_eq!(entry(&store, "", "s", "grants"), None);
    put_in(&store, "s", "grants", &[0]);
    let clone = open(&path, true).unwrap();
    assert_eq!(entry(&clone, "", "s", "grants"), Some(("etag".into(), Some(3))));
    assert_eq!(entry(&clone, "", "t", "grants"), None, "it is poisoned there too");
    assert_eq!(replay(&store, Some(&clone), "", "s", "grants").unwrap().rows, 3);
    assert_eq!(why(replay(&store, Some(&clone), "", "t", "grants")).0, Code::FailedPrecondition);
}

/// Takes a row from a scope of a sync that has ended, and ends it again.
fn put_gone(store: &Store, sync: &str) {
    resume(store, sync).unwrap();
    put_in(store, "", "grants", &[3]);
    end(store);
}

#[test]
fn statistics_of_a_sync_that_starts_with_an_entry_are_its_own() {
    let fixture = Fixture::new();
    let store = fixture.open();
    collected(&store);
    let sync = start(&store, "full");
    put_entry(&store, "empty", "grants", "nothing").unwrap();
    put_in(&store, "", "grants", &[0]);
    end(&store);
    let stats = store.get_stats(&GetStatsRequest { sync_id: sync, ..Default::default() }).unwrap().stats.unwrap();
    assert_eq!((stats.grants, stats.resources), (1, 0));
    close(store);
    index::agrees_with_the_records(&fixture.path());
}

#[test]
fn verification_tells_what_is_wrong_with_scopes() {
    use c1z::proto::storage::SourceCacheEntryRecord;
    let key = |keyspace| keys::of_scope(Slot(1), keyspace, "grants", "s");
    let entry = |row_kind: &str, row_count| {
        let entry = SourceCacheEntryRecord {
            row_kind: row_kind.into(),
            scope_key: "s".into(),
            cache_validator: "etag".into(),
            row_count,
            ..Default::default()
        };
        entry.encode_to_vec()
    };
    let none = keys::of_scope(Slot(1), Keyspace::SourceCachePoison, "assets", "s");
    let faults = [
        (key(Keyspace::SourceCacheEntry), entry("grants", Some(3)), None),
        (key(Keyspace::SourceCacheEntry), entry("grants", None), None),
        (key(Keyspace::SourceCacheEntry), entry("grants", Some(4)), Some(FaultKind::StatsMismatch)),
        (key(Keyspace::SourceCacheEntry), entry("resources", Some(3)), Some(FaultKind::RecordUndecodable)),
        (key(Keyspace::SourceCacheEntry), b"\xff".to_vec(), Some(FaultKind::RecordUndecodable)),
        (key(Keyspace::SourceCachePoison), b"".to_vec(), None),
        (none, b"".to_vec(), Some(FaultKind::KeyMalformed)),
        (
            keys::grant_by_scope(
                Slot(1),
                "u",
                GrantRef { entitlement: MEMBER, principal: ResourceRef::new("user", "u0") },
            ),
            b"".to_vec(),
            Some(FaultKind::IndexStale),
        ),
    ];
    for (key, value, expected) in faults {
        let fixture = Fixture::new();
        let store = fixture.open();
        collected(&store);
        close(store);
        tamper(&fixture.path(), |writer, _| writer.set(&key, &value));
        let path = fixture.path().to_str().unwrap().to_owned();
        let request = VerifyRequest { path, threads: 1, memory_budget_bytes: 16 << 20, ..Default::default() };
        let report = c1z::store::verify(&request, &Control::none()).unwrap();
        let found: Vec<FaultKind> = report.faults.iter().map(|fault| fault.kind()).collect();
        assert_eq!(found, Vec::from_iter(expected), "{}", report.text);
    }
}

const MEMBER: EntitlementRef<'static> =
    EntitlementRef { resource: ResourceRef { resource_type: "group", resource: "g" }, id: "group:g:member" };
